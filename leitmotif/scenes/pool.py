"""Pictures of films to train and judge an encoder on, and which of them are held out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.errors import InputError, Progress
from leitmotif.workers.pool import run_each

SIDE = 192
"""Side of a square picture of the pool, px: a crop to half of it is as fine as the network sees."""
NEAR_S = 0.6
"""Seconds within which two frames of a film show one moment."""
STEP_S = 0.2
MOST = 12_000
"""Pictures at most, 1.3 GB."""
_UNSEEN = 0.2
"""Share of the films that are held out whole."""
_BLOCK_S = 3.0
"""Length of a moment that is held out: every fourth."""
_MARGIN_S = 0.4
"""Seconds about it that are neither learned nor asked."""


@dataclass(frozen=True, eq=False)
class Pool:
    """pictures : BGR uint8 (n, 192, 192, 3). films : int64 (n,), from 0. times : float64 (n,),
    seconds. keys : of the films, by which they are held out."""

    pictures: np.ndarray
    films: np.ndarray
    times: np.ndarray
    keys: tuple[str, ...]

    @property
    def unseen(self) -> np.ndarray:
        """Pictures of films that are held out whole, bool (n,)."""
        held = np.array([is_unseen(key) for key in self.keys])
        return held[self.films]

    @property
    def moments(self) -> np.ndarray:
        """Held-out pictures of films of which others are learned, bool (n,)."""
        return ~self.unseen & is_held_out(self.times)

    @property
    def learned(self) -> np.ndarray:
        """Pictures to learn from, bool (n,)."""
        apart = is_held_out(self.times - _MARGIN_S) | is_held_out(self.times + _MARGIN_S)
        return ~self.unseen & ~is_held_out(self.times) & ~apart


def is_unseen(key: str) -> bool:
    """Whether a film is held out whole, by its key alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32 < _UNSEEN


def is_held_out(times: np.ndarray) -> np.ndarray:
    """Whether moments are held out, bool: every fourth stretch of a few seconds, not the first."""
    return np.floor(np.asarray(times) / _BLOCK_S).astype(int) % 4 == 1


class Look(NamedTuple):
    """path : a film. step : seconds between two pictures."""

    path: str
    step: float


class Looked(NamedTuple):
    """times : float64 (n,). pictures : uint8 (n, 192, 192, 3). Empty for a film that is gone."""

    times: np.ndarray
    pictures: np.ndarray


def look(task: Look) -> Looked:
    """The pictures of one film."""
    from features.video.encoder import squeezed
    from features.video.stills import Stills

    try:
        with Stills(task.path) as film:
            seen = [(s.time, squeezed(s.picture, SIDE)) for s in film.pictures(task.step)]
    except InputError:
        seen = []
    times = np.array([time for time, _ in seen])
    return Looked(times, np.array([p for _, p in seen], np.uint8).reshape(-1, SIDE, SIDE, 3))


def gather(
    films: Sequence[tuple[str, str]], *, jobs: int = -1, progress: Progress | None = None
) -> Pool:
    """Pictures of films, (key, path) each. Raises `InputError` where there are none."""
    keys = [key for key, _ in films]
    places = {path: place for place, (_, path) in enumerate(films)}
    found: dict[int, Looked] = {}
    tasks = [Look(path, STEP_S) for _, path in films]
    for done, (task, outcome) in enumerate(run_each(look, tasks, jobs)):
        if progress:
            progress("films", done, len(tasks))
        if isinstance(outcome, Looked) and len(outcome.times):
            found[places[task.path]] = outcome
    if not found:
        raise InputError("scenes.nothing_to_learn")
    parts = sorted(found.items())
    numbers = np.concatenate([np.full(len(p.times), place) for place, p in parts])
    every = len(numbers) // MOST + 1
    return Pool(
        np.concatenate([p.pictures for _, p in parts])[::every],
        numbers[::every],
        np.concatenate([p.times for _, p in parts])[::every],
        tuple(keys),
    )
