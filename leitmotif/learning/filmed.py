"""Films that have their own music, second by second, as they are judged and learned from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from data.muvi_sync import COORDINATES, read_seconds
from data.pair_curves import NAMES, FilmCurves
from matcher import arc, arc_step, placement
from recommender.averages import EDGE_S

AnyFilm = TypeVar("AnyFilm", bound="Filmed")
OFFERED = placement.FEWEST


@dataclass(frozen=True, eq=False)
class Filmed:
    """One film: curves of `data.pair_curves`, (T,) each. source : what it was cut from."""

    name: str
    source: str
    cuts: np.ndarray
    motion: np.ndarray
    novelty: np.ndarray
    loudness: np.ndarray

    @classmethod
    def of(cls, film: FilmCurves) -> Filmed:
        """A film as it was kept."""
        return cls(film.name, film.source, *(film[name] for name in NAMES))

    def kept(self) -> FilmCurves:
        """The film as it is kept."""
        values = np.stack([self.cuts, self.motion, self.novelty, self.loudness], axis=1)
        return FilmCurves(self.name, self.source, values)

    def __len__(self) -> int:
        return len(self.loudness)

    def picture(self, start: int, window: int) -> arc.PictureCurves:
        """The film's curves of one window."""
        return arc.window(self.cuts, self.motion, start, start + window)

    def rows(self) -> np.ndarray:
        """(5, T) the film's curves of the linear step."""
        return arc_step.picture_rows(self.cuts, self.motion, self.novelty)

    def places(self, window: int) -> np.ndarray:
        """Every second at which a window may begin."""
        return np.arange(EDGE_S, len(self) - EDGE_S - window + 1)

    def middle(self, window: int) -> int:
        """Where the window in the middle begins."""
        return (len(self) - window) // 2

    def offered(self, window: int) -> np.ndarray:
        """The places where the music rises most, at most `OFFERED`; the middle where it never does.

        They are found by the music alone.
        """
        inner = self.loudness[EDGE_S : len(self) - EDGE_S]
        kept: list[float] = []
        for at in placement.steepest_rises(inner, np.arange(len(inner) - window + 1.0)):
            apart = all(abs(at - other) >= placement.APART_S for other in kept)
            if apart and not placement.opens_weakly(inner, at):
                kept.append(at)
        if not kept:
            return np.array([self.middle(window)])
        return np.array(kept[:OFFERED]).astype(int) + EDGE_S

    def begin(self, window: int) -> int:
        """That of the places offered which is nearest to the middle."""
        offered = self.offered(window)
        return int(offered[np.abs(offered - self.middle(window)).argmin()])


def music_video(name: str, columns: Mapping[str, np.ndarray]) -> Filmed:
    """One of MuVi-Sync; its novelty is that of its emotions."""
    emotions = np.sqrt(np.maximum([columns[n] for n in COORDINATES], 0))
    return Filmed(
        name,
        name,
        (columns["scene_offset_s"] == 0).astype(float),
        columns["motion"],
        np.abs(np.diff(emotions, axis=1, prepend=emotions[:, :1])).sum(axis=0),
        arc.amplitude_curve(columns["loudness"]),
    )


def music_videos(folder: str | os.PathLike[str]) -> tuple[FilmCurves, ...]:
    """Those of a folder laid out like MuVi-Sync. Raises `InputError`."""
    return tuple(music_video(n, columns).kept() for n, columns in read_seconds(folder).items())


def long_enough(films: Iterable[AnyFilm], window: int) -> list[AnyFilm]:
    """Films with a whole window between their edges, in order of their length."""
    found = [film for film in films if len(film) >= window + 2 * EDGE_S]
    return sorted(found, key=lambda film: (len(film), film.name))


def nearest_in_order(count: int, pool: int) -> np.ndarray:
    """(count, ≤ pool) positions of each and its neighbours in a sorted list."""
    pool = min(pool, count)
    first = np.clip(np.arange(count) - pool // 2, 0, count - pool)
    return first[:, None] + np.arange(pool)
