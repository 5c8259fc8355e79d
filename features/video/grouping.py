"""Scenes of about 8–30 s: neighbouring shots that look alike, grouped by dynamic programming.
Heuristic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from features.video.timeline import Timeline

SHORTEST, LONGEST = 8.0, 30.0
_MEMORY = 4.0
"""Seconds on both sides of a cut that are compared."""
_PRICE = 0.15
"""What a boundary costs, in units of difference between its sides (0 alike, 1 nothing in
common)."""


def scenes(timeline: Timeline) -> list[tuple[float, float]]:
    """(start, end) in seconds of every scene, without gaps, from 0 to the end.

    Boundaries lie on cuts, where the pictures before and after differ most; a take longer than 30 s
    is also divided where no cut is. A clip shorter than 16 s is one scene unless it falls apart.
    """
    edges = _edges(timeline)
    gains = np.array([0.0, *(_difference(timeline, t) - _PRICE for t in edges[1:-1]), 0.0])
    best = np.full(len(edges), -np.inf)
    best[0] = 0.0
    origin = np.zeros(len(edges), dtype=int)
    for j in range(1, len(edges)):
        for i in range(j - 1, -1, -1):
            score = best[i] + gains[j] - _length_penalty(edges[j] - edges[i])
            if score > best[j]:
                best[j], origin[j] = score, i
            if edges[j] - edges[i] > 3 * LONGEST:
                break
    path = [len(edges) - 1]
    while path[-1]:
        path.append(int(origin[path[-1]]))
    times = [edges[i] for i in reversed(path)]
    return list(pairwise(times))


def _edges(timeline: Timeline) -> list[float]:
    """0, every cut, the middles of overlong takes, and the end."""
    edges = [0.0]
    for start, end in timeline.shots:
        pieces = max(int(np.ceil((end - start) / LONGEST)), 1)
        edges += [start + (end - start) * k / pieces for k in range(1, pieces)] + [end]
    return edges


def _length_penalty(length: float) -> float:
    """Nothing for 8–30 s; rising steeply outside."""
    if length < SHORTEST:
        return float((SHORTEST - length) / SHORTEST)
    return float(max(length - LONGEST, 0) / SHORTEST)


def _difference(timeline: Timeline, time: float) -> float:
    """How different the pictures before and after `time` are, 0–1 (Hellinger distance of
    palettes)."""
    before = timeline.palette[(timeline.times >= time - _MEMORY) & (timeline.times + 0.25 < time)]
    after = timeline.palette[(timeline.times + 0.25 >= time) & (timeline.times < time + _MEMORY)]
    if not len(before) or not len(after):
        return 0.0
    alike = np.sqrt(before.mean(axis=0) * after.mean(axis=0)).sum()
    return float(np.sqrt(max(1 - alike, 0.0)))
