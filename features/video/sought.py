"""A shot sought in a stretch of a film: how it lies in the picture, and on which line it runs.

every second frame or so of the stretch, small    placement, mirroring, rough lines
every frame near those lines, larger             the line to the frame, the placement exact
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from features.video.alignment import (
    BESIDE,
    SMALL,
    Beside,
    Blocks,
    Line,
    agreements,
    blocks,
    compared_size,
    fine_lines,
    placed,
    pooled,
    rough_line,
    rough_lines,
    shown,
    shrunk,
    still_blocks,
    uncovered,
)
from features.video.fitting import fitted
from features.video.placement import (
    Placement,
    Points,
    key_points,
    matches,
    near_to,
    place,
    squeezed,
    usual,
)
from features.video.sliding import slid, slid_roughly
from features.video.stretch import Stretch

_EVERY_S = 0.4
"""Seconds between the frames of a film whose key points are taken. Heuristic."""
_HINTED_S = 1.0
"""Seconds about a frame that looks like the shot within which key points are taken first."""
_KEYS = ((1 / 3, 2 / 3), (0.1, 0.5, 0.9))
"""Where in a shot the frames lie whose key points are taken; the second lot if the first says
little."""
_TRIED = 6
"""Frames of the film with the most matches that a placement is fitted to."""
_SURE = 25
"""Key points in agreement from which on no other placement is tried. Heuristic."""
_SLID = 0.6
"""Correlation from which on a placement that was found by sliding is tried. Heuristic."""
_PLACED = 0.8
"""Agreement from which on a plain shot is not slid over all of a stretch. Heuristic."""
_FEW, _SLID_MOST = 120, 3
"""Key points up to which there is little in a picture, and placements of it that are tried.
Heuristic."""
_ALIKE = 0.95
"""Agreement of a picture and a frame from which on no other frames are looked at. Heuristic."""
_ROUGH_S = 0.07
"""Seconds between the frames of a film that a rough line is fitted to."""
_ROUGH_MOST, _MOST, _ABOUT_MOST = 60, 120, 24
"""Frames of a shot that its line is fitted to, roughly and to the frame, and frames beside it."""
_NEAR_S = 1.0
"""Seconds beside a shot that help to tell its moment."""
_ABOUT_S = 0.6
"""Seconds of a film beside a rough line that are looked at frame by frame."""
_OFF_S = 0.15
"""Seconds by which a rough line may be off."""
_LINES, _RIVAL = 5, 0.15
"""Rough lines looked at frame by frame at most, and how much less than the best they may agree.
Heuristic."""
_EXACT, _BESIDE = 3, 2.0
"""Lines made exact at most, and frames of the film by which one has to lie beside the others.
Heuristic."""
_ALIKE_ALL = 0.95
"""Agreement of all frames from which on no placement is tried anew. Heuristic."""
_WORTH = 0.2
"""Agreement from which on a trace is worth being made exact. Heuristic."""
_BELIEVED = 0.25
"""Share of what two lines differ by that must speak for a speed other than 1. Heuristic: 1 if the
other line is right, −1 if speed 1 is."""
_SHIFTS = (0, -1, 1)
_ROUNDS = 4
_PLACED_BY, _FITTED_BY, _JUDGED_BY, _JUDGED_BESIDE = 3, 4, 16, 6
"""Frames of a shot that a placement is found in, made exact by and judged by, and frames beside
it."""
_LIKENED_BY = 48
"""Frames of a shot that a line is likened to others by."""
_WIDER = (1, 2, 4, 8)
"""Frames of the film by which a line is moved, as far as what is nearer is not told apart."""
_TOLD = 0.02
"""Agreement by which a line is told from one beside it. Heuristic."""
_AS_WELL = 0.006
"""Agreement by which the placement of a shot that is not cropped may do worse: a placement that is
a little wrong smooths the film's noise, which agrees better by .004 with an edit. Heuristic."""
_SETTLED = 0.5
"""Agreement under which a trace is of something else, whatever its moment. Heuristic."""
_MOVED = 0.008
"""Share of the picture's side by which a placement is another one. Heuristic."""
_USUAL = 0.012
"""Share of the picture's side by which the placement of a shot that is not cropped may be missed:
of a film that moves, another moment lies a little beside it. Heuristic."""
_PLAIN = 1.0
"""Blocks with something to see under which there is nothing in a picture. Heuristic."""
_MOVES = 0.03
"""Share of a picture's energy that may move for other reasons than that something moves in it, as
noise does: as much is taken for agreeing. Heuristic."""
_MOVES_ALIKE, _MOVES_S = 0.8, 1.5
"""Correlation of what moves from which on it is the same that moves, and seconds that it is looked
at over. Heuristic."""
_FEWEST = 5
"""Rows of a shot at least that a line is fitted to."""
_PART_S = 0.4
"""Seconds of a part of a shot that may run elsewhere: the shortest shots of fast trailers."""
_GAIN, _JUMPED = 0.04, 0.4
"""Mean agreement that such a part must win by running elsewhere, and have there. Heuristic."""


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
    the (mirrored) shot's pixels to the film's. alike : mean agreement of the shot's pictures as
    wholes, whether or not the same moves in them.
    """

    line: Line
    mirrored: bool
    placement: Placement
    each: np.ndarray
    weight: np.ndarray
    alike: float = 1.0


def seek(
    grey: np.ndarray,
    times: np.ndarray,
    inside: slice,
    ground: Ground,
    hints: Sequence[tuple[float, float]] = (),
    thorough: bool = True,
    cuts: Sequence[int] = (),
) -> list[Trace]:
    """Where a shot runs in a stretch: its best trace, then those of parts of it that run better
    elsewhere (a jump within one film that no cut was seen for). None in an empty stretch.

    grey : uint8 (n, h, w), the shot with frames beside it. times : seconds (n,), 0 at the shot's
    first frame. inside : which of the frames are the shot. hints : where in the shot a picture is,
    0–1, and seconds of the film that look like it; they are looked at first, and nothing else if
    not thorough. cuts : which of the frames begin another shot.
    """
    if len(ground.stretch.times) < 2:
        return []
    about = _Shot(grey, times, np.arange(len(grey))[inside])
    near = slice(*np.searchsorted(times, [-_NEAR_S, times[about.rows[-1]] + _NEAR_S]))
    shot = _Shot(grey[near], times[near], about.rows - near.start)
    best = _best_rough(shot, ground, hints, thorough)
    best, fine = _made_exact(shot, ground, best)
    if thorough and fine.likeness < _PLACED:
        for so in _others(shot, ground, best.lying):
            other = _made_exact(shot, ground, _Rough(shot, ground, so))
            best, fine = max((best, fine), other, key=lambda pair: pair[1].rank)
    jumps = (_Fine(shot, ground, fine.lying, line, rows, best.seen) for rows, line in best.jumps())
    first, last = int(about.rows[0]), int(about.rows[-1]) + 1
    edges = sorted({0, first, last, len(grey), *(c for c in cuts if not first < c < last)})
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return [one.trace(about, parts) for one in (fine, *jumps)]


def _best_rough(
    shot: _Shot, ground: Ground, hints: Sequence[tuple[float, float]], thorough: bool
) -> _Rough:
    tried = [_Rough(shot, ground, so) for so in _placements(shot, ground, hints, thorough)]
    best = max(tried, key=lambda one: one.line.agreement)
    if thorough and best.line.agreement < _ALIKE:
        tried = [_Rough(shot, ground, so) for so in _slid(shot, ground, hints)]
        best = max([best, *tried], key=lambda one: one.line.agreement)
    return best


def _made_exact(shot: _Shot, ground: Ground, best: _Rough) -> tuple[_Rough, _Fine]:
    """The rough line that is followed in the end, and what becomes of it frame by frame."""
    fine = best.exact()
    moved = _apart(fine.lying.placement, best.lying.placement, shot.size)
    if moved > _MOVED and fine.likeness < _ALIKE_ALL:
        # other moments of a scene look alike under a placement that is a little wrong
        best = _Rough(shot, ground, fine.lying)
        fine = max(fine, best.exact(), key=lambda one: one.rank)
    return best, fine


class _Lying(NamedTuple):
    """How a shot lies in a film's picture."""

    mirrored: bool
    placement: Placement


