"""One pass over a video: every signal fed from the same decoded frames, gathered into a Timeline.

Signals are sampled by media time (a sample is taken when floor(t × rate) changes), so variable frame
rates and dropped frames do not shift them. Only numbers and a few small pictures are kept; memory
does not grow with the length of the film beyond those.
"""

from __future__ import annotations

import os
from array import array
from contextlib import ExitStack

import cv2
import numpy as np

from data.errors import InputError, Progress
from features.pretrained import locate
from features.video.frames import Frame, VideoReader
from features.video.keyframes import KeyframeKeeper
from features.video.signals import colour, cuts, embedding, faces, motion, networks
from features.video.timeline import COLUMNS, TOKEN, Timeline

VERSION = "leitmotif-video 2"
_ALWAYS = "cuts+motion+colour"
_FACE_NETWORKS = ("yunet", "face_landmarker")
_EMBEDDER = "mobilenet_v3_small"


def read_timeline(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline:
    """Watch a video once and measure it.

    `progress` is called with ("watching", seconds done, seconds in all or None) and may raise
    `Cancelled`. Raises `InputError` for a file that is missing, empty, no video, or has not one
    frame that can be decoded; damage that leaves frames to look at becomes a warning.
    """
    with VideoReader(path) as reader, ExitStack() as stack:
        watch = _Watch(reader, stack)
        total = reader.duration if np.isfinite(reader.duration) else None
        for frame in reader:
            watch.look(frame)
            if progress and watch.fresh_second:
                progress("watching", frame.time, total)
        return watch.finish()


def expected_extractor() -> str:
    """The extractor of Timelines read here and now, if every network whose weights are there starts."""
    faces_there = all(locate(name) for name in _FACE_NETWORKS)
    names = (*(_FACE_NETWORKS if faces_there else ()), *((_EMBEDDER,) if locate(_EMBEDDER) else ()))
    return " ".join((VERSION, _ALWAYS, *map(networks.identity, names)))


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
        return (
            np.frombuffer(self._values).reshape(-1, self._width)
            if self._values
            else np.zeros((0, self._width))
        )

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

    def __init__(self, reader: VideoReader, stack: ExitStack) -> None:
        cv2.setNumThreads(1)
        self._reader = reader
        self._lost: dict[str, str] = {}
        self._parts = [_ALWAYS]
        self._faces = self._open_faces(stack)
        self._embedder = self._open_embedder(stack)
        self._looks = _Rows(len(faces.NAMES))
        self._vectors: dict[int, np.ndarray] = {}
        self._look_clock, self._vector_clock = _Clock(faces.RATE), _Clock(embedding.RATE)
        self._cuts = cuts.CutSignal(reader.rate)
        self._motion = motion.MotionSignal()
        self._pairs = _Rows(len(motion.NAMES) + 1)  # with the time of the later frame in front
        self._colour = _Rows(len(colour.NAMES) + int(np.prod(colour.PALETTE_SHAPE)))
        self._keyframes = KeyframeKeeper()
        self._clock, self._seconds = _Clock(motion.RATE), _Clock(1.0)
        self.fresh_second = False

    def _open_faces(self, stack: ExitStack) -> faces.FaceSignal | None:
        try:
            signal = faces.FaceSignal(
                networks.face_detector(), stack.enter_context(networks.task("face_landmarker"))
            )
        except networks.Unavailable as why:
            self._lost[
                "faces are not looked for (character tension and image affinity stay neutral)"
            ] = str(why)
            return None
        self._parts += map(networks.identity, _FACE_NETWORKS)
        return signal

    def _open_embedder(self, stack: ExitStack) -> embedding.EmbeddingSignal | None:
        try:
            signal = embedding.EmbeddingSignal(stack.enter_context(networks.task(_EMBEDDER)))
        except networks.Unavailable as why:
            self._lost["what the pictures show is judged by colour alone (narrative content)"] = (
                str(why)
            )
            return None
        self._parts.append(networks.identity(_EMBEDDER))
        return signal

    def look(self, frame: Frame) -> None:
        found = self._cuts.update(frame.time, frame.small)
        self._keyframes.close(found)
        if found and self._faces:
            self._faces.cut()
        if self._clock.due(frame.time):
            self._sample(frame)
        self.fresh_second = self._seconds.due(frame.time)

    def _sample(self, frame: Frame) -> None:
        """What is looked at ten times a second."""
        self._keyframes.update(frame)
        self._colour.add(frame.time, np.concatenate(colour.update(frame.small)))
        picture = frame.picture(motion.SIDE)
        pair = self._motion.update(frame.time, picture)
        if pair:
            since, row = pair
            self._pairs.add(since, np.concatenate([[frame.time], row]))
        if self._faces and self._look_clock.due(frame.time):
            self._looks.add(frame.time, self._faces.update(frame, self._motion.residual))
        if self._embedder and self._vector_clock.due(frame.time):
            token = int(frame.time / TOKEN + 1e-6)
            self._vectors[token] = self._vectors.get(token, 0) + self._embedder.update(picture)

    def finish(self) -> Timeline:
        duration = self._reader.end
        if duration <= 0:
            raise InputError(
                f"{self._reader.path}: its picture lasts no time at all; give a video file."
            )
        count = max(int(np.ceil(duration / TOKEN - 1e-6)), 1)
        shots = cuts.shots(self._cuts.finish(), duration)
        times = np.arange(count) * TOKEN
        columns = dict.fromkeys(COLUMNS, np.full(count, np.nan))
        columns["seconds"] = np.minimum(duration - times, TOKEN)
        columns["cuts"] = np.bincount(
            _tokens([a for a, _ in shots[1:]], count), minlength=count
        ).astype(float)
        columns |= self._motion_columns(count, shots)
        looked = _hold(self._colour.per_token(count))
        columns |= dict(zip(colour.NAMES, looked.T, strict=False))
        if self._faces:
            columns |= dict(zip(faces.NAMES, _hold(self._looks.per_token(count)).T, strict=True))
        vectors = self._embedded(count)
        if vectors is not None:
            columns["novelty"] = embedding.novelty(vectors)
        return Timeline(
            times=times,
            values=np.stack([columns[name] for name in COLUMNS], axis=1),
            shots=shots,
            duration=duration,
            palette=looked[:, len(colour.NAMES) :].astype(np.float32),
            embedding=vectors,
            keyframes=self._keyframes.finish(duration),
            warnings=(*self._reader.warnings, *self._missed()),
            extractor=" ".join((VERSION, *self._parts)),
        )

    def _missed(self) -> list[str]:
        """One sentence about all that the networks missing here would have seen."""
        if not self._lost:
            return []
        lost, why = " and ".join(self._lost), "; ".join(dict.fromkeys(self._lost.values()))
        return [f"{lost[0].upper()}{lost[1:]}, because {why}."]

    def _embedded(self, count: int) -> np.ndarray | None:
        """Mean embedding of each token, L2-normalised, float32 (count, 1024)."""
        if not self._embedder:
            return None
        vectors = np.empty((count, embedding.SIZE), np.float32)
        held = next(iter(self._vectors.values()))
        for token in range(count):
            held = self._vectors.pop(token, held)
            vectors[token] = held / max(float(np.linalg.norm(held)), 1e-9)
        return vectors

    def _motion_columns(
        self, count: int, shots: list[tuple[float, float]]
    ) -> dict[str, np.ndarray]:
        """Motion per token without the pairs that straddle a cut.

        A token without a pair of its own moves on as before if it is short of a frame, and not at all
        if the screen stood still.
        """
        since, until = self._pairs.times, self._pairs.values[:, 0]
        starts = np.array([start for start, _ in shots[1:]])
        within = np.searchsorted(starts, since + 1e-6) == np.searchsorted(starts, until + 1e-6)
        all_pairs, kept = (
            np.bincount(_tokens(t, count), minlength=count) for t in (since, since[within])
        )
        means = self._pairs.per_token(count, within)[:, 1:]
        for token in np.flatnonzero(all_pairs == 0):
            before = np.searchsorted(until, token * TOKEN, side="right")
            held = token * TOKEN - (until[before - 1] if before else 0.0) > motion.LONGEST_GAP
            means[token] = 0.0 if held or token == 0 else means[token - 1]
        valid = np.divide(
            kept, all_pairs, out=np.full(count, float(len(since) > 0)), where=all_pairs > 0
        )
        return dict(zip(motion.NAMES, means.T, strict=True)) | {"flow_valid": valid}


def _tokens(times: list[float] | np.ndarray, count: int) -> np.ndarray:
    return np.minimum((np.asarray(times, dtype=float) / TOKEN + 1e-6).astype(int), count - 1)


def _hold(rows: np.ndarray) -> np.ndarray:
    """Tokens without a frame of their own show the last picture before them (or the first after)."""
    known = np.flatnonzero(np.isfinite(rows[:, 0]))
    at = np.maximum(np.searchsorted(known, np.arange(len(rows)), side="right") - 1, 0)
    return rows[known[at]]
