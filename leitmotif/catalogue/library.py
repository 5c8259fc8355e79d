"""A catalogue ready to be asked again and again: its index, its facts, and where its sound files
are.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from data.beat_corrections import Corrections
from data.buckets import ENERGIES, SUNG_FROM, energies
from data.catalogue import Catalogue
from data.errors import InputError
from data.media import AUDIO_SUFFIXES, EITHER_SUFFIXES
from data.profiles import MUSIC_NAMES
from data.track_curves import read_curves
from data.track_sounds import TrackSounds
from leitmotif.catalogue.music_map import MusicMap
from matcher import TrackIndex
from matcher.course import TrackCourses

T = TypeVar("T")
QUADRANTS = ("excited", "tense", "sad", "calm")
"""Moods by the signs of valence and arousal: Q1 + +, Q2 − +, Q3 − −, Q4 + −."""


@dataclass(frozen=True, eq=False)
class Library:
    """A catalogue with its index.

    folder : where relative paths of its rows begin; None for a table from somebody else, whose
        paths are not followed at all.
    """

    catalogue: Catalogue
    folder: Path | None = None
    curves: Path | None = None
    """Table of the tracks over time (`data.track_curves`), where there is one."""

    @classmethod
    def open(cls, path: str | os.PathLike) -> Library:
        """Read a catalogue of this machine; its tracks are looked for from its own folder on."""
        path = Path(path).resolve()
        curves = path.with_name(f"{path.stem}.curves.parquet")
        return cls(Catalogue.read(path), path.parent, curves if curves.is_file() else None)

    @cached_property
    def known(self) -> dict[Hashable, Any]:
        """What was computed of it (`once`)."""
        return {}

    def once(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Computed at the first asking, remembered as long as the library."""
        if what not in self.known:
            self.known[what] = compute()
        found: T = self.known[what]
        return found

    @cached_property
    def index(self) -> TrackIndex:
        return TrackIndex.build(self.catalogue.features)

    @cached_property
    def courses(self) -> TrackCourses | None:
        """The tracks over time, for the arc; None where there is no table of them."""
        return TrackCourses.read(self.curves, self.catalogue) if self.curves else None

    @cached_property
    def sounds(self) -> TrackSounds | None:
        """What the tracks sound like; None where that is not known."""
        return TrackSounds.beside(self.catalogue)

    @cached_property
    def corrections(self) -> Corrections:
        """What a person said of the tracks' beats; nothing for a table from somebody else."""
        there = self.folder is not None and self.catalogue.source
        return Corrections.beside(self.catalogue.source) if there else Corrections({})

    @cached_property
    def durations(self) -> np.ndarray:
        return self.catalogue.numbers("duration_s")

    @cached_property
    def bpm(self) -> np.ndarray:
        return self.catalogue.numbers("bpm")

    @cached_property
    def vocals(self) -> np.ndarray:
        """Share of sung seconds, (N,); NaN where nobody listened for it."""
        return self.catalogue.numbers("vocals")

    @cached_property
    def speech(self) -> np.ndarray:
        """Share of spoken seconds, (N,); NaN where nobody listened for it."""
        return self.catalogue.numbers("speech")

    @cached_property
    def licences(self) -> list[tuple[str, int]]:
        """Licence and number of tracks, the commonest first; rows that name none come as ''."""
        return Counter(self.catalogue.text("license")).most_common()

    @cached_property
    def hours(self) -> float:
        return float(np.nansum(self.durations)) / 3600

    @cached_property
    def moods(self) -> np.ndarray:
        """Position in `QUADRANTS` per track, int (N,)."""
        return mood(self.catalogue.features)

    @cached_property
    def map(self) -> MusicMap:
        return MusicMap.of(self.catalogue.features)

    @cached_property
    def _words(self) -> np.ndarray:
        names = (self.catalogue.text(n) for n in ("title", "artist", "track_id"))
        return np.array(
            [" ".join(parts).casefold() for parts in zip(*names, strict=True)], dtype=object
        )

    @cached_property
    def _licence_of(self) -> np.ndarray:
        return np.array(self.catalogue.text("license"), dtype=object)

    def where(
        self,
        *,
        words: str = "",
        licences: tuple[str, ...] = (),
        bpm: tuple[float, float] | None = None,
        seconds: tuple[float, float] | None = None,
        energy: Sequence[str] = (),
        sung: bool | None = None,
        most_speech: float = 1.0,
    ) -> np.ndarray | None:
        """The rows that may be answered, boolean (N,); None when every row may.

        words : all of them in title, artist or id, in any case. licences : any of these. bpm,
        seconds : lowest and highest, a tempo of either metrical level. energy : any of `ENERGIES`.
        sung : with or without vocals. most_speech : largest share of spoken seconds. A row that
        does not say is left out.
        """
        kept = np.ones(len(self.catalogue), dtype=bool)
        for word in words.casefold().split():
            kept &= np.fromiter((word in text for text in self._words), dtype=bool, count=len(kept))
        if licences:
            kept &= np.isin(self._licence_of, licences)
        if bpm is not None:
            kept &= within(self.bpm, bpm) | within(self.catalogue.numbers("bpm_alternative"), bpm)
        if seconds is not None:
            kept &= within(self.durations, seconds)
        if energy:
            of_kind = energies(self.catalogue.features[:, MUSIC_NAMES.index("arousal")])
            kept &= np.isin(of_kind, [ENERGIES.index(name) for name in energy])
        if sung is not None:
            kept &= self.vocals >= SUNG_FROM if sung else self.vocals < SUNG_FROM
        if most_speech < 1:
            kept &= self.speech <= most_speech
        return None if kept.all() else kept

    def sound(self, row: int) -> Path | None:
        """The sound file of a row, if it is there and named like one."""
        found = self._sound_of.get(row)
        if found is None or not found.is_file():
            found = self._look_for(row)
            if found is not None:
                self._sound_of[row] = found
        return found

    @cached_property
    def _sound_of(self) -> dict[int, Path]:
        """Those that were found; whether they still are is looked at each time."""
        return {}

    def _look_for(self, row: int) -> Path | None:
        name = self.catalogue.track(row).get("path")
        if not name or self.folder is None:
            return None
        try:
            path = (self.folder / name).resolve()
            return (
                path
                if path.suffix.lower() in AUDIO_SUFFIXES | EITHER_SUFFIXES and path.is_file()
                else None
            )
        except (OSError, ValueError):
            return None

    def arousal(self, track_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The arousal of some tracks over time, (T,) per half second, −100–100; those that have
        none are left out.
        """
        if self.curves is None or not track_ids:
            return {}
        try:
            return {
                track: found.curves["arousal"]
                for track, found in read_curves(self.curves, list(track_ids)).items()
            }
        except InputError:
            return {}  # the list stands without them


def mood(features: np.ndarray) -> np.ndarray:
    """Position in `QUADRANTS` of each row of (N, 10), int (N,)."""
    arousal, valence = (features[:, MUSIC_NAMES.index(n)] for n in ("arousal", "valence"))
    return np.where(arousal >= 0, np.where(valence >= 0, 0, 1), np.where(valence >= 0, 3, 2))


def within(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Which values lie in a closed range, boolean like `values`; NaN does not."""
    return (values >= limits[0]) & (values <= limits[1])