class _Shot:
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


def _spread(values: np.ndarray, count: int) -> np.ndarray:
    """So many of some values, evenly."""
    if not len(values):
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))]


# ------------------------------------------------------------------------------- placements


def _placements(
    shot: _Shot, ground: Ground, hints: Sequence[tuple[float, float]], thorough: bool
) -> list[_Lying]:
    """Placements worth trying, mirrored or not."""
    frames = ground.sampled
    times = ground.stretch.times[frames]
    near = np.zeros(len(frames), bool)
    for _, hint in hints:
        near |= np.abs(times - hint) <= _HINTED_S
    found: dict[bool, tuple[float, Placement]] = {}
    best = 0
    for at, part in _looked_at(frames[near], frames[~near] if thorough else frames[:0]):
        if best >= _SURE and at in _KEYS[1]:
            continue
        row = int(shot.rows[int(at * len(shot.rows))])
        for mirrored in (False, True):
            so = _placement(shot, row, mirrored, ground, part)
            if so and so[0] > found.get(mirrored, (-1.0,))[0]:
                found[mirrored] = so
        if any(alike >= _ALIKE and p.agreeing >= _SURE for alike, p in found.values()):
            break
        best = max((p.agreeing for _, p in found.values()), default=0)
    best = max((p.agreeing for _, p in found.values()), default=0)
    tried, assumed = [], _assumed(shot, ground)
    for mirrored, (_, placement) in found.items():
        if placement.agreeing >= 0.5 * best:
            like = [one for _, one in assumed if _apart(one, placement, shot.size) < _USUAL]
            tried.append(_Lying(mirrored, like[0] if like else placement))
    return tried + (assumed if best < _SURE else [])


