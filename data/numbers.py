"""Numbers as people and their programs write them."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUP_BLANK = re.compile(r"(?<=[0-9])[ '](?=[0-9]{3}(?![0-9]))")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+")
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("−‐‑‒–－﹣", "-"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
        "＋": "+",
        "．": ".",
        "，": ",",
        "’": "'",
    }
)
"""Minus signs of spreadsheets (U+2212) and keyboards, blanks between thousands, full width."""


def parse_number(text: str) -> float:
    """What a cell says as a number; NaN where it says none.

    The decimal mark is a point or a comma; where both stand, the last one, and the other parts
    thousands as blanks and apostrophes do (1.234,5 · 1,234.5 · 1 234,5). One comma alone is a
    decimal mark. Any of the signs for minus counts, U+2212 too. Words such as "nan" are no number.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return float(text)
    text = _GROUP_BLANK.sub("", text.translate(_PLAIN).strip())
    text = _with_point(text)
    return float(text) if _NUMBER.fullmatch(text) else math.nan


def _with_point(text: str) -> str:
    """The same number with a decimal point and without marks between thousands."""
    comma, point = text.rfind(","), text.rfind(".")
    if comma < 0 and text.count(".") < 2:
        return text
    if comma >= 0 and point >= 0:  # both: the last one is the decimal mark
        at = max(comma, point)
        whole = text[:at]
        if _GROUPS.fullmatch(whole) and text[at] not in whole:
            return whole.replace(",", "").replace(".", "") + "." + text[at + 1 :]
        return text
    if text.count(",") == 1:
        return text.replace(",", ".")
    return text.replace(",", "").replace(".", "") if _GROUPS.fullmatch(text) else text
