"""Hard cuts, told from motion, noise and light. A detector for PySceneDetect's interface.

PySceneDetect's AdaptiveDetector compares hue, saturation and lightness pixel by pixel. In dark,
busy or shaken shots neighbouring frames differ almost as much as two shots do: it finds 12 of the
17 cuts of the sample film, and takes text that fades in over black for a cut. Here a pixel counts
as changed only by how far it lies outside the colours around the same place in the other picture,
so that nothing that moved a little has changed. A cut changes much more than the frames around it
do, and leaves another picture: not the same in another light, nor the same with something in front.
Heuristic.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np
from scenedetect import FrameTimecode, SceneDetector

_SIZE = (40, 22)
_AROUND = np.ones((5, 5), np.uint8)
"""Motion up to two pixels of 40, a twentieth of the picture's width between frames, is no
change."""
_BESIDE = 2
"""Frames before and after that a cut is compared with, as in AdaptiveDetector."""
_LEAST_CHANGE, _LEAST_RATIO = 3.0, 5.0
"""Change at a cut: mean distance in 8-bit CIELAB (sum of three channels), and how many times that
of the frames beside it. Chosen with the rest on the sample film (17 cuts from 4.3 and 8.6 up;
motion up to 3.2 times) and on 77 real clips, where every difference from AdaptiveDetector was
looked at."""
_LEAST_NEW, _CHANGED = 0.12, 2.0
"""Share of the picture that changed (by more than `_CHANGED`) times the share of edges that did not
stay: what pops up over a picture leaves the rest in place (0.03–0.11), another shot does not."""
_SAME_LIGHT = 0.95
"""Correlation of the two pictures' lightness above which only the light changed."""
_NOISE = 0.5
"""Change that every recording has between frames."""


class _Change(NamedTuple):
    timecode: FrameTimecode
    size: float
    may_be_cut: bool


class HardCutDetector(SceneDetector):  # type: ignore[misc]  # its types are not read
    """Gives the first frame of each new shot, two frames late."""

    def __init__(self) -> None:
        super().__init__()
        self._last: np.ndarray | None = None
        self._changes: deque[_Change] = deque(maxlen=2 * _BESIDE + 1)

    def process_frame(self, timecode: FrameTimecode, frame_img: np.ndarray) -> list[FrameTimecode]:
        picture = cv2.cvtColor(
            cv2.resize(frame_img, _SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2LAB
        )
        if self._last is not None:
            self._changes.append(_change(timecode, self._last, picture))
        self._last = picture
        return self._cuts(len(self._changes) - 1 - _BESIDE)

    def post_process(self, timecode: FrameTimecode) -> list[FrameTimecode]:
        """The cuts among the last frames, which have fewer frames after them."""
        latest = range(max(0, len(self._changes) - _BESIDE), len(self._changes))
        return [cut for place in latest for cut in self._cuts(place)]

    def _cuts(self, place: int) -> list[FrameTimecode]:
        """The frame of the change at `place` in the buffer, if it is a cut."""
        if place < 0 or not self._changes[place].may_be_cut:
            return []
        first = max(0, place - _BESIDE)
        beside = [change.size for change in list(self._changes)[first : place + _BESIDE + 1]]
        change = self._changes[place]
        usual = (sum(beside) - change.size) / max(len(beside) - 1, 1)
        return [change.timecode] if change.size >= _LEAST_RATIO * max(usual, _NOISE) else []


def _change(timecode: FrameTimecode, before: np.ndarray, after: np.ndarray) -> _Change:
    gone, come = _outside(before, after), _outside(after, before)
    size = float(gone.mean() + come.mean()) / 2
    may_be_cut = size >= _LEAST_CHANGE and not _only_light(before, after)
    if may_be_cut:
        changed = float((np.maximum(gone, come) > _CHANGED).mean())
        may_be_cut = changed * (1 - _edges_kept(before, after)) >= _LEAST_NEW
    return _Change(timecode, size, may_be_cut)


def _outside(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each pixel lies outside the range of colours around its place in the other picture;
    summed over channels."""
    above = cv2.subtract(picture, cv2.dilate(other, _AROUND))  # saturates at 0
    below = cv2.subtract(cv2.erode(other, _AROUND), picture)
    return cv2.max(above, below).sum(axis=2, dtype=np.float32)


def _only_light(before: np.ndarray, after: np.ndarray) -> bool:
    a, b = (
        picture[..., 0].astype(np.float32) - picture[..., 0].mean() for picture in (before, after)
    )
    spread = float(a.std() * b.std())
    return spread > 0 and float((a * b).mean()) > _SAME_LIGHT * spread


def _edges_kept(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the two pictures' edges that both have in the same place."""
    a, b = (
        np.stack([cv2.Sobel(picture, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))])
        for picture in (before, after)
    )
    edges = float(np.abs(a).sum() + np.abs(b).sum())
    return 1 - float(np.abs(a - b).sum()) / edges if edges else 0.0
