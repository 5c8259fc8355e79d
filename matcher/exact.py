"""The nearest rows, exactly: `TrackIndex`.

Rows are numbered as in the catalogue; among equal distances the row that comes first wins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.errors import InputError
from matcher.metric import (
    DIMENSIONS,
    METRICS,
    RAW,
    SCALES,
    Scaling,
    check_choice,
    check_numbers,
    check_query,
    check_weights,
    distances,
    standard_scaling,
)


class TrackIndex:
    """Exact nearest-neighbour search over (N, 10) music profiles with per-query weights.

    Build it with `TrackIndex.build`. `scaling` is the catalogue's mean and standard deviation.
    """

    def __init__(self, features: np.ndarray, ids: np.ndarray | None, scaling: Scaling) -> None:
        self.features, self.ids, self.scaling = features, ids, scaling

    @classmethod
    def build(cls, features: np.ndarray, ids: Sequence | None = None) -> TrackIndex:
        """Index rows of finite numbers, shape (N, 10), float32 or float64.

        ids : N values to answer with; row numbers by default. Raises `InputError`.
        """
        features = np.asarray(features)
        if features.dtype != np.float32:
            features = features.astype(np.float64, copy=False)
        if features.ndim != 2 or features.shape[1] != DIMENSIONS or len(features) == 0:
            raise InputError(f"features: shape {features.shape} given, (N, {DIMENSIONS}) with at least one row needed.")
        check_numbers(features, "features")
        if ids is not None and len(ids) != len(features):
            raise InputError(f"ids: {len(ids)} given for {len(features)} rows; give one each.")
        return cls(features, None if ids is None else np.asarray(ids), standard_scaling(features))

    def __len__(self) -> int:
        return len(self.features)

    def search(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows to one query (10,): their ids and float64 distances, nearest first.

        weights : (10,), ≥ 0; None weighs all alike. where : rows that may be answered, as a
        boolean (N,) or as row numbers. Fewer than k come back only when fewer rows are there.
        """
        rows, found = self.search_rows(query, k, weights, metric, scale, where)
        return (rows if self.ids is None else self.ids[rows]), found

    def search_rows(self, query, k=5, weights=None, metric="euclidean", scale="raw", where=None) -> tuple[np.ndarray, np.ndarray]:
        """As `search`, answering with row numbers whatever the ids are."""
        query, weights, k = check_query(query), check_weights(weights), check_k(k)
        check_choice(metric, METRICS, "metric")
        scaling = self.scaling if check_choice(scale, SCALES, "scale") == "standard" else RAW
        rows = None if where is None else rows_of(where, len(self))
        return scan(self.features, query, k, weights, metric, scaling, rows)

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows to each of n queries (n, 10): ids and distances, (n, k) each.

        weights : None, (10,) for all, or (n, 10), one each.
        """
        queries = np.asarray(queries, dtype=np.float64)
        if queries.ndim != 2:
            raise InputError(f"queries: shape {queries.shape} given, (n, {DIMENSIONS}) needed.")
        each = [weights] * len(queries) if weights is None or np.ndim(weights) == 1 else list(weights)
        if len(each) != len(queries):
            raise InputError(f"weights: {len(each)} rows given for {len(queries)} queries; give one each.")
        found = [self.search(q, k, w, metric, scale, where) for q, w in zip(queries, each, strict=True)]
        width = len(found[0][0]) if found else 0
        return np.array([ids for ids, _ in found]).reshape(-1, width), np.array([d for _, d in found]).reshape(-1, width)


def check_k(k: object) -> int:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"k: {k!r} given; it needs to be a whole number from 1 up.")
    return int(k)


def rows_of(where: object, n: int) -> np.ndarray:
    """Row numbers, ascending, of a boolean (n,) or of row numbers in any order."""
    where = np.asarray(where)
    if where.dtype == bool:
        if where.shape != (n,):
            raise InputError(f"where: shape {where.shape} given, ({n},) needed.")
        return np.flatnonzero(where)
    if where.size == 0:
        return np.empty(0, dtype=np.intp)
    if where.ndim != 1 or where.dtype.kind not in "iu" or where.min() < 0 or where.max() >= n:
        raise InputError(f"where: give a boolean per row, or row numbers from 0 to {n - 1}.")
    return np.unique(where)


def scan(features, query, k, weights, metric, scaling, rows=None) -> tuple[np.ndarray, np.ndarray]:
    """The oracle: every distance in float64, then the k smallest, ties by row."""
    found = distances(features if rows is None else features[rows], query, weights, metric, scaling)
    best = smallest(found, k)
    return (best if rows is None else rows[best]), found[best]


def smallest(values: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k smallest values, ascending; among equals the first positions."""
    if k < len(values):
        limit = np.partition(values, k - 1)[k - 1]
        candidates = np.flatnonzero(values <= limit)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(values[candidates], kind="stable")][:k]