def _looked_at(*parts: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Where in a shot the frames lie, 0–1, that are compared with parts of a film, in order."""
    for part in parts:
        for lot in _KEYS if len(part) else ():
            for at in lot:
                yield at, part


def _apart(a: Placement, b: Placement, shot: tuple[int, int]) -> float:
    """How far the corners of a shot (h, w) are from each other under both, of its side's length."""
    corners = np.array([[0, 0, 1], [shot[1], shot[0], 1]]).T
    there = np.abs(a.matrix @ corners - b.matrix @ corners).max()
    return float(there / max(shot))


def _slid(shot: _Shot, ground: Ground, hints: Sequence[tuple[float, float]]) -> list[_Lying]:
    """Where pictures of the shot lie in those that look like them, mirrored or not."""
    found = []
    for mirrored in (False, True):
        each = []
        for share, seconds in hints:
            row = int(shot.rows[round(share * (len(shot.rows) - 1))])
            index = max(int(ground.numbers(np.array([seconds]))[0]), 0)
            each.append(slid(shot.picture(row, mirrored), ground.stretch.pictures[index]))
        alike, placement = max(each, key=lambda one: one[0], default=(0.0, None))
        if placement and alike >= _SLID:
            found.append(_Lying(mirrored, placement))
    return found


def _others(shot: _Shot, ground: Ground, but: _Lying) -> Iterator[_Lying]:
    """Placements for a shot that what its key points say does not explain: letters are like other
    letters, and in a plain picture they are few."""
    for lying in _assumed(shot, ground):
        same = lying.mirrored == but.mirrored
        if not same or _apart(lying.placement, but.placement, shot.size) >= _MOVED:
            yield lying
    if shot.plain:
        yield from _slid_anywhere(shot, ground)


def _assumed(shot: _Shot, ground: Ground) -> list[_Lying]:
    """The placements of a shot that is not cropped, mirrored or not."""
    return [_Lying(m, one) for one in usual(shot.size, ground.size) for m in (False, True)]


def _slid_anywhere(shot: _Shot, ground: Ground) -> list[_Lying]:
    """Where a picture lies in those of all the stretch that are most like it: with little in it,
    what was hinted at may be another moment, and what key points agree on another place."""
    row = shot.middle
    likely = [
        (slid_roughly(shot.picture(row, mirrored), ground.stretch.pictures[k])[0], mirrored, int(k))
        for mirrored in (False, True)
        for k in ground.sampled
    ]
    found = []
    for _, mirrored, index in sorted(likely, reverse=True)[:_SLID_MOST]:
        alike, placement = slid(shot.picture(row, mirrored), ground.stretch.pictures[index])
        if alike >= _SLID:
            found.append(_Lying(mirrored, placement))
    return found


def _placement(
    shot: _Shot, row: int, mirrored: bool, ground: Ground, frames: np.ndarray
) -> tuple[float, Placement] | None:
    """The placement under which a picture agrees best with one of some frames, and how well.

    Many points agree with many frames of one scene; the picture itself does with the right one,
    and only there is the placement exact.
    """
    points = shot.points(row, mirrored)
    own = shot.blocks(mirrored).some(np.array([row]))
    pairs = [(*matches(points, ground.points_of(int(k))), int(k)) for k in frames]
    best: tuple[float, Placement] | None = None
    for mine, theirs, index in sorted(pairs, key=lambda pair: -len(pair[0]))[:_TRIED]:
        placement = place(mine, theirs)
        if placement and not squeezed(placement):
            frame = ground.stretch.pictures[index : index + 1]
            there = blocks(placed(frame, placement.matrix, shot.size))
            weight = own.weight / max(float(own.weight.sum()), 1e-3)
            alike = float(((own.unit * there.unit).sum(axis=2) * weight).sum())
            if best is None or alike > best[0]:
                best = alike, placement
    return best


# -------------------------------------------------------------------------------- the lines


class _Rough:
    """A shot compared with frames all over a stretch; `line` : the best over all of it."""

    def __init__(self, shot: _Shot, ground: Ground, lying: _Lying) -> None:
        self.lying, self._shot, self._ground = lying, shot, ground
        pictures = ground.stretch.pictures[ground.thinned]
        self._frames = ground.stretch.times[ground.thinned]
        self._step = ground.step * max(round(_ROUGH_S / ground.step), 1)
        self._rows = _spread(shot.rows, _ROUGH_MOST)
        self._times = shot.times[self._rows]
        own = shot.blocks(lying.mirrored).some(self._rows)
        source = blocks(placed(pictures, lying.placement.matrix, shot.size))
        each = agreements(own, source)
        about = _spread(shot.beside, _ABOUT_MOST)
        others = shot.blocks(lying.mirrored).some(about)
        their = agreements(others, source)
        self.seen = np.ones(own.weight.shape[1])
        kept = every = np.arange(len(self._rows))
        for _ in range(2):
            self._table, self._kept = pooled(each, own.weight, self.seen), kept
            self._beside = Beside(pooled(their, others.weight, self.seen), shot.times[about])
            self.line = rough_line(*self._asked, self._beside)
            index = np.maximum(shown(self._frames, self.line.at(self._times), self._step), 0)
            kept = _explained(self._table[every, index])
            self.seen = uncovered(
                each[every, index][kept], own.weight[kept], still_blocks(own.some(kept))
            )

    @property
    def _asked(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        return self._table[self._kept], self._times[self._kept], self._frames, self._step

    def exact(self) -> _Fine:
        """The best of the lines that come near the best, at some distance from each other, each
        under the placement that is exact for it."""
        count = _LINES if self.line.agreement > _WORTH else 1
        begun: list[Line] = []
        found: list[_Fine] = []
        for line in rough_lines(*self._asked, count, _RIVAL, self._beside):
            fine = _Fine(self._shot, self._ground, self.lying, line, self._shot.rows, self.seen)
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


class _Fine:
    """A shot compared with every frame of a film near a line; `line` : the best there is."""

    def __init__(
        self,
        shot: _Shot,
        ground: Ground,
        lying: _Lying,
        near: Line,
        rows: np.ndarray,
        seen: np.ndarray,
    ) -> None:
        self._shot, self._ground, self.lying = shot, ground, lying
        self._all_rows = rows
        self._rows = _spread(rows, _MOST)
        self._about = _spread(shot.beside, _ABOUT_MOST)
        every = near.at(shot.times)
        low, high = float(every[0]) - _ABOUT_S, float(every[-1]) + _ABOUT_S
        first, last = np.searchsorted(ground.stretch.times, [low, high])
        self._band = slice(max(int(first) - 1, 0), max(int(last), int(first) + 2))
        self._frames = ground.stretch.times[self._band]
        self._size = compared_size(shot.size, ground.size)
        self._blocks = shot.blocks(lying.mirrored, self._size)
        self._source = self._placed(ground.stretch.pictures[self._band], lying.placement)
        self.seen = seen
        self.line = self._fitted(near)

    def _placed(self, pictures: np.ndarray, placement: Placement) -> Blocks:
        return blocks(placed(pictures, placement.matrix, self._shot.size, self._size))

    def _numbers(self, line: Line, rows: np.ndarray) -> np.ndarray:
        """Frames of the band along a line, −1 outside it."""
        if not len(self._frames):
            return np.full(len(rows), -1)
        return shown(self._frames, line.at(self._shot.times[rows]), self._ground.step)

    def _fitted(self, near: Line) -> Line:
        """The best line; at speed 1, unless what tells the two apart speaks for another."""
        if len(self._frames) < 2:
            return near
        own, others = self._blocks.some(self._rows), self._blocks.some(self._about)
        each, their = agreements(own, self._source), agreements(others, self._source)
        times, every = self._shot.times[self._rows], np.arange(len(self._rows))
        reach = int(np.ceil(_OFF_S / self._ground.step)) + 1
        kept = every
        line = near
        for _ in range(2):
            table = pooled(each, own.weight, self.seen)
            beside = Beside(pooled(their, others.weight, self.seen), self._shot.times[self._about])
            best, plain = fine_lines(table[kept], times[kept], self._frames, line, reach, beside)
            index = np.maximum(self._numbers(best, self._rows), 0)
            kept = _explained(table[every, index])
            self.seen = uncovered(
                each[every, index][kept], own.weight[kept], still_blocks(own.some(kept))
            )
            line = best
        line = best if self._tells(best, plain, self._rows[kept]) else plain
        index = self._numbers(line, self._rows)
        values = np.where(index < 0, -1.0, table[every, np.maximum(index, 0)])
        return line._replace(agreement=float(values.mean()))

    def _tells(self, best: Line, plain: Line, rows: np.ndarray) -> bool:
        """Whether the frames on two lines differ in what the shot has of the first's.

        Of the pictures a and b of the two lines, the shot's x is compared with a − b alone, so
        that neither noise nor what stands still has a say.
        """
        one, other = (np.maximum(self._numbers(line, rows), 0) for line in (best, plain))
        apart = one != other
        if not apart.any():
            return False
        x, w = self._blocks.unit[rows[apart]], self._blocks.weight[rows[apart]] * self.seen
        a, b = self._source.unit[one[apart]], self._source.unit[other[apart]]
        told = float((((a - b) ** 2).sum(axis=2) * w).sum())
        speaks = float((((x - b) ** 2 - (x - a) ** 2).sum(axis=2) * w).sum())
        return speaks > _BELIEVED * told

    @cached_property
    def likeness(self) -> float:
        """Agreement of the pictures times that of what moves in them, on the mean."""
        rows = _spread(self._rows, _LIKENED_BY)
        index = self._numbers(self.line, rows)
        own, there = self._blocks.some(rows), self._source.some(np.maximum(index, 0))
        along = np.where(index < 0, 0.0, _along(own, there, self.seen))
        window = _window(self._shot.times[rows])
        return float((along * _moving(own, there, self.seen, window)).mean())

    @cached_property
    def rank(self) -> float:
        """Likeness, and a little for the frames beside the shot that run on in the film."""
        index = self._numbers(self.line, self._about)
        own, there = self._blocks.some(self._about), self._source.some(np.maximum(index, 0))
        return self.likeness + BESIDE * self._mean(own, there, index)

    def _mean(self, own: Blocks, there: Blocks, index: np.ndarray) -> float:
        """Mean agreement of pictures with those of the film; those outside it count 0."""
        if not len(index):
            return 0.0
        return float(np.where(index < 0, 0.0, _along(own, there, self.seen)).mean())

    def trace(self, about: _Shot, parts: Sequence[slice]) -> Trace:
        """What the line says of the shot and of what lies about it in the edit.

        about : the shot with more frames beside it. parts : its rows, shot by shot; what covers
        the picture is found for each by itself.
        """
        blocks_there = about.blocks(self.lying.mirrored, self._size)
        index = self._ground.numbers(self.line.at(about.times))
        each, weights = np.full(len(index), -1.0), np.zeros(len(index))
        agreement, alike, window = -1.0, -1.0, _window(about.times)
        for part in parts:
            rows = np.arange(part.start, part.stop)[index[part] >= 0]
            if not len(rows):
                continue
            own = blocks_there.some(rows)
            there = self._placed(self._ground.stretch.pictures[index[rows]], self.lying.placement)
            its_own = part.start <= about.rows[0] < part.stop
            seen = self.seen if its_own else _seen(own, there)
            along = _along(own, there, seen)
            moving = np.clip(_moving(own, there, seen, window) / _MOVES_ALIKE, 0, 1)
            each[rows] = along * moving
            if its_own:
                agreement, alike = float(each[part].mean()), float(along.mean())
            # pictures with nothing in them are alike, which says little: their weight stays
            weights[rows] = (own.weight * seen).sum(axis=1)
            empty = (weights[rows] < _PLAIN) & ((there.weight * seen).sum(axis=1) < _PLAIN)
            each[rows[empty]] = 1.0
        return Trace(self.line._replace(agreement=agreement), *self.lying, each, weights, alike)

    def improved(self) -> _Fine:
        """The same under the placement, and at the moment, that it agrees best with."""
        if self.line.agreement <= _WORTH:
            return self
        refined = self.refined()
        return refined.settled() if refined.line.agreement > _SETTLED else refined

    # A moving camera shifts the picture as a wrong placement does, so that a placement fitted to a
    # frame a little off hides that it is. Therefore both are tried together.

    def refined(self) -> _Fine:
        """The same with the placement and the shift that agree best with each other."""
        line, placement = self.line, self.lying.placement
        rows = self._some(_JUDGED_BY)
        best = self._agreement(placement, line, rows)
        for _ in range(_ROUNDS):
            lines = [
                line._replace(start=line.start + shift * self._ground.step) for shift in _SHIFTS
            ]
            tried = [(moved, other) for moved in lines for other in self._placements(moved)]
            scores = [self._agreement(other, moved, rows) for moved, other in tried]
            if not scores or max(scores) <= best:
                break
            best, stays = max(scores), line
            line, placement = tried[int(np.argmax(scores))]
            if line == stays:
                break
        if placement is self.lying.placement:
            return self
        lying = self.lying._replace(placement=placement)
        found = _Fine(self._shot, self._ground, lying, line, self._all_rows, self.seen)
        return max(self, found, key=lambda one: one.rank)

    def settled(self) -> _Fine:
        """The same under an exact placement, at the moment that agrees best with its own.

        Of a slow zoom or of next to nothing that moves every moment agrees, under a placement of
        its own; the true one does best. What lies farther is asked as long as what lies nearer is
        not told apart.
        """
        rows = self._some(_JUDGED_BY)
        line, placement, best = self._exactly(self.line, self.lying.placement, rows)
        begun = self._agreement(self.lying.placement, self.line, rows)
        if best <= begun:
            line, placement, best = self.line, self.lying.placement, begun
        for _ in range(_ROUNDS):
            tried = []
            for far in _WIDER:
                beside = [
                    self._exactly(self._moved(line, sign * far), placement, rows)
                    for sign in (-1, 1)
                ]
                tried += beside
                if max(agreement for _, _, agreement in beside) < best - _TOLD:
                    break
            top = max(tried, key=lambda one: one[2])
            if top[2] <= best:
                break
            line, placement, best = top
        told = len(tried) < 2 * len(_WIDER)
        found = max(self, self._under(placement, line), key=lambda one: one.rank)
        return found if told else found._as_usual()

    def _as_usual(self) -> _Fine:
        """The same under the placement of a shot that is not cropped, if that is near and agrees
        as well: where moments are hardly told apart, an odd placement is less likely than that."""
        size = self._shot.size
        for assumed in usual(size, self._ground.size):
            if _apart(assumed, self.lying.placement, size) < _MOVED:
                other = self._under(assumed, self.line)
                if other.rank > self.rank - _AS_WELL:
                    return other
        return self

    def _under(self, placement: Placement, near: Line) -> _Fine:
        if placement is self.lying.placement:
            return self
        lying = self.lying._replace(placement=placement)
        return _Fine(self._shot, self._ground, lying, near, self._all_rows, self.seen)

    def _moved(self, line: Line, frames: int) -> Line:
        return line._replace(start=line.start + frames * self._ground.step)

    def _exactly(
        self, line: Line, placement: Placement, rows: np.ndarray
    ) -> tuple[Line, Placement, float]:
        """A line with the placement near one that some frames agree on, and how well they do."""
        some = _spread(rows, _FITTED_BY)
        index = self._ground.numbers(line.at(self._shot.times[some]))
        exact = fitted(
            self._blocks.some(some[index >= 0]),
            self._ground.stretch.pictures[index[index >= 0]],
            placement,
            self._shot.size,
            self.seen,
            self._size,
        )
        return line, exact, self._agreement(exact, line, rows)

    def _placements(self, line: Line) -> list[Placement]:
        """What some frames of the shot say, matched with those that the line has for them."""
        pairs = []
        rows = self._some(_PLACED_BY)
        for row, index in zip(
            rows, self._ground.numbers(line.at(self._shot.times[rows])), strict=True
        ):
            if index >= 0:
                own = self._shot.points(int(row), self.lying.mirrored)
                pairs.append(matches(own, self._ground.points_of(int(index))))
        size = self._shot.size
        found = [
            one
            for one in usual(size, self._ground.size)
            if near_to(one, self.lying.placement, size)
        ]
        if pairs:
            own_places, source_places = (np.concatenate(side) for side in zip(*pairs, strict=True))
            placement = place(own_places, source_places)
            if placement and not squeezed(placement):
                found.append(placement)
        return found

    def _some(self, count: int) -> np.ndarray:
        """Some of the rows that the line explains."""
        index = np.maximum(self._numbers(self.line, self._rows), 0)
        along = _along(self._blocks.some(self._rows), self._source.some(index), self.seen)
        return _spread(self._rows[_explained(along)], count)

    def _agreement(self, placement: Placement, line: Line, rows: np.ndarray) -> float:
        """Mean agreement of some frames along a line under a placement, and a little for those
        beside the shot."""
        total = 0.0
        for some, share in ((rows, 1.0), (_spread(self._about, _JUDGED_BESIDE), BESIDE)):
            index = self._ground.numbers(line.at(self._shot.times[some]))
            source = self._placed(self._ground.stretch.pictures[np.maximum(index, 0)], placement)
            total += share * self._mean(self._blocks.some(some), source, index)
        return total


def _along(own: Blocks, there: Blocks, seen: np.ndarray) -> np.ndarray:
    """Agreement (n,) of pictures with those that a line has for them, in the blocks seen (64,)."""
    weight = own.weight * seen
    each = np.einsum("nbp,nbp->nb", own.unit, there.unit)
    return np.asarray((each * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-3))


def _moving(own: Blocks, there: Blocks, seen: np.ndarray, window: int) -> np.ndarray:
    """Correlation, 0–1 (n,), of what moves in some pictures with what moves in those that a line
    has for them, in the better of the windows that begin and end with each: the other may hold
    another shot. 1 where next to nothing moves.

    What stands still is taken off both: a stage, a studio or a street is the same under other
    dancers, speakers and cars.
    """
    w = (own.weight * seen)[:, :, None]
    kept = _explained(_along(own, there, seen))
    total = np.maximum(w[kept].sum(axis=0), 1e-3)
    x, s = (side - (side[kept] * w[kept]).sum(axis=0) / total for side in (own.unit, there.unit))
    noise = _MOVES * w.sum(axis=(1, 2))
    each = [np.einsum("nbp,nbp,nbk->n", a, b, w) for a, b in ((x, x), (x, s), (s, s))]
    best = np.zeros(len(noise))
    for forward in (True, False):
        xx, xs, ss, still = (_summed(values, window, forward) for values in (*each, noise))
        best = np.maximum(best, (xs + still) / (np.sqrt(xx * ss) + still + 1e-9))
    return np.asarray(best)


def _window(times: np.ndarray) -> int:
    """How many frames `_MOVES_S` are, of frames at such times."""
    return max(round(_MOVES_S * (len(times) - 1) / max(float(times[-1] - times[0]), _MOVES_S)), 1)


def _summed(values: np.ndarray, window: int, forward: bool) -> np.ndarray:
    """Sums (n,) over the so many values that begin with each, or end with it."""
    if not forward:
        return _summed(values[::-1], window, True)[::-1]
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    return np.asarray(sums[np.minimum(at + window, len(values))] - sums[at])


def _seen(own: Blocks, there: Blocks) -> np.ndarray:
    """Which blocks (64,) of a shot a film can be seen in along a line."""
    each = np.einsum("nbp,nbp->nb", own.unit, there.unit)
    return uncovered(each, own.weight, still_blocks(own))


def _explained(along: np.ndarray) -> np.ndarray:
    """Rows that a line explains: only they say what its speed is and what covers the picture.
    All of them, where it explains next to nothing."""
    kept = np.flatnonzero(along > 0.6 * np.percentile(along, 90))
    return kept if len(kept) >= max(_FEWEST, 0.1 * len(along)) else np.arange(len(along))


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
