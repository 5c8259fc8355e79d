"""Filters in the language of Milvus, so that it leaves out rows itself.

Text is stored and compared folded to one case; a missing text is "", a missing number `MISSING`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from data.buckets import ENERGIES, ENERGY_LIMITS
from data.errors import InputError
from data.numbers import parse_number
from data.profiles import MUSIC_NAMES
from matcher.filters import Condition, speaks_of_energy

MISSING = -1e300
"""Stands for a number that is not there; Milvus has no NaN."""
_LOW, _HIGH = ENERGY_LIMITS
_ENERGY = dict(
    zip(
        ENERGIES,
        (f"arousal < {_LOW}", f"(arousal >= {_LOW} and arousal <= {_HIGH})", f"arousal > {_HIGH}"),
        strict=True,
    )
)


def to_expression(conditions: Sequence[Condition], columns: dict[str, bool]) -> str:
    """A filter in the language of Milvus; columns : whether each holds numbers.

    Raises `InputError` for what it cannot say.
    """
    return " and ".join(_expression(condition, columns) for condition in conditions)


def _expression(condition: Condition, columns: dict[str, bool]) -> str:
    name, operator, values = condition
    if speaks_of_energy(condition):
        kinds = " or ".join(_ENERGY[str(value).casefold()] for value in values)
        return f"not ({kinds})" if operator == "!=" else f"({kinds})"
    if name not in columns and name not in MUSIC_NAMES and name != "track_id":
        known = ["track_id", *columns, *MUSIC_NAMES]
        raise InputError("index.no_column", column=name, known=known)
    numeric = name in MUSIC_NAMES or columns.get(name, False)
    if numeric and operator != "~":
        numbers = [parse_number(str(v)) for v in values]
        if not np.isfinite(numbers).all():
            raise InputError("index.column_of_numbers", column=name, value=values[0])
        if operator == "range":
            return f"({name} >= {min(numbers)!r} and {name} <= {max(numbers)!r})"
        if operator in ("=", "!="):
            return f"{name} {'in' if operator == '=' else 'not in'} {numbers!r}"
        return f"({name} {operator} {numbers[0]!r} and {name} > {MISSING / 10!r})"
    if operator in ("range", "<", "<=", ">", ">="):
        raise InputError("index.column_of_text", column=name)
    words = [str(v) if name == "track_id" else str(v).casefold() for v in values]
    if operator != "~" and not any("*" in word for word in words):
        listed = json.dumps(words, ensure_ascii=False)
        return f"{name} {'in' if operator == '=' else 'not in'} {listed}"
    alternatives = " or ".join(f"{name} like {_pattern(word, operator)}" for word in words)
    return f"not ({alternatives})" if operator == "!=" else f'(({alternatives}) and {name} != "")'


def _pattern(word: str, operator: str) -> str:
    if "%" in word or "_" in word or "\\" in word:
        raise InputError("index.wildcards", word=word)
    return json.dumps(
        f"%{word}%" if operator == "~" else word.replace("*", "%"), ensure_ascii=False
    )
