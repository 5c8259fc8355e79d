"""The Timeline: what one pass over a video measured, one token per half second of media time.

Conventions: times are seconds since the stream's first presentation. A token starts at a multiple
of 0.5 s and holds means over its samples; NaN means that a signal was not there (no face in the
picture, no weights for the network). Columns are always those of `features.video.signals.COLUMNS`
in their order, whatever could be measured, so that arrays of different videos stack.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.checksums import damaged, pack, unpack
from data.words import Sentence

TOKEN = 0.5
"""Seconds of media time per token."""

_FILE = ("timeline", 2)


@dataclass(frozen=True, eq=False)
class Timeline:
    """Signals of one video over time.

    times : float64 (T,), start of each token in seconds, 0.5 s apart.
    values : float64 (T, n), NaN where a signal is missing.
    names : of its n columns.
    shots : (start, end) in seconds, in order, without gaps, from 0 to `duration`.
    duration : seconds that the picture lasts.
    palette : float32 (T, 36), share of the picture in each cell of a coarse CIELAB grid.
    embedding : float32 (T, D) mean embedding of each token, L2-normalised, or None without
        weights.
    keyframes : (time in seconds, JPEG bytes), about one per shot, at most 320 px.
    warnings : sentences that a person should see; those about the file begin with "The file".
    extractor : name, version and weights of what measured the values.
    looked : of a quick look, the tokens that it looked at, bool (T,); None where all were watched.
    """

    times: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]
    shots: list[tuple[float, float]]
    duration: float
    palette: np.ndarray
    embedding: np.ndarray | None = None
    keyframes: list[tuple[float, bytes]] = field(default_factory=list, repr=False)
    warnings: tuple[str, ...] = ()
    extractor: str = ""
    looked: np.ndarray | None = None

    def __post_init__(self) -> None:
        assert self.values.shape == (len(self.times), len(self.names)), self.values.shape
        assert len(self.palette) == len(self.times)
        assert self.embedding is None or len(self.embedding) == len(self.times)

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, name: str) -> np.ndarray:
        """The column of one name, shape (T,)."""
        return self.values[:, self.names.index(name)]

    @property
    def cuts(self) -> list[float]:
        """The times at which a new shot begins."""
        return [start for start, _ in self.shots[1:]]

    def save(self, path: str | os.PathLike) -> None:
        """Write a compressed archive with a checksum; the file appears whole or not at all."""
        jpegs = [jpeg for _, jpeg in self.keyframes]
        about = {
            "extractor": self.extractor,
            "names": self.names,
            "duration": self.duration,
            "warnings": [_plain(warning) for warning in self.warnings],
        }
        archive = io.BytesIO()
        np.savez_compressed(
            archive,
            about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            times=self.times,
            values=self.values,
            shots=np.array(self.shots, dtype=np.float64).reshape(-1, 2),
            palette=self.palette,
            embedding=np.zeros((0, 0), np.float32) if self.embedding is None else self.embedding,
            keyframe_times=np.array([time for time, _ in self.keyframes]),
            keyframe_sizes=np.array([len(jpeg) for jpeg in jpegs], dtype=np.int64),
            keyframe_bytes=np.frombuffer(b"".join(jpegs), dtype=np.uint8),
        )
        with atomic_path(path) as temporary:
            temporary.write_bytes(pack(*_FILE, archive.getvalue()))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Timeline:
        """Inverse of `save`. Raises `InputError` if the file is not a saved Timeline of this
        version."""
        cure = Sentence("video.watch_again")
        try:
            archive = unpack(Path(path).read_bytes(), *_FILE, path, cure)
        except OSError:
            raise damaged(path, cure) from None
        with np.load(io.BytesIO(archive), allow_pickle=False) as stored:
            return cls._from_arrays(stored)

    @classmethod
    def _from_arrays(cls, stored: Mapping[str, np.ndarray]) -> Timeline:
        about = json.loads(stored["about"].tobytes())
        ends = np.cumsum(stored["keyframe_sizes"])
        jpegs = np.split(stored["keyframe_bytes"], ends[:-1]) if len(ends) else []
        moments = map(float, stored["keyframe_times"])
        return cls(
            times=stored["times"],
            values=stored["values"],
            names=tuple(about["names"]),
            shots=[(float(a), float(b)) for a, b in stored["shots"]],
            duration=about["duration"],
            palette=stored["palette"],
            embedding=stored["embedding"] if stored["embedding"].size else None,
            keyframes=list(zip(moments, (j.tobytes() for j in jpegs), strict=True)),
            warnings=tuple(map(_spoken, about["warnings"])),
            extractor=about["extractor"],
        )


def _plain(value: object) -> Any:
    """A value of a sentence as JSON keeps it: sentences as their code and values."""
    if isinstance(value, Sentence):
        return {"code": value.code, **{name: _plain(v) for name, v in value.values.items()}}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if isinstance(value, int | float) else str(value)


def _spoken(kept: Any) -> Any:
    """Inverse of `_plain`."""
    if isinstance(kept, dict):
        values = {name: _spoken(v) for name, v in kept.items() if name != "code"}
        return Sentence(kept["code"], **values)
    return [_spoken(v) for v in kept] if isinstance(kept, list) else kept
