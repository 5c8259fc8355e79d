"""The block index: rows in kd order with boxes around them, so that a query looks at few of them.

`matcher.kernels`, and with it numba, is loaded when something is built or searched for.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache, cached_property
from types import ModuleType
from typing import Any

import numpy as np

from matcher.layout import BLOCK, GROUP
from matcher.metric import DIMENSIONS, Metric, Scaling

_PIECE = 1 << 16
"""Rows arranged at once: ten columns of them take 2.6 MB."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Some columns of a catalogue, arranged for search; the layout is in `matcher.kernels`.

    dims : the columns of the catalogue held here. center, unit, reach : y = (x − center) / unit,
    and the largest |y|, per column.
    """

    near: np.ndarray
    order: np.ndarray
    boxes: np.ndarray
    tops: np.ndarray
    dims: np.ndarray
    center: np.ndarray
    unit: np.ndarray
    reach: np.ndarray

    @classmethod
    def build(cls, features: np.ndarray, scaling: Scaling, dims: tuple[int, ...]) -> Blocks | None:
        """Arrange columns `dims` of `features` (N, 10); None beyond the range of float32."""
        kernels = compiled()
        n, columns = len(features), np.array(dims)
        center, unit = scaling.center[columns], scaling.sd[columns]
        keys = np.empty((len(dims), n), np.float32)
        in_threads(lambda a, b: kernels.normalise(features, columns, center, unit, keys, a, b), n)
        reach = np.maximum(np.abs(keys.min(axis=1)), np.abs(keys.max(axis=1))).astype(np.float64)
        if not reach.max() < 1e15:
            return None
        groups = -(-n // (BLOCK * GROUP))
        order = np.arange(n, dtype=np.int32)
        near = np.empty((groups * GROUP, len(dims), BLOCK), np.float32)
        boxes = np.empty((groups, 2, len(dims), GROUP), np.float32)
        tops = np.empty((2, len(dims), groups), np.float32)
        _arrange(keys, order, near, boxes, tops)
        return cls(near, order, boxes, tops, columns, center, unit, reach)

    def search(
        self,
        features: np.ndarray,
        query: np.ndarray,
        k: int,
        importance: np.ndarray,
        metric: Metric,
        scaling: Scaling,
        mask: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """The k nearest rows and their distances.

        mask : boolean (N,), or empty for every row. None where the arguments need a closer look or
        a scan.
        """
        rows, found, kernels = np.empty(k, np.int64), np.empty(k), compiled()
        ended, count = getattr(kernels, metric.kernel)(
            *self.arrays, features, query, importance, *scaling, mask, k, rows, found
        )
        return (rows[:count], found[:count]) if ended == kernels.DONE else None

    def search_many(
        self,
        features: np.ndarray,
        queries: np.ndarray,
        k: int,
        importance: np.ndarray,
        metric: Metric,
        scaling: Scaling,
        mask: np.ndarray,
        which: np.ndarray,
        rows: np.ndarray,
        found: np.ndarray,
    ) -> bool:
        """Fill `rows` and `found` (n, k) for the queries numbered in `which`.

        False where one needs a closer look.
        """
        kernels = compiled()
        many = getattr(kernels, f"{metric.kernel}_many")
        arguments = (*self.arrays, features, queries, importance, *scaling, mask, k)
        ended = in_threads(lambda a, b: many(*arguments, which[a:b], rows, found), len(which))
        return all(e == kernels.DONE for e in ended)

    @cached_property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """What `matcher.kernels` takes, in its order."""
        return tuple(getattr(self, name) for name in self.parts())

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        """Names of the arrays."""
        return tuple(f.name for f in fields(cls))

    def named(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return dict(zip(self.parts(), self.arrays, strict=True))

    def fits(self, n: int) -> bool:
        """Whether the arrays have the shapes of an index of n rows, and name no row beyond them."""
        wide, groups = len(self.dims), -(-n // (BLOCK * GROUP))
        return (
            self.near.shape == (groups * GROUP, wide, BLOCK)
            and self.boxes.shape == (groups, 2, wide, GROUP)
            and self.tops.shape == (2, wide, groups)
            and self.order.shape == (n,)
            and 0 <= self.order.min() <= self.order.max() < n
            and 0 <= self.dims.min() <= self.dims.max() < DIMENSIONS
            and all(part.shape == (wide,) for part in (self.center, self.unit, self.reach))
        )

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays)


@cache
def compiled() -> ModuleType:
    """`matcher.kernels`: the first call loads numba, as slow as scanning millions of rows."""
    from matcher import kernels

    return kernels


def is_compiled() -> bool:
    """Whether the compiled search is loaded already."""
    return compiled.cache_info().currsize > 0


def workers() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _arrange(
    keys: np.ndarray, order: np.ndarray, near: np.ndarray, boxes: np.ndarray, tops: np.ndarray
) -> None:
    """kd order: cut into pieces that fit a processor's cache, then finish each; on all cores."""
    kernels = compiled()
    values = np.empty(order.size, np.float32)
    pieces = [(0, order.size)]
    with ThreadPoolExecutor(workers()) as pool:
        while max(b - a for a, b in pieces) > _PIECE:
            middles = list(
                pool.map(lambda piece: kernels.split(keys, order, values, *piece), pieces)
            )
            pieces = [
                half
                for (a, b), middle in zip(pieces, middles, strict=True)
                for half in ((a, middle), (middle, b))
            ]
        list(pool.map(lambda piece: kernels.finish(keys, order, near, boxes, tops, *piece), pieces))


def in_threads(work: Callable[[int, int], Any], n: int) -> list[Any]:
    """work(first, last) over 0..n in as many pieces as there are cores; what each returned."""
    pieces = min(workers(), n)
    if pieces <= 1:
        return [work(0, n)] if n else []
    edges = np.linspace(0, n, pieces + 1).astype(int)
    with ThreadPoolExecutor(pieces) as pool:
        return list(pool.map(work, edges[:-1], edges[1:]))
