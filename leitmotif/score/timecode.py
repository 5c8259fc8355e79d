"""Frames, seconds and timecode, exactly.

A film runs at a rational number of frames a second; its time base is that number rounded up, the
count that timecode goes by. At 29.97 and 59.94 drop-frame timecode leaves out numbers, never
frames: the first two (four) of every minute but each tenth, so that the clock keeps step with the
wall (SMPTE ST 12-1). Frame numbers count from 0, ends are exclusive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from data.errors import InputError

COMMON = tuple(
    Fraction(*pair)
    for pair in (
        *((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1)),
        *((48000, 1001), (48, 1), (50, 1), (60000, 1001), (60, 1)),
    )
)
"""Rates that editors' programs know."""
_TIMECODE = re.compile(r"(\d{1,2}):(\d\d):(\d\d)([:;.])(\d\d)")


@dataclass(frozen=True)
class FrameRate:
    """Frames a second as a fraction, and whether timecode drops numbers."""

    fps: Fraction
    drop: bool = False

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise InputError("score.bad_rate", rate=self.fps)
        if self.drop and self.fps not in (Fraction(30000, 1001), Fraction(60000, 1001)):
            raise InputError("score.no_drop", rate=f"{float(self.fps):.3f}")

    @property
    def timebase(self) -> int:
        """What timecode counts to in a second: 24 at 23.976."""
        return -(-self.fps.numerator // self.fps.denominator)

    @property
    def ntsc(self) -> bool:
        """Whether the rate is its time base slowed by 1000/1001."""
        return self.fps * 1001 == self.timebase * 1000

    def seconds(self, frames: int) -> Fraction:
        """When a frame begins, in seconds from frame 0."""
        return frames / self.fps

    def frame_at(self, seconds: Fraction | float) -> int:
        """The frame whose start is nearest to a time in seconds."""
        return round(Fraction(seconds) * self.fps)

    def timecode(self, frame: int) -> str:
        """HH:MM:SS:FF of a frame, with `;` before the frames where numbers are dropped."""
        base = self.timebase
        number = frame + self._dropped_before(frame) if self.drop else frame
        seconds, frames = divmod(number, base)
        minutes, s = divmod(seconds, 60)
        hours, m = divmod(minutes, 60)
        mark = ";" if self.drop else ":"
        return f"{hours % 24:02d}:{m:02d}:{s:02d}{mark}{frames:02d}"

    def _dropped_before(self, frame: int) -> int:
        drop = self.timebase // 15
        minute = 60 * self.timebase - drop
        tens, rest = divmod(frame, 10 * minute + drop)
        return 9 * drop * tens + (max(rest - drop, 0) // minute) * drop

    def parse(self, timecode: str) -> int:
        """The frame of a timecode. Raises `InputError` for one that no frame has."""
        found = _TIMECODE.fullmatch(timecode.strip())
        if not found:
            raise InputError("score.bad_timecode", timecode=timecode)
        h, m, s, f = (int(found[i]) for i in (1, 2, 3, 5))
        frame = ((60 * h + m) * 60 + s) * self.timebase + f
        if self.drop:
            drop, minutes = self.timebase // 15, 60 * h + m
            frame -= drop * (minutes - minutes // 10)
        if self.timecode(frame)[:8] != f"{h % 24:02d}:{m:02d}:{s:02d}" or f >= self.timebase:
            raise InputError("score.bad_timecode", timecode=timecode)
        return frame


def nearest_common(fps: Fraction) -> Fraction:
    """The common rate nearest to a measured one: what exports of a variable rate are written in."""
    return min(COMMON, key=lambda common: abs(common - fps))
