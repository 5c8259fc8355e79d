"""A folder of videos that have music already becomes pairs: pictures beside the sound under them.

Each video is watched once and cut into scenes; a scene's 11 numbers come from its picture alone,
its 10 from its soundtrack alone. Scenes that are too short, silent or not music are left out and
counted. What is music the tagger (YAMNet) says; without its weights the share stays unknown, and
every scene that sounds is kept, speech included. Finished files are kept in a journal in the cache
folder until the whole folder is done, so a stopped run goes on where it was; one part's, on one of
several machines, lie beside the pairs that they are for. A journal written by another version of
the extractors is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import check_writable, unwritable
from data.checksums import Damaged, parse_json, seal, unseal
from data.errors import InputError, Progress
from data.folders import cache_folder
from data.media import VIDEO_SUFFIXES, check_regular
from data.media_files import Unusable, media_files
from data.pair_curves import NAMES, FilmCurves, curves_beside, write_film_curves
from data.pairs import Pairs
from data.profiles import MusicProfile, VideoProfile
from data.tables import read_table
from data.words import Sentence, Unnamed, from_record, to_record
from features import audio, pretrained, video
from features.video.timeline import Timeline
from leitmotif.workers.parts import Part
from leitmotif.workers.pool import run_each
from matcher import arc

KIND, VERSION = "scored-video", 2
MIN_SCENE_S = 4.0
"""Shorter scenes say too little of either side (heuristic)."""
MIN_MUSIC_SHARE = 0.5


@dataclass(frozen=True)
class Learned:
    """Pairs and what did not become one.

    left_out : (file, seconds of the scene or None for the whole file, reason). films : those with
        a pair, over time.
    """

    pairs: Pairs
    files: int
    left_out: tuple[tuple[str, float | None, str], ...]
    films: tuple[FilmCurves, ...] = ()

    def write(self, path: str | os.PathLike[str]) -> None:
        """The pairs as CSV, and the films over time beside them."""
        self.pairs.write(path)
        write_film_curves(curves_beside(path), self.films)


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
        several clips of one film share a name and so a split. A file that is not named is its own
        source.
    min_music_share : scenes whose sound is less than this share music are left out.
    jobs : processes; negative counts from the number of cores.
    output : where to write the pairs; only then is what was kept for a stopped run let go.

    Raises `InputError` for a missing folder, one without videos, or when no scene could be used.
    """
    folder = Path(folder)
    if output is not None:
        check_writable(output)
    left_out: list[tuple[str, float | None, str]] = []

    def unusable(path: str, why: str) -> None:
        left_out.append((os.path.relpath(path, folder), None, why))

    files = list(video_files(folder, unusable))
    journal = _Journal.of_folder(folder, output)
    done = {name: r for name, path in files if (r := journal.get(name, path))}
    for record in _scored([f for f in files if f[0] not in done], jobs):
        journal.add(record)
        done[record["file"]] = record
        if progress:
            progress(record["file"], len(done), len(files))
    rows: list[tuple[str, float, float, VideoProfile, MusicProfile, float]] = []
    films = []
    for name, _ in files:
        source, before = (sources or {}).get(name, name), len(rows)
        for scene in done[name]["scenes"]:
            left = scene["left_out"] and from_record(scene["left_out"])
            reason = left or _too_little_music(scene["music_share"], min_music_share)
            if reason:
                left_out.append((name, scene["start_s"], reason))
                continue
            picture, music = (
                VideoProfile.from_dict(scene["video"]),
                MusicProfile.from_dict(scene["music"]),
            )
            share = np.nan if scene["music_share"] is None else scene["music_share"]
            rows.append((source, scene["start_s"], scene["end_s"], picture, music, share))
        if len(rows) > before:
            curves = np.array([done[name]["curves"][n] for n in NAMES], dtype=float).T
            films.append(FilmCurves(name, source, curves))
        if done[name]["failed"]:
            left_out.append((name, None, from_record(done[name]["failed"])))
    if not rows:
        if not left_out:
            raise InputError("learn.no_scene", folder=folder)
        raise InputError("learn.none_left", folder=folder, file=left_out[0][0], why=left_out[0][2])
    pairs = Pairs.from_profiles(rows, str(folder))
    learned = Learned(pairs, len(files), tuple(left_out), tuple(films))
    if output is not None:
        learned.write(output)
    journal.close()
    return learned


