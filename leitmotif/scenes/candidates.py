"""Where in a library a shot may be from: its pictures vote for stretches of films."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from leitmotif.scenes.library import Film, Library
from leitmotif.scenes.nearest import nearest

_FETCHED = 24
"""Frames of the library that the index gives for each vector of a picture. Heuristic."""
_ASKED = 6
"""Pictures of a shot that ask; half of them only if what those say is clear. Heuristic."""
CLEAR = 1.2
"""How many times as many votes as the next stretch the best one has if it is clear. In generated
edits (seeds 106 to 110 of `benchmarks.edits`) half of 155 shots of the library have 1.48 and more,
those of other films 1.17 at most."""
_BESIDE_S = 4.0
"""Seconds beside the frames voted for that are looked at: frames of a library lie that far apart.
Heuristic."""
LONGEST_S = 48.0
"""Seconds of a film that one stretch holds at most; a film no longer is one. Heuristic."""
_GRID_S = 8.0
"""Stretches begin and end at multiples of it, so that neighbouring shots share them."""


class Window(NamedTuple):
    """A stretch of a film, seconds.

    votes : the mean of the best similarities of the half of the pictures that it has most for (the
        others may be of a shot whose cut was not seen), 0 for one that has none.
    hints : where in the shot a picture lay, 0–1, and seconds of the frame that it was most like.
    """

    film: Film
    start: float
    end: float
    votes: float
    hints: tuple[tuple[float, float], ...]


def windows(library: Library, pictures: Sequence[np.ndarray], count: int) -> list[Window]:
    """The stretches that a shot's pictures (BGR uint8, in order) vote for, the best first."""
    spread = np.unique(np.linspace(0, len(pictures) - 1, _ASKED).round().astype(int))
    votes: dict[Film, list[tuple[float, float, float]]] = defaultdict(list)
    asked = 0
    found: list[Window] = []
    for lot in (spread[1::2], spread[::2]):
        for row in lot:
            place = float(row / max(len(pictures) - 1, 1))
            for near in nearest(library, pictures[row], _FETCHED):
                time = float(library.frames(near.film).times[near.row])
                votes[near.film].append((time, near.similarity, place))
        asked += len(lot)
        every = [
            window
            for film, cast in votes.items()
            for window in _of_film(library, film, sorted(cast), asked)
        ]
        found = sorted(every, key=lambda window: -window.votes)[:count]
        if len(lot) > 1 and (len(found) < 2 or found[0].votes >= CLEAR * found[1].votes):
            break
    return found


def _of_film(
    library: Library, film: Film, cast: list[tuple[float, float, float]], asked: int
) -> list[Window]:
    """The stretches of one film that votes (seconds, similarity, place of the picture in the shot)
    lie in."""
    frames = library.frames(film)
    found: list[Window] = []
    group: list[tuple[float, float, float]] = []
    whole = film.duration <= LONGEST_S
    for vote in [*cast, None]:
        near = whole or not group or not vote or vote[0] - group[-1][0] <= 2 * _BESIDE_S
        if vote is not None and near:
            group.append(vote)
            continue
        best = {picture: (like, time) for time, like, picture in sorted(group, key=lambda v: v[1])}
        last = int(np.searchsorted(frames.times, group[-1][0] - 1e-6))
        until = float(frames.until[min(last, len(frames.until) - 1)])
        start, end = group[0][0] - _BESIDE_S, max(group[-1][0], until) + _BESIDE_S
        end = min(end, start + LONGEST_S)
        low = max(np.floor(start / _GRID_S) * _GRID_S, 0.0)
        high = np.ceil(end / _GRID_S) * _GRID_S
        low, high = (0.0, film.duration + _GRID_S) if whole else (float(low), float(high))
        half = (asked + 1) // 2
        votes = sum(sorted(like for like, _ in best.values())[-half:]) / half
        hints = tuple((picture, best[picture][1]) for picture in sorted(best))
        found.append(Window(film, low, high, votes, hints))
        group = [] if vote is None else [vote]
    return found
