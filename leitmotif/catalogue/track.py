"""What one worker does with one file: analysis, tags, fingerprint. Any failure is a reason."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from data.media import EITHER_SUFFIXES, check_regular
from data.numbers import parse_number
from data.track_curves import TrackOverTime
from data.track_record import TrackRecord
from data.words import Sentence, Unnamed


class Outcome(NamedTuple):
    """What came of a file: its content's digest, and a record or the reason why there is none."""

    source: str
    sha256: str
    record: TrackRecord | None
    reason: str = ""


class Task(NamedTuple):
    """A path or fsspec URL, and whether YAMNet is to hear it."""

    source: str
    tags: bool = True


def analyse_file(task: Task) -> Outcome:
    """Analyse one file."""
    sha256 = ""
    try:
        with local_file(task.source) as path:
            sha256 = digest(path)
            return Outcome(task.source, sha256, record(path, task.tags))
    except InputError as error:
        return Outcome(task.source, sha256, None, Unnamed(error.code, **error.values))
    except Exception as error:  # a decoder's surprise in one file must not cost the others
        why = Sentence("build.surprise", kind=type(error).__name__, why=str(error))
        return Outcome(task.source, sha256, None, why)


def record(path: Path, tags: bool) -> TrackRecord:
    """Everything the catalogue keeps of a file's content."""
    from features import audio
    from features.audio.container import has_picture
    from leitmotif.catalogue.tags import read_tags

    if path.suffix.lower() in EITHER_SUFFIXES and has_picture(path):
        raise InputError("build.a_video", file=path)
    heard = audio.analyze(path, tags=tags)
    stated = read_tags(path)
    bpm, alternative = levels(heard.bpm, heard.bpm_alternative, stated["bpm_stated"])
    assert heard.profile.curves is not None
    over_time = TrackOverTime(
        heard.profile.curves,
        heard.beats.times,
        heard.beats.accents,
        round(heard.beats.confidence, 4),
        round(heard.beats.accent_confidence, 4),
        np.array([start for start, _ in heard.sections]),
    )
    return TrackRecord(
        heard.profile,
        over_time,
        heard.fingerprint,
        duration_s=heard.duration_s,
        bpm=bpm,
        bpm_alternative=alternative,
        bpm_confidence=heard.bpm_confidence,
        key=heard.key,
        loudness_lufs=heard.loudness_lufs,
        tags=heard.tags,
        sound=heard.sound,
        **stated,
    )


def levels(heard: float, alternative: float, stated: str) -> tuple[float, float]:
    """Both tempos in BPM, first the one that the file's tags agree with; as heard where neither."""
    from features.audio.rhythm import SAME_TEMPO

    said = parse_number(stated)
    if abs(heard - said) < SAME_TEMPO * said:
        return said, alternative
    if abs(alternative - said) < SAME_TEMPO * said:
        return said, heard
    return heard, alternative


def digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def local_file(source: str) -> Iterator[Path]:
    """A path to the bytes of `source`: the file, or a temporary copy of what a URL names."""
    if "://" not in source:
        yield check_regular(source)
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="leitmotif-") as folder:
        copy = Path(folder, "track" + PurePosixPath(source).suffix)
        with fsspec.open(source, "rb") as remote, copy.open("wb") as file:
            while piece := remote.read(1 << 20):
                file.write(piece)
        yield copy
