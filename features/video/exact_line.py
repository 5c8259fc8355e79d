"""The line of a shot through its film to the frame, under a placement exact to parts of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.video.alignment import (
    BESIDE,
    Beside,
    Blocks,
    Line,
    agreements,
    blocks,
    compared_size,
    fine_lines,
    placed,
    pooled,
    shown,
    still_blocks,
    uncovered,
)
from features.video.fitting import fitted
from features.video.lying import MOVED, apart
from features.video.moving import agreed, explained, frames_in_window, moves_alike, seen_in
from features.video.placement import Placement, matches, near_to, place, squeezed, usual
from features.video.views import ABOUT_MOST, Ground, Lying, ShotViews, spread

_MOST = 120
"""Frames of a shot that its line is fitted to."""
_ABOUT_S = 0.6
"""Seconds of a film beside a rough line that are looked at frame by frame."""
_OFF_S = 0.15
"""Seconds by which a rough line may be off."""
WORTH = 0.2
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
_PLAIN = 1.0
"""Blocks with something to see under which there is nothing in a picture. Heuristic."""
_MOVES_ALIKE = 0.8
"""Correlation of what moves from which on it is the same that moves. Heuristic."""


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


class ExactLine:
    """A shot compared with every frame of a film near a line; `line` : the best there is."""

    def __init__(
        self,
        shot: ShotViews,
        ground: Ground,
        lying: Lying,
        near: Line,
        rows: np.ndarray,
        seen: np.ndarray,
    ) -> None:
        self._shot, self._ground, self.lying = shot, ground, lying
        self._all_rows = rows
        self._rows = spread(rows, _MOST)
        self._about = spread(shot.beside, ABOUT_MOST)
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
            kept = explained(table[every, index])
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
        rows = spread(self._rows, _LIKENED_BY)
        index = self._numbers(self.line, rows)
        own, there = self._blocks.some(rows), self._source.some(np.maximum(index, 0))
        along = np.where(index < 0, 0.0, agreed(own, there, self.seen))
        window = frames_in_window(self._shot.times[rows])
        return float((along * moves_alike(own, there, self.seen, window)).mean())

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
        return float(np.where(index < 0, 0.0, agreed(own, there, self.seen)).mean())

    def trace(self, about: ShotViews, parts: Sequence[slice]) -> Trace:
        """What the line says of the shot and of what lies about it in the edit.

        about : the shot with more frames beside it. parts : its rows, shot by shot; what covers
        the picture is found for each by itself.
        """
        blocks_there = about.blocks(self.lying.mirrored, self._size)
        index = self._ground.numbers(self.line.at(about.times))
        each, weights = np.full(len(index), -1.0), np.zeros(len(index))
        agreement, alike, window = -1.0, -1.0, frames_in_window(about.times)
        for part in parts:
            rows = np.arange(part.start, part.stop)[index[part] >= 0]
            if not len(rows):
                continue
            own = blocks_there.some(rows)
            there = self._placed(self._ground.stretch.pictures[index[rows]], self.lying.placement)
            its_own = part.start <= about.rows[0] < part.stop
            seen = self.seen if its_own else seen_in(own, there)
            along = agreed(own, there, seen)
            moving = np.clip(moves_alike(own, there, seen, window) / _MOVES_ALIKE, 0, 1)
            each[rows] = along * moving
            if its_own:
                agreement, alike = float(each[part].mean()), float(along.mean())
            # pictures with nothing in them are alike, which says little: their weight stays
            weights[rows] = (own.weight * seen).sum(axis=1)
            empty = (weights[rows] < _PLAIN) & ((there.weight * seen).sum(axis=1) < _PLAIN)
            each[rows[empty]] = 1.0
        return Trace(self.line._replace(agreement=agreement), *self.lying, each, weights, alike)

    def improved(self) -> ExactLine:
        """The same under the placement, and at the moment, that it agrees best with."""
        if self.line.agreement <= WORTH:
            return self
        refined = self.refined()
        return refined.settled() if refined.line.agreement > _SETTLED else refined

    # A moving camera shifts the picture as a wrong placement does, so that a placement fitted to a
    # frame a little off hides that it is. Therefore both are tried together.

    def refined(self) -> ExactLine:
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
        found = ExactLine(self._shot, self._ground, lying, line, self._all_rows, self.seen)
        return max(self, found, key=lambda one: one.rank)

    def settled(self) -> ExactLine:
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

    def _as_usual(self) -> ExactLine:
        """The same under the placement of a shot that is not cropped, if that is near and agrees
        as well: where moments are hardly told apart, an odd placement is less likely than that."""
        size = self._shot.size
        for assumed in usual(size, self._ground.size):
            if apart(assumed, self.lying.placement, size) < MOVED:
                other = self._under(assumed, self.line)
                if other.rank > self.rank - _AS_WELL:
                    return other
        return self

    def _under(self, placement: Placement, near: Line) -> ExactLine:
        if placement is self.lying.placement:
            return self
        lying = self.lying._replace(placement=placement)
        return ExactLine(self._shot, self._ground, lying, near, self._all_rows, self.seen)

    def _moved(self, line: Line, frames: int) -> Line:
        return line._replace(start=line.start + frames * self._ground.step)

    def _exactly(
        self, line: Line, placement: Placement, rows: np.ndarray
    ) -> tuple[Line, Placement, float]:
        """A line with the placement near one that some frames agree on, and how well they do."""
        some = spread(rows, _FITTED_BY)
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
        along = agreed(self._blocks.some(self._rows), self._source.some(index), self.seen)
        return spread(self._rows[explained(along)], count)

    def _agreement(self, placement: Placement, line: Line, rows: np.ndarray) -> float:
        """Mean agreement of some frames along a line under a placement, and a little for those
        beside the shot."""
        total = 0.0
        for some, share in ((rows, 1.0), (spread(self._about, _JUDGED_BESIDE), BESIDE)):
            index = self._ground.numbers(line.at(self._shot.times[some]))
            source = self._placed(self._ground.stretch.pictures[np.maximum(index, 0)], placement)
            total += share * self._mean(self._blocks.some(some), source, index)
        return total
