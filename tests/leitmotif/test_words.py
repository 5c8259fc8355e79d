"""Two languages, side by side, and nothing missing in either."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS
from data.words import languages, words
from leitmotif.words.page_words import MEANING_ZH, Words
from matcher.explain import Difference, Reason

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "leitmotif" / "page").glob("*.py"),
    *(
        ROOT / "leitmotif" / f"{n}.py"
        for n in ("show/charts", "show/result_page", "words/page_words")
    ),
    ROOT / "streamlit_app.py",
]


def asked() -> set[str]:
    """Every key that the page asks for by name."""
    calls = (
        n
        for f in SOURCES
        for n in ast.walk(ast.parse(f.read_text(encoding="utf-8")))
        if isinstance(n, ast.Call) and n.args
    )
    return {
        n.args[0].value
        for n in calls
        if (
            (isinstance(n.func, ast.Name) and n.func.id == "words")
            or (isinstance(n.func, ast.Name) and n.func.id == "self")
        )
        and isinstance(n.args[0], ast.Constant)
    }


def test_every_word_that_is_asked_for_is_there():
    assert asked() and {f"page.{key}" for key in asked()} <= set(words("en"))


@pytest.mark.parametrize("language", list(languages()))
def test_every_language_has_every_sentence_with_the_same_values(language: str):
    def values(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    english, other = words("en"), words(language)
    assert set(other) == set(english)
    assert [code for code, text in english.items() if values(text) != values(other[code])] == []


def test_chinese_is_chinese():
    said = [
        c for c, text in words("zh").items() if not any("\u4e00" <= c <= "\u9fff" for c in text)
    ]
    assert set(said) <= {"language.comma", "page.of_time", "reason.and", "reason.then"}


def test_every_dimension_has_a_name_and_a_meaning_in_both():
    names = {f.name for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)}
    assert set(MEANING_ZH) == names
    ways = {f"reason.{n}{way}" for n in MUSIC_NAMES for way in ("", "_more", "_less")}
    assert ways <= set(words("en"))
    assert all(words("zh")[f"reason.{f.name}"] == f.zh for f in MUSIC_FIELDS)
    assert Words("zh").field("warmth") == "温暖度" and Words("en").field("warmth") == "Warmth"


def test_clock():
    assert [Words.clock(s) for s in (0, 59.6, 61, 3725)] == ["0:00", "1:00", "1:01", "1:02:05"]


def test_reasons_in_chinese_say_what_the_english_ones_do():
    reason = Reason(("warmth",), (Difference("brightness", -0.5), Difference("rhythm_speed", 2.0)))
    assert Words("zh").reason(Reason()) == "完全符合要求"
    assert Words("zh").reason(reason) == "温暖度接近；比要求稍微更暗、明显更快"
    assert Words("en").reason(reason) == (
        "close in warmth; a little darker and much faster than asked"
    )
