"""An edit shot by shot: where its shots begin, and the pictures of each without their bars.

The file is decoded twice, once for the cuts and once for the pictures, so that what is held grows
with the longest shot and not with the edit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from data.errors import Progress
from features.video.bars import Box, find_bars, tightened
from features.video.frames import VideoReader
from features.video.signals.cuts import CutFinder

SIDE = 256
"""Longer side of the pictures without their bars, px."""
_READ = 2 * SIDE
"""Longer side of the pictures as read: bars may take half of it."""
LONGEST_S = 10.0
"""Longer takes are looked at in parts. Heuristic."""
BESIDE_S = 3.0
"""Seconds beside a shot that are given with it, so that its ends can be found to the frame, and
what runs on beyond a cut of the film's own is seen to."""
_LOOKED_AT = 8
"""Pictures that a shot's bars are found in."""
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_LEAST_LEFT = 0.2
"""Share of a side that the bars of a shot leave at least: a telephone's upright picture (9:16) is
.235 of the width of a wide one (2.39:1)."""


@dataclass(frozen=True)
class Grid:
    """The frames of an edit. times : seconds, float64 (n,). cuts : frames that begin a shot."""

    times: np.ndarray
    fps: float
    cuts: tuple[int, ...]

    def parts(self) -> list[tuple[int, int]]:
        """First frame and the frame after the last of every shot, long ones in parts."""
        found = []
        for start, end in pairwise((0, *self.cuts, len(self.times))):
            count = max(int(np.ceil((end - start) / self.fps / LONGEST_S)), 1)
            edges = np.linspace(start, end, count + 1).round().astype(int)
            found += list(pairwise(edges.tolist()))
        return found


@dataclass(frozen=True)
class ShotPictures:
    """The frames `first` to `last` (exclusive) of an edit, with some on either side.

    begin : frame that the pictures begin with, at or before `first`. grey : uint8 (n, h, w).
    colour : BGR, every `stride`-th one of the frames from `first` on. cuts : frames that begin a
    shot.
    """

    first: int
    last: int
    begin: int
    grey: np.ndarray
    colour: list[np.ndarray]
    stride: int
    cuts: tuple[int, ...] = ()


def read_grid(path: str | os.PathLike[str], progress: Progress | None = None) -> Grid:
    """Times and cuts of an edit. Raises `InputError` for a file without a picture."""
    times: list[float] = []
    with VideoReader(path) as reader:
        finder = CutFinder(reader.fps)
        for frame in reader:
            finder.update(frame.time, frame.small)
            times.append(frame.time)
            if progress and not len(times) % 25:
                progress("cuts", frame.time, reader.duration)
        fps = float(reader.fps)
    stamps = np.array(times)
    cuts = np.searchsorted(stamps, np.array(finder.finish()) - 1e-6)
    return Grid(stamps, fps, tuple(sorted({int(c) for c in cuts if 0 < c < len(stamps)})))


def read_shots(path: str | os.PathLike[str], grid: Grid) -> Iterator[ShotPictures]:
    """The pictures of every part of `grid`, in order."""
    beside = max(round(BESIDE_S * grid.fps), 1)
    stride = max(round(grid.fps / 4), 1)
    parts, waiting = grid.parts(), 0
    held: dict[int, np.ndarray] = {}
    with VideoReader(path) as reader:
        for number, frame in enumerate(reader):
            held[number] = frame.picture(_READ)
            while waiting < len(parts) and number + 1 >= min(
                parts[waiting][1] + beside, len(grid.times)
            ):
                yield _shot(held, *parts[waiting], beside, stride, grid.cuts)
                waiting += 1
                keep = parts[waiting][0] - beside if waiting < len(parts) else number
                for old in [k for k in held if k < keep]:
                    del held[old]
    for first, last in parts[waiting:]:
        if first in held:
            yield _shot(held, first, last, beside, stride, grid.cuts)


def _shot(
    held: dict[int, np.ndarray],
    first: int,
    last: int,
    beside: int,
    stride: int,
    cuts: tuple[int, ...],
) -> ShotPictures:
    begin, end = max(first - beside, 0), min(last + beside, max(held) + 1)
    own = [held[k] for k in range(first, min(last, end))]
    shape = own[0].shape
    looked = [p for p in own[:: max(len(own) // _LOOKED_AT, 1)] if p.shape == shape]
    box = tightened(find_bars(looked, _LEAST_LEFT) or _WHOLE, looked)
    grey = [cv2.cvtColor(_cut(held[k], box, shape), cv2.COLOR_BGR2GRAY) for k in range(begin, end)]
    colour = [_cut(p, box, shape) for p in own[::stride]]
    return ShotPictures(first, last, begin, np.stack(grey), colour, stride, cuts)


def _cut(picture: np.ndarray, box: Box, shape: tuple[int, ...]) -> np.ndarray:
    fitting = picture if picture.shape == shape else cv2.resize(picture, shape[1::-1])
    inside = box.cut(fitting)
    scale = SIDE / max(inside.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(inside)
    size = tuple(max(round(scale * side), 1) for side in inside.shape[1::-1])
    return cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
