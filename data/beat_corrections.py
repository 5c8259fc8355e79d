"""What a person said of a track's beats, and what becomes of beats, accents and sections then.

Kept beside the catalogue in `audio_features.beats.csv`, one row per content, so that it stays when
files move and when the catalogue is built again: `content_sha256, track_id, tempo, shift_s`; tempo
is a power of two (2: twice as many beats), shift in seconds, later if positive.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.numbers import parse_number
from data.track_curves import TOKEN_S, TrackOverTime
from data.track_record import TrackRecord

COLUMNS = ("content_sha256", "track_id", "tempo", "shift_s")
_TEMPOS = tuple(2.0**n for n in range(-3, 4))
_LONGEST_SHIFT_S = 60.0
_SNAP_S = TOKEN_S
"""A section of a corrected track begins on an accent that lies this near: that far its own place
is uncertain."""


class Correction(NamedTuple):
    """tempo : how many beats stand for each that was measured, a power of two. shift_s : seconds
    by which they come later."""

    tempo: float = 1.0
    shift_s: float = 0.0

    def then(self, tempo: float = 1.0, shift_s: float = 0.0) -> Correction:
        """Both, one after the other. Raises `InputError` where that is no tempo or place any
        more."""
        found = Correction(self.tempo * tempo, round(self.shift_s + shift_s, 4))
        if not found.is_sane():
            raise InputError("beats.too_far", tempo=f"{found.tempo:g}", shift=f"{found.shift_s:g}")
        return found

    def is_sane(self) -> bool:
        return self.tempo in _TEMPOS and abs(self.shift_s) <= _LONGEST_SHIFT_S


AS_MEASURED = Correction()


@dataclass(frozen=True)
class Corrections:
    """Corrections by content, each with the id that the track had."""

    by_content: Mapping[str, tuple[str, Correction]]

    @staticmethod
    def path_beside(catalogue: str | os.PathLike[str]) -> Path:
        path = Path(catalogue)
        return path.with_name(f"{path.stem}.beats.csv")

    @classmethod
    def beside(cls, catalogue: str | os.PathLike[str]) -> Corrections:
        """Those of a catalogue; none where nobody said anything. Raises `InputError`."""
        path = cls.path_beside(catalogue)
        if not path.is_file():
            return cls({})
        found: dict[str, tuple[str, Correction]] = {}
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                for line, row in enumerate(csv.DictReader(file), start=2):
                    tempo, shift = (parse_number(row.get(n) or "") for n in COLUMNS[2:])
                    correction = Correction(tempo, shift)
                    if not row.get(COLUMNS[0]) or not correction.is_sane():
                        raise InputError("beats.bad_row", file=path, line=line)
                    found[row[COLUMNS[0]]] = row.get(COLUMNS[1]) or "", correction
        except (UnicodeError, csv.Error):
            raise InputError("beats.bad_row", file=path, line=1) from None
        return cls(found)

    def of(self, sha256: str) -> Correction:
        return self.by_content.get(sha256, ("", Correction()))[1]

    def with_correction(self, sha256: str, track_id: str, correction: Correction) -> Corrections:
        """The same, where one content has another correction."""
        rest = {k: v for k, v in self.by_content.items() if k != sha256}
        return Corrections(
            rest if correction == Correction() else rest | {sha256: (track_id, correction)}
        )

    def write(self, catalogue: str | os.PathLike[str]) -> None:
        """Beside a catalogue; no file where there is nothing to say."""
        path = self.path_beside(catalogue)
        if not self.by_content:
            path.unlink(missing_ok=True)
            return
        with (
            atomic_path(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for sha256, (track_id, (tempo, shift)) in sorted(self.by_content.items()):
                writer.writerow([sha256, track_id, f"{tempo:g}", f"{shift:g}"])


def corrected(track: TrackOverTime, correction: Correction) -> TrackOverTime:
    """The track with its beats moved, and accents and sections after them.

    Bars keep their number of beats, and their first ones the place of the first accent. A person
    was sure, so that the beats are. Unchanged without beats, or where nothing is to be corrected.
    """
    if correction == Correction() or len(track.beats) < 2:
        return track
    end_s = len(track.curves.values) * TOKEN_S
    beats, accents = corrected_beats(track.beats, track.accents, correction, end_s)
    sections = _on_accents(track.sections, beats[accents])
    return replace(track, beats=beats, accents=accents, beat_confidence=1.0, sections=sections)


def corrected_beats(
    beats: np.ndarray, accents: np.ndarray, correction: Correction, end_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Beats in seconds and which of them are accents, corrected; those outside the track go.

    Fewer than two beats stay as they are.
    """
    if len(beats) < 2:
        return beats, accents
    beats, accents = _at_tempo(beats, accents, correction.tempo)
    beats = beats + correction.shift_s
    inside = (beats >= 0) & (beats < end_s)
    return beats[inside], accents[inside]


def _at_tempo(
    beats: np.ndarray, accents: np.ndarray, tempo: float
) -> tuple[np.ndarray, np.ndarray]:
    """Beats and accents at a multiple of their tempo."""
    marked = np.flatnonzero(accents)
    bar = int(np.median(np.diff(marked))) if len(marked) > 1 else 0
    first = int(marked[0]) if len(marked) else 0
    while tempo > 1:
        between = (beats[1:] + beats[:-1]) / 2
        beats = np.insert(beats, np.arange(1, len(beats)), between)
        first, tempo = 2 * first, tempo / 2
    while tempo < 1:
        parity = first % 2
        beats = beats[parity::2]
        first, tempo = first // 2, tempo * 2
    numbers = np.arange(len(beats))
    return beats, (numbers - first) % bar == 0 if bar else np.zeros(len(beats), bool)


def _on_accents(sections: np.ndarray, accents: np.ndarray) -> np.ndarray:
    """Sections, each but the first on the nearest accent if one is near."""
    if not len(accents):
        return sections
    moved = sections.copy()
    for i, start in enumerate(sections[1:], start=1):
        nearest = float(accents[np.argmin(np.abs(accents - start))])
        if abs(nearest - start) <= _SNAP_S:
            moved[i] = nearest
    return moved


def corrected_record(record: TrackRecord, correction: Correction) -> TrackRecord:
    """The record with its beats corrected; the measured tempo becomes its other level."""
    if correction == Correction():
        return record
    record = replace(record, over_time=corrected(record.over_time, correction))
    if correction.tempo == 1 or not math.isfinite(record.bpm):
        return record
    bpm = record.bpm * correction.tempo
    return replace(record, bpm=bpm, bpm_alternative=record.bpm, bpm_confidence=1.0)
