"""Where shots begin: detectors of PySceneDetect's kind, its own for fades through black, on every
decoded frame.

Times are seconds. A hard cut is the time of the first frame of the new shot; a fade or dissolve
counts at its middle.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from scenedetect import FrameTimecode, ThresholdDetector
from scenedetect.common import Timecode

from features.video.frames import Frame
from features.video.signals.contract import Between, Pass, Signal, token_of
from features.video.signals.dissolves import DissolveDetector
from features.video.signals.hard_cuts import Doubt, HardCutDetector, Once
from features.video.signals.repeats import Picture, Repeats, reduced
from features.video.timeline import TOKEN

SHORTEST = 0.2
"""Seconds between two cuts at least. Heuristic: five frames of film, the shortest shots of fast
trailers."""
_FLASH = 0.28
"""A picture that comes back within this time was hidden by a flash, not left by a cut.
Heuristic."""
_SAME = 0.4
"""Pictures that differ by less than this share of the jump are the same. Heuristic."""
_SOFT = 0.8
"""Seconds around the middle of a fade or dissolve in which its edges may look like cuts.
Heuristic."""


_MIXED = 0.15
"""Seconds around a cut with mixed pictures in which its mixture may look like a dissolve."""


_BLACK = 8
"""Mean level (8-bit) below which a picture is black."""
_MICROSECOND = Fraction(1, 1_000_000)
_BEFORE, _AFTER = 0.3, 0.2
"""Seconds before and after a doubt that are looked at in full: what a cut is compared with."""
_LAG = 1.0
"""Seconds after which nothing is doubted any more: `_BEFORE`, and what the detector waits for."""
_AT_ONCE = 2.0
"""Seconds that are looked at in full at once at most."""


class CutSignal(Signal):
    """Cuts on every frame, and from them the shots."""

    name = "cuts"
    columns = (
        "seconds",  # seconds of the token that were watched (less than 0.5 only in the last one)
        "cuts",  # shots that begin in it
    )

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        once = Once()
        self._exact = None if seen.between is None else ExactCuts(seen.fps, seen.between, once)
        self._finder = CutFinder(seen.fps, soft=self._exact is None, once=once)

    def update(self, frame: Frame) -> None:
        """Cuts that are confirmed now are told to the others, up to 1 s late; fades and dissolves
        up to 2 s where frames were passed over."""
        picture = reduced(frame.time, frame.small)
        self.seen.cuts += self._finder.show(picture)
        if self._exact is not None:
            self.seen.cuts += self._exact.update(picture, self._finder.doubts())

    def finish(self) -> np.ndarray:
        return tell(self.seen, (self._exact or self._finder).finish())

    def fields(self) -> dict[str, Any]:
        """`shots`: (start, end) in seconds."""
        return {"shots": self.seen.shots}


def tell(seen: Pass, cuts: list[float]) -> np.ndarray:
    """Write the shots between the cuts (seconds) into the pass; the columns of `CutSignal`."""
    seen.shots = shots(cuts, seen.duration)
    begin = token_of([start for start, _ in seen.shots[1:]], seen.tokens)
    watched = np.minimum(seen.duration - np.arange(seen.tokens) * TOKEN, TOKEN)
    return np.column_stack([watched, np.bincount(begin, minlength=seen.tokens)])


class CutFinder:
    """Hard cuts, and if `soft` fades through black (ThresholdDetector) and dissolves.

    once : shared with another finder that is shown the same pictures.
    """

    def __init__(self, fps: Fraction, soft: bool = True, once: Once | None = None) -> None:
        self._soft = soft
        self._dark: bool | None = None
        self._rate = FrameTimecode(0, Fraction(fps))
        self._repeats = Repeats()
        self._hard = HardCutDetector(once)
        self._fade, self._dissolve = (
            ThresholdDetector(threshold=_BLACK, min_scene_len=SHORTEST),
            DissolveDetector(),
        )
        self._last: FrameTimecode | None = None
        self._recent: deque[tuple[float, np.ndarray]] = deque()
        self._pending: list[float] = []
        self._hard_cuts: list[float] = []
        self._fades: list[float] = []
        self._dissolves: list[float] = []

    def update(self, time: float, image: np.ndarray) -> list[float]:
        """Look at the next frame (BGR uint8, 160 px); the cuts confirmed now, up to 1 s late."""
        return self.show(reduced(time, image))

    def show(self, picture: Picture) -> list[float]:
        """As `update`."""
        time = picture.time
        self._last = _timecode(time, self._rate)
        self._recent.append((time, picture.thumb))
        while self._recent[0][0] < time - 3 * _FLASH:
            self._recent.popleft()
        soft = self._fade_at(self._last, picture.level) if self._soft else []
        soft += self._compare(self._repeats.update(picture))
        due = [cut for cut in self._pending if time >= cut + _FLASH]
        return self._confirm(due) + soft

    def doubts(self) -> list[Doubt]:
        """What was seen since it was last asked that might be a cut."""
        found, self._hard.doubts = self._hard.doubts, []
        return found

    def is_soft(self, cut: float) -> bool:
        """Whether a cut that was told is a fade or dissolve."""
        return cut in self._fades or cut in self._dissolves

    def finish(self) -> list[float]:
        """All cut times in order, no two closer than `SHORTEST`."""
        if self._last is not None:
            self._compare(self._repeats.finish())
            self._pending += _seconds(self._hard.post_process(self._last))
            self._confirm(list(self._pending))
            self._dissolves += _seconds(self._dissolve.post_process(self._last))
        mixed = [cut for cut in self._hard.mixed if cut in self._hard_cuts]
        soft = self._fades + _away_from(self._fades, self._dissolves)
        soft = _away_from(mixed, soft, _MIXED)
        kept: list[float] = []
        for cut in sorted({*soft, *_away_from(soft, self._hard_cuts)}):
            if cut > 0 and (not kept or cut - kept[-1] >= SHORTEST):
                kept.append(cut)
        return kept

    def _fade_at(self, at: FrameTimecode, level: float) -> list[float]:
        if (level < _BLACK) == self._dark:  # this detector waits until it changes
            return []
        self._dark = level < _BLACK
        mean = np.full((1, 1, 3), level)  # all that it asks a picture for
        fades = _seconds(self._fade.process_frame(at, mean))
        self._fades += fades
        return fades

    def _compare(self, pictures: list[Picture]) -> list[float]:
        """Show pictures to the detectors that compare them; the dissolves found."""
        dissolves: list[float] = []
        for picture in pictures:
            at = _timecode(picture.time, self._rate)
            self._pending += _seconds(self._hard.process_frame(at, picture.small))
            if self._soft:
                dissolves += _seconds(self._dissolve.process_frame(at, picture.image))
        self._dissolves += dissolves
        return dissolves

    def _confirm(self, cuts: list[float]) -> list[float]:
        self._pending = [cut for cut in self._pending if cut not in cuts]
        real = [cut for cut in cuts if not self._flash(cut)]
        self._hard_cuts += real
        return real

    def _flash(self, cut: float) -> bool:
        """Whether a picture from just before the cut is there again just after it."""
        before = [thumb for time, thumb in self._recent if cut - _FLASH <= time < cut - 1e-4]
        after = [thumb for time, thumb in self._recent if cut - 1e-4 <= time <= cut + _FLASH]
        if not before or not after:
            return False
        jump = np.abs(before[-1] - after[0]).mean()
        return min(np.abs(a - b).mean() for a in before for b in after) < _SAME * jump


class ExactCuts:
    """Cuts to the frame where frames were passed over: what might be one is looked at in full.

    between : the frames passed over between two times, (seconds, BGR uint8) in order. once : as
    `CutFinder`'s.
    """

    def __init__(self, fps: Fraction, between: Between, once: Once | None = None) -> None:
        self._finder = CutFinder(fps, once=once)
        self._between = between
        self._waiting: deque[Picture] = deque()
        self._doubted: tuple[float, float] | None = None
        self._black = False

    def update(self, picture: Picture, doubts: list[Doubt]) -> list[float]:
        """The next frame, and what was found doubtful at it; the fades and dissolves known now."""
        time, black = picture.time, picture.level < _BLACK
        if self._waiting and black != self._black:
            self._wonder(Doubt(self._waiting[-1].time, time, sure=True))
        self._black = black
        self._waiting.append(picture)
        for doubt in doubts:
            self._wonder(doubt)
        if self._doubted and time >= min(self._doubted[1], self._doubted[0] + _AT_ONCE):
            self._look(time)
        known = time - _LAG if self._doubted is None else min(time - _LAG, self._doubted[0])
        told: list[float] = []
        while self._waiting[0].time < known:
            told += self._finder.show(self._waiting.popleft())
        return [cut for cut in told if self._finder.is_soft(cut)]

    def _wonder(self, doubt: Doubt) -> None:
        if doubt.sure:
            self._add(self._between(doubt.before, doubt.after))
            return
        start, end = self._doubted or (doubt.before - _BEFORE, 0.0)
        self._doubted = (start, max(end, doubt.after + _AFTER))

    def finish(self) -> list[float]:
        """All cut times in order."""
        if self._doubted:
            self._look(self._doubted[1])
        for picture in self._waiting:
            self._finder.show(picture)
        return self._finder.finish()

    def _look(self, now: float) -> None:
        """Put the frames of the doubted time among those that wait; what lies ahead of `now` stays
        in doubt."""
        start, end = self._doubted or (now, now)
        since = max(start, self._waiting[0].time)
        self._add(self._between(since, min(end, now)))
        self._doubted = (now, end) if end > now else None

    def _add(self, found: list[tuple[float, np.ndarray]]) -> None:
        if found:
            more = [reduced(time, image) for time, image in found]
            self._waiting = deque(sorted([*self._waiting, *more], key=lambda p: p.time))


def _timecode(time: float, rate: FrameTimecode) -> FrameTimecode:
    """A time in seconds as detectors take it, at the frame rate of `rate`."""
    return FrameTimecode(Timecode(round(time * 1e6), _MICROSECOND), rate)


def _seconds(cuts: list[FrameTimecode]) -> list[float]:
    return [cut.seconds for cut in cuts]


def _away_from(centres: list[float], cuts: list[float], reach: float = _SOFT) -> list[float]:
    """The cuts that are not the edge of a fade or dissolve."""
    return [cut for cut in cuts if all(abs(cut - centre) > reach for centre in centres)]


def shots(cuts: list[float], duration: float) -> list[tuple[float, float]]:
    """(start, end) of every shot between the cuts, without gaps, from 0 to `duration`."""
    edges = [0.0, *(cut for cut in cuts if cut < duration), duration]
    return list(pairwise(edges))
