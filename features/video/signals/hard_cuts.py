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
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from scenedetect import FrameTimecode, SceneDetector

from features.video.signals.repeats import SIZE

T = TypeVar("T")

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


_DOUBTED_RATIO, _DOUBTED_NEW = 2.5, 0.09
"""As `_LEAST_RATIO` and `_LEAST_NEW`, of what might be a cut to who sees more frames. Heuristic:
two frames apart, motion changes twice as much."""
_MIXED = 2
"""Mixed pictures between two shots at most: one in telecined, field-wise joined or blended video,
two where film was blended to 50 or 60 frames a second."""
_MIX_LEAST, _MIX_ERROR = 0.2, 0.3
"""Share of either shot in a mixed picture at least (with less, the step beside it is still a cut by
itself), and how far it may be from the mixture in units of the difference of the two (both move on
meanwhile). Heuristic, as the next two; chosen on the sample film telecined, joined by fields and
blended (17 of 17 cuts in twelve versions) and on 77 real clips (none invented)."""
_LEAST_NEW_MIXED = 0.25
"""As `_LEAST_NEW`, across mixed pictures: light that changes within two frames reaches 0.13."""
_PLAIN = 2.0
"""Standard deviation of lightness below which a picture is a plain colour: what comes out of one is
a fade."""


class _Picture(NamedTuple):
    """A picture among different ones, and how it differs from the one before it."""

    timecode: FrameTimecode
    image: np.ndarray
    change: float | None = None
    may_be_cut: bool = False


