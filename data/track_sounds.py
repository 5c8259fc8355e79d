"""What every track of a catalogue sounds like, in one file beside it: `audio_features.sound`.

A sound is what YAMNet hears in a track: the mean log score of each of the 521 classes of AudioSet
(`CLASSES`) over the windows heard, kept in a byte each. It is the evidence for instruments and
genres, and, as a whole, an embedding of timbre. Tracks are known by the digest of their content, so
that the file stays right when rows come, go and move. Behind the head of `data.checksums.pack`,
one after another, ascending by digest:

    digest  (32,) uint8   SHA-256 of the file's content
    sound   (521,) uint8  see `to_bytes`
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.catalogue import Catalogue
from data.checksums import damaged, pack, unpack
from data.errors import InputError
from data.folders import ROOT
from data.words import Sentence

KIND, VERSION = "sound", 1
STEP = 1 / 256
"""YAMNet's scores are rounded to this, and it keeps the logarithm finite."""
COUNT = 521
_DIGEST = 32
_DEPTH = float(-np.log(STEP))
_AXES_FROM = 20_000
"""The axes of an embedding are found on so many tracks, spread evenly: more change nothing."""


@cache
def classes() -> tuple[str, ...]:
    """Names of AudioSet's classes in YAMNet's order."""
    return tuple((ROOT / "reference" / "audioset.txt").read_text("utf-8").split("\n")[:COUNT])


def to_bytes(log_scores: np.ndarray) -> np.ndarray:
    """Mean log(score + `STEP`) of each class as uint8: 0 never heard, 255 sure in every window."""
    return np.clip(np.round(255 * (1 + log_scores / _DEPTH)), 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class TrackSounds:
    """The sounds of a catalogue's tracks in its order.

    sounds : uint8 (N, 521), zeros where nothing is known. known : bool (N,).
    """

    sounds: np.ndarray
    known: np.ndarray

    @classmethod
    def beside(cls, catalogue: Catalogue) -> TrackSounds | None:
        """Those beside a catalogue's own file; None where there are none that can be used."""
        if not catalogue.source:
            return None
        try:
            found = read_sounds(sounds_path(catalogue.source))
        except InputError:
            return None
        return cls.of(found, catalogue)

    @classmethod
    def of(cls, found: Mapping[str, np.ndarray], catalogue: Catalogue) -> TrackSounds:
        """Sounds by digest in the order of a catalogue."""
        nothing = np.zeros(COUNT, np.uint8)
        digests = catalogue.text("content_sha256")
        rows = [found.get(digest, nothing) for digest in digests]
        known = np.array([digest in found for digest in digests], bool)
        return cls(np.array(rows, np.uint8).reshape(len(rows), COUNT), known)

    @property
    def strength(self) -> np.ndarray:
        """How sure YAMNet is of each class, (N, 521) float32, 0–1 on a logarithmic scale."""
        return self.sounds.astype(np.float32) / 255

    def embedding(self, size: int = 64) -> np.ndarray:
        """(N, size) float32 of unit length, so that a product is a cosine; zeros where unknown.

        The first principal components of the known tracks; fewer where the tracks span fewer.
        """
        return self.axes(size).place(self.sounds) * self.known[:, None]

    def axes(self, size: int = 64) -> SoundAxes:
        """The directions in which the known tracks differ most."""
        rows = np.flatnonzero(self.known)
        rows = rows[:: max(1, len(rows) // _AXES_FROM)]
        x = self.sounds[rows].astype(np.float64) / 255
        mean = x.mean(axis=0) if len(x) else np.zeros(COUNT)
        z = x - mean
        _, directions = np.linalg.eigh(z.T @ z)
        return SoundAxes(mean, directions[:, ::-1][:, :size])


@dataclass(frozen=True, eq=False)
class SoundAxes:
    """Where the sounds of a catalogue lie: mean (521,) and orthonormal axes (521, size)."""

    mean: np.ndarray
    directions: np.ndarray

    def place(self, sounds: np.ndarray) -> np.ndarray:
        """(n, size) float32 of unit length, of sounds as `to_bytes` gives them (n, 521)."""
        placed = (np.atleast_2d(sounds).astype(np.float64) / 255 - self.mean) @ self.directions
        length = np.linalg.norm(placed, axis=1, keepdims=True)
        return (placed / np.where(length > 0, length, 1)).astype(np.float32)


def sounds_path(catalogue: str | os.PathLike) -> Path:
    """Where the sounds of a catalogue's tracks lie."""
    return Path(catalogue).with_name(f"{Path(catalogue).stem}.sound")


def write_sounds(path: str | os.PathLike, sounds: Mapping[str, np.ndarray]) -> None:
    """Write sounds (521,) by digest; the file appears whole or not at all."""
    rows = (bytes.fromhex(d) + sounds[d].astype(np.uint8).tobytes() for d in sorted(sounds))
    with atomic_path(path) as temporary:
        temporary.write_bytes(pack(KIND, VERSION, b"".join(rows)))


def read_sounds(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Sounds (521,) by digest. Raises `InputError` for a file that is not there or damaged."""
    path, cure = Path(path), Sentence("catalogue.build_again")
    if not path.is_file():
        raise InputError("catalogue.no_file", file=path)
    try:
        blob = path.read_bytes()
    except OSError as error:
        raise InputError("files.unreadable", file=path, why=error.strerror) from None
    payload = unpack(blob, KIND, VERSION, path, cure)
    if len(payload) % (_DIGEST + COUNT):
        raise damaged(path, cure)
    rows = np.frombuffer(payload, np.uint8).reshape(-1, _DIGEST + COUNT)
    return {row[:_DIGEST].tobytes().hex(): row[_DIGEST:] for row in rows}
