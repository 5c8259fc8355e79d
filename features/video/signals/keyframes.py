"""One small picture per shot, from about its middle, chosen while the video streams by.

Pictures that show nothing give way to others of the shot, and a shot that looks like the one before
it needs no picture of its own (`features.video.gates`).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from features.video.frames import Frame
from features.video.gates import Gate, mark
from features.video.signals.contract import Pass, Signal

MOST = 400
"""Keyframes kept of one video at most; of a longer one every second, fourth … shot."""
_FIRST = 0.1
SIDE = 320


class KeyframeSignal(Signal):
    """Holds candidates at doubling ages of the running shot, so that one lies near its middle."""

    name = "keyframes"
    rate = 10.0

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._start = 0.0
        self._closed = 0
        self._candidates: list[tuple[float, np.ndarray]] = []
        self._kept: list[tuple[float, bytes]] = []
        self._stride = 1
        self._shots = 0
        self._gate = Gate(window=1)

    def update(self, frame: Frame) -> None:
        """The next sampled frame; cuts recognised since the last one close their shots first."""
        self._close_shots()
        age = frame.time - self._start
        if not self._candidates or age >= 2 * max(self._candidates[-1][0] - self._start, _FIRST):
            self._candidates = [*self._candidates[-2:], (frame.time, frame.picture(SIDE))]

    def finish(self) -> np.ndarray:
        """No columns."""
        self._close_shots()
        self._close(self.seen.duration)
        return np.zeros((self.seen.tokens, 0))

    def fields(self) -> dict[str, Any]:
        """`keyframes`: (time in seconds, JPEG) of every kept shot, in order."""
        return {"keyframes": self._kept}

    def _close_shots(self) -> None:
        for cut in self.seen.cuts[self._closed :]:
            self._close(cut)
        self._closed = len(self.seen.cuts)

    def _close(self, end: float) -> None:
        middle = (self._start + end) / 2
        within = [c for c in self._candidates if self._start <= c[0] < end]
        if within and self._shots % self._stride == 0:
            time, image = min(within, key=lambda c: (mark(c[1]), abs(c[0] - middle)))
            if self._gate.new(image):
                self._kept.append((time, jpeg(image)))
        self._shots += bool(within)
        self._candidates = [c for c in self._candidates if c[0] >= end]
        self._start = end
        if len(self._kept) > MOST:
            self._kept, self._stride = self._kept[::2], self._stride * 2


def jpeg(image: np.ndarray) -> bytes:
    """A BGR uint8 picture as JPEG."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
