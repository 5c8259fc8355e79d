"""Shots joined to an edit: which of the places found each frame is from, by dynamic programming.

Every trace says of every frame near its shot how well it agrees; a frame that nothing agrees with
is foreign. Changing from one to another costs little where the picture is cut and more elsewhere,
so that cuts which nothing showed are found by what the frames are, and to the frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

FOREIGN_BELOW = 0.7
"""Agreement under which a frame is rather from somewhere else. Of generated edits (seeds 400 to 429
of `benchmarks.edits`) shots of the library agree by .74 and more, of 125 others all but one by .6
and less."""
_AT_CUT, _ELSEWHERE = 0.2, 1.2
"""Costs of a change, in frames of full agreement. Heuristic."""
_TELLING = 4.0
"""Blocks with something to see from which on a frame counts in full. Heuristic."""


class Strand(NamedTuple):
    """What a trace says of the frames from `begin` on: agreement (n,), and weight (n,)."""

    begin: int
    each: np.ndarray
    weight: np.ndarray


class Run(NamedTuple):
    """Frames start to end (exclusive) that are from strand `of`; −1 for foreign ones."""

    start: int
    end: int
    of: int


def join(strands: Sequence[Strand], frames: int, cuts: Sequence[int]) -> list[Run]:
    """The best way through an edit of so many frames."""
    gains = np.full((len(strands) + 1, frames), -np.inf)
    gains[-1] = 0.0
    for k, (begin, each, weight) in enumerate(strands):
        told = np.clip(weight / _TELLING, 0.05, 1)
        gains[k, begin : begin + len(each)] = (each - FOREIGN_BELOW) * told
    cost = np.full(frames, _ELSEWHERE)
    cost[list(cuts)] = _AT_CUT
    came = np.zeros(gains.shape, int)
    best = gains[:, 0]
    for frame in range(1, frames):
        top = int(best.argmax())
        change = best[top] - cost[frame]
        stays = best >= change
        came[:, frame] = np.where(stays, np.arange(len(best)), top)
        best = np.where(stays, best, change) + gains[:, frame]
    path = np.empty(frames, int)
    path[-1] = best.argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = came[path[frame], frame]
    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), frames]
    names = np.where(path == len(strands), -1, path)
    return [Run(a, b, int(names[a])) for a, b in pairwise(edges)]