class Once:
    """What is worked out of pictures, kept for another detector that is shown the same arrays."""

    _most = 400
    """Results kept: some seconds of pictures and of pairs."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], tuple[tuple[np.ndarray, ...], Any]] = {}

    def __call__(self, work: Callable[..., T], *pictures: np.ndarray) -> T:
        """`work` of the pictures, which are told by identity."""
        key = (work, *map(id, pictures))
        if key not in self._kept:
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = pictures, work(*pictures)
        found: T = self._kept[key][1]
        return found


class Doubt(NamedTuple):
    """What might be a cut to who sees more frames, between two times in seconds.

    sure : whether it is one, and only the frames between them could say where.
    """

    before: float
    after: float
    sure: bool


class HardCutDetector(SceneDetector):  # type: ignore[misc]  # its types are not read
    """Gives the first frame of each new shot, two frames late.

    Where the last picture of a shot and the first of the next are mixed in one or two pictures
    between them, the cut lies across these.

    mixed : seconds of such cuts.
    doubts : what might be one to who sees more frames, cuts included.
    once : shared with other detectors that see the same pictures.
    """

    def __init__(self, once: Once | None = None) -> None:
        super().__init__()
        self._once = once or Once()
        self.mixed: list[float] = []
        self.doubts: list[Doubt] = []
        self._pictures: deque[_Picture] = deque(maxlen=2 * (_MIXED + 1) + _BESIDE + 1)
        self._entered, self._found, self._doubted = 0, -1, -1

    def process_frame(self, timecode: FrameTimecode, frame_img: np.ndarray) -> list[FrameTimecode]:
        if frame_img.shape[1::-1] != SIZE:
            frame_img = cv2.resize(frame_img, SIZE, interpolation=cv2.INTER_AREA)
        image = self._once(_lab, frame_img)
        last = self._pictures[-1].image if self._pictures else None
        change = (None, False) if last is None else self._once(_compare, last, image)
        self._pictures.append(_Picture(timecode, image, *change))
        self._entered += 1
        place = len(self._pictures) - 1 - _BESIDE
        if self._late(place) >= _LEAST_CHANGE:
            self._doubt(place)
        return self._cuts(place)

    def post_process(self, timecode: FrameTimecode) -> list[FrameTimecode]:
        """The cuts among the last frames, which have fewer frames after them."""
        latest = range(max(1, len(self._pictures) - _BESIDE), len(self._pictures))
        return [cut for place in latest for cut in self._cuts(place)]

    def _late(self, place: int) -> float:
        """How much changed in all on the longest way that may be a cut to the picture at `place`:
        with less than it takes, there is none on a shorter one."""
        way = range(max(place - _MIXED, 1), place + 1)
        return sum(self._pictures[k].change or 0.0 for k in way)

    def _doubt(self, place: int) -> None:
        """Note what leads to the picture at `place` if much changed there."""
        pictures = self._pictures
        for span in range(1, min(place, _MIXED + 1) + 1):
            first = place - span
            if self._entered - len(pictures) + first < self._doubted:
                return
            change = sum(pictures[k].change or 0.0 for k in range(first + 1, place + 1))
            beside = [*range(max(first - 1, 1), first + 1), *range(place + 1, len(pictures))]
            changes = [span * (pictures[k].change or 0.0) for k in beside] or [0.0]
            usual = max(sum(changes) / len(changes), _NOISE)
            if change < max(_LEAST_CHANGE, _DOUBTED_RATIO * usual):
                continue
            before, after = pictures[first], pictures[place]
            if _compare(before.image, after.image, _DOUBTED_NEW)[1]:
                # with more frames shown, those beside it change less
                sure = span == 1 and after.may_be_cut and change >= _LEAST_RATIO * usual
                self._note(first, place, sure)
                return

    def _note(self, first: int, place: int, sure: bool = False) -> None:
        """Doubt what lies between two pictures, once."""
        before, after = (self._pictures[k].timecode.seconds for k in (first, place))
        number = self._entered - len(self._pictures)
        if number + first >= self._doubted:
            self.doubts.append(Doubt(before, after, sure))
            self._doubted = number + place

    def _cuts(self, place: int) -> list[FrameTimecode]:
        """The first picture of the new shot, if a cut leads to the picture at `place`."""
        if self._late(place) < _LEAST_CHANGE / 2:
            return []
        number = self._entered - len(self._pictures) + place
        for mixed in range(_MIXED + 1):
            if place - mixed < 1 or (mixed and number - mixed <= self._found):
                return []
            cut = self._across(place - mixed - 1, place)
            if cut is not None:
                self._found = number
                self._note(place - mixed - 1, place)
                self.mixed += [cut.seconds] * (mixed > 0)
                return [cut]
        return []

    def _across(self, first: int, place: int) -> FrameTimecode | None:
        """The cut between the pictures at `first` and `place`, which belong to two shots while
        those between are mixtures of them; None if it is none."""
        if place == first + 1 and not self._pictures[place].may_be_cut:
            return None
        pictures = list(self._pictures)
        before, between, after = pictures[first], pictures[first + 1 : place], pictures[place]
        change, may_be_cut, begins = after.change, after.may_be_cut, after
        if between:
            shares = _mixture(before, between, after)
            if not shares:
                return None
            change, may_be_cut = _compare(before.image, after.image, _LEAST_NEW_MIXED)
            begins = next((p for p, new in zip(between, shares, strict=True) if new >= 0.5), after)
        usual = _usual(pictures, first, place)
        beaten = (
            usual is not None and change is not None and change >= _LEAST_RATIO * max(usual, _NOISE)
        )
        return begins.timecode if may_be_cut and beaten else None


def _usual(pictures: list[_Picture], first: int, place: int) -> float | None:
    """Mean change beside a cut from the picture at `first` to that at `place`, over the same number
    of pictures; None where there is nothing to compare with."""
    span = place - first
    if span == 1:
        beside = pictures[max(0, first - 1) : place] + pictures[place + 1 : place + 1 + _BESIDE]
        changes = [picture.change for picture in beside if picture.change is not None]
        return sum(changes) / max(len(changes), 1)
    later = min(place + span, len(pictures) - 1)
    if first < span or later < place + _BESIDE:
        return None
    before = _compare(pictures[first - span].image, pictures[first].image)[0]
    return (before + _compare(pictures[place].image, pictures[later].image)[0]) / 2


def _mixture(before: _Picture, between: list[_Picture], after: _Picture) -> list[float]:
    """The share of the new shot in each picture between, rising; none if one is no mixture."""
    if sum(picture.change or 0.0 for picture in (*between, after)) < _LEAST_CHANGE / 2:
        return []
    if min(picture.image[..., 0].std() for picture in (before, after)) < _PLAIN:
        return []
    old = before.image.astype(np.float32)
    way = after.image.astype(np.float32) - old
    length, power = float(np.abs(way).mean()), float((way * way).sum())
    shares = [0.0]
    for picture in between:
        come = picture.image.astype(np.float32) - old
        share = float((come * way).sum()) / max(power, 1e-9)
        if not shares[-1] + _MIX_LEAST <= share <= 1 - _MIX_LEAST:
            return []
        if float(np.abs(come - share * way).mean()) > _MIX_ERROR * length:
            return []
        shares.append(share)
    return shares[1:]


def _lab(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)


def _compare(
    before: np.ndarray, after: np.ndarray, least_new: float = _LEAST_NEW
) -> tuple[float, bool]:
    """How much changed, and whether another picture was left by it."""
    gone, come = _outside(before, after), _outside(after, before)
    size = (sum(cv2.sumElems(gone)) + sum(cv2.sumElems(come))) / (2 * gone[..., 0].size)
    may_be_cut = size >= _LEAST_CHANGE and not _only_light(before, after)
    if may_be_cut:
        most = np.maximum(*(p.sum(axis=2, dtype=np.float32) for p in (gone, come)))
        changed = float((most > _CHANGED).mean())
        may_be_cut = changed * (1 - _edges_kept(before, after)) >= least_new
    return size, may_be_cut


def _outside(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each pixel lies outside the range of colours around its place in the other picture,
    by channel; uint8."""
    above = cv2.subtract(picture, cv2.dilate(other, _AROUND))  # saturates at 0
    below = cv2.subtract(cv2.erode(other, _AROUND), picture)
    return cv2.max(above, below)


def _only_light(before: np.ndarray, after: np.ndarray) -> bool:
    a, b = (
        picture[..., 0].astype(np.float32) - picture[..., 0].mean() for picture in (before, after)
    )
    sds = float(a.std() * b.std())
    return sds > 0 and float((a * b).mean()) > _SAME_LIGHT * sds


def _edges_kept(before: np.ndarray, after: np.ndarray) -> float:
    """Share of the two pictures' edges that both have in the same place."""
    a, b = (
        np.stack([cv2.Sobel(picture, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))])
        for picture in (before, after)
    )
    edges = float(np.abs(a).sum() + np.abs(b).sum())
    return 1 - float(np.abs(a - b).sum()) / edges if edges else 0.0
