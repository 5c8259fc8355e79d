"""One pass over a video: every signal fed from the same decoded frames, gathered into a Timeline.

Signals are sampled by media time (a sample is taken when floor(t × rate) changes), so variable frame
rates and dropped frames do not shift them. Only numbers and a few small pictures are kept; memory
does not grow with the length of the film beyond those.
"""

from __future__ import annotations

import os
from array import array

import cv2
import numpy as np

from data.errors import InputError, Progress
from features.video.frames import Frame, VideoReader
from features.video.keyframes import KeyframeKeeper
from features.video.signals import colour, cuts, motion
from features.video.timeline import COLUMNS, TOKEN, Timeline

VERSION = "leitmotif-video 1"


def read_timeline(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline:
    """Watch a video once and measure it.

    `progress` is called with ("watching", seconds done, seconds in all or None) and may raise
    `Cancelled`. Raises `InputError` for a file that is missing, empty, no video, or has not one
    frame that can be decoded; damage that leaves frames to look at becomes a warning.
    """
    with VideoReader(path) as reader:
        watch = _Watch(reader)
        total = reader.duration if np.isfinite(reader.duration) else None
        for frame in reader:
            watch.look(frame)
            if progress and watch.fresh_second:
                progress("watching", frame.time, total)
        return watch.finish()


class _Clock:
    """Says when a sample is due."""

    def __init__(self, rate: float) -> None:
        self._rate, self._tick = rate, -1

    def due(self, time: float) -> bool:
        tick = int(time * self._rate + 1e-6)
        due, self._tick = tick != self._tick, tick
        return due


class _Rows:
    """Rows of numbers with their times, packed; averaged over tokens at the end."""

    def __init__(self, width: int) -> None:
        self._width, self._times, self._values = width, array("d"), array("d")

    def add(self, time: float, row: np.ndarray) -> None:
        self._times.append(time)
        self._values.frombytes(np.ascontiguousarray(row, dtype=np.float64).tobytes())

    @property
    def times(self) -> np.ndarray:
        return np.frombuffer(self._times) if self._times else np.zeros(0)

    @property
    def values(self) -> np.ndarray:
        return np.frombuffer(self._values).reshape(-1, self._width) if self._values else np.zeros((0, self._width))

    def per_token(self, count: int, keep: np.ndarray | None = None) -> np.ndarray:
        """Means over each of `count` tokens, NaN where there is no sample, shape (count, width)."""
        times, values = self.times, self.values
        if keep is not None:
            times, values = times[keep], values[keep]
        token = np.minimum((times / TOKEN + 1e-6).astype(int), count - 1)
        known = np.isfinite(values)
        sums, counts = np.zeros((count, self._width)), np.zeros((count, self._width))
        np.add.at(sums, token, np.where(known, values, 0.0))
        np.add.at(counts, token, known)
        return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


class _Watch:
    """The state of one pass."""

    def __init__(self, reader: VideoReader) -> None:
        cv2.setNumThreads(1)
        self._reader = reader
        self._cuts = cuts.CutSignal(reader.rate)
        self._motion = motion.MotionSignal()
        self._pairs = _Rows(len(motion.NAMES) + 1)  # with the time of the later frame in front
        self._colour = _Rows(len(colour.NAMES) + int(np.prod(colour.PALETTE_SHAPE)))
        self._keyframes = KeyframeKeeper()
        self._clocks = {name: _Clock(rate) for name, rate in (("motion", motion.RATE), ("colour", colour.RATE), ("progress", 1.0))}
        self.fresh_second = False

    def look(self, frame: Frame) -> None:
        found = self._cuts.update(frame.time, frame.image)
        self._keyframes.update(frame.time, frame.image, found)
        if self._clocks["motion"].due(frame.time):
            pair = self._motion.update(frame.time, frame.image)
            if pair:
                since, row = pair
                self._pairs.add(since, np.concatenate([[frame.time], row]))
        if self._clocks["colour"].due(frame.time):
            self._colour.add(frame.time, np.concatenate(colour.update(frame.image)))
        self.fresh_second = self._clocks["progress"].due(frame.time)

    def finish(self) -> Timeline:
        duration = self._reader.end
        if duration <= 0:
            raise InputError(f"{self._reader.path}: its picture lasts no time at all; give a video file.")
        count = max(int(np.ceil(duration / TOKEN - 1e-6)), 1)
        shots = cuts.shots(self._cuts.finish(), duration)
        times = np.arange(count) * TOKEN
        columns = dict.fromkeys(COLUMNS, np.full(count, np.nan))
        columns["seconds"] = np.minimum(duration - times, TOKEN)
        columns["cuts"] = np.bincount(_tokens([a for a, _ in shots[1:]], count), minlength=count).astype(float)
        columns |= self._motion_columns(count, shots)
        looked = _hold(self._colour.per_token(count))
        columns |= dict(zip(colour.NAMES, looked.T, strict=False))
        return Timeline(
            times=times,
            values=np.stack([columns[name] for name in COLUMNS], axis=1),
            shots=shots,
            duration=duration,
            palette=looked[:, len(colour.NAMES) :].astype(np.float32),
            keyframes=self._keyframes.finish(duration),
            warnings=tuple(self._reader.warnings),
            extractor=f"{VERSION} cuts+motion+colour",
        )

    def _motion_columns(self, count: int, shots: list[tuple[float, float]]) -> dict[str, np.ndarray]:
        """Motion per token without the pairs that straddle a cut; a screen that stood still moves by 0."""
        since, until = self._pairs.times, self._pairs.values[:, 0]
        starts = np.array([start for start, _ in shots[1:]])
        within = np.searchsorted(starts, since + 1e-6) == np.searchsorted(starts, until + 1e-6)
        all_pairs, kept = (np.bincount(_tokens(t, count), minlength=count) for t in (since, since[within]))
        means = self._pairs.per_token(count, within)[:, 1:]
        means[all_pairs == 0] = 0.0
        valid = np.divide(kept, all_pairs, out=np.full(count, float(len(since) > 0)), where=all_pairs > 0)
        return dict(zip(motion.NAMES, means.T, strict=True)) | {"flow_valid": valid}


def _tokens(times: list[float] | np.ndarray, count: int) -> np.ndarray:
    return np.minimum((np.asarray(times, dtype=float) / TOKEN + 1e-6).astype(int), count - 1)


def _hold(rows: np.ndarray) -> np.ndarray:
    """Tokens without a frame of their own show the last picture before them (or the first after)."""
    known = np.flatnonzero(np.isfinite(rows[:, 0]))
    at = np.maximum(np.searchsorted(known, np.arange(len(rows)), side="right") - 1, 0)
    return rows[known[at]]
