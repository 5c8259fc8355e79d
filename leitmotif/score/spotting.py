"""Where music begins and ends: scenes grouped into cues by dynamic programming.

A change of music costs a fixed price; within a cue, every scene that would have wanted other music
costs its distance from the cue's mean request, for as long as it lasts. The cheapest division of
the whole film is exact (Bellman), and does not depend on the order in which scenes are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from leitmotif.score.model import Cue, Score, cue_number

SHORTEST_S = 8.0
"""No cue is shorter unless a person says so (heuristic: a phrase of music needs about as long)."""
CHANGE_PRICE = 4.0
"""What a change of music costs, in seconds of a misfit of one standard deviation: two stretches of
ten seconds are told apart when they differ by nine tenths of one (heuristic)."""


def group(
    edges: Sequence[float],
    requests: np.ndarray,
    *,
    shortest: float = SHORTEST_S,
    price: float = CHANGE_PRICE,
) -> list[tuple[float, float]]:
    """Cheapest division of scenes into cues: (start, end) in seconds, without gaps.

    edges : (n + 1,) rising, where scenes begin and the film ends. requests : (n, d), the music that
    each scene asks for, in standard deviations of the catalogue. A film shorter than `shortest` is
    one cue.
    """
    times = np.asarray(edges, float)
    lengths = np.diff(times)
    requests = np.asarray(requests, float).reshape(len(lengths), -1)
    cost = _misfit(requests, lengths)
    n = len(lengths)
    best, origin = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = 0.0
    for end in range(1, n + 1):
        allowed = times[end] - times[:end] >= min(shortest, times[-1] - times[0]) - 1e-9
        total = np.where(allowed, best[:end] + cost[:end, end] + price, np.inf)
        origin[end] = int(np.argmin(total))
        best[end] = total[origin[end]]
    path = [n]
    while path[-1]:
        path.append(int(origin[path[-1]]))
    return list(pairwise(times[path[::-1]].tolist()))


def _misfit(requests: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """(n, n + 1): seconds times mean squared distance from the mean, of scenes i to j − 1."""
    n = len(lengths)
    weighted = np.vstack([np.zeros(requests.shape[1]), requests * lengths[:, None]]).cumsum(axis=0)
    squares = np.append(0.0, (requests**2).mean(axis=1) * lengths).cumsum()
    seconds = np.append(0.0, lengths).cumsum()
    cost = np.zeros((n, n + 1))
    for i in range(n):
        length = np.maximum(seconds[i + 1 :] - seconds[i], 1e-12)
        mean = (weighted[i + 1 :] - weighted[i]) / length[:, None]
        cost[i, i + 1 :] = squares[i + 1 :] - squares[i] - (mean**2).mean(axis=1) * length
    return np.maximum(cost, 0.0)


def respot(score: Score, spans: Sequence[tuple[int, int]]) -> Score:
    """New cues where nothing is locked: spans in frames, cut back by what a person has set."""
    locked = [cue for cue in score.cues if cue.locked]
    free = [piece for span in spans for piece in _outside(span, locked)]
    taken = {cue.number for cue in locked}
    numbers = (n for k in range(1, 10_000) if (n := cue_number(k)) not in taken)
    fresh = [Cue(number, *span) for number, span in zip(numbers, free, strict=False)]
    return replace(score, cues=tuple(sorted([*locked, *fresh], key=lambda cue: cue.start)))


def _outside(span: tuple[int, int], locked: Sequence[Cue]) -> list[tuple[int, int]]:
    """The parts of a span that no locked cue covers."""
    parts = [span]
    for cue in locked:
        parts = [
            (start, end)
            for low, high in parts
            for start, end in ((low, min(high, cue.start)), (max(low, cue.end), high))
            if start < end
        ]
    return parts
