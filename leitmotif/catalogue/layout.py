"""Many dimensions laid out on two: UMAP, begun from the last layout and turned to lie on it.

UMAP: McInnes, Healy & Melville 2018, "UMAP: Uniform Manifold Approximation and Projection". Points
are float (N, D) whose columns count alike; places are float32 (N, 2) in no unit.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.spatial

NEIGHBOURS = 15
"""Of each track in the graph, and for its trust (UMAP's default)."""
FEWEST = 8
"""Tracks below which there is no neighbourhood to speak of: they stay where they begin."""
JUDGES = 2000
"""Tracks by which trust is judged in larger catalogues; all of them in smaller ones."""
_EPOCHS, _RATE = {False: 500, True: 200}, {False: 1.0, True: 0.25}
"""Rounds of pulling and pushing, fewer where there are many tracks or places to begin from, and
how far each goes: gently from an earlier layout, so that tracks are found again (heuristic)."""
_MANY = 10_000
LAID = 20_000
"""Tracks that are laid out; of a larger catalogue a sample, the others lie amid their nearest."""
AMID = 5
"""Tracks of the sample that another one lies amid."""
_NEAR_ENOUGH = 0.5
"""How much farther than the nearest those may be: a search for the very nearest takes three times
as long."""


class Laid(NamedTuple):
    places: np.ndarray
    graph: Any
    """How near other tracks are to each, 0–1, sparse (N, N): UMAP's fuzzy set, which is symmetric,
    and for tracks outside the sample their neighbours in it."""


def lay(points: np.ndarray, begin: np.ndarray, warm: bool, seed: int = 0) -> Laid:
    """A layout that begins at `begin` (N, 2). warm : whether that is an earlier layout."""
    n = len(points)
    if n < FEWEST or not points.std(axis=0).any():
        return Laid(begin.astype(np.float32), scipy.sparse.csr_array((n, n)))
    if n > LAID:
        return _by_sample(points.astype(np.float32), begin, warm, seed)
    from umap import UMAP

    points = points.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that places of later points could not be had
        fitted = UMAP(
            n_neighbors=min(NEIGHBOURS, n - 1),
            init=_apart(begin, seed).astype(np.float32),
            n_epochs=_EPOCHS[warm or n > _MANY],
            learning_rate=_RATE[warm],
            random_state=seed,
            n_jobs=1,
            precomputed_knn=_neighbours(points) if n > _MANY else (None, None, None),
        ).fit(points)
    return Laid(fitted.embedding_, fitted.graph_.tocsr())


def _neighbours(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the nearest of each point, itself first, and how far they are, (N, `NEIGHBOURS`).

    UMAP's own search takes longer to be compiled than this one to search.
    """
    apart, near = scipy.spatial.cKDTree(points).query(points, NEIGHBOURS, eps=_NEAR_ENOUGH)
    return near.astype(np.int32), apart.astype(np.float32)


def _by_sample(points: np.ndarray, begin: np.ndarray, warm: bool, seed: int) -> Laid:
    """A sample is laid out, and every other track in the weighted middle of its nearest there."""
    n = len(points)
    drawn = np.zeros(n, bool)
    drawn[np.random.default_rng(seed).choice(n, LAID, replace=False)] = True
    sample, others = np.flatnonzero(drawn), np.flatnonzero(~drawn)
    laid = lay(points[sample], begin[sample], warm, seed)
    tree = scipy.spatial.cKDTree(points[sample])
    apart, near = tree.query(points[others], AMID, eps=_NEAR_ENOUGH)
    # near by distance as in UMAP: the nearest counts 1, and half of what lies behind is lost a step
    width = np.maximum(apart.mean(axis=1, keepdims=True) - apart[:, :1], 1e-6)
    weight = np.exp(-(apart - apart[:, :1]) / width)
    places = np.empty((n, 2), np.float32)
    places[sample] = laid.places
    share = weight / weight.sum(axis=1, keepdims=True)
    places[others] = (laid.places[near] * share[:, :, None]).sum(axis=1)
    inner = scipy.sparse.coo_array(laid.graph)
    rows = np.r_[sample[inner.row], np.repeat(others, AMID)]
    columns = np.r_[sample[inner.col], sample[near].ravel()]
    values = np.r_[inner.data, weight.ravel()]
    return Laid(places, scipy.sparse.csr_array((values, (rows, columns)), shape=(n, n)))


def _apart(begin: np.ndarray, seed: int) -> np.ndarray:
    """`begin` with a breath of noise: UMAP cannot part what lies in one place."""
    spread = max(float(begin.std()), 1e-6)
    return begin + np.random.default_rng(seed).normal(scale=1e-3 * spread, size=begin.shape)


def onto(places: np.ndarray, moved: np.ndarray, target: np.ndarray) -> np.ndarray:
    """`places` moved, turned, mirrored and scaled as brings `moved` nearest to `target`.

    moved, target : (n, 2) where some tracks lie now, and where they lay or should lie. Procrustes
    (Gower 1975).
    """
    if len(moved) < 2:
        return places
    here, there = moved.mean(axis=0), target.mean(axis=0)
    size = np.square(moved - here).sum()
    if size == 0:
        return places - here + there
    turn, stretch = scipy.linalg.orthogonal_procrustes(moved - here, target - there)
    scale = stretch / size if stretch > 0 else 1.0
    return ((places - here) @ turn * scale + there).astype(np.float32)


def begin_from(
    points: np.ndarray, known: np.ndarray, places: np.ndarray, fallback: np.ndarray
) -> np.ndarray:
    """Where a layout begins, (N, 2): tracks at their last places, new ones amid their neighbours.

    known : (N,) bool. places : (known.sum(), 2) theirs. fallback : (N, 2) where nothing is known.
    """
    if not known.any():
        return fallback
    from sklearn.neighbors import NearestNeighbors

    begin = fallback.astype(float).copy()
    begin[known] = places
    if not known.all():
        k = min(5, int(known.sum()))
        found = NearestNeighbors(n_neighbors=k).fit(points[known]).kneighbors(points[~known])[1]
        begin[~known] = places[found].mean(axis=1)
    return begin


def trust(points: np.ndarray, places: np.ndarray, seed: int = 0) -> np.ndarray:
    """How far each track's neighbours on the map are its neighbours in truth, float32 (N,), 0–1.

    Trustworthiness (Venna & Kaski 2001), track by track: 1 less the ranks by which the nearest k
    on the map lie too far off in truth, as a share of the worst case. In a catalogue of more than
    `JUDGES` tracks the neighbours are looked for among so many, drawn by chance.
    """
    n = len(points)
    if n < FEWEST:
        return np.ones(n, np.float32)
    judges = np.arange(n)
    if n > JUDGES:
        judges = np.sort(np.random.default_rng(seed).choice(n, JUDGES, replace=False))
    k = min(NEIGHBOURS, (len(judges) - 1) // 2)
    m = len(judges) - 1
    worst = sum(rank - k for rank in range(m - k + 1, m + 1))
    found = np.empty(n, np.float32)
    for first in range(0, n, 4096):
        rows = np.arange(first, min(first + 4096, n))
        near = _distances(places[rows], places[judges], rows, judges)
        near = np.argpartition(near, k, axis=1)[:, :k]
        true = _distances(points[rows], points[judges], rows, judges)
        ranks = (true < np.take_along_axis(true, near[:, at : at + 1], axis=1) for at in range(k))
        too_far = sum(np.maximum(nearer.sum(axis=1) + 1 - k, 0) for nearer in ranks)
        found[rows] = 1 - too_far / worst
    return np.clip(found, 0, 1)


def _distances(
    some: np.ndarray, others: np.ndarray, rows: np.ndarray, judges: np.ndarray
) -> np.ndarray:
    """Squared distances (n, m), infinite from a track to itself."""
    some, others = some.astype(np.float32), others.astype(np.float32)
    middle = others.mean(axis=0)
    some, others = some - middle, others - middle
    d = np.square(others).sum(axis=1) - 2 * some @ others.T + np.square(some).sum(axis=1)[:, None]
    d[rows[:, None] == judges] = np.inf
    return d
