"""Which frames show a picture of their own, where each picture is shown twice or three times.

Film drawn on twos, 12 pictures in 24 frames, 24 in 60, or a recording that lags: the repeats say
nothing about how fast the picture moves, and next to them every movement looks like a cut.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

SIZE = (40, 22)
_HELD = 0.19
"""Seconds between two different pictures below which equal ones between them are repeats. A picture
that stays longer is a shot that stands still (the shortest shots last 0.2 s)."""
_SAME, _SHARE, _MOST = 0.12, 0.03, 10.0
"""A picture repeats the last if they differ by less than `_SAME` (mean 8-bit difference), or by
less than `_SHARE` of the change before, held below `_MOST`: what encoding leaves. Heuristic,
between the sample film's slowest shots (0.16 and up) and held pictures after encoding (up to
0.08)."""


class Picture(NamedTuple):
    """When a frame is shown and what it shows, BGR uint8; `small` is the same at `SIZE`, `thumb`
    int16 of 9 × 16 pixels, `level` its mean over all channels."""

    time: float
    image: np.ndarray
    small: np.ndarray
    thumb: np.ndarray
    level: float


def reduced(time: float, image: np.ndarray) -> Picture:
    """A frame with what is compared of it."""
    small, thumb = (cv2.resize(image, s, interpolation=cv2.INTER_AREA) for s in (SIZE, (16, 9)))
    return Picture(time, image, small, thumb.astype(np.int16), sum(cv2.mean(image)[:3]) / 3)


class Repeats:
    """Passes frames on without the repeats of held pictures.

    One picture that is held for a moment may be anything; two in a row are a series, and from then
    on repeats are left out. A frame waits until that is known, 2 × `_HELD` seconds at most.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Picture, bool]] = []  # with whether it repeats
        self._last: np.ndarray | None = None
        self._changed, self._change = -np.inf, 0.0
        self._series = 0

    def update(self, picture: Picture) -> list[Picture]:
        """The frames, in order, that are known now to be shown for themselves."""
        small = picture.small
        last, self._last = self._last, small
        change = np.inf if last is None else cv2.norm(last, small, cv2.NORM_L1) / small.size
        long = picture.time - self._changed >= _HELD
        repeats = change <= max(_SAME, _SHARE * self._change)
        after_repeats = bool(self._waiting) and self._waiting[-1][1]
        self._waiting.append((picture, repeats))
        if long:
            self._series = 0
        if repeats:
            return self._pass_on() if long else []
        self._changed, self._change = picture.time, min(change, _MOST)
        if long or not after_repeats:
            self._series = 0 if self._series == 1 else self._series
            return self._pass_on()
        self._series += 1
        return [] if self._series == 1 else self._pass_on(without_repeats=True)

    def finish(self) -> list[Picture]:
        """The frames that still wait when the video ends."""
        return self._pass_on(without_repeats=self._series != 1)

    def _pass_on(self, without_repeats: bool = False) -> list[Picture]:
        known = [p for p, repeats in self._waiting if not (repeats and without_repeats)]
        self._waiting.clear()
        return known
