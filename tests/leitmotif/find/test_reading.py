"""Queries in words: the longest phrase, negation and degree, numbers, and what nobody knows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif.find.lexicon import lexicon
from leitmotif.find.reading import read


def heard(text: str) -> list[tuple[str, float]]:
    return [(m.concept.name, round(m.degree, 2)) for m in read(text).meanings]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("calm piano", [("calm", 1), ("piano", 1)]),
        ("欢快的钢琴", [("happy", 1), ("piano", 1)]),
        ("Electric Guitar", [("electric_guitar", 1)]),
        ("电吉他和鼓", [("electric_guitar", 1), ("drums", 1)]),
        ("lo-fi hip-hop", [("hip_hop", 1)]),
        ("8-bit", [("chiptune", 1)]),
        ("very slow, slightly dark", [("slow", 1.5), ("dark", 0.5)]),
        ("很慢，稍微黑暗", [("slow", 1.5), ("dark", 0.5)]),
        ("no drums", [("drums", -0.8)]),
        ("没有鼓", [("drums", -0.8)]),
        ("without drums or vocals, but piano", [("drums", -0.8), ("vocals", -0.8), ("piano", 1)]),
        ("不要鼓、人声，要钢琴", [("drums", -0.8), ("vocals", -0.8), ("piano", 1)]),
        ("not happy, fast", [("happy", -0.8), ("fast", 1)]),
        ("not too fast", [("fast", -0.5)]),
        ("not very fast", [("fast", -0.5)]),
        ("不太快", [("fast", -0.5)]),
        ("less bright", [("bright", -0.5)]),
        ("没有鼓的钢琴", [("drums", -0.8), ("piano", 1)]),
        ("no drums slow", [("drums", -0.8), ("slow", 1)]),
        ("without vocals for studying", [("vocals", -0.8), ("relaxed", 1)]),
        ("calmer", [("calm", 1)]),
        ("更快", [("fast", 1.25)]),
        ("sadder", [("sad", 1)]),
        ("happiest", [("happy", 1.5)]),
        ("more energetic", [("energetic", 1.25)]),
        ("ＰＩＡＮＯ", [("piano", 1)]),
        ("", []),
    ],
)  # fmt: skip
def test_words_mean(text: str, meant: list[tuple[str, float]]):
    assert heard(text) == meant
    assert read(text).unknown == ()


def test_what_nobody_knows_is_named():
    found = read("flurbish piano with glimbering 咕噜哒 strings")
    assert found.unknown == ("flurbish", "glimbering", "咕噜哒")
    assert [m.concept.name for m in found.meanings] == ["piano", "strings"]


def test_an_unknown_word_goes_to_its_nearest_known_one():
    found = read("flurbish 咕噜哒", {"flurbish": "calm"}.get)
    assert [(m.word, m.concept.name, m.taken_as) for m in found.meanings] == [
        ("flurbish", "calm", "calm")
    ]
    assert found.unknown == ("咕噜哒",)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100-120 bpm funk", 100, 120),
        ("120 to 100 BPM", 100, 120),
        ("under 90 bpm", 0, 90),
        ("at least 130 bpm", 130, math.inf),
        ("100 bpm", 94, 106),
        ("每分钟90拍左右", 84.6, 95.4),
        ("100到120拍", 100, 120),
        ("不超过80拍", 0, 80),
        ("140拍以上", 140, math.inf),
    ],
)
def test_tempo(text: str, low: float, high: float):
    assert read(text).bpm == pytest.approx((low, high))
    assert not read(text).unknown


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under two minutes", 0, 120),
        ("30-60 seconds", 30, 60),
        ("5 minutes to 3 minutes", 180, 300),
        ("longer than 3 min", 180, math.inf),
        ("不超过三分钟", 0, 180),
        ("两分钟以内", 0, 120),
        ("至少90秒", 90, math.inf),
        ("a 2-minute piece", 102, 138),
    ],
)
def test_length(text: str, low: float, high: float):
    assert read(text).seconds == pytest.approx((low, high))
    assert not read(text).unknown


def test_a_minor_key_is_no_minute():
    found = read("3 in a minor")
    assert found.seconds is None and [m.concept.name for m in found.meanings] == ["minor"]


@given(st.text(max_size=60))
def test_any_text_is_read(text: str):
    found = read(text)
    assert all(abs(m.degree) < 1e6 for m in found.meanings)


@given(st.lists(st.sampled_from(sorted(lexicon().signs)), max_size=6))
def test_known_words_are_never_named_as_unknown(words: list[str]):
    assert read(", ".join(words)).unknown == ()
