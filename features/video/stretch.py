"""Every frame of a part of a film, without reading what lies before it.

Frames are counted from 0 as presented: counted where the film is read from its beginning, and
reckoned from time and rate where it is entered at a key frame.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np

from data.errors import InputError
from data.words import Sentence
from features.video.frames import Frame, VideoReader

FROM_START_S = 30.0
"""Seconds at the beginning of a film that are not entered by a seek: counting is exact there, and
a seek would save little. Heuristic."""


class Stretch(NamedTuple):
    """Consecutive frames of a film.

    times : seconds, float64 (n,). pictures : grey, uint8 (n, h, w). first : number of the first.
    """

    times: np.ndarray
    pictures: np.ndarray
    first: int


class StretchReader(VideoReader):
    """A film that is read from any place on."""

    def numbered(self, start: float, end: float) -> Iterator[tuple[int, Frame]]:
        """(number, frame) of every frame shown between two times, in order.

        The frame that is on the screen at `start` is the first one.
        """
        if start <= FROM_START_S:
            yield from self._shown(enumerate(self), start, end)
        else:
            yield from self._shown(self._entered(start), start, end)

    def _shown(
        self, frames: Iterator[tuple[int, Frame]], start: float, end: float
    ) -> Iterator[tuple[int, Frame]]:
        before: tuple[int, Frame] | None = None
        for numbered in frames:
            if before and before[1].time >= end:
                return
            if before and numbered[1].time > start:
                yield before
            before = numbered
        if before and before[1].time < end:
            yield before

    def _entered(self, start: float) -> Iterator[tuple[int, Frame]]:
        """Frames from the key frame before a time on; leading pictures that lack theirs are left
        out."""
        self._boxes = self._boxes or self._find_boxes()
        first, base = self._stream.start_time or 0, self._stream.time_base
        self._container.seek(first + int(start / base), stream=self._stream)
        key: int | None = None
        for packet in self._container.demux(self._stream):
            if key is None and packet.is_keyframe and packet.pts is not None:
                key = packet.pts
            try:
                decoded = packet.decode()
            except av.error.FFmpegError:
                continue
            for source in decoded:
                if source.pts is None or key is None or source.pts < key:
                    continue
                time = float((source.pts - first) * base)
                frame = self._frame(time, source)
                yield round(time * float(self.fps)), frame


def read_stretch(path: str | os.PathLike[str], start: float, end: float, side: int) -> Stretch:
    """The grey pictures between two times, longer side `side` px, without bars.

    Raises `InputError` if the film cannot be read; no frames if none is shown there.
    """
    numbers, times, pictures = [], [], []
    with StretchReader(path) as reader:
        for number, frame in reader.numbered(start, end):
            numbers.append(number)
            times.append(frame.time)
            pictures.append(cv2.cvtColor(frame.picture(side), cv2.COLOR_BGR2GRAY))
    if not pictures:
        return Stretch(np.zeros(0), np.zeros((0, 1, 1), np.uint8), 0)
    shape = pictures[0].shape
    fitting = [p if p.shape == shape else cv2.resize(p, shape[::-1]) for p in pictures]
    return Stretch(np.array(times), np.stack(fitting), numbers[0])


def frames_at(
    path: str | os.PathLike[str], seconds: Sequence[float], side: int
) -> Iterator[np.ndarray]:
    """What is on the screen at rising times: BGR uint8, at most `side` px, without bars.

    After the last frame it stays. Raises `InputError` if the film cannot be read or nothing of it
    is shown there.
    """
    with StretchReader(path) as reader:
        shown = reader.numbered(max(seconds[0], 0.0), math.inf)
        current = next(shown, None)
        if current is None:
            raise InputError("video.no_frame", file=Path(path), cure=Sentence("video.cure"))
        following, picture = next(shown, None), current[1].picture(side)
        for time in seconds:
            while following is not None and following[1].time <= time + 1e-6:
                current, following = following, next(shown, None)
                if following is None or following[1].time > time + 1e-6:
                    picture = current[1].picture(side)
            yield picture


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture in the middle of a black one of this size, as large as it goes."""
    h, w = picture.shape[:2]
    scale = min(width / w, height / h)
    size = (max(round(w * scale), 1), max(round(h * scale), 1))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas = np.zeros((height, width, 3), np.uint8)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=way)
    return canvas