def learn_part(
    folder: str | os.PathLike[str],
    part: Part,
    output: str | os.PathLike[str],
    *,
    jobs: int = -1,
    progress: Progress | None = None,
) -> int:
    """Score one part's videos into a file beside `output`, where `learn` looks for it.

    Machines that share no folder have theirs copied there. How many were scored now. Raises
    `InputError` as `learn` does.
    """
    check_writable(output)
    files = part.share(list(video_files(Path(folder))))
    journal = _Journal.of_part(Path(output), part)
    todo = [f for f in files if journal.get(*f) is None]
    for done, record in enumerate(_scored(todo, jobs), start=1):
        journal.add(record)
        if progress:
            progress(record["file"], done, len(todo))
    return len(todo)


def video_files(
    folder: Path, unusable: Unusable = lambda path, reason: None
) -> Iterator[tuple[str, Path]]:
    """Names inside the folder, with forward slashes, and paths, in order.

    unusable : hears of what cannot even be looked at. Raises `InputError` if there are none.
    """
    if not folder.is_dir():
        code = "learn.not_a_folder" if folder.exists() else "learn.no_folder"
        raise InputError(code, folder=folder)
    found = sorted(path for path, _ in media_files(folder, VIDEO_SUFFIXES, unusable))
    if not found:
        raise InputError("learn.no_video", folder=folder)
    for path in found:
        yield path.relative_to(folder).as_posix(), path


def read_sources(path: str | os.PathLike[str]) -> dict[str, str]:
    """A CSV with the columns `file` and `source`.

    Raises `InputError` if it is missing, no table of text, or has no such columns.
    """
    path = check_regular(path)
    table = read_table(path, lambda cells: {"file", "source"} <= set(cells))
    if not {"file", "source"} <= set(table.header):
        raise InputError("pairs.source_columns", file=path)
    files, sources = (table.columns[table.header.index(n)] for n in ("file", "source"))
    return {f: s for f, s in zip(files, sources, strict=True) if f and s}


def _too_little_music(share: float | None, needed: float) -> str:
    if share is None or share >= needed:
        return ""
    return Sentence("learn.little_music", share=f"{share:.0%}")


def _scored(files: Sequence[tuple[str, Path]], jobs: int) -> Iterator[dict[str, Any]]:
    """A record per file, as they are done; a file that brings its process down has one, too."""
    for (name, path), record in run_each(score_file, files, jobs):
        yield record if isinstance(record, dict) else _failed(name, path, Sentence("learn.crashed"))


def score_file(file: tuple[str, Path]) -> dict[str, Any]:
    """One file's scenes as plain values, or why there are none. file : name and path."""
    name, path = file
    try:
        timeline = video.read_timeline(path)
        found = [_score_scene(path, timeline, start, end) for start, end in video.scenes(timeline)]
        heard = any("video" in scene for scene in found)
        return {
            "file": name,
            "digest": _digest(path),
            "failed": "",
            "scenes": found,
            "curves": _curves(path, timeline) if heard else {},
        }
    except InputError as error:
        return _failed(name, path, Unnamed(error.code, **error.values))
    except Exception as error:  # one file's surprise must not cost the others
        why = Sentence("learn.surprise", kind=type(error).__name__, why=error)
        return _failed(name, path, why)


