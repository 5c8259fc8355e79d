"""A folder of music becomes a catalogue: parallel, incremental, resumable."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES

AUDIO_SUFFIXES = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".ape", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".mpc",
    ".oga", ".ogg", ".opus", ".tta", ".wav", ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip


@dataclass(frozen=True)
class Built:
    """What a build found. failed : (path, reason) of files without a row."""

    catalogue: Catalogue
    failed: tuple[tuple[Path, str], ...]


def build(folders: Sequence[Path], *, jobs: int = -1, progress: Progress | None = None) -> Built:
    """Analyse every audio file under some folders, in order of their paths.

    Raises `InputError` for a missing folder, or when no file gave a row.
    """
    files = list(_audio_files(folders))
    rows, failed = [], []
    for number, (path, track_id, outcome) in enumerate(_analysed(files, jobs), start=1):
        if isinstance(outcome, str):
            failed.append((path, outcome))
        else:
            rows.append({"track_id": track_id, "path": str(path)} | outcome)
        if progress:
            progress(path.name, number, len(files))
    if not rows:
        raise InputError(f"{folders[0]}: no track could be read ({failed[0][1] if failed else 'no audio file'}); give a folder of music.")
    return Built(Catalogue.from_rows(sorted(rows, key=lambda r: r["track_id"])), tuple(sorted(failed)))


def _audio_files(folders: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Audio files and their ids: the path inside the folder named, with forward slashes."""
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; give the folder that holds the music.")
        for root, folders_here, names in os.walk(folder):
            folders_here.sort()
            for name in sorted(names):
                path = Path(root, name)
                if path.suffix.lower() in AUDIO_SUFFIXES and not name.startswith("."):
                    yield path, path.relative_to(folder).as_posix()


def _analysed(files: list[tuple[Path, str]], jobs: int):
    from joblib import Parallel, delayed

    return Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(_analyse)(*file) for file in files)


def _analyse(path: Path, track_id: str):
    """A row of one file, or the reason why there is none."""
    from features import audio

    try:
        analysis = audio.analyze(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except InputError as error:
        return path, track_id, str(error).removeprefix(f"{path}: ")
    return path, track_id, {
        "title": path.stem,
        "duration_s": round(analysis.duration_s, 3),
        "bpm": _finite(analysis.bpm, 2),
        "key": analysis.key,
        "loudness_lufs": _finite(analysis.loudness_lufs, 2),
        "content_sha256": digest,
        "extractor": analysis.profile.extractor,
        **dict(zip(MUSIC_NAMES, analysis.profile.values.tolist(), strict=True)),
    }  # fmt: skip


def _finite(value: float, digits: int) -> float | str:
    """Rounded, or empty where there is no such number (the pulse of a drone, the loudness of silence)."""
    return round(value, digits) if math.isfinite(value) else ""
