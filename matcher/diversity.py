"""Lists that are not five times the same: maximal marginal relevance, and the range of a catalogue.

Maximal marginal relevance: Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking",
written for distances: the next track is the one with the smallest
(1 − λ)·d(query, track) − λ·d(track, nearest track chosen so far).
"""

from __future__ import annotations

import numpy as np

from data.errors import InputError
from data.numbers import parse_number
from matcher.metric import EUCLIDEAN, Metric, Scaling

DRAWN_FROM = 2000
"""Tracks that `unlike` draws from: its work grows with their cube."""
_RANK = 1e-10
"""Share of the largest eigenvalue below which one is nothing."""
_OVERFLOW = 1e200


def check_diversity(amount: float | str, argument: str = "diverse") -> float:
    """λ from 0 (nearest only) up to but not including 1. Raises `InputError`."""
    number = parse_number(str(amount))
    if not 0 <= number < 1:
        raise InputError("matcher.diversity", argument=argument, value=str(amount))
    return number


def rerank(
    features: np.ndarray,
    found: np.ndarray,
    k: int,
    amount: float,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling,
) -> np.ndarray:
    """Positions of k of the candidates in order of maximal marginal relevance.

    features : (m, 10), nearest first. found : (m,) their distances to the query. amount : λ.
    """
    nearest = np.full(len(features), np.inf)
    chosen: list[int] = []
    open_ = np.ones(len(features), dtype=bool)
    while len(chosen) < min(k, len(features)):
        score = (1 - amount) * found - amount * np.where(np.isinf(nearest), 0, nearest)
        score[~open_] = np.inf
        best = int(np.argmin(score))
        chosen.append(best)
        open_[best] = False
        apart = metric.distances(features, features[best], importance, scaling)
        nearest = np.minimum(nearest, apart)
    return np.array(chosen, dtype=np.int64)


def first_of_each(groups: list[str]) -> np.ndarray:
    """Positions of the first member of every group; an empty name is a group of its own."""
    first: dict[str | int, int] = {}
    for i, group in enumerate(groups):
        first.setdefault(group or i, i)
    return np.array(list(first.values()), dtype=np.int64)


def far_apart(features: np.ndarray, k: int, scaling: Scaling) -> np.ndarray:
    """Rows of k tracks that span a catalogue.

    The most ordinary one, then always the one farthest from all chosen: farthest-point sampling
    (Gonzalez 1985). No choice of k leaves less than half of the distance within which this one
    covers the catalogue. Distances are Euclidean on standard scale.
    """
    even = np.ones(features.shape[1])
    chosen = [int(np.argmin(EUCLIDEAN.distances(features, scaling.center, even, scaling)))]
    nearest = EUCLIDEAN.distances(features, features[chosen[0]], even, scaling)
    while len(chosen) < min(k, len(features)) and nearest.max() > 0:
        chosen.append(int(np.argmax(nearest)))
        apart = EUCLIDEAN.distances(features, features[chosen[-1]], even, scaling)
        nearest = np.minimum(nearest, apart)
    return np.array(chosen, dtype=np.int64)


def unlike(features: np.ndarray, k: int, scaling: Scaling, seed: int = 0) -> np.ndarray:
    """Rows of k tracks drawn so that like ones seldom come together, in the order drawn.

    A determinantal point process of exactly k items (Kulesza & Taskar 2011, "k-DPPs") whose kernel
    is a Gaussian of the Euclidean distance on standard scale, its width the median distance. Unlike
    `far_apart` it is a fair sample: no outlier is sure to come. Where the kernel has fewer than k
    directions, as with equal tracks, there are fewer rows. Of more than `DRAWN_FROM` tracks so many
    are taken by chance first.
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(features))
    if len(rows) > DRAWN_FROM:
        rows = np.sort(rng.choice(rows, DRAWN_FROM, replace=False))
    points = (features[rows] - scaling.center) / scaling.sd
    square = np.square(points).sum(axis=1)
    apart = np.maximum(square[:, None] + square - 2 * points @ points.T, 0)
    width = np.median(apart) or 1.0
    values, vectors = np.linalg.eigh(np.exp(-apart / width))
    chosen = _directions(np.where(values > _RANK * values[-1], values, 0.0), k, rng)
    return rows[_items(vectors[:, chosen], rng)]


def _directions(values: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of at most k eigenvalues, drawn by elementary symmetric polynomials."""
    values = values / max(values.max(), 1e-300)
    k = min(k, int((values > 0).sum()))
    sums = np.zeros((k + 1, len(values) + 1))
    sums[0] = 1
    for n, value in enumerate(values, start=1):
        sums[1:, n] = sums[1:, n - 1] + value * sums[:-1, n - 1]
        peak = sums[:, n].max()
        if peak > _OVERFLOW:
            sums /= peak  # only ratios count
    chosen: list[int] = []
    for n in range(len(values), 0, -1):
        left = k - len(chosen)
        if not left:
            break
        if n == left or rng.random() * sums[left, n] < values[n - 1] * sums[left - 1, n - 1]:
            chosen.append(n - 1)
    return np.array(chosen, dtype=int)


def _items(vectors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows drawn by the process that projects onto orthonormal `vectors` (n, k), k of them."""
    chosen: list[int] = []
    while vectors.shape[1]:
        share = np.square(vectors).sum(axis=1)
        share[chosen] = 0
        row = int(rng.choice(len(share), p=share / share.sum()))
        chosen.append(row)
        lead = int(np.argmax(np.abs(vectors[row])))
        pivot = vectors[:, lead]
        rest = np.delete(vectors, lead, axis=1)
        rest = rest - np.outer(pivot, rest[chosen[-1]] / pivot[row])
        vectors = np.linalg.qr(rest)[0] if rest.shape[1] else rest
    return np.array(chosen, dtype=np.int64)