def _curves(path: Path, timeline: Timeline) -> dict[str, list[float]]:
    """The film second by second; see `data.pair_curves.NAMES`."""
    cuts, motion = arc.cuts_and_motion(timeline.cuts, timeline["motion"])
    novelty = arc.by_second(timeline["novelty"])
    loudness = arc.loudness_curve(audio.loudness_over_time(path))
    loudness = np.pad(
        loudness, (0, max(0, len(cuts) - len(loudness))), constant_values=arc.FLOOR_LU
    )
    curves = (cuts, motion, novelty, loudness[: len(cuts)])
    return {n: np.round(curve, 4).tolist() for n, curve in zip(NAMES, curves, strict=True)}


def _failed(name: str, path: Path, why: str) -> dict[str, Any]:
    try:
        digest = _digest(path)
    except OSError:
        digest = ""
    return {"file": name, "digest": digest, "failed": to_record(why), "scenes": []}


def _score_scene(path: Path, timeline: Timeline, start: float, end: float) -> dict[str, Any]:
    scene = {"start_s": start, "end_s": end, "left_out": "", "music_share": None}
    if end - start < MIN_SCENE_S:
        return scene | {"left_out": to_record(Sentence("learn.short", seconds=f"{MIN_SCENE_S:g}"))}
    sound = audio.analyze(path, start=start, end=end, tags=True)
    if not sound.profile.confidence.any():
        return scene | {"left_out": to_record(Sentence("learn.silent"))}
    share = sound.tags["music"] if sound.tags else None
    return scene | {
        "video": video.score(timeline, start, end).to_dict(),
        "music": sound.profile.to_dict(),
        "music_share": share,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Journal:
    """Finished files of one folder, a sealed JSON record a line, those of all parts together.

    A line that was cut short, damaged, or is of another shape is as if it were not there: its file
    is watched again.
    """

    def __init__(self, path: Path, parts: Sequence[Path] = ()) -> None:
        """path : where records are added. parts : other files of them."""
        self.path, self.all = path, [p for p in (path, *parts) if p.is_file()]
        self.records: dict[str, dict[str, Any]] = {}
        for line in (line for path in self.all for line in path.read_bytes().splitlines()):
            try:
                record = unseal(parse_json(line, self.path), KIND, VERSION, self.path)
            except (Damaged, InputError):
                continue
            self.records[record["file"]] = record

    @classmethod
    def of_folder(cls, folder: Path, output: str | os.PathLike[str] | None) -> _Journal:
        """That of a folder's videos on this machine, with those of the parts beside `output`."""
        key = _key(f"{folder.resolve()}|{_version()}")
        parts = [] if output is None else _beside(Path(output))
        return cls(cache_folder("learn") / f"{key}.jsonl", parts)

    @classmethod
    def of_part(cls, output: Path, part: Part) -> _Journal:
        """That of one part, beside `output`, with those of the other parts."""
        name = f"{output.stem}.{_key(_version())}.part-{part.number}-of-{part.of}.jsonl"
        return cls(output.with_name(name), _beside(output))

    def get(self, name: str, path: Path) -> dict[str, Any] | None:
        """The record of a file that has not changed since."""
        record = self.records.get(name)
        return record if record and record["digest"] == _digest(path) else None

    def add(self, record: dict[str, Any]) -> None:
        line = json.dumps(seal(KIND, VERSION, record), ensure_ascii=False) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise unwritable(self.path, error) from None

    def close(self) -> None:
        """Everything is in the pairs now."""
        for path in {self.path, *self.all}:
            path.unlink(missing_ok=True)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _beside(output: Path) -> list[Path]:
    """The files of parts beside the pairs that they are for, made as it would be done here."""
    known = f"{output.stem}.{_key(_version())}.part-"
    return sorted(p for p in output.parent.glob("*.jsonl") if p.name.startswith(known))


def _version() -> str:
    """What measures pictures and sound here and now."""
    from features.video.extract import expected_extractor

    return "|".join(
        (
            expected_extractor(),
            audio.EXTRACTOR,
            "tagger" if pretrained.find("yamnet") else "no tagger",
        )
    )
