"""A folder of music becomes a catalogue: in parallel, only what is new, and able to go on after a
kill.

Beside `audio_features.csv` stand `audio_features.curves.parquet` (every track over time),
`audio_features.sound` (what every track sounds like, `data.track_sounds`),
`audio_features.failed.csv` (files without a row, and why; only if there are any) and
`audio_features.build.sqlite` (what the next build need not do again). Rows are ordered by track
id, so the same files make the same bytes however the work was cut up; what parts of a build on
several machines measured is taken over (`leitmotif.catalogue.parts`).
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata

from data.atomic import atomic_path, check_writable, sweep
from data.beat_corrections import Corrections, corrected_record
from data.catalogue import MISSING, Catalogue
from data.checksums import Damaged, footer_is_whole
from data.errors import InputError, Progress
from data.locks import Busy, locked
from data.track_curves import CurvesWriter
from data.track_sounds import read_sounds, sounds_path, write_sounds
from leitmotif.catalogue import executors
from leitmotif.catalogue.duplicates import near_duplicates
from leitmotif.catalogue.files import Listed, Unusable, list_files
from leitmotif.catalogue.measure import extractor_of, measure
from leitmotif.catalogue.memory import State
from leitmotif.catalogue.parts import forget_parts, take_over

CATALOGUE_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".parquet"})


class Track(NamedTuple):
    """One row to be written."""

    track_id: str
    source: str
    sha256: str
    gone: bool


@dataclass(frozen=True)
class Report:
    """What a build did.

    analysed, unchanged, moved : files measured, left alone, found again under another name.
    missing : tracks whose file is gone, kept and marked. duplicates : track id → the one it is a
    copy of.
    failed : (source, reason) of every file without a row. warnings : (track id, sentence).
    """

    catalogue: Catalogue
    analysed: int
    unchanged: int
    moved: int
    missing: tuple[str, ...]
    duplicates: dict[str, str]
    failed: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]


def build(
    folders: Sequence[str | os.PathLike],
    output: str | os.PathLike = "audio_features.csv",
    *,
    jobs: int = -1,
    cluster: str | None = None,
    tags: bool = True,
    progress: Progress | None = None,
) -> Report:
    """Analyse every audio file under some folders and write the catalogue.

    folders : folders, or fsspec URLs of folders. output : CSV, or Parquet by its ending.
    jobs : worker processes, −1 for one per core. cluster : address of a Dask scheduler instead.
    tags : let YAMNet hear the tracks where its weights are.
    Raises `InputError` for 0 jobs, a missing folder, a scheduler that does not answer, another
    build at work on the same catalogue, or when no file gave a row. Stopping it at any moment loses
    only the tracks in flight.
    """
    if jobs == 0:
        raise InputError("build.jobs")
    output = Path(output).absolute()
    if output.suffix.lower() not in CATALOGUE_SUFFIXES:
        raise InputError("build.no_table", file=output, kinds=sorted(CATALOGUE_SUFFIXES))
    check_writable(output)
    listed, unusable = list_files(folders)
    memory = output.with_name(f"{output.stem}.build.sqlite")
    pool = executors.pool(jobs, cluster, tags)
    try:
        with (
            locked(memory.with_suffix(".lock")),
            closing(State(memory, extractor_of(tags))) as state,
        ):
            for ending in ("curves.parquet", "sound", "failed.csv"):
                sweep(output.with_name(f"{output.stem}.{ending}"), locked=True)
            sweep(output, locked=True)
            take_over(state, output)
            report = _build(state, listed, unusable, output, folders, pool, progress)
            forget_parts(output)
            return report
    except Busy as busy:
        raise InputError("build.busy", file=output, lock=busy) from None


def _build(
    state: State,
    listed: list[Listed],
    unusable: Unusable,
    output: Path,
    folders: Sequence[str | os.PathLike[str]],
    pool: executors.Pool,
    progress: Progress | None,
) -> Report:
    try:
        return _built(state, listed, unusable, output, folders, pool, progress)
    except Damaged:  # a row of the memory: measure that track again
        state.forget_damaged()
        return _built(state, listed, unusable, output, folders, pool, progress)


def _built(
    state: State,
    listed: list[Listed],
    unusable: Unusable,
    output: Path,
    folders: Sequence[str | os.PathLike[str]],
    pool: executors.Pool,
    progress: Progress | None,
) -> Report:
    analysed, moved = measure(state, listed, pool, progress)
    files = state.files()
    present = {f.source: files[f.source] for f in listed}
    gone = {
        s: f
        for s, f in files.items()
        if s not in present and not f.reason and _under(s, folders) and not Path(s).exists()
    }
    failed = sorted([*unusable, *((source, f.reason) for source, f in present.items() if f.reason)])
    counts = {"analysed": analysed, "unchanged": len(listed) - analysed - moved, "moved": moved}
    tracks = sorted(
        Track(f.track_id, source, f.sha256, source in gone)
        for source, f in (present | gone).items()
        if not f.reason
    )
    if not tracks:
        if not failed:
            raise InputError("build.no_audio", folder=folders[0])
        raise InputError("build.none_read", folder=folders[0], file=failed[0][0], why=failed[0][1])
    if not state.finished(_key(state, tracks, failed, output)):
        catalogue, warnings = _assemble(state, tracks, output)
        catalogue.write(output)
        _write_failed(output.with_name(f"{output.stem}.failed.csv"), failed)
        state.finish(_key(state, tracks, failed, output))
    else:
        catalogue, warnings = Catalogue.read(output), []
    ids = catalogue.track_ids
    copies = {
        track: first
        for track, first in zip(ids, catalogue.text("duplicate_of"), strict=True)
        if first
    }
    missing = tuple(
        track
        for track, status in zip(ids, catalogue.text("status"), strict=True)
        if status == MISSING
    )
    return Report(
        catalogue,
        **counts,
        missing=missing,
        duplicates=copies,
        failed=tuple(failed),
        warnings=tuple(warnings),
    )


def _key(state: State, tracks: list[Track], failed: list[tuple[str, str]], output: Path) -> str:
    """Stands for everything that the catalogue is made of, and for the file as it lies there."""
    written = output.stat() if output.exists() else None
    there = written and (
        written.st_size,
        written.st_mtime_ns,
        _curves_there(output),
        _sounds_there(output),
    )
    return hashlib.sha256(
        repr((state.extractor, tracks, failed, there, Corrections.beside(output))).encode(
            "utf-8", "surrogateescape"
        )
    ).hexdigest()


def _curves_there(output: Path) -> tuple[int, int] | None:
    """Size and time of the tracks over time; None where they are missing or damaged."""
    path = output.with_name(f"{output.stem}.curves.parquet")
    if not path.is_file() or not footer_is_whole(path):
        return None
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _sounds_there(output: Path) -> bool:
    """Whether the sounds of the tracks can be read."""
    try:
        read_sounds(sounds_path(output))
    except InputError:
        return False
    return True


def _under(source: str, folders: Sequence[str | os.PathLike[str]]) -> bool:
    return any(
        Path(source).is_relative_to(Path(folder).absolute())
        for folder in folders
        if "://" not in str(folder)
    )


def _assemble(
    state: State, tracks: list[Track], output: Path
) -> tuple[Catalogue, list[tuple[str, str]]]:
    """The catalogue with duplicates marked, and warnings by track; writes the curves."""
    rows, prints, warnings = [], [], []
    said = Corrections.beside(output)
    sounds: dict[str, np.ndarray] = {}
    with (
        atomic_path(output.with_name(f"{output.stem}.curves.parquet")) as temporary,
        CurvesWriter(temporary) as curves,
    ):
        for track, record in zip(tracks, state.records([t.sha256 for t in tracks]), strict=True):
            record = corrected_record(record, said.of(track.sha256))
            where: dict[str, Any] = {
                "track_id": track.track_id,
                "path": _written_path(track.source, output.parent),
                "content_sha256": track.sha256,
                "status": MISSING if track.gone else "",
                "duplicate_of": "",
            }
            row = where | record.row()
            # of this file: what was measured may have been a copy of another name
            row["title"] = row["title"] or PurePosixPath(track.source.replace("\\", "/")).stem
            rows.append(row)
            prints.append(record.fingerprint)
            warnings += [(track.track_id, sentence) for sentence in record.profile.warnings]
            curves.add(track.track_id, record.over_time)
            if record.sound is not None:
                sounds[track.sha256] = record.sound
    write_sounds(sounds_path(output), sounds)
    for row, first in zip(rows, near_duplicates(prints), strict=True):
        original = rows[first]["track_id"]
        row["duplicate_of"] = original if original != row["track_id"] else ""
    _rank_moods(rows)
    return Catalogue.from_rows(rows, str(output)), warnings


def _written_path(source: str, folder: Path) -> str:
    """Relative to the catalogue where the file lies beside or below it, so that both can move
    together.
    """
    if "://" in source or not Path(source).is_relative_to(folder):
        return source
    return Path(source).relative_to(folder).as_posix()


def _rank_moods(rows: list[dict]) -> None:
    """Mood scores become ranks 0–1 within the catalogue: only their order says anything."""
    for name in sorted({n for row in rows for n in row if n.startswith("mood_")}):
        tagged = [row for row in rows if name in row]
        ranks = (rankdata([row[name] for row in tagged]) - 0.5) / len(tagged)
        for row, rank in zip(tagged, np.round(ranks, 4).tolist(), strict=True):
            row[name] = rank


def _write_failed(path: Path, failed: list[tuple[str, str]]) -> None:
    if not failed:
        path.unlink(missing_ok=True)
        return
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("path", "reason"), *failed])
