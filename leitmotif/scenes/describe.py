"""One film described for the library: which frames are kept, and what they look like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from data.words import Sentence

VERSION = "leitmotif-scenes 2"
OPENING, ENDING = 4, 8
"""Bits of a mark beside those of `features.video.gates`: within what recurs at the beginning or
the end of episodes."""
_AT_ONCE = 32


class Task(NamedTuple):
    """path : the film. encoder : file of the weights, empty for those that are shipped."""

    path: str
    encoder: str = ""


class Frames(NamedTuple):
    """The frames kept of a film.

    times : float64 (n,), seconds, rising. layout : uint8 (n, 12), `features.video.colour_layout`.
    vectors : float32 (n, size), of the encoder. marks : uint8 (n,), bits `DARK`, `BLANK`,
    `OPENING`, `ENDING`. until : float64 (n,), seconds up to which frames like this one followed.
    """

    times: np.ndarray
    layout: np.ndarray
    vectors: np.ndarray
    marks: np.ndarray
    until: np.ndarray


@dataclass(frozen=True)
class Described:
    """What `describe` found: frames, or the reason why there are none."""

    path: str
    sha256: str = ""
    duration: float = 0.0
    rate: float = 0.0
    frames: Frames | None = None
    pictures: tuple[bytes, ...] = ()
    """Of each frame a small grey JPEG, for a second look."""
    parts: tuple[np.ndarray, ...] = ()
    """Of each frame the vectors of its parts, float16 (parts, size)."""
    reason: Sentence | None = None


def describe(task: Task) -> Described:
    """Read a film for the library. What is wrong with a file is its `reason`."""
    try:
        return _describe(task)
    except InputError as error:
        return Described(task.path, reason=error.sentence)


def _describe(task: Task) -> Described:
    # a worker process needs them, the command that starts it does not
    from features.video.colour_layout import colour_layout
    from features.video.encoder import Encoder
    from features.video.gates import mark
    from features.video.pictures import small_jpeg
    from features.video.stills import Stills, kept

    encoder = Encoder.load(task.encoder or None)
    times, layouts, marks, until, pictures = [], [], [], [], []
    every, waiting = [], []
    with Stills(task.path) as film:
        for still, end in kept(film.pictures()):
            times.append(still.time)
            until.append(end)
            layouts.append(colour_layout(still.picture))
            marks.append(mark(still.picture))
            pictures.append(small_jpeg(still.picture))
            waiting.append(still.picture)
            if len(waiting) == _AT_ONCE:
                every.append(encoder.embed_parts(waiting))
                waiting = []
        duration = film.length
        rate = float(film.fps)
    every.append(encoder.embed_parts(waiting))
    vectors = np.concatenate(every)
    frames = Frames(
        np.array(times),
        np.array(layouts, dtype=np.uint8).reshape(-1, 12),
        np.ascontiguousarray(vectors[:, 0]),
        np.array(marks, dtype=np.uint8),
        np.array(until),
    )
    content = content_of(Path(task.path))
    parts = tuple(vectors[:, 1:].astype(np.float16))
    return Described(task.path, content, duration, rate, frames, tuple(pictures), parts)


def content_of(path: Path) -> str:
    """SHA-256 of a file. Raises `InputError` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError("video.unreadable", file=path, why=error.strerror) from None
