"""The nearest rows, exactly: `TrackIndex`.

Rows are numbered as in the catalogue; among equal distances the row that comes first wins. There are
two engines with one answer, the same bits: the plain scan (`matcher.scan`), which needs no
preparation, and the block index (`matcher.blocks`), which looks at few rows and needs numba.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.errors import InputError
from matcher.metric import (
    DIMENSIONS,
    METRICS,
    RAW,
    SCALES,
    VA,
    Scaling,
    check_choice,
    check_numbers,
    check_queries,
    check_query,
    check_weights,
    standard_scaling,
)
from matcher.scan import scan

if TYPE_CHECKING:
    from matcher.blocks import Blocks

ENGINES = ("auto", "scan", "blocks")
_FEW = 1024
"""Rows below which a scan is as fast as anything."""
_SPARSE = 64
"""A filter that keeps fewer than one row in so many is answered by scanning what it keeps: about
where reading those rows in float64 costs no more than running over all blocks (ours, measured)."""
_DEEP = 1000
"""Answers longer than this, or than a tenth of the catalogue, are scanned for: hardly a block could be left out."""

_EQUAL = np.ones(DIMENSIONS)
_EVERY_ROW = np.empty(0, dtype=bool)
_NOT_VA = np.array([d for d in range(DIMENSIONS) if d not in VA])


class Selection(NamedTuple):
    """Rows that may be answered, made by `TrackIndex.select` to be used again with many queries."""

    mask: np.ndarray
    """Boolean (N,)."""
    rows: np.ndarray | None
    """The row numbers, ascending, where they are few; else None."""
    count: int


class TrackIndex:
    """Exact nearest-neighbour search over (N, 10) music profiles with weights per query.

    Made by `TrackIndex.build` or `TrackIndex.load`. `features` are kept by reference: do not change
    them afterwards. `scaling` holds the catalogue's mean and standard deviation.
    """

    def __init__(
        self,
        features: np.ndarray,
        ids: np.ndarray | None,
        scaling: Scaling,
        blocks: Blocks | None = None,
    ) -> None:
        self.features, self.ids, self.scaling, self.blocks = features, ids, scaling, blocks
        self.patience = 0
        """Rows that may still be scanned before the compiled search is loaded."""

    @classmethod
    def build(
        cls, features: np.ndarray, ids: Sequence | None = None, *, engine: str = "auto"
    ) -> TrackIndex:
        """Index rows of finite numbers, shape (N, 10), float32 or float64.

        ids : N values to answer with; row numbers by default. engine : "blocks" prepares for many
        queries, "scan" prepares nothing, "auto" takes blocks from a thousand rows on where numba is
        installed. The answers are the same. Raises `InputError`.
        """
        check_choice(engine, ENGINES, "engine")
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != DIMENSIONS or len(features) == 0:
            raise InputError(
                f"features: shape {features.shape} given, (N, {DIMENSIONS}) with at least one row needed."
            )
        features = np.ascontiguousarray(
            features, dtype=np.float32 if features.dtype == np.float32 else np.float64
        )
        check_numbers(features, "features")
        if ids is not None and len(ids) != len(features):
            raise InputError(f"ids: {len(ids)} given for {len(features)} rows; give one each.")
        index = cls(features, None if ids is None else np.asarray(ids), standard_scaling(features))
        if engine == "blocks" and not has_numba():
            raise InputError(
                "engine: blocks needs numba; install it, or leave the choice to 'auto'."
            )
        if engine == "blocks" or (engine == "auto" and len(features) >= _FEW and has_numba()):
            index.blocks = index._blocks(tuple(range(DIMENSIONS)))
        return index

    def _blocks(self, dims: tuple[int, ...]) -> Blocks | None:
        from matcher.blocks import Blocks

        return Blocks.build(self.features, self.scaling, dims)

    @cached_property
    def side(self) -> Blocks | None:
        """The block index of arousal and valence alone; made when first asked for."""
        return self._blocks(VA) if self.blocks is not None else None

    def __len__(self) -> int:
        return len(self.features)

    @property
    def nbytes(self) -> int:
        """Bytes the index takes beside the features themselves."""
        return sum(b.nbytes for b in (self.blocks, self.__dict__.get("side")) if b is not None)

    # -------------------------------------------------------------------------- searching

    def search(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: np.ndarray | Selection | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows to one query (10,): their ids and float64 distances, nearest first.

        weights : (10,), ≥ 0; None weighs all alike. where : rows that may be answered, as a boolean
        (N,), as row numbers, or as a `Selection`. Fewer than k come back only when fewer rows are
        there. Raises `InputError`.
        """
        rows, found = self.search_rows(query, k, weights, metric, scale, where)
        return (rows if self.ids is None else self.ids[rows]), found

    def search_rows(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: np.ndarray | Selection | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `search`, answering with row numbers whatever the ids are."""
        query = (
            np.ascontiguousarray(query, dtype=np.float64)
            if isinstance(query, np.ndarray)
            else check_query(query)
        )
        weights = _EQUAL if weights is None else _plain(weights)
        scaling = self._scaling(metric, scale)
        selection = None if where is None else self.select(where)
        k = self._k(k, selection)
        blocks = self._engine(weights, k, selection)
        if blocks is not None and query.shape == weights.shape == (DIMENSIONS,):
            mask = _EVERY_ROW if selection is None else selection.mask
            answer = blocks.search(self.features, query, k, weights, metric, scaling, mask)
            if answer is not None:
                return answer
        query, weights = check_query(query), check_weights(weights)
        return scan(
            self.features,
            query,
            k,
            weights,
            metric,
            scaling,
            None if selection is None else _rows(selection),
        )

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: np.ndarray | Selection | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows to each of n queries (n, 10): ids and distances, (n, k) each.

        weights : None, (10,) for all, or (n, 10), one each. Runs on all cores.
        """
        rows, found = self.search_batch_rows(queries, k, weights, metric, scale, where)
        return (rows if self.ids is None else self.ids[rows]), found

    def search_batch_rows(
        self, queries, k=5, weights=None, metric="euclidean", scale="raw", where=None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `search_batch`, answering with row numbers whatever the ids are."""
        queries, weights = check_queries(queries, weights)
        scaling = self._scaling(metric, scale)
        selection = None if where is None else self.select(where)
        k = self._k(k, selection)
        rows, found = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
        mask = _EVERY_ROW if selection is None else selection.mask
        on_side = ~weights[:, _NOT_VA].any(axis=1)
        for which in (np.flatnonzero(on_side), np.flatnonzero(~on_side)):
            if k == 0 or len(which) == 0:
                continue
            blocks = self._engine(weights[which[0]], k, selection)
            if blocks is not None and blocks.search_many(
                self.features, queries, k, weights, metric, scaling, mask, which, rows, found
            ):
                continue
            for i in which:
                rows[i], found[i] = self.search_rows(
                    queries[i], k, weights[i], metric, scale, selection
                )
        return rows, found

    def select(self, where: np.ndarray | Selection) -> Selection:
        """Prepare a filter for many queries: a boolean (N,), or row numbers in any order."""
        if isinstance(where, Selection):
            return where
        where, n = np.asarray(where), len(self)
        if where.dtype == bool and where.shape == (n,):
            mask = where
        elif where.size == 0:
            mask = np.zeros(n, dtype=bool)
        elif where.dtype.kind in "iu" and where.ndim == 1 and where.min() >= 0 and where.max() < n:
            mask = np.zeros(n, dtype=bool)
            mask[where] = True
        else:
            raise InputError(
                f"where: give a boolean for each of {n} rows, or row numbers from 0 to {n - 1}."
            )
        count = int(np.count_nonzero(mask))
        return Selection(
            np.ascontiguousarray(mask), np.flatnonzero(mask) if count * _SPARSE < n else None, count
        )

    def _scaling(self, metric: str, scale: str) -> Scaling:
        check_choice(metric, METRICS, "metric")
        return self.scaling if check_choice(scale, SCALES, "scale") == "standard" else RAW

    def _k(self, k: object, selection: Selection | None) -> int:
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise InputError(f"k: {k!r} given; it needs to be a whole number from 1 up.")
        return min(int(k), len(self) if selection is None else selection.count)

    def _engine(self, weights: np.ndarray, k: int, selection: Selection | None) -> Blocks | None:
        """What answers a query; None for the plain scan."""
        if (
            self.blocks is None
            or k == 0
            or k > _DEEP
            or k * 10 > len(self)
            or (selection is not None and selection.rows is not None)
        ):
            return None
        if self.patience >= len(self) and "matcher.kernels" not in sys.modules:
            self.patience -= len(self)
            return None
        on_side = weights.shape == (DIMENSIONS,) and not weights[0] and not weights[_NOT_VA].any()
        return self.side if on_side else self.blocks

    # -------------------------------------------------------------------------- on disk

    def save(self, path: str | os.PathLike) -> None:
        """Write one file that `load` maps into memory; it appears whole or not at all."""
        from matcher.store import save

        save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike) -> TrackIndex:
        """Map a saved index: nothing is read before a query needs it. Raises `InputError`."""
        from matcher.store import load

        return load(path)


def has_numba() -> bool:
    """Whether the compiled search can be loaded."""
    return importlib.util.find_spec("numba") is not None


def _plain(weights: object) -> np.ndarray:
    """Weights as an array for the compiled search, which looks at the values itself."""
    return (
        np.ascontiguousarray(weights, dtype=np.float64)
        if isinstance(weights, np.ndarray)
        else check_weights(weights)
    )


def _rows(selection: Selection) -> np.ndarray:
    return np.flatnonzero(selection.mask) if selection.rows is None else selection.rows
