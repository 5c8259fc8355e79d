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
"""Pictures of a shot that ask. Heuristic."""
_BESIDE_S = 4.0
"""Seconds beside the frames voted for that are looked at: frames of a library lie that far apart.
Heuristic."""
LONGEST_S = 48.0
"""Seconds of a film that one stretch holds at most; a film no longer is one. Heuristic."""
_GRID_S = 8.0
"""Stretches begin and end at multiples of it, so that neighbouring shots share them."""


class Window(NamedTuple):
    """A stretch of a film, seconds.

    votes : the mean of the pictures' best similarities, 0 for one that asked for other stretches.
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
    asked = [pictures[k] for k in spread]
    votes: dict[Film, list[tuple[float, float, int]]] = defaultdict(list)
    for place, picture in enumerate(asked):
        for near in nearest(library, picture, _FETCHED):
            time = float(library.frames(near.film).times[near.row])
            votes[near.film].append((time, near.similarity, place))
    every = [
        window
        for film, cast in votes.items()
        for window in _of_film(library, film, sorted(cast), len(asked))
    ]
    return sorted(every, key=lambda window: -window.votes)[:count]


def _of_film(
    library: Library, film: Film, cast: list[tuple[float, float, int]], asked: int
) -> list[Window]:
    """The stretches of one film that votes (seconds, similarity, picture) lie in."""
    frames = library.frames(film)
    found: list[Window] = []
    group: list[tuple[float, float, int]] = []
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
        votes = sum(like for like, _ in best.values()) / asked
        hints = tuple((picture / max(asked - 1, 1), best[picture][1]) for picture in sorted(best))
        found.append(Window(film, low, high, votes, hints))
        group = [] if vote is None else [vote]
    return found
