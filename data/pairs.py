"""Scored scenes: what the picture is like, and the music that somebody put under it.

One row per scene in `pairs.csv`: where it is from, its split, and 11 + 10 values with a confidence
each (`<field>_confidence`). An empty cell was not measured: NaN in memory, confidence 0, masked in
training and in every score. Splits are by source, never by scene, so that two scenes of one film
never sit on both sides; a source's split follows from its name, whatever else is in the file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.csv_text import quoted
from data.errors import InputError
from data.numbers import parse_number
from data.profiles import (
    MUSIC_FIELDS,
    MUSIC_NAMES,
    VIDEO_FIELDS,
    VIDEO_NAMES,
    MusicProfile,
    VideoProfile,
    column_key,
    field_lookup,
)
from data.tables import read_table
from data.words import Sentence

SPLITS = ("train", "validation", "test")
KEY_COLUMNS = (
    "source",
    "start_s",
    "end_s",
    "split",
    "music_share",
    "video_extractor",
    "music_extractor",
)
VALUE_COLUMNS = (*VIDEO_NAMES, *MUSIC_NAMES)
NAMED = 3
"""Unusable rows that are named; more are counted."""
COLUMNS = (*KEY_COLUMNS, *VALUE_COLUMNS, *(f"{n}_confidence" for n in VALUE_COLUMNS))


def split_of(source: str) -> str:
    """The split of a source by its name alone: 60 % train, 20 % validation, 20 % test."""
    tenth = int(hashlib.sha1(source.encode()).hexdigest(), 16) % 10
    return SPLITS[0] if tenth < 6 else SPLITS[1] if tenth < 8 else SPLITS[2]


@dataclass(frozen=True, eq=False)
class Pairs:
    """n scored scenes.

    sources : n names of what a scene was cut from.
    start, end : (n,) seconds.
    video, video_confidence : (n, 11) in field units, NaN where not measured; 0–1, 0 where NaN.
    music, music_confidence : (n, 10), likewise.
    music_share : (n,) 0–1, how much of the scene's sound is music; NaN where nothing judged it.
    splits : n of `SPLITS`.
    video_extractors, music_extractors : n names of what measured each row.
    origin : for messages.
    """

    sources: tuple[str, ...]
    start: np.ndarray
    end: np.ndarray
    video: np.ndarray
    video_confidence: np.ndarray
    music: np.ndarray
    music_confidence: np.ndarray
    music_share: np.ndarray
    splits: tuple[str, ...]
    video_extractors: tuple[str, ...]
    music_extractors: tuple[str, ...]
    skipped: tuple[str, ...] = ()
    origin: str = "pairs"

    def __post_init__(self) -> None:
        n = len(self.sources)
        assert self.video.shape == self.video_confidence.shape == (n, len(VIDEO_FIELDS)), (
            self.video.shape
        )
        assert self.music.shape == self.music_confidence.shape == (n, len(MUSIC_FIELDS)), (
            self.music.shape
        )

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def video_extractor(self) -> str:
        """The one extractor of all pictures; `InputError` if there are several."""
        return self._only(self.video_extractors, Sentence("pairs.pictures"))

    @property
    def music_extractor(self) -> str:
        """The one extractor of all music; `InputError` if there are several."""
        return self._only(self.music_extractors, Sentence("pairs.music"))

    def check_extractors(self) -> None:
        """Raise `InputError` where rows were measured by different extractors."""
        self._only(self.video_extractors, Sentence("pairs.pictures"))
        self._only(self.music_extractors, Sentence("pairs.music"))

    def take(self, rows: Sequence[int] | np.ndarray) -> Pairs:
        """The pairs of some rows (positions or a mask), in that order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(int)
        arrays = (
            "start",
            "end",
            "video",
            "video_confidence",
            "music",
            "music_confidence",
            "music_share",
        )
        texts = ("sources", "splits", "video_extractors", "music_extractors")
        parts: dict[str, Any] = {n: getattr(self, n)[rows] for n in arrays}
        parts |= {n: tuple(getattr(self, n)[i] for i in rows) for n in texts}
        return replace(self, **parts, skipped=())

    def split(self, *names: str) -> Pairs:
        """The pairs of the named splits; messages about them name the part."""
        part = self.take(np.array([s in names for s in self.splits], dtype=bool))
        return replace(part, origin=f"{self.origin} ({' and '.join(names)})")

    @property
    def left_out(self) -> str:
        """One sentence about the rows that could not be used; empty where there are none."""
        if not self.skipped:
            return ""
        n = len(self.skipped)
        named = reduce(
            lambda one, other: Sentence("pairs.both", one=one, other=other), self.skipped[:NAMED]
        )
        rows = Sentence("pairs.one_row") if n == 1 else Sentence("pairs.rows", n=n)
        if n > NAMED:
            return Sentence(
                "pairs.left_out_more", file=self.origin, rows=rows, named=named, rest=n - NAMED
            )
        return Sentence("pairs.left_out", file=self.origin, rows=rows, named=named)

    def groups(self) -> np.ndarray:
        """(n,) source numbers, 0 … in order of first appearance."""
        number = {s: i for i, s in enumerate(dict.fromkeys(self.sources))}
        return np.array([number[s] for s in self.sources], dtype=int)

    @classmethod
    def from_profiles(
        cls,
        rows: Iterable[tuple[str, float, float, VideoProfile, MusicProfile, float]],
        origin: str = "pairs",
    ) -> Pairs:
        """Pairs of (source, start, end, picture, music, music share).

        Confidence 0 means "not measured".
        """
        rows = list(rows)
        sources = tuple(r[0] for r in rows)
        video, music = [r[3] for r in rows], [r[4] for r in rows]
        return cls(
            sources=sources,
            start=np.array([r[1] for r in rows], dtype=float),
            end=np.array([r[2] for r in rows], dtype=float),
            video=_measured(video, len(VIDEO_FIELDS)),
            video_confidence=np.array([p.confidence for p in video]).reshape(-1, len(VIDEO_FIELDS)),
            music=_measured(music, len(MUSIC_FIELDS)),
            music_confidence=np.array([p.confidence for p in music]).reshape(-1, len(MUSIC_FIELDS)),
            music_share=np.array([r[5] for r in rows], dtype=float),
            splits=tuple(map(split_of, sources)),
            video_extractors=tuple(p.extractor for p in video),
            music_extractors=tuple(p.extractor for p in music),
            origin=origin,
        )

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write `pairs.csv`, whole or not at all; numbers to six significant digits."""
        values = np.hstack([self.video, self.music, self.video_confidence, self.music_confidence])
        with (
            atomic_path(path) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            file.write(",".join(COLUMNS) + "\n")
            for i in range(len(self)):
                cells = [
                    quoted(self.sources[i]),
                    _text(self.start[i]),
                    _text(self.end[i]),
                    self.splits[i],
                    _text(self.music_share[i]),
                    quoted(self.video_extractors[i]),
                    quoted(self.music_extractors[i]),
                    *map(_text, values[i]),
                ]
                file.write(",".join(cells) + "\n")

    def _only(self, extractors: tuple[str, ...], what: Sentence) -> str:
        found = sorted(set(extractors))
        if len(found) > 1:
            raise InputError(
                "pairs.extractors", file=self.origin, what=what, n=len(found), names=found
            )
        return found[0] if found else ""


def read_pairs(path: str | os.PathLike[str]) -> Pairs:
    """Read `pairs.csv`.

    Any known spelling of the 21 fields; missing fields, splits and confidences are filled in (not
    measured; by the source's name; 1 where there is a value). A row with a cell that is no number,
    or out of its field's range, is left out and named in `skipped`. Raises `InputError` if the file
    is missing, is no such table, or holds no usable row.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("pairs.no_file", file=path)
    table = read_table(path, _is_pairs, empty="pairs.columns", no_text="pairs.no_text")
    if not _is_pairs(table.header):
        raise InputError("pairs.columns", file=path)
    columns = _columns(table.header)
    read = [(line, _row(row, columns)) for line, row in table.rows()]
    rows = [row for _, row in read if isinstance(row, dict)]
    reasons = sorted([*((n, row) for n, row in read if isinstance(row, str)), *table.skipped])
    skipped = tuple(Sentence("pairs.line", line=n, why=why) for n, why in reasons)
    if not rows and skipped:
        raise InputError("pairs.no_usable_row", file=path, why=skipped[0])
    if not rows:
        raise InputError("pairs.no_row", file=path)
    return _assemble(rows, skipped, str(path))


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where each of `COLUMNS` is that is there."""
    spellings = {
        spelling: fields[i].name
        for fields in (VIDEO_FIELDS, MUSIC_FIELDS)
        for spelling, i in field_lookup(fields).items()
    } | {column_key(name): name for name in COLUMNS}
    keys = [column_key(name) for name in header]
    return {spellings[key]: i for i, key in enumerate(keys) if key in spellings}


def _is_pairs(header: Sequence[str]) -> bool:
    """Whether there are a source, a field of the picture and one of the music."""
    names = set(_columns(header))
    return "source" in names and not (
        names.isdisjoint(VIDEO_NAMES) or names.isdisjoint(MUSIC_NAMES)
    )


def _row(cells: Sequence[str], columns: dict[str, int]) -> dict[str, Any] | Sentence:
    """One row as a record, or the reason why it cannot be used."""
    record: dict[str, Any] = {n: cells[i].strip() for n, i in columns.items() if n in KEY_COLUMNS}
    if not record["source"]:
        return Sentence("pairs.no_source")
    for name, i in columns.items():
        if name in KEY_COLUMNS and name not in ("start_s", "end_s", "music_share"):
            continue
        cell = cells[i].strip()
        record[name] = parse_number(cell) if cell else np.nan
        if cell and not np.isfinite(record[name]):
            return Sentence("pairs.no_number", column=name, cell=cell[:40])
    for f in (*VIDEO_FIELDS, *MUSIC_FIELDS):
        value, slack = record.get(f.name, np.nan), 1e-6 * (f.high - f.low)
        if not np.isnan(value) and not f.low - slack <= value <= f.high + slack:
            return Sentence("pairs.range", column=f.name, value=value, low=f.low, high=f.high)
    if record.get("split") and record["split"] not in SPLITS:
        return Sentence("pairs.split", split=record["split"], splits=SPLITS)
    return record


def _assemble(rows: list[dict[str, Any]], skipped: tuple[str, ...], origin: str) -> Pairs:
    def numbers(names: Sequence[str], default: float = np.nan) -> np.ndarray:
        return np.array([[r.get(n, default) for n in names] for r in rows], dtype=float).reshape(
            len(rows), len(names)
        )

    def confidence(names: Sequence[str], values: np.ndarray) -> np.ndarray:
        given = np.nan_to_num(numbers([f"{n}_confidence" for n in names], 1.0), nan=1.0)
        return np.where(np.isnan(values), 0.0, np.clip(given, 0, 1))

    video, music = numbers(VIDEO_NAMES), numbers(MUSIC_NAMES)
    return Pairs(
        sources=tuple(r["source"] for r in rows),
        start=numbers(["start_s"])[:, 0],
        end=numbers(["end_s"])[:, 0],
        video=video,
        video_confidence=confidence(VIDEO_NAMES, video),
        music=music,
        music_confidence=confidence(MUSIC_NAMES, music),
        music_share=numbers(["music_share"])[:, 0],
        splits=tuple(r.get("split") or split_of(r["source"]) for r in rows),
        video_extractors=tuple(r.get("video_extractor", "") for r in rows),
        music_extractors=tuple(r.get("music_extractor", "") for r in rows),
        skipped=skipped,
        origin=origin,
    )


def _measured(profiles: Sequence[VideoProfile] | Sequence[MusicProfile], n: int) -> np.ndarray:
    """(rows, n) values with NaN where the confidence is 0."""
    return np.array(
        [np.where(p.confidence > 0, p.values, np.nan) for p in profiles], dtype=float
    ).reshape(-1, n)


def _text(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
