"""The rows that may be answered, as every index takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.errors import InputError

_SPARSE = 64
"""A filter that keeps fewer than one row in so many is answered by scanning what it keeps: about
where reading those rows in float64 costs no more than running over all blocks (heuristic)."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows that may be answered, prepared to be used again with many queries."""

    mask: np.ndarray
    """Boolean (N,)."""
    rows: np.ndarray | None
    """The row numbers, ascending, where they are few; else None."""
    count: int

    @property
    def numbers(self) -> np.ndarray:
        """The row numbers, ascending."""
        return np.flatnonzero(self.mask) if self.rows is None else self.rows


Where = np.ndarray | Sequence[int] | Sequence[bool] | Selection
"""A boolean for each row, row numbers in any order, or either of them prepared."""


def select(where: Where, n: int) -> Selection:
    """Prepare a filter over n rows. Raises `InputError`."""
    if isinstance(where, Selection):
        return where
    rows = np.asarray(where)
    if rows.dtype == bool and rows.shape == (n,):
        mask = rows
    elif rows.size == 0 or (
        rows.dtype.kind in "iu" and rows.ndim == 1 and rows.min() >= 0 and rows.max() < n
    ):
        mask = np.zeros(n, dtype=bool)
        mask[rows.astype(np.int64)] = True
    else:
        raise InputError("index.where", n=n, last=n - 1)
    count = int(np.count_nonzero(mask))
    few = np.flatnonzero(mask) if count * _SPARSE < n else None
    return Selection(np.ascontiguousarray(mask), few, count)
