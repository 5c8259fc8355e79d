"""Numbers and words that people hand over: checked once, named where they cannot be used."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from data.errors import InputError
from data.profiles import MUSIC_NAMES

LARGEST = 1e100
"""Numbers beyond this are refused: their squares would leave float64."""


def check_choice(value: str, choices: Iterable[str], argument: str) -> str:
    """`value`, if it is one of the choices. Raises `InputError`."""
    if value not in choices:
        raise InputError(
            "matcher.unknown_choice", argument=argument, value=value, choices=" or ".join(choices)
        )
    return value


def check_count(count: object, argument: str = "k") -> int:
    """A whole number from 1 up. Raises `InputError`."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise InputError("matcher.count", argument=argument, value=repr(count))
    return int(count)


def check_query(query: object, argument: str = "query") -> np.ndarray:
    """A query as float64 (10,). Raises `InputError` for a wrong shape or non-finite numbers."""
    return check_numbers(as_floats(query, argument), argument)


def check_numbers(array: np.ndarray, argument: str) -> np.ndarray:
    """The array (10,) or (N, 10), if all of it is finite and within ±1e100. Raises `InputError`."""
    if array.size and not (  # false for NaN too
        float(array.min()) >= -LARGEST and float(array.max()) <= LARGEST
    ):
        bad = np.argwhere(~(np.abs(array) <= LARGEST))[0]
        name, value = MUSIC_NAMES[bad[-1]], f"{array[tuple(bad)]:g}"
        if array.ndim == 1:
            raise InputError("matcher.bad_number", argument=argument, name=name, value=value)
        row = int(bad[0])
        raise InputError("matcher.bad_row", argument=argument, row=row, name=name, value=value)
    return array


def as_floats(value: object, argument: str) -> np.ndarray:
    """Ten numbers as float64 (10,). Raises `InputError`."""
    shape = (len(MUSIC_NAMES),)
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("matcher.no_numbers", argument=argument, n=shape[0]) from None
    if array.shape != shape:
        raise InputError(
            "matcher.shape",
            argument=argument,
            given=str(array.shape),
            needed=str(shape),
            names=list(MUSIC_NAMES),
        )
    return array
