"""A shot and a stretch of a film, as they are compared."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from features.video.alignment import SMALL, Blocks, blocks, shown, shrunk
from features.video.placement import Placement, Points, key_points
from features.video.stretch import Stretch

_EVERY_S = 0.4
"""Seconds between the frames of a film whose key points are taken. Heuristic."""
_FEW = 120
"""Key points up to which there is little in a picture. Heuristic."""
_ROUGH_S = 0.07
"""Seconds between the frames of a film that a rough line is fitted to."""
ABOUT_MOST = 24
"""Frames beside a shot that help to tell its line."""


class Ground:
    """A stretch of a film to seek in; key points are found once, when they are asked for."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        self._known: dict[int, Points] = {}
        times = stretch.times
        self.step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.stretch.pictures.shape[1:]
        return height, width

    @cached_property
    def sampled(self) -> np.ndarray:
        """Indices of frames that are `_EVERY_S` apart."""
        return np.arange(0, len(self.stretch.times), max(round(_EVERY_S / self.step), 1))

    @cached_property
    def thinned(self) -> np.ndarray:
        """Indices of frames that are `_ROUGH_S` apart."""
        return np.arange(0, len(self.stretch.times), max(round(_ROUGH_S / self.step), 1))

    @property
    def rough_step(self) -> float:
        """Seconds between those."""
        return self.step * max(round(_ROUGH_S / self.step), 1)

    def points_of(self, index: int) -> Points:
        if index not in self._known:
            self._known[index] = key_points(self.stretch.pictures[index])
        return self._known[index]

    def numbers(self, at: np.ndarray) -> np.ndarray:
        """Index of the frame on the screen at seconds of the film, −1 outside the stretch."""
        return shown(self.stretch.times, at, self.step)

    def number(self, seconds: float, fps: float) -> int:
        """Number in the film of the frame on the screen; by the rate outside the stretch."""
        index = int(self.numbers(np.array([seconds]))[0])
        known = index >= 0 and seconds < self.stretch.times[-1] + self.step
        return self.stretch.first + index if known else int(np.floor(seconds * fps + 1e-3))

    def varies(self, fps: float) -> bool:
        """Whether frames lie more than one frame from where a constant rate has them."""
        times = self.stretch.times
        return bool(np.abs(times - times[0] - np.arange(len(times)) / fps).max() > 1 / fps)


class Lying(NamedTuple):
    """How a shot lies in a film's picture."""

    mirrored: bool
    placement: Placement


class ShotViews:
    """The pictures of a shot as they are compared, made once for each way they are looked at."""

    def __init__(self, grey: np.ndarray, times: np.ndarray, rows: np.ndarray) -> None:
        self.grey, self.times, self.rows = grey, times, rows
        self.beside = np.setdiff1d(np.arange(len(grey)), rows)
        self._blocks: dict[tuple[bool, tuple[int, int]], Blocks] = {}
        self._points: dict[tuple[bool, int], Points] = {}

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.grey.shape[1:]
        return height, width

    @property
    def middle(self) -> int:
        return int(self.rows[len(self.rows) // 2])

    @property
    def plain(self) -> bool:
        """Whether there is little to see."""
        return len(self.points(self.middle, False).places) <= _FEW

    def blocks(self, mirrored: bool, size: tuple[int, int] = SMALL) -> Blocks:
        key = mirrored, size
        if key not in self._blocks:
            self._blocks[key] = blocks(_turned(shrunk(self.grey, size), mirrored))
        return self._blocks[key]

    def picture(self, row: int, mirrored: bool) -> np.ndarray:
        return _turned(self.grey[row], mirrored)

    def points(self, row: int, mirrored: bool) -> Points:
        key = mirrored, row
        if key not in self._points:
            self._points[key] = key_points(self.picture(row, mirrored))
        return self._points[key]


def _turned(pictures: np.ndarray, mirrored: bool) -> np.ndarray:
    return np.ascontiguousarray(pictures[..., ::-1]) if mirrored else pictures


def spread(values: np.ndarray, count: int) -> np.ndarray:
    """So many of some values, evenly."""
    if not len(values):
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))]
