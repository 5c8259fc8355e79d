"""Numbers in a query: "100-120 bpm", "under two minutes", "每分钟90拍", "不超过三分钟"."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_DIGITS = {"a": 1.0, "half a": 0.5, "半": 0.5, "两": 2.0}
_DIGITS |= {word: float(n) for n, word in enumerate("一二三四五六七八九十", start=1)}
_ENGLISH = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS |= {word: float(n) for n, word in enumerate(_ENGLISH, start=1)}
_WORDS = "|".join(sorted(_DIGITS, key=len, reverse=True))
_N = rf"(?<![a-z\d.])(\d+(?:\.\d+)?|(?:{_WORDS})(?![a-z]))"
_BEAT = r"\s*(?:bpm|beats per minute|拍)(?:\s*每分钟)?"
_MOST = r"(?:under|below|less than|slower than|shorter than|at most|up to|max(?:imum)?|no longer than|no more than|not more than|within|不超过|少于|短于|低于|最多|最长)"  # noqa: E501
_LEAST = r"(?:over|above|more than|faster than|longer than|at least|min(?:imum)?|no less than|高于|超过|至少|多于|长于|最少|大于)"  # noqa: E501
_TO = r"\s*(?:-|–|—|~|to|到|至)\s*"
_UNIT = r"\s*-?\s*(minutes?|mins?|min|seconds?|secs?|sec|s|分钟|分|秒钟|秒)(?![a-z])"
_NEAR = 0.06
"""How far a tempo that is named may be missed, as a share (heuristic)."""
_EXACT_S = 0.15
"""How far a duration that is named may be missed, as a share (heuristic)."""

Range = tuple[float, float]


class Numbers(NamedTuple):
    """What numbers ask for: tempo in BPM and length in seconds, and the text without them."""

    bpm: Range | None
    seconds: Range | None
    rest: str
    said: tuple[str, ...]
    """The pieces that were read."""


def read_numbers(text: str) -> Numbers:
    """Take tempo and length out of a query; each piece leaves a comma behind."""
    said: list[str] = []
    bpm = seconds = None
    for pattern, low, high in _TEMPO:
        if bpm is None and (found := re.search(pattern, text)):
            bpm = _ends(found, low, high, _NEAR)
            text = _without(text, found, said)
    for pattern, low, high in _LENGTH:
        if seconds is None and (found := re.search(pattern, text)):
            unit = 1.0 if found[found.lastindex or 0][0] in "s秒" else 60.0
            low_s, high_s = _ends(found, low, high, _EXACT_S)
            seconds = (low_s * unit, high_s * unit)
            text = _without(text, found, said)
    return Numbers(bpm, seconds, text, tuple(said))


_TEMPO = (
    (rf"{_N}{_TO}{_N}{_BEAT}", 1, 2),
    (rf"{_MOST}\s*{_N}{_BEAT}", None, 1),
    (rf"{_LEAST}\s*{_N}{_BEAT}", 1, None),
    (rf"(?:每分钟\s*)?{_N}{_BEAT}\s*(?:以下|以内)", None, 1),
    (rf"(?:每分钟\s*)?{_N}{_BEAT}\s*以上", 1, None),
    (rf"(?:每分钟\s*)?(?:around|about|大约|约)?\s*{_N}{_BEAT}", 1, 1),
)
"""Pattern, and which of its groups are the lowest and the highest tempo."""
_LENGTH = (
    (rf"{_N}(?:\s*(?:minutes?|mins?|seconds?|secs?|s|分钟|分|秒))?{_TO}{_N}{_UNIT}", 1, 2),
    (rf"{_MOST}\s*{_N}{_UNIT}", None, 1),
    (rf"{_LEAST}\s*{_N}{_UNIT}", 1, None),
    (rf"{_N}{_UNIT}\s*(?:以内|以下|之内|or less|or shorter|at most)", None, 1),
    (rf"{_N}{_UNIT}\s*(?:以上|or more|or longer|at least)", 1, None),
    (rf"{_N}{_UNIT}(?:\s*long)?", 1, 1),
)


def _ends(found: re.Match[str], low: int | None, high: int | None, near: float) -> Range:
    first = 0.0 if low is None else _number(found[low])
    last = math.inf if high is None else _number(found[high])
    if low == high:
        return first * (1 - near), last * (1 + near)
    return (first, last) if first <= last else (last, first)


def _number(text: str) -> float:
    return _DIGITS[text] if text in _DIGITS else float(text)


def _without(text: str, found: re.Match[str], said: list[str]) -> str:
    said.append(found[0].strip())
    return f"{text[: found.start()]},{text[found.end() :]}"
