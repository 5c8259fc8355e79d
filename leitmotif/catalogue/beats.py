"""A person corrects a track's beats: now, over time, and whenever the catalogue is built again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from data.atomic import atomic_path
from data.beat_corrections import Correction, Corrections, corrected_record
from data.catalogue import Catalogue
from data.errors import InputError
from data.locks import Busy, locked
from data.track_curves import CurvesWriter, TrackOverTime, read_curves
from data.track_record import TrackRecord
from leitmotif.catalogue.library import Library
from leitmotif.catalogue.track import digest, record

_TEMPO = ("bpm", "bpm_alternative", "bpm_confidence")


def correct_beats(
    path: str | os.PathLike[str],
    track: str,
    *,
    tempo: float = 1.0,
    shift_s: float = 0.0,
    anew: bool = False,
) -> TrackRecord:
    """Add to what was said of a track's beats; the track as it is in the catalogue now.

    path : the catalogue. track : an id, path or title of it. tempo : 2 for twice as many beats, 0.5
    for half. shift_s : seconds by which they come later. anew : forget what was said before.
    The sound is measured again, so that corrections start from what was measured. Raises
    `InputError` where no track or several are meant, or its sound is not there.
    """
    library = Library.open(path)
    row = find(library.catalogue, track)
    sha256, track_id = (
        library.catalogue.text("content_sha256")[row],
        library.catalogue.track_ids[row],
    )
    sound = library.sound(row)
    if sound is None or digest(sound) != sha256:
        raise InputError("beats.no_sound", track=track_id)
    if library.curves is None:
        raise InputError("catalogue.no_curves", file=path)
    try:
        with locked(Path(path).with_name(f"{Path(path).stem}.build.lock")):
            said = Corrections.beside(path)
            before = Correction() if anew else said.of(sha256)
            correction = before.then(tempo, shift_s)
            found = corrected_record(record(sound, tags=False), correction)
            if len(found.over_time.beats) < 2:
                raise InputError("beats.none", track=track_id)
            said.with_correction(sha256, track_id, correction).write(path)
            _write(library.catalogue, Path(path), library.curves, sha256, found)
    except Busy as busy:
        raise InputError("build.busy", file=path, lock=busy) from None
    return found


def find(catalogue: Catalogue, name: str) -> int:
    """The row of a track by its id, path or title. Raises `InputError` for none or several."""
    for column in ("track_id", "path", "title"):
        rows = [i for i, cell in enumerate(catalogue.text(column)) if _same(cell, name)]
        if len(rows) == 1:
            return rows[0]
        if rows:
            ids = [catalogue.track_ids[i] for i in rows]
            raise InputError("beats.several", track=name, ids=ids)
    raise InputError("beats.unknown", track=name, file=catalogue.source)


def _same(cell: str, name: str) -> bool:
    return cell.strip().casefold() == name.strip().casefold()


def _write(catalogue: Catalogue, path: Path, curves: Path, sha256: str, found: TrackRecord) -> None:
    """Catalogue and tracks over time, with the copies of one content corrected alike."""
    digests = catalogue.text("content_sha256")
    copies = [i for i, cell in enumerate(digests) if cell == sha256]
    tracks = read_curves(curves)
    for i in copies:
        name = catalogue.track_ids[i]
        tracks[name] = _with_beats(tracks[name], found.over_time)
    with atomic_path(curves) as temporary, CurvesWriter(temporary) as writer:
        for name, track in tracks.items():
            writer.add(name, track)
    columns = dict(catalogue.columns)
    row: Mapping[str, str | float] = found.row()
    for column in _TEMPO:
        cells = catalogue.text(column)
        for i in copies:
            cells[i] = str(row[column])
        columns[column] = cells  # type: ignore[assignment]
    replace(catalogue, columns=columns).write(path)


def _with_beats(track: TrackOverTime, found: TrackOverTime) -> TrackOverTime:
    """The track with the beats, accents and sections of another measurement of it."""
    return replace(
        track,
        beats=found.beats,
        accents=found.accents,
        beat_confidence=found.beat_confidence,
        accent_confidence=found.accent_confidence,
        sections=found.sections,
    )
