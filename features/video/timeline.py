"""The Timeline: what one pass over a video measured, one token per half second of media time.

Conventions: times are seconds since the stream's first presentation. A token starts at a multiple
of 0.5 s and holds means over its samples; NaN means that a signal was not there (no face in the
picture, no weights for the network). Columns are always the same and in this order, whatever could
be measured, so that arrays of different videos stack.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError

TOKEN = 0.5
"""Seconds of media time per token."""

CUT_COLUMNS = ("seconds", "cuts")
"""Seconds of the token that were watched (less than 0.5 only in the last one); shots that begin in it."""

MOTION_COLUMNS = (
    "motion",  # mean length of the flow, picture diagonals per second
    "camera_motion",  # the same of its affine (camera) part
    "residual_motion",  # the same of what the camera does not explain
    "residual_energy",  # mean square of that, (diagonals per second)²
    "pan_x",  # mean flow to the right, diagonals per second
    "pan_y",  # and downwards
    "zoom",  # growth of the picture, 1/s
    "flow_valid",  # share of the token's flow pairs that lay within one shot
)

COLOUR_COLUMNS = (
    "lightness",  # mean CIELAB L*, 0–100
    "chroma",  # mean C*
    "green_red",  # mean a*
    "blue_yellow",  # mean b*
    "saturation",  # mean HSV saturation, 0–1
    "brightness",  # mean HSV value, 0–1
    "contrast",  # standard deviation of L*
    "lighting_key",  # mean × standard deviation of HSV value (Rasheed, Sheikh & Shah 2005)
    "colourfulness",  # Hasler & Süsstrunk 2003
    "heat",  # Ou et al. 2004, mean over pixels
    "weight",
    "activity",
)

FACE_COLUMNS = (
    "face_presence",  # share of looks in which a face was found, 0–1
    "face_count",  # faces per look
    "face_area",  # share of the picture under the largest face; 0 without one
    "face_valence",  # −1–1; this and all below are NaN without a face whose expression could be read
    "face_arousal",
    "face_smile",  # 0–1
    "face_gaze",  # 1 looking into the camera, 0 away
    "face_motion",  # residual motion inside the face boxes, diagonals per second
    "happy",  # expression evidence, 0–1 each
    "surprised",
    "angry",
    "afraid",
    "disgusted",
    "sad",
)

EMBEDDING_COLUMNS = ("novelty",)
"""1 − cosine between the token's mean embedding and the previous token's."""

COLUMNS = (*CUT_COLUMNS, *MOTION_COLUMNS, *COLOUR_COLUMNS, *FACE_COLUMNS, *EMBEDDING_COLUMNS)


@dataclass(frozen=True, eq=False)
class Timeline:
    """Signals of one video over time.

    times : float64 (T,), start of each token in seconds, 0.5 s apart.
    values : float64 (T, n), NaN where a signal is missing.
    shots : (start, end) in seconds, in order, without gaps, from 0 to `duration`.
    duration : seconds that the picture lasts.
    palette : float32 (T, 36), share of the picture in each cell of a coarse CIELAB grid.
    embedding : float32 (T, 1024) mean embedding of each token, L2-normalised, or None without weights.
    keyframes : (time in seconds, JPEG bytes), about one per shot, at most 320 px.
    warnings : sentences that a person should see; those about the file begin with "The file".
    extractor : name, version and weights of what measured the values.
    """

    times: np.ndarray
    values: np.ndarray
    shots: list[tuple[float, float]]
    duration: float
    palette: np.ndarray
    embedding: np.ndarray | None = None
    keyframes: list[tuple[float, bytes]] = field(default_factory=list, repr=False)
    warnings: tuple[str, ...] = ()
    extractor: str = ""
    names: tuple[str, ...] = COLUMNS

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
        """Write a compressed .npz; the file appears whole or not at all."""
        jpegs = [jpeg for _, jpeg in self.keyframes]
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                times=self.times,
                values=self.values,
                shots=np.array(self.shots, dtype=np.float64).reshape(-1, 2),
                duration=np.float64(self.duration),
                palette=self.palette,
                embedding=np.zeros((0, 0), np.float32)
                if self.embedding is None
                else self.embedding,
                keyframe_times=np.array([time for time, _ in self.keyframes]),
                keyframe_sizes=np.array([len(jpeg) for jpeg in jpegs], dtype=np.int64),
                keyframe_bytes=np.frombuffer(b"".join(jpegs), dtype=np.uint8),
                warnings=np.array(self.warnings, dtype=np.str_),
                extractor=np.str_(self.extractor),
                names=np.array(self.names, dtype=np.str_),
            )

    @classmethod
    def load(cls, path: str | os.PathLike) -> Timeline:
        """Inverse of `save`. Raises `InputError` if the file is not a saved Timeline."""
        try:
            with np.load(Path(path), allow_pickle=False) as stored:
                return cls._from_arrays(stored)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a saved timeline ({error}); analyse the video again."
            ) from None

    @classmethod
    def _from_arrays(cls, stored: np.lib.npyio.NpzFile) -> Timeline:
        ends = np.cumsum(stored["keyframe_sizes"])
        jpegs = np.split(stored["keyframe_bytes"], ends[:-1]) if len(ends) else []
        return cls(
            times=stored["times"],
            values=stored["values"],
            shots=[(float(a), float(b)) for a, b in stored["shots"]],
            duration=float(stored["duration"]),
            palette=stored["palette"],
            embedding=stored["embedding"] if stored["embedding"].size else None,
            keyframes=[
                (float(t), j.tobytes())
                for t, j in zip(stored["keyframe_times"], jpegs, strict=True)
            ],
            warnings=tuple(map(str, stored["warnings"])),
            extractor=str(stored["extractor"]),
            names=tuple(map(str, stored["names"])),
        )
