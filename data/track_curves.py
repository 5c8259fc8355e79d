"""Tracks over time, beside the catalogue: `audio_features.curves.parquet`, one row per track, keyed by `track_id`.

Columns: `track_id`; one list of float32 per curve, a value every `TOKEN_S` seconds from the start
(`CURVE_NAMES` with their units); `beats` (s) and `accents` (positions in `beats`); `beat_confidence`,
`accent_confidence` (0–1); `sections` (start times in seconds, the first is 0).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import InputError
from data.profiles import Curves

TOKEN_S = 0.5
CURVE_NAMES = ("loudness", "arousal", "onset_rate", "brightness", "harmonic_change")
"""LU relative to the track's own loudness; −100–100; per second; 0–100; tonal distance per 0.1 s."""
_ROWS_AT_ONCE = 2000


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
    path: str | os.PathLike, track_ids: list[str] | None = None
) -> dict[str, TrackOverTime]:
    """Tracks by id, all or those named (absent ones are left out).

    Raises `InputError` if the file is missing or no such table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: no such file; `leitmotif catalogue build` writes it beside the catalogue."
        )
    try:
        chosen = None if track_ids is None else [("track_id", "in", track_ids)]
        table = pq.read_table(path, filters=chosen)
        return {row["track_id"]: _track(row) for row in table.to_pylist()}
    except (pa.ArrowInvalid, KeyError) as error:
        raise InputError(
            f"{path}: not a table of curves ({str(error).splitlines()[0]}); build the catalogue again."
        ) from None


def _track(row: Mapping) -> TrackOverTime:
    values = np.array([row[name] for name in CURVE_NAMES], dtype=np.float64).T
    beats = np.array(row["beats"], dtype=np.float64)
    accents = np.zeros(len(beats), bool)
    accents[row["accents"]] = True
    curves = Curves(np.arange(len(values)) * TOKEN_S, values, CURVE_NAMES)
    return TrackOverTime(
        curves,
        beats,
        accents,
        row["beat_confidence"],
        row["accent_confidence"],
        np.array(row["sections"]),
    )


class CurvesWriter:
    """Writes the table track by track: `with CurvesWriter(path) as writer: writer.add(track_id, analysis)`."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers = pa.list_(pa.float32())
        self._schema = pa.schema([
            ("track_id", pa.string()), *((name, numbers) for name in CURVE_NAMES), ("beats", numbers), ("accents", pa.list_(pa.int32())),
            ("beat_confidence", pa.float32()), ("accent_confidence", pa.float32()), ("sections", numbers),
        ])  # fmt: skip
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict] = []

    def add(self, track_id: str, analysis: Mapping) -> None:
        """analysis : `curves` (T, 5) in the order of `CURVE_NAMES`, `beats`, `accents` (bool), `beat_confidence` (two), `sections`."""
        row = dict(
            zip(
                CURVE_NAMES,
                np.asarray(analysis["curves"], np.float32).T.reshape(len(CURVE_NAMES), -1),
                strict=True,
            )
        )
        pulse, accent = analysis["beat_confidence"]
        row |= {
            "track_id": track_id,
            "beats": analysis["beats"],
            "accents": np.flatnonzero(analysis["accents"]),
        }
        self._rows.append(
            row
            | {
                "beat_confidence": pulse,
                "accent_confidence": accent,
                "sections": analysis["sections"],
            }
        )
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def __enter__(self) -> CurvesWriter:
        return self

    def __exit__(self, kind, *_) -> None:
        if self._rows and kind is None:
            self._flush()
        self._writer.close()
