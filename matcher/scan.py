"""The plain scan: every distance in float64. The oracle of all engines."""

from __future__ import annotations

import numpy as np

from matcher.metric import Metric, Scaling

_CHUNK = 1 << 20


def scan(
    features: np.ndarray,
    query: np.ndarray,
    k: int,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling,
    rows: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of `features` (N, 10) nearest to `query`, and their distances, nearest first.

    rows : ascending row numbers to choose from; all by default. Among equals the first rows win.
    """
    n = len(features) if rows is None else len(rows)
    kept_rows, kept = np.empty(0, np.int64), np.empty(0)
    for i in range(0, n, _CHUNK):  # ten million rows at once would fill the memory with differences
        part = np.arange(i, min(i + _CHUNK, n)) if rows is None else rows[i : i + _CHUNK]
        some = features[i : i + _CHUNK] if rows is None else features[part]
        found = metric.distances(some, query, importance, scaling)
        best = smallest(found, k)
        kept_rows = np.concatenate([kept_rows, part[best]])
        kept = np.concatenate([kept, found[best]])
        best = smallest(kept, k)
        kept_rows, kept = kept_rows[best], kept[best]
    return kept_rows, kept


def smallest(values: np.ndarray, k: int) -> np.ndarray:
    """Positions of the k smallest values, ascending; among equals the first positions."""
    if k < len(values):
        limit = np.partition(values, k - 1)[k - 1]
        candidates = np.flatnonzero(values <= limit)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(values[candidates], kind="stable")][:k]
