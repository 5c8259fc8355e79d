"""Media time: from the time stamps of a file to seconds that rise from 0 as the picture was shown.

Stamps are not trusted further than the frames bear them out. A clock that was set forward or back
(a join, a receiver that found its hour, a first frame at zero before stamps in Unix time) leaves a
gap that nothing was shown in: it is closed. A gap of that length in which a picture was held is
told from it by what the frames say of themselves: their durations, or that their neighbours are far
apart, too.
"""

from __future__ import annotations

from fractions import Fraction

LONGEST_GAP = 5.0
"""Seconds between two frames that need no explanation. Heuristic."""
_BACK = 1.0
"""Seconds by which a stamp may lie before the last one and be a disordered frame, which is passed
over, and not a clock set back. Heuristic."""
_OWN, _NEIGHBOURS = 0.5, 0.2
"""Fractions of a gap that the frame's own duration, or the step before or after it, must have for
the gap to be a held picture. Heuristic."""
MOST_HELD = 6 * 3600.0
"""Seconds that all long gaps of a file together may last: what is measured of a video takes memory
by its length, which a few bytes of time stamps must not decide. Heuristic."""


class MediaClock:
    """Tells the time of each frame of one stream, in order of presentation.

    start : the stream's first stamp as declared, or None.
    base : seconds per unit of the stamps.
    fps : frames per second, for frames that don't say how long they are shown.
    end : seconds at which the last frame stops being shown.
    """

    def __init__(self, start: int | None, base: Fraction | float, fps: Fraction) -> None:
        self.end = 0.0
        self._start, self._base = start, Fraction(base)
        self._last: float | None = None
        self._step = 0.0
        self._shown = float(1 / fps)
        self._left = MOST_HELD

    def at(self, pts: int | None, duration: int | None, after: int | None = None) -> float | None:
        """Seconds of a frame, more than those of the frame before; None for one that comes late.

        duration : how long it says it is shown, in units; after : stamp of the frame that follows.
        """
        time = self._time(pts, after)
        if time is None:
            return None
        step = 0.0 if self._last is None else time - self._last
        if step > LONGEST_GAP:
            self._left -= step
        own = self._seconds(duration) if duration and duration > 0 else 0.0
        self._shown = own or step or self._shown
        self._last, self._step = time, step
        self.end = time + min(self._shown, max(self._left, LONGEST_GAP))
        return time

    def _time(self, pts: int | None, after: int | None) -> float | None:
        last = self._last
        if pts is None:
            return 0.0 if last is None else self.end
        if self._start is None or (last is None and pts < self._start):
            self._start = pts
        time = self._seconds(pts - self._start)
        ahead = time - (last or 0.0)
        if last is not None and -_BACK <= ahead <= 0:
            return None
        if 0 <= ahead <= LONGEST_GAP or (ahead > 0 and self._held(ahead, pts, after)):
            return time
        step = max(min(self._shown, LONGEST_GAP), float(self._base))
        time = 0.0 if last is None else last + step
        self._start = pts - round(time / self._base)
        return self._seconds(pts - self._start)

    def _seconds(self, units: int) -> float:
        return units * self._base.numerator / self._base.denominator

    def _held(self, gap: float, pts: int, after: int | None) -> bool:
        """Whether the last picture was held for so long, and not the clock set."""
        beside = max(self._step, self._seconds((after or pts) - pts))
        told = self._shown >= _OWN * gap or beside >= _NEIGHBOURS * gap
        return told and gap <= self._left
