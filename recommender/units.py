"""Profile values on one scale for arithmetic: −1 to 1, 0 where a field is neutral.

A field's low and high become −1 and 1. The fields' scores are percentiles of a reference population
(or squashed about a true zero), so one unit means about the same spread in every field, and a
weight between two fields reads like a correlation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.errors import InputError
from data.profiles import Field

SLACK = 1e-6
"""Share of a field's range by which rounding may overstep it."""


def to_units(values: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """(…, n) values in field units to (…, n) in [−1, 1]; NaN stays NaN."""
    middle, half = _scale(fields)
    return (values - middle) / half


def from_units(units: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """Inverse of `to_units`, clipped to the fields' ranges."""
    middle, half = _scale(fields)
    return middle + half * np.clip(units, -1.0, 1.0)


def check_values(values: np.ndarray, fields: Sequence[Field], what: str) -> np.ndarray:
    """A float64 copy of (n,) or (rows, n) numbers; NaN means "not measured".

    Raises `InputError` for another shape, an infinite number, or one outside its field's range.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("recommender.no_numbers", what=what) from None
    if array.ndim not in (1, 2) or array.shape[-1] != len(fields):
        raise InputError("recommender.shape", what=what, shape=str(array.shape), count=len(fields))
    units = to_units(array, fields)
    bad = np.argwhere(np.atleast_2d(np.abs(units) > 1 + SLACK))
    if len(bad):
        row, column = bad[0]
        f = fields[column]
        value = float(np.atleast_2d(array)[row, column])
        raise InputError(
            "recommender.out_of_range", what=what, field=f.name, value=f"{value:g}",
            low=f"{f.low:g}", high=f"{f.high:g}",
        )  # fmt: skip
    return array


def _scale(fields: Sequence[Field]) -> tuple[np.ndarray, np.ndarray]:
    low = np.array([f.low for f in fields], dtype=float)
    high = np.array([f.high for f in fields], dtype=float)
    return (low + high) / 2, (high - low) / 2
