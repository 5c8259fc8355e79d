"""Dissolves: where one picture turns into another by mixing. A detector for PySceneDetect's
interface.

PySceneDetect's own detectors look for sudden change and for black, and pass over dissolves (4 of 44
on clips with known ones). A dissolve is told from motion by its arithmetic: halfway through, the
picture is the mean of what was before and what comes after, and a quarter of the way it is mixed
one to three; and the two do not look alike. Heuristic.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from scenedetect import FrameTimecode, SceneDetector

_RATE = 10.0
_HALVES = (2, 3, 4, 6, 8)
"""Half lengths of dissolves looked for, in samples: 0.4 to 1.6 s in all."""
_LEAST_CHANGE = 12.0
"""Mean 8-bit difference between before and after."""
_MIX_ERROR, _QUARTER_ERROR = 0.2, 0.28
"""How far the pictures between may be from the mixture, in units of that difference. Chosen with
`_CALM` and `_LOOK_ALIKE` on 44 dissolves made from real clips (39 found, none invented in 170 s
without)."""
_LOOK_ALIKE = 0.7
"""Correlation of before and after above which only the light changed."""
_LEAST_CONTRAST = 6.0
"""A side with less is a plain colour: that is a fade."""
_CALM = 0.9
"""Just before and after, pictures change by less than this share of the pace in between (a slow pan
over fine texture mixes too, but never stops)."""
_BESIDE = 2
_APART = 8
_REACH = max(_HALVES) + _BESIDE
_SAMPLES = 2 * _REACH + 1


class _Sample(NamedTuple):
    timecode: FrameTimecode
    picture: np.ndarray


class DissolveDetector(SceneDetector):  # type: ignore[misc]  # its types are not read
    """Gives the middle of each dissolve, about a second late."""

    def __init__(self) -> None:
        super().__init__()
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)
        self._tick = -1
        self._best: tuple[float, FrameTimecode] | None = None
        self._waited = 0

    def process_frame(self, timecode: FrameTimecode, frame_img: np.ndarray) -> list[FrameTimecode]:
        tick = int(timecode.seconds * _RATE + 1e-6)
        if tick == self._tick:
            return []
        self._tick = tick
        picture = cv2.resize(frame_img, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._samples.append(_Sample(timecode, picture))
        if len(self._samples) < _SAMPLES:
            return []
        error = self._mixture_error()
        if error is not None and (self._best is None or error < self._best[0]):
            self._best, self._waited = (error, self._samples[_REACH].timecode), 0
        elif self._best is not None:
            self._waited += 1
            if self._waited >= _APART:
                return self._give()
        return []

    def post_process(self, timecode: FrameTimecode) -> list[FrameTimecode]:
        return self._give()

    def _give(self) -> list[FrameTimecode]:
        found = [self._best[1]] if self._best else []
        self._best = None
        return found

    def _mixture_error(self) -> float | None:
        """The least error of a dissolve centred on the middle sample; None if it is none."""
        pictures = [sample.picture for sample in self._samples]
        middle = _REACH
        changes = [_apart(pictures[middle - half], pictures[middle + half]) for half in _HALVES]
        errors = [
            self._error(pictures, half, change)
            for half, change in zip(_HALVES, changes, strict=True)
            if change >= _LEAST_CHANGE
        ]
        return min((e for e in errors if e is not None), default=None)

    def _error(self, pictures: list[np.ndarray], half: int, change: float) -> float | None:
        middle = _REACH
        before, after = pictures[middle - half], pictures[middle + half]
        at_half = _off(pictures[middle], before, after, 0.5) / change
        if at_half > _MIX_ERROR:
            return None
        at_quarters = (
            max(
                _off(pictures[middle + k], before, after, 0.5 + k / (2 * half))
                for k in (-(half // 2), half // 2)
            )
            / change
        )
        if at_quarters > _QUARTER_ERROR or _alike(before, after):
            return None
        pace = change * _BESIDE / (2 * half)
        if (
            max(
                _apart(pictures[middle - half - _BESIDE], before),
                _apart(pictures[middle + half + _BESIDE], after),
            )
            > _CALM * pace
        ):
            return None
        return at_half + at_quarters


def _off(picture: np.ndarray, before: np.ndarray, after: np.ndarray, share: float) -> float:
    return _apart(picture, (1 - share) * before + share * after)


def _apart(picture: np.ndarray, other: np.ndarray) -> float:
    """Mean difference, in 8-bit levels."""
    return cv2.norm(picture, other, cv2.NORM_L1) / picture.size


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two pictures show the same in another light, or one of them nothing."""
    a, b = a.mean(axis=2), b.mean(axis=2)
    a, b = a - a.mean(), b - b.mean()
    spread = a.std(), b.std()
    return (
        min(spread) < _LEAST_CONTRAST
        or float((a * b).mean() / (spread[0] * spread[1])) > _LOOK_ALIKE
    )
