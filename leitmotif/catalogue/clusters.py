"""Groups of tracks that sound alike: HDBSCAN on points that have been drawn together.

The points are diffused along the neighbourhood graph first (each moves to the weighted mean of its
neighbours, a few times; as in MAGIC, van Dijk et al., Cell 174(3), 2018): ten dimensions are too
many for densities, and the graph depends on no chance, so that the same catalogue falls into the
same groups whatever the seed. HDBSCAN: Campello, Moulavi & Sander 2013. Of a track that lies
between groups its neighbours decide.

Labels are int32 (N,), 0 upwards, `BETWEEN` for tracks of no group.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

BETWEEN = -1
STEPS = 8
"""Rounds of diffusion (heuristic: on 375 tracks 5 to 12 give the same groups)."""
SMALLEST, SHARE = 5, 1 / 20
"""Tracks that make a group: this many, and this share of a catalogue (heuristic: at most 20
groups can be told apart on a screen)."""
PAST = 4.0
"""By how much two tracks of one earlier group count as nearer, and two of different ones as farther
(chosen on 397 tracks of game and film music: with 4 the groups hold as much of their tracks'
neighbourhoods, .68, as with 1, .69)."""
JOINS, ROUNDS = 0.35, 10
"""Share of its neighbourhood with which a group takes a track in, and how often (heuristic)."""
MOST = 15_000
"""Tracks that are grouped; of a larger catalogue a sample, the others follow their neighbours."""


def groups(points: np.ndarray, graph: Any, seed: int = 0) -> np.ndarray:
    """Labels of points (N, D) with their neighbourhood graph, sparse (N, N)."""
    n = len(points)
    smallest = max(SMALLEST, int(np.ceil(SHARE * n)))
    if n < 2 * smallest or graph.nnz == 0:
        return np.full(n, BETWEEN, np.int32)
    drawn = diffuse(points, graph)
    sample = np.arange(n)
    if n > MOST:
        sample = np.sort(np.random.default_rng(seed).choice(n, MOST, replace=False))
    found = np.full(n, BETWEEN, np.int32)
    found[sample] = _hdbscan(drawn[sample], max(SMALLEST, int(np.ceil(SHARE * len(sample)))))
    if len(sample) < n:
        found = _as_nearest(drawn, sample, found)
    return take_in(found, graph)


def diffuse(points: np.ndarray, graph: Any, steps: int = STEPS) -> np.ndarray:
    """Points (N, D), `steps` times each the weighted mean of itself and its neighbours."""
    near = scipy.sparse.csr_array(graph) + scipy.sparse.eye_array(len(points), format="csr")
    near = scipy.sparse.diags_array(1 / near.sum(axis=1)) @ near
    for _ in range(steps):
        points = near @ points
    return points


def remember(graph: Any, before: np.ndarray) -> Any:
    """A graph in which tracks that were together are nearer, and those that were apart farther.

    before : int (N,), 0 for tracks of no earlier group. Evolutionary clustering (Chakrabarti, Kumar
    & Tomkins 2006): what is found now is weighed against what was found last.
    """
    edges = scipy.sparse.coo_array(graph)
    one, other = before[edges.row], before[edges.col]
    both = (one > 0) & (other > 0)
    weight = np.where(both, np.where(one == other, PAST, 1 / PAST), 1.0)
    return scipy.sparse.csr_array((edges.data * weight, edges.coords), shape=edges.shape)


def votes(labels: np.ndarray, graph: Any) -> np.ndarray:
    """The share of each track's neighbourhood that each group holds, (N, number of groups)."""
    count = int(labels.max(initial=BETWEEN)) + 1
    inside = np.flatnonzero(labels >= 0)
    member = scipy.sparse.csr_array(
        (np.ones(len(inside)), (inside, labels[inside])), shape=(len(labels), count)
    )
    total = np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-12)
    return (scipy.sparse.csr_array(graph) @ member).toarray() / total[:, None]


def take_in(labels: np.ndarray, graph: Any) -> np.ndarray:
    """Labels where tracks between groups go with their neighbourhoods, round by round.

    Label propagation (Zhu & Ghahramani 2002) from the groups' cores outwards, as far as one group
    holds `JOINS` of a neighbourhood.
    """
    for _ in range(ROUNDS):
        shares = votes(labels, graph)
        if not shares.shape[1]:
            break
        won = (labels == BETWEEN) & (shares.max(axis=1) >= JOINS)
        if not won.any():
            break
        labels = np.where(won, shares.argmax(axis=1), labels).astype(np.int32)
    return labels


def _hdbscan(points: np.ndarray, smallest: int) -> np.ndarray:
    from sklearn.cluster import HDBSCAN

    model = HDBSCAN(min_cluster_size=smallest, min_samples=3, copy=True)
    return model.fit_predict(points).clip(min=BETWEEN)


def _as_nearest(points: np.ndarray, sample: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels where those outside the sample have the label of the nearest inside."""
    from sklearn.neighbors import NearestNeighbors

    others = np.setdiff1d(np.arange(len(points)), sample)
    search = NearestNeighbors(n_neighbors=1).fit(points[sample])
    labels = labels.copy()
    labels[others] = labels[sample[search.kneighbors(points[others])[1][:, 0]]]
    return labels
