"""Tracks over time, beside the catalogue: `audio_features.curves.parquet`, one row per track.

Columns: `track_id` (the key); one list of float32 per curve, a value every `TOKEN_S` seconds from
the start (`CURVE_NAMES` with their units); `beats` (s) and `accents` (positions in `beats`);
`beat_confidence`, `accent_confidence` (0–1); `sections` (start times in seconds, the first is 0);
`checksum` (of the row). The footer has a checksum of its own, so that a few rows can be read and
still every damaged bit shows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.checksums import SEAL, checksum, damaged, footer_is_whole, stamp_footer
from data.errors import InputError
from data.profiles import Curves
from data.words import Sentence

TOKEN_S = 0.5
CURVE_NAMES = ("loudness", "arousal", "onset_rate", "brightness", "harmonic_change")
"""LU relative to the track's own loudness; −100–100; per second; 0–100; tonal distance in 0.1 s."""
_ROWS_AT_ONCE = 256
"""A player's few tracks should not cost a library's decoding."""


@dataclass(frozen=True, eq=False)
class TrackOverTime:
    """One track: curves, beats (s), accents (bool per beat), confidences, section starts (s)."""

    curves: Curves
    beats: np.ndarray
    accents: np.ndarray
    beat_confidence: float
    accent_confidence: float
    sections: np.ndarray


def read_curves(
    path: str | os.PathLike[str], track_ids: Sequence[str] | None = None
) -> dict[str, TrackOverTime]:
    """Tracks by id, all or those named (absent ones are left out).

    Raises `InputError` if the file is missing, no such table, or damaged.
    """
    from data import parquet

    path = Path(path)
    if not path.is_file():
        raise InputError("catalogue.no_curves", file=path)
    broken = damaged(path, Sentence("catalogue.build_again"))
    if not footer_is_whole(path):
        raise broken
    with parquet.reading(path, broken) as file:
        tracks: dict[str, TrackOverTime] = {}
        wanted = None if track_ids is None else set(track_ids)
        for group in range(file.num_row_groups):
            ids = parquet.read_group(file, group, path, ["track_id"])["track_id"].to_pylist()
            if wanted is not None and wanted.isdisjoint(ids):
                continue
            for row in parquet.read_group(file, group, path).to_pylist():
                if wanted is None or row["track_id"] in wanted:
                    tracks[row["track_id"]] = _track(row)
        return tracks


def _track(row: Mapping[str, Any]) -> TrackOverTime:
    if row["checksum"] != _checksum(row):
        raise ValueError("a row was changed")
    beats = np.array(row["beats"], dtype=np.float64)
    accents = np.zeros(len(beats), bool)
    accents[row["accents"]] = True
    values = np.array([row[name] for name in CURVE_NAMES], dtype=np.float64).T
    return TrackOverTime(
        Curves(np.arange(len(values)) * TOKEN_S, values, CURVE_NAMES),
        beats,
        accents,
        row["beat_confidence"],
        row["accent_confidence"],
        np.array(row["sections"], dtype=np.float64),
    )


def _checksum(row: Mapping[str, Any]) -> int:
    """CRC-32 over everything that a row says."""
    numbers = (*CURVE_NAMES, "beats", "accents", "sections")
    confidence = np.array([row["beat_confidence"], row["accent_confidence"]], np.float32)
    arrays = (np.asarray(row[name], np.float32) for name in numbers)
    return checksum(row["track_id"], confidence, *arrays)


class CurvesWriter:
    """Writes the table track by track.

    `with CurvesWriter(path) as writer: writer.add(track_id, track)`
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers, one = pa.list_(pa.float32()), pa.float32()
        columns = {
            "track_id": pa.string(),
            **dict.fromkeys((*CURVE_NAMES, "beats"), numbers),
            "accents": pa.list_(pa.int32()),
            "beat_confidence": one,
            "accent_confidence": one,
            "sections": numbers,
            "checksum": pa.uint32(),
        }
        self._path = path
        self._schema = pa.schema(columns.items())
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._writer.add_key_value_metadata(
            {"kind": "leitmotif-curves", "version": "1", "seal": SEAL}
        )
        self._rows: list[dict[str, Any]] = []

    def add(self, track_id: str, track: TrackOverTime) -> None:
        row = dict(zip(CURVE_NAMES, track.curves.values.astype(np.float32).T, strict=True)) | {
            "track_id": track_id,
            "beats": track.beats.astype(np.float32),
            "accents": np.flatnonzero(track.accents).astype(np.int32),
            "beat_confidence": track.beat_confidence,
            "accent_confidence": track.accent_confidence,
            "sections": track.sections.astype(np.float32),
        }
        self._rows.append(row | {"checksum": _checksum(row)})
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def __enter__(self) -> CurvesWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._rows and kind is None:
            self._flush()
        self._writer.close()
        if kind is None:
            stamp_footer(self._path)
