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
from features.video.placement import (
    Placement,
    Points,
    key_points,
    matches,
    near_to,
    place,
    whole,
)
from features.video.stretch import Stretch

_EVERY_S = 0.4
"""Seconds between the frames of a film whose key points are taken. Heuristic."""
_KEYS = ((1 / 3, 2 / 3), (0.1, 0.5, 0.9))
"""Where in a shot the frames lie whose key points are taken; the second lot if the first says
little."""
_TRIED = 6
"""Frames of the film with the most matches that a placement is fitted to."""
_SURE = 25
"""Key points in agreement from which on no other placement is tried. Heuristic."""
_MOST = 90
"""Frames of a shot that its line is fitted to."""
_WORTH = 0.2
"""Agreement from which on a trace is worth being made exact. Heuristic."""
_SHIFTS = (0, -1, 1, -2, 2)
_ROUNDS = 4
_PLACED_BY, _JUDGED_BY = 3, 16
"""Frames of a shot that a placement is fitted to and judged by."""
_FEWEST = 5
"""Rows of a shot at least that a line is fitted to."""
_PART_S = 0.4
"""Seconds of a part of a shot that may run elsewhere: the shortest shots of fast trailers."""
_GAIN = 0.04
"""Mean agreement that such a part must win by running elsewhere. Heuristic."""


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
    def points(self) -> list[tuple[int, Points]]:
        """Those of frames that are `_EVERY_S` apart, with the frames' index."""
        every = max(round(_EVERY_S / self.step), 1)
        return [(k, self.points_of(k)) for k in range(0, len(self.stretch.times), every)]

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
    if best.line.agreement > _WORTH:
        best = best.refined()
    return [best.trace(best.line), *(best.trace(line) for line in best.jumps())]


def _placements(own: np.ndarray, ground: Ground) -> list[tuple[bool, Placement]]:
    """Placements worth trying, mirrored or not."""
    found: dict[bool, tuple[float, Placement]] = {}
    for lot in _KEYS:
        for at in lot:
            picture = own[int(at * len(own))]
            for mirrored in (False, True):
                placed_so = _placement(_turned(picture, mirrored), ground)
                if placed_so and placed_so[0] > found.get(mirrored, (-1.0,))[0]:
                    found[mirrored] = placed_so
        best = max((p.agreeing for _, p in found.values()), default=0)
        if best >= _SURE:
            break
    tried = [(m, p) for m, (_, p) in found.items() if p.agreeing >= 0.5 * best]
    if best < _SURE:
        height, width = own.shape[1:]
        assumed = whole((height, width), ground.size)
        tried += [(False, assumed), (True, assumed)]
    return tried


