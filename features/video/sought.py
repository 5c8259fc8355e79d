"""A shot sought in a stretch of a film: how it lies in the picture, and on which line it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.video.alignment import (
    Blocks,
    Line,
    agreements,
    blocks,
    fit_line,
    placed,
    pooled,
    shown,
    shrunk,
    uncovered,
)
from features.video.placement import Placement, Points, key_points, matches, place, whole
from features.video.stretch import Stretch

_EVERY_S = 0.3
"""Seconds between the frames of a film whose key points are taken. Heuristic."""
_KEYS = 4
"""Frames of a shot whose key points are taken."""
_TRIED = 3
"""Frames of the film with the most matches that a placement is fitted to."""
_SURE = 25
"""Key points in agreement from which on no other placement is tried. Heuristic."""
_MOST = 90
"""Frames of a shot that its line is fitted to."""
_PART_S = 0.4
"""Seconds of a part of a shot that may run elsewhere: the shortest shots of fast trailers."""
_GAIN = 0.04
"""Mean agreement that such a part must win by running elsewhere. Heuristic."""


class Ground:
    """A stretch of a film to seek in; key points are found once, when they are asked for."""

    def __init__(self, stretch: Stretch) -> None:
        self.stretch = stretch
        times = stretch.times
        self.step = float(np.median(np.diff(times))) if len(times) > 1 else 0.04

    @property
    def size(self) -> tuple[int, int]:
        height, width = self.stretch.pictures.shape[1:]
        return height, width

    @cached_property
    def points(self) -> list[Points]:
        every = max(round(_EVERY_S / self.step), 1)
        return [key_points(picture) for picture in self.stretch.pictures[::every]]

    def numbers(self, at: np.ndarray) -> np.ndarray:
        """Index of the frame on the screen at seconds of the film, −1 outside the stretch."""
        return shown(self.stretch.times, at, self.step)


@dataclass(frozen=True)
class Trace:
    """Where a shot runs in a stretch.

    line : seconds of the film at the shot's first frame and per second of it. each : agreement of
    every frame given, float (n,); weight : how much there was to see in it, 0–64. placement : from
    the (mirrored) shot's pixels to the film's.
    """

    line: Line
    mirrored: bool
    placement: Placement
    each: np.ndarray
    weight: np.ndarray


def seek(grey: np.ndarray, times: np.ndarray, inside: slice, ground: Ground) -> list[Trace]:
    """Where a shot runs in a stretch: its best trace, then those of parts of it that run better
    elsewhere (a jump within one film that no cut was seen for). None in an empty stretch.

    grey : uint8 (n, h, w), the shot with frames beside it. times : seconds (n,), 0 at the shot's
    first frame. inside : which of the frames are the shot.
    """
    if len(ground.stretch.times) < 2:
        return []
    tried = [
        _Tried(grey, times, inside, ground, mirrored, placement)
        for mirrored, placement in _placements(grey[inside], ground)
    ]
    best = max(tried, key=lambda one: one.line.agreement)
    return [best.trace(best.line), *(best.trace(line) for line in best.jumps())]


def _placements(own: np.ndarray, ground: Ground) -> list[tuple[bool, Placement]]:
    """Placements worth trying, mirrored or not."""
    found: list[tuple[bool, Placement]] = []
    keys = np.unique(np.linspace(0, len(own) - 1, _KEYS + 2).round().astype(int))
    for mirrored in (False, True):
        fitted = [
            placement
            for key in (keys[1:-1] if len(keys) > 2 else keys)
            if (placement := _placement(_turned(own[key], mirrored), ground))
        ]
        if fitted:
            found.append((mirrored, max(fitted, key=lambda p: p.agreeing)))
    best = max((p.agreeing for _, p in found), default=0)
    found = [(m, p) for m, p in found if p.agreeing >= 0.5 * best]
    if best < _SURE:
        height, width = own.shape[1:]
        assumed = whole((height, width), ground.size)
        found += [(False, assumed), (True, assumed)]
    return found


def _placement(picture: np.ndarray, ground: Ground) -> Placement | None:
    points = key_points(picture)
    pairs = sorted((matches(points, p) for p in ground.points), key=lambda pair: -len(pair[0]))
    fitted = [placement for pair in pairs[:_TRIED] if (placement := place(*pair))]
    return max(fitted, key=lambda p: p.agreeing, default=None)


def _turned(pictures: np.ndarray, mirrored: bool) -> np.ndarray:
    return np.ascontiguousarray(pictures[..., ::-1]) if mirrored else pictures


class _Tried:
    """A shot compared with a stretch under one placement; `line` : the best over all of it."""

    def __init__(
        self,
        grey: np.ndarray,
        times: np.ndarray,
        inside: slice,
        ground: Ground,
        mirrored: bool,
        placement: Placement,
    ) -> None:
        self._ground, self._times = ground, times
        self._mirrored, self._placement = mirrored, placement
        height, width = grey.shape[1:]
        self._shot = blocks(shrunk(_turned(grey, mirrored)))
        self._source = blocks(placed(ground.stretch.pictures, placement.matrix, (height, width)))
        rows = np.arange(len(grey))[inside]
        self._rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST).round().astype(int))]
        self._seen = np.ones(self._shot.weight.shape[1])
        own = Blocks(self._shot.unit[self._rows], self._shot.weight[self._rows])
        each = agreements(own, self._source)
        for _ in range(2):
            self._table = pooled(each, own.weight, self._seen)
            self.line = fit_line(self._table, times[self._rows], ground.stretch.times)
            index = np.maximum(ground.numbers(self._at(self.line, times[self._rows])), 0)
            self._seen = uncovered(each[np.arange(len(index)), index], own.weight)

    @staticmethod
    def _at(line: Line, times: np.ndarray) -> np.ndarray:
        return np.asarray(line.start + line.speed * times)

    def trace(self, line: Line) -> Trace:
        index = self._ground.numbers(self._at(line, self._times))
        along = (self._shot.unit * self._source.unit[np.maximum(index, 0)]).sum(axis=2)
        weight = self._shot.weight * self._seen
        each = (along * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-3)
        each[index < 0] = -1.0
        return Trace(line, self._mirrored, self._placement, each, weight.sum(axis=1))

    def jumps(self) -> list[Line]:
        """Lines of those parts of the shot that agree better with another place."""
        times = self._times[self._rows]
        index = self._ground.numbers(self._at(self.line, times))
        along = np.where(index < 0, -1.0, self._table[np.arange(len(index)), np.maximum(index, 0)])
        elsewhere = self._elsewhere(times)
        better = elsewhere > along_mean(along, times) + _GAIN
        lines = []
        for start, end in _runs(better):
            if times[end - 1] - times[start] >= _PART_S / 2:
                table = self._table[start:end]
                lines.append(fit_line(table, times[start:end], self._ground.stretch.times))
        return lines

    def _elsewhere(self, times: np.ndarray) -> np.ndarray:
        """Best mean agreement (n,) of the frames about each frame, at one shift for them."""
        source = self._ground.stretch.times
        starts = np.arange(source[0] - times[-1], source[-1], self._ground.step)
        index = self._ground.numbers(starts[:, None] + self.line.speed * times)
        values = self._table[np.arange(len(times)), np.maximum(index, 0)]
        values[index < 0] = -1.0
        return np.asarray(along_mean(values, times).max(axis=0))


def along_mean(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Running mean over `_PART_S` along the last axis; times (n,) rise evenly."""
    step = float(np.median(np.diff(times))) if len(times) > 1 else _PART_S
    size = min(max(round(_PART_S / step), 1), len(times))
    sums = np.cumsum(np.concatenate([np.zeros((*values.shape[:-1], 1)), values], axis=-1), axis=-1)
    mean = (sums[..., size:] - sums[..., :-size]) / size
    before = (len(times) - mean.shape[-1]) // 2
    pad = [(0, 0)] * (values.ndim - 1) + [(before, len(times) - mean.shape[-1] - before)]
    return np.pad(mean, pad, mode="edge")


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
