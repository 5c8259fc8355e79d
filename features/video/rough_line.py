"""The lines on which a shot may run, over all of a stretch of a film, roughly."""

from __future__ import annotations

import numpy as np

from features.video.alignment import (
    Beside,
    Line,
    agreements,
    blocks,
    placed,
    pooled,
    rough_line,
    rough_lines,
    shown,
    still_blocks,
    uncovered,
)
from features.video.exact_line import WORTH, ExactLine
from features.video.moving import explained
from features.video.views import ABOUT_MOST, Ground, Lying, ShotViews, spread

_ROUGH_MOST = 60
"""Frames of a shot that its line is fitted to."""
_LINES, _RIVAL = 5, 0.15
"""Rough lines looked at frame by frame at most, and how much less than the best they may agree.
Heuristic."""
_EXACT, _BESIDE = 3, 2.0
"""Lines made exact at most, and frames of the film by which one has to lie beside the others.
Heuristic."""
_PART_S = 0.4
"""Seconds of a part of a shot that may run elsewhere: the shortest shots of fast trailers."""
_GAIN, _JUMPED = 0.04, 0.4
"""Mean agreement that such a part must win by running elsewhere, and have there. Heuristic."""


class RoughLine:
    """A shot compared with frames all over a stretch; `line` : the best over all of it."""

    def __init__(self, shot: ShotViews, ground: Ground, lying: Lying) -> None:
        self.lying, self._shot, self._ground = lying, shot, ground
        pictures = ground.stretch.pictures[ground.thinned]
        self._frames = ground.stretch.times[ground.thinned]
        self._step = ground.rough_step
        self._rows = spread(shot.rows, _ROUGH_MOST)
        self._times = shot.times[self._rows]
        own = shot.blocks(lying.mirrored).some(self._rows)
        source = blocks(placed(pictures, lying.placement.matrix, shot.size))
        each = agreements(own, source)
        about = spread(shot.beside, ABOUT_MOST)
        others = shot.blocks(lying.mirrored).some(about)
        their = agreements(others, source)
        self.seen = np.ones(own.weight.shape[1])
        kept = every = np.arange(len(self._rows))
        for _ in range(2):
            self._table, self._kept = pooled(each, own.weight, self.seen), kept
            self._beside = Beside(pooled(their, others.weight, self.seen), shot.times[about])
            self.line = rough_line(*self._asked, self._beside)
            index = np.maximum(shown(self._frames, self.line.at(self._times), self._step), 0)
            kept = explained(self._table[every, index])
            self.seen = uncovered(
                each[every, index][kept], own.weight[kept], still_blocks(own.some(kept))
            )

    @property
    def _asked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        return self._table[self._kept], self._times[self._kept], self._frames, self._step

    def exact(self) -> ExactLine:
        """The best of the lines that come near the best, at some distance from each other, each
        under the placement that is exact for it."""
        count = _LINES if self.line.agreement > WORTH else 1
        begun: list[Line] = []
        found: list[ExactLine] = []
        for line in rough_lines(*self._asked, count, _RIVAL, self._beside):
            fine = ExactLine(self._shot, self._ground, self.lying, line, self._shot.rows, self.seen)
            if len(found) < _EXACT and not any(self._one(fine.line, other) for other in begun):
                begun.append(fine.line)
                found.append(fine.improved())
        return max(found, key=lambda one: one.rank)

    def _one(self, line: Line, other: Line) -> bool:
        """Whether two lines lie within a frame or so of each other all along."""
        ends = self._times[[0, -1]]
        return bool(np.abs(line.at(ends) - other.at(ends)).max() < _BESIDE * self._ground.step)

    def jumps(self) -> list[tuple[np.ndarray, Line]]:
        """Rows and lines of those parts of the shot that agree better with another place."""
        times = self._times
        along = along_mean(self._values(self.line.at(times)), times)
        better = self._elsewhere() > along + _GAIN
        found = []
        for start, end in _runs(better):
            if times[end - 1] - times[start] >= _PART_S / 2:
                part = slice(start, end)
                line = rough_line(self._table[part], times[part], self._frames, self._step)
                if line.agreement > _JUMPED:
                    found.append((self._rows[part], line))
        return found

    def _values(self, at: np.ndarray) -> np.ndarray:
        """Agreement of the rows at seconds of the film (…, n), −1 outside the stretch."""
        index = shown(self._frames, at, self._step)
        values = self._table[np.arange(len(self._times)), np.maximum(index, 0)]
        return np.where(index < 0, -1.0, values)

    def _elsewhere(self) -> np.ndarray:
        """Best mean agreement (n,) of the frames about each frame, at one shift for them."""
        starts = np.arange(self._frames[0] - self._times[-1], self._frames[-1], self._step / 2)
        values = self._values(starts[:, None] + self.line.speed * self._times)
        return np.asarray(along_mean(values, self._times).max(axis=0))


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
