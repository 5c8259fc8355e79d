"""Two languages, side by side, and nothing missing in either."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import numpy as np
import pytest

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS
from leitmotif.i18n import _MORE_LESS_ZH, MEANING_ZH, TEXT, Words

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "leitmotif" / "page").glob("*.py"),
    *(ROOT / "leitmotif" / f"{n}.py" for n in ("charts", "report", "i18n")),
    ROOT / "streamlit_app.py",
]


def asked() -> set[str]:
    """Every key that the page asks for by name."""
    calls = (n for f in SOURCES for n in ast.walk(ast.parse(f.read_text(encoding="utf-8"))) if isinstance(n, ast.Call) and n.args)
    return {
        n.args[0].value
        for n in calls
        if ((isinstance(n.func, ast.Name) and n.func.id == "words") or (isinstance(n.func, ast.Name) and n.func.id == "self"))
        and isinstance(n.args[0], ast.Constant)
    }


def test_every_key_that_is_asked_for_is_there():
    assert asked() and asked() <= set(TEXT), asked() - set(TEXT)


@pytest.mark.parametrize("key", TEXT)
def test_both_languages_take_the_same_values(key: str):
    english, chinese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in TEXT[key])
    assert english == chinese


@pytest.mark.parametrize("key", sorted(set(TEXT) - {"failed_lead", "of_time"}))
def test_chinese_is_chinese(key: str):
    english, chinese = TEXT[key]
    assert english and any("\u4e00" <= c <= "\u9fff" for c in chinese)


def test_every_dimension_has_a_name_and_a_meaning_in_both():
    names = {f.name for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)}
    assert set(MEANING_ZH) == names and set(_MORE_LESS_ZH) == set(MUSIC_NAMES)
    assert Words("zh").field("warmth") == "温暖度" and Words("en").field("warmth") == "Warmth"


def test_clock():
    assert [Words.clock(s) for s in (0, 59.6, 61, 3725)] == ["0:00", "1:00", "1:01", "1:02:05"]


def test_reasons_in_chinese_say_what_the_english_ones_do():
    words, weights = Words("zh"), np.ones(10)
    off = np.zeros(10)
    assert words.reason("exactly what was asked", off, weights, off) == "完全符合要求"
    off[MUSIC_NAMES.index("brightness")] = -0.5
    off[MUSIC_NAMES.index("rhythm_speed")] = 2.0
    share = off**2 / (off**2).sum()
    said = words.reason("", off, weights, share)
    assert "接近" in said and "明显更快" in said and "稍微更暗" in said
    assert Words("en").reason("close in arousal", off, weights, share) == "close in arousal"
