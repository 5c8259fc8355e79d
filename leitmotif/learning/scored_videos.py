"""A folder of videos that have music already becomes pairs: pictures beside the sound under them.

Each video is watched once and cut into scenes; a scene's 11 numbers come from its picture alone, its
10 from its soundtrack alone. Scenes that are too short, silent or not music are left out and counted.
What is music the tagger (YAMNet) says; without its weights the share stays unknown, and every scene
that sounds is kept, speech included.
Finished files are kept in a journal in the cache folder until the whole folder is done, so a stopped
run goes on where it was; a journal written by another version of the extractors is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import InputError, Progress
from data.folders import cache_folder
from data.pairs import Pairs
from data.profiles import MusicProfile, VideoProfile
from data.tables import read_table

VIDEO_SUFFIXES = frozenset(
    {
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)
MIN_SCENE_S = 4.0
"""Shorter scenes say too little of either side (ours)."""
MIN_MUSIC_SHARE = 0.5


@dataclass(frozen=True)
class Learned:
    """Pairs and what did not become one.

    left_out : (file, seconds of the scene or None for the whole file, reason).
    """

    pairs: Pairs
    files: int
    left_out: tuple[tuple[str, float | None, str], ...]


def learn(
    folder: str | os.PathLike,
    *,
    sources: Mapping[str, str] | None = None,
    min_music_share: float = MIN_MUSIC_SHARE,
    jobs: int = -1,
    output: str | os.PathLike | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Score every scene of every video under `folder`.

    sources : file (path inside the folder, forward slashes) to the name of what it was cut from;
        several clips of one film share a name and so a split. A file that is not named is its own source.
    min_music_share : scenes whose sound is less than this share music are left out.
    jobs : processes; negative counts from the number of cores.
    output : where to write the pairs; only then is what was kept for a stopped run let go.

    Raises `InputError` for a missing folder, one without videos, or when no scene could be used.
    """
    folder = Path(folder)
    files = list(video_files(folder))
    journal = _Journal(folder)
    done = {name: r for name, path in files if (r := journal.get(name, path))}
    for record in _scored([f for f in files if f[0] not in done], jobs):
        journal.add(record)
        done[record["file"]] = record
        if progress:
            progress(record["file"], len(done), len(files))
    rows, left_out = [], []
    for name, _ in files:
        source = (sources or {}).get(name, name)
        for scene in done[name]["scenes"]:
            reason = scene["left_out"] or _too_little_music(scene["music_share"], min_music_share)
            if reason:
                left_out.append((name, scene["start_s"], reason))
                continue
            video, music = (
                VideoProfile.from_dict(scene["video"]),
                MusicProfile.from_dict(scene["music"]),
            )
            share = np.nan if scene["music_share"] is None else scene["music_share"]
            rows.append((source, scene["start_s"], scene["end_s"], video, music, share))
        if done[name]["failed"]:
            left_out.append((name, None, done[name]["failed"]))
    if not rows:
        reason = f" ({left_out[0][0]}: {left_out[0][2]})" if left_out else ""
        raise InputError(
            f"{folder}: no scene with music was found{reason}; give videos that have music."
        )
    pairs = Pairs.from_profiles(rows, str(folder))
    if output is not None:
        pairs.write(output)
    journal.close()
    return Learned(pairs, len(files), tuple(left_out))


def video_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Names inside the folder, with forward slashes, and paths, in order. Raises `InputError` if there are none."""
    if not folder.is_dir():
        raise InputError(
            f"{folder}: {'not a' if folder.exists() else 'no such'} folder; give the folder that holds the videos."
        )
    found = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in VIDEO_SUFFIXES and p.is_file() and not p.name.startswith(".")
    )
    if not found:
        raise InputError(
            f"{folder}: no video in this folder; give one with scored videos, or a folder laid out like MuVi-Sync."
        )
    for path in found:
        yield path.relative_to(folder).as_posix(), path


def read_sources(path: str | os.PathLike) -> dict[str, str]:
    """A CSV with the columns `file` and `source`. Raises `InputError` if it is missing or has no such columns."""
    path = Path(path)
    if not path.is_file():
        raise InputError("pairs.no_sources", file=path)
    table = read_table(path, lambda cells: {"file", "source"} <= set(cells))
    if not {"file", "source"} <= set(table.header):
        raise InputError("pairs.source_columns", file=path)
    files, sources = (table.columns[table.header.index(n)] for n in ("file", "source"))
    return {f: s for f, s in zip(files, sources, strict=True) if f and s}


def _too_little_music(share: float | None, needed: float) -> str:
    return f"{share:.0%} music" if share is not None and share < needed else ""


def _scored(files: Sequence[tuple[str, Path]], jobs: int) -> Iterator[dict]:
    from joblib import Parallel, delayed

    return iter(
        Parallel(n_jobs=jobs, return_as="generator_unordered")(
            delayed(score_file)(*file) for file in files
        )
    )


def score_file(name: str, path: Path) -> dict:
    """One file's scenes as plain values, or why there are none."""
    from features.video import read_timeline, scenes

    record = {"file": name, "digest": _digest(path), "failed": "", "scenes": []}
    try:
        timeline = read_timeline(path)
        record["scenes"] = [
            _score_scene(path, timeline, start, end) for start, end in scenes(timeline)
        ]
    except InputError as error:
        record["failed"] = str(error).removeprefix(f"{path}: ")
    return record


def _score_scene(path: Path, timeline, start: float, end: float) -> dict:
    from features.audio import analyze
    from features.video import score

    scene = {"start_s": start, "end_s": end, "left_out": "", "music_share": None}
    if end - start < MIN_SCENE_S:
        return scene | {"left_out": f"shorter than {MIN_SCENE_S:g} s"}
    sound = analyze(path, start=start, end=end, tags=True)
    if not sound.profile.confidence.any():
        return scene | {"left_out": "silent"}
    share = sound.tags["music"] if sound.tags else None
    return scene | {
        "video": score(timeline, start, end).to_dict(),
        "music": sound.profile.to_dict(),
        "music_share": share,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Journal:
    """Finished files of one folder, a JSON record a line; a line cut short by a crash is ignored."""

    def __init__(self, folder: Path) -> None:
        key = hashlib.sha256(f"{folder.resolve()}|{_version()}".encode()).hexdigest()[:16]
        self.path = cache_folder("learn") / f"{key}.jsonl"
        self.records: dict[str, dict] = {}
        if self.path.is_file():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    record = json.loads(line)
                except json.JSONDecodeError:
                    continue
                self.records[record["file"]] = record

    def get(self, name: str, path: Path) -> dict | None:
        """The record of a file that has not changed since."""
        record = self.records.get(name)
        return record if record and record["digest"] == _digest(path) else None

    def add(self, record: dict) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Everything is in the pairs now."""
        self.path.unlink(missing_ok=True)


def _version() -> str:
    """What measures pictures and sound here and now."""
    from features import audio, pretrained
    from features.video.extract import expected_extractor

    return "|".join(
        (
            expected_extractor(),
            audio.EXTRACTOR,
            "tagger" if pretrained.find("yamnet") else "no tagger",
        )
    )