def _placement(picture: np.ndarray, ground: Ground) -> tuple[float, Placement] | None:
    """The placement under which the picture agrees best with a frame, and how well it does.

    Many points agree with many frames of one scene; the picture itself does with the right one,
    and only there is the placement exact.
    """
    points, shot = key_points(picture), blocks(shrunk(picture[None]))
    pairs = [(*matches(points, of), index) for index, of in ground.points]
    best: tuple[float, Placement] | None = None
    for own, theirs, index in sorted(pairs, key=lambda pair: -len(pair[0]))[:_TRIED]:
        if placement := place(own, theirs):
            frame = ground.stretch.pictures[index : index + 1]
            height, width = picture.shape
            there = blocks(placed(frame, placement.matrix, (height, width)))
            weight = shot.weight / max(float(shot.weight.sum()), 1e-3)
            alike = float(((shot.unit * there.unit).sum(axis=2) * weight).sum())
            if best is None or alike > best[0]:
                best = alike, placement
    return best


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
        near: Line | None = None,
    ) -> None:
        self._grey, self._ground, self._times, self._inside = grey, ground, times, inside
        self._mirrored, self._placement = mirrored, placement
        self._own_points: dict[int, Points] = {}
        height, width = grey.shape[1:]
        self._shot = blocks(shrunk(_turned(grey, mirrored)))
        self._source = blocks(placed(ground.stretch.pictures, placement.matrix, (height, width)))
        rows = np.arange(len(grey))[inside]
        self._rows = rows[np.unique(np.linspace(0, len(rows) - 1, _MOST).round().astype(int))]
        self._seen = np.ones(self._shot.weight.shape[1])
        own = Blocks(self._shot.unit[self._rows], self._shot.weight[self._rows])
        each = agreements(own, self._source)
        kept = np.arange(len(self._rows))
        line = near
        for _ in range(2):
            self._table = pooled(each, own.weight, self._seen)
            own_times = times[self._rows[kept]]
            near = line if near or len(kept) > 0.95 * len(self._rows) else None
            line = fit_line(self._table[kept], own_times, ground.stretch.times, near)
            index = np.maximum(ground.numbers(self._at(line, times[self._rows])), 0)
            along = each[np.arange(len(index)), index]
            kept = self._explained(self._table[np.arange(len(index)), index])
            self._seen = uncovered(along[kept], own.weight[kept])
        assert line
        self.line = line._replace(agreement=float(self._along(line).mean()))

    @staticmethod
    def _explained(along: np.ndarray) -> np.ndarray:
        """Rows that a line explains: only they say what its speed is and what covers the picture.
        All of them, where it explains next to nothing."""
        kept = np.flatnonzero(along > 0.6 * np.percentile(along, 90))
        return kept if len(kept) >= max(_FEWEST, 0.1 * len(along)) else np.arange(len(along))

    def _along(self, line: Line) -> np.ndarray:
        """Agreement of the rows along a line, −1 outside the stretch."""
        index = self._ground.numbers(self._at(line, self._times[self._rows]))
        values = self._table[np.arange(len(index)), np.maximum(index, 0)]
        return np.where(index < 0, -1.0, values)

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

    # A moving camera shifts the picture as a wrong placement does, so that a placement fitted to a
    # frame a little off hides that it is. Therefore both are tried together.

    def refined(self) -> _Tried:
        """The same with the placement and the shift that agree best with each other."""
        line, placement = self.line, self._placement
        best = self._agreement(placement, line)
        for _ in range(_ROUNDS):
            lines = [
                line._replace(start=line.start + shift * self._ground.step) for shift in _SHIFTS
            ]
            tried = [(moved, other) for moved in lines for other in self._placements(moved)]
            scores = [self._agreement(other, moved) for moved, other in tried]
            if not scores or max(scores) <= best:
                break
            best, stays = max(scores), line
            line, placement = tried[int(np.argmax(scores))]
            if line == stays:
                break
        if placement is self._placement:
            return self
        asked = self._grey, self._times, self._inside, self._ground, self._mirrored
        found = _Tried(*asked, placement, line)
        return max(self, found, key=lambda one: one.line.agreement)

    def _placements(self, line: Line) -> list[Placement]:
        """What some frames of the shot say, matched with those that the line has for them."""
        pairs = []
        for row in self._some(_PLACED_BY):
            index = int(self._ground.numbers(self._at(line, self._times[[row]]))[0])
            if index >= 0:
                picture = _turned(self._grey[row], self._mirrored)
                own = self._points(int(row), picture)
                pairs.append(matches(own, self._ground.points_of(index)))
        height, width = self._grey.shape[1:]
        assumed = whole((height, width), self._ground.size)
        found = [assumed] if near_to(assumed, self._placement, (height, width)) else []
        if pairs:
            own_places, source_places = (np.concatenate(side) for side in zip(*pairs, strict=True))
            if placement := place(own_places, source_places):
                found.append(placement)
        return found

    def _points(self, row: int, picture: np.ndarray) -> Points:
        if row not in self._own_points:
            self._own_points[row] = key_points(picture)
        return self._own_points[row]

    def _some(self, count: int) -> np.ndarray:
        """Some of the rows that the line explains."""
        along = self._along(self.line)
        kept = self._rows[self._explained(along)]
        return kept[np.unique(np.linspace(0, len(kept) - 1, count).round().astype(int))]

    def _agreement(self, placement: Placement, line: Line) -> float:
        """Mean agreement of some frames along a line under a placement."""
        rows = self._some(_JUDGED_BY)
        index = self._ground.numbers(self._at(line, self._times[rows]))
        height, width = self._grey.shape[1:]
        shown = self._ground.stretch.pictures[np.maximum(index, 0)]
        source = blocks(placed(shown, placement.matrix, (height, width)))
        weight = self._shot.weight[rows] * self._seen
        each = (self._shot.unit[rows] * source.unit).sum(axis=2)
        mean = (each * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-3)
        return float(np.where(index < 0, 0.0, mean).mean())

    def jumps(self) -> list[Line]:
        """Lines of those parts of the shot that agree better with another place."""
        times = self._times[self._rows]
        along = along_mean(self._along(self.line), times)
        better = self._elsewhere(times) > along + _GAIN
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
