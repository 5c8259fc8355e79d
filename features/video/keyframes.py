"""One small picture per shot, from about its middle, chosen while the video streams by."""

from __future__ import annotations

import cv2
import numpy as np

from features.video.frames import Frame

MOST = 400
"""Keyframes kept of one video at most; of a longer one every second, fourth … shot."""
_FIRST = 0.1
_SIDE = 320


class KeyframeKeeper:
    """Holds candidates at doubling ages of the running shot, so that one lies near its middle."""

    def __init__(self) -> None:
        self._start = 0.0
        self._candidates: list[tuple[float, np.ndarray]] = []
        self._kept: list[tuple[float, bytes]] = []
        self._stride = 1
        self._shots = 0

    def close(self, cuts: list[float]) -> None:
        """Cuts that were recognised just now, a little after their time."""
        for cut in cuts:
            self._close(cut)

    def update(self, frame: Frame) -> None:
        """The next sampled frame."""
        age = frame.time - self._start
        if not self._candidates or age >= 2 * max(self._candidates[-1][0] - self._start, _FIRST):
            self._candidates = [*self._candidates[-2:], (frame.time, frame.picture(_SIDE))]

    def finish(self, duration: float) -> list[tuple[float, bytes]]:
        """(time, JPEG) of every kept shot, in order."""
        self._close(duration)
        return self._kept

    def _close(self, end: float) -> None:
        middle = (self._start + end) / 2
        within = [c for c in self._candidates if self._start <= c[0] < end]
        if within and self._shots % self._stride == 0:
            time, image = min(within, key=lambda c: abs(c[0] - middle))
            self._kept.append(
                (time, cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
            )
        self._shots += bool(within)
        self._candidates = [c for c in self._candidates if c[0] >= end]
        self._start = end
        if len(self._kept) > MOST:
            self._kept, self._stride = self._kept[::2], self._stride * 2
