"""Filters in the language of Milvus, so that it leaves out rows itself.

Text is stored and compared folded to one case; a missing text is "", a missing number `MISSING`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from data.catalogue import to_number
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from matcher.filters import Condition, parse_filter

MISSING = -1e300
"""Stands for a number that is not there; Milvus has no NaN."""


def to_expression(where: str | Sequence[Condition] | None, columns: dict[str, bool]) -> str:
    """A filter in the language of Milvus. Raises `InputError` for what it cannot say."""
    if where is None:
        return ""
    if isinstance(where, str):
        where = parse_filter(where)
    if not all(isinstance(condition, Condition) for condition in where):
        raise InputError(
            "where: Milvus takes a filter in words, such as bpm>=90, not rows or masks."
        )
    return " and ".join(_expression(condition, columns) for condition in where)


def _expression(condition: Condition, columns: dict[str, bool]) -> str:
    name, operator, values = condition
    if name not in columns and name not in MUSIC_NAMES and name != "track_id":
        raise InputError(
            f"--filter: the collection has no column '{name}'; it has {', '.join(['track_id', *columns, *MUSIC_NAMES])}."
        )
    numeric = name in MUSIC_NAMES or columns.get(name, False)
    if numeric and operator != "~":
        numbers = [to_number(v) for v in values]
        if not np.isfinite(numbers).all():
            raise InputError(f"--filter: column '{name}' holds numbers, '{values[0]}' is none.")
        if operator == "range":
            return f"({name} >= {min(numbers)!r} and {name} <= {max(numbers)!r})"
        if operator in ("=", "!="):
            return f"{name} {'in' if operator == '=' else 'not in'} {numbers!r}"
        return f"({name} {operator} {numbers[0]!r} and {name} > {MISSING / 10!r})"
    if operator in ("range", "<", "<=", ">", ">="):
        raise InputError(
            f"--filter: column '{name}' holds text in this collection; compare it with =, != or ~."
        )
    words = [str(v) if name == "track_id" else str(v).casefold() for v in values]
    if operator != "~" and not any("*" in word for word in words):
        return f"{name} {'in' if operator == '=' else 'not in'} {json.dumps(words, ensure_ascii=False)}"
    alternatives = " or ".join(f"{name} like {_pattern(word, operator)}" for word in words)
    return f"not ({alternatives})" if operator == "!=" else f'(({alternatives}) and {name} != "")'


def _pattern(word: str, operator: str) -> str:
    if "%" in word or "_" in word or "\\" in word:
        raise InputError(
            f"--filter: '{word}' holds one of % _ \\, which Milvus cannot search for with wildcards; give the whole text."
        )
    return json.dumps(
        f"%{word}%" if operator == "~" else word.replace("*", "%"), ensure_ascii=False
    )
