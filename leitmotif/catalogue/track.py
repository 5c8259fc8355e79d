"""What one worker does with one file: analysis, tags, metadata, fingerprint. Any failure is a reason, never a crash."""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data.errors import InputError
from data.profiles import MUSIC_NAMES


class Outcome(NamedTuple):
    """What came of a file: its content's digest, and an analysis or the reason why there is none."""

    source: str
    sha256: str
    analysis: dict | None
    reason: str = ""


def analyse_file(source: str, tags: bool = True) -> Outcome:
    """Analyse a path or an fsspec URL."""
    sha256 = ""
    try:
        with local_file(source) as path:
            sha256 = digest(path)
            return Outcome(source, sha256, analysis(path, source, tags))
    except InputError as error:
        return Outcome(source, sha256, None, _without_name(str(error)))
    except Exception as error:  # a decoder's surprise in one file must not cost the others
        return Outcome(source, sha256, None, f"{type(error).__name__}: {error}")


def analysis(path: Path, source: str, tags: bool) -> dict:
    """Everything the catalogue keeps of a file's content, as plain values and float32 arrays."""
    from features import audio

    heard = audio.analyze(path, tags=tags)
    row = {
        **metadata(path, PurePosixPath(source.replace("\\", "/")).stem),
        "duration_s": round(heard.duration_s, 3),
        "bpm": finite(heard.bpm, 2),
        "key": heard.key,
        "loudness_lufs": finite(heard.loudness_lufs, 2),
        "extractor": heard.profile.extractor,
        **dict(zip(MUSIC_NAMES, heard.profile.values.tolist(), strict=True)),
    }
    return {
        "row": row,
        "tags": heard.tags,
        "warnings": list(heard.profile.warnings),
        "curves": heard.profile.curves.values.astype("<f4"),
        "beats": heard.beats.times.astype("<f4"),
        "accents": heard.beats.accents,
        "beat_confidence": [
            round(heard.beats.confidence, 4),
            round(heard.beats.accent_confidence, 4),
        ],
        "sections": [start for start, _ in heard.sections],
        "fingerprint": heard.fingerprint,
    }


def metadata(path: Path, fallback_title: str) -> dict[str, str]:
    """Title, artist, licence, ISRC and stated tempo from the file's own tags; the file's name is the title of last resort."""
    import mutagen

    try:
        tags = mutagen.File(path, easy=True) or {}
    except (
        Exception
    ):  # mutagen meets every kind of damage with another error; the sound may be whole
        tags = {}

    def first(*names: str) -> str:
        values = (tags.get(name) for name in names if _has(tags, name))
        return next((" ".join(str(v[0]).split()) for v in values if v), "")

    licence = first("license", "licence", "copyright")
    url = first("license_url", "website") or (licence if licence.startswith("http") else "")
    return {
        "title": first("title") or fallback_title,
        "artist": first("artist", "albumartist", "composer"),
        "license": licence,
        "license_url": url,
        "isrc": first("isrc"),
        "bpm_stated": first("bpm", "tempo"),
    }


def _has(tags, name: str) -> bool:
    try:
        return name in tags
    except (KeyError, ValueError):
        return False


def finite(value: float, digits: int) -> float | str:
    """Rounded, or empty where there is no such number (the pulse of a drone, the loudness of silence)."""
    return round(value, digits) if math.isfinite(value) else ""


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def local_file(source: str) -> Iterator[Path]:
    """A path to the bytes of `source`: the file itself, or a temporary copy of what an fsspec URL names."""
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise InputError("the file is gone; run the build again.")
        yield path
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="leitmotif-") as folder:
        copy = Path(folder, "track" + PurePosixPath(source).suffix)
        with fsspec.open(source, "rb") as remote, copy.open("wb") as file:
            while piece := remote.read(1 << 20):
                file.write(piece)
        yield copy


def _without_name(message: str) -> str:
    """An error's sentence without the file it begins with: the report names it in a column of its own."""
    head, separator, tail = message.partition(": ")
    return tail if separator and ("/" in head or "\\" in head or "." in head) else message
