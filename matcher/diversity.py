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
