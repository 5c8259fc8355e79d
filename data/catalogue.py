"""The catalogue: one row per track, `audio_features.csv` or Parquet with the same columns.

Reading is generous (any known spelling of a column, ten bare numeric columns, BOM, UTF-16, GB18030,
semicolons, tabs), writing is strict and atomic. A row that cannot be used is skipped and named by
line number and reason; a file with no usable row is an `InputError`.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup

METADATA_COLUMNS = (
    "track_id", "path", "title", "artist", "duration_s", "bpm", "key", "loudness_lufs",
    "license", "license_url", "content_sha256", "extractor",
)  # fmt: skip
COLUMNS = (*METADATA_COLUMNS, *MUSIC_NAMES)
CONFIDENCE_COLUMNS = tuple(f"{name}_confidence" for name in MUSIC_NAMES)
"""How much evidence stood behind each value, 0–1; optional."""
NUMBER_COLUMNS = ("duration_s", "bpm", "loudness_lufs")
MISSING = "missing"
"""What column `status` says of a track whose file is gone: its row is kept, and never answered."""

_METADATA_SPELLINGS = {
    column_key(spelling): name
    for name, spellings in {
        "track_id": ("track_id", "id", "track", "编号", "曲目编号"),
        "path": (
            "path",
            "file",
            "filename",
            "file_name",
            "filepath",
            "audio_path",
            "audio",
            "文件",
            "文件名",
            "路径",
        ),
        "title": ("title", "name", "song", "曲名", "歌名", "标题", "名称"),
        "artist": ("artist", "author", "composer", "艺术家", "作者", "歌手"),
        "duration_s": ("duration_s", "duration", "length_s", "时长"),
        "bpm": ("bpm", "tempo"),
        "key": ("key", "调", "调性"),
        "loudness_lufs": ("loudness_lufs", "lufs"),
        "license": ("license", "licence", "许可"),
        "license_url": ("license_url", "licence_url"),
        "content_sha256": ("content_sha256", "sha256"),
        "extractor": ("extractor",),
    }.items()
    for spelling in spellings
}
_MUSIC_POSITIONS = field_lookup(MUSIC_FIELDS)
_REPEATING = ("artist", "key", "license", "license_url", "extractor", "status", "duplicate_of")
"""Columns of few different words: Parquet is read three times faster when they stay coded."""
_FAST_READ_BYTES = 8 << 20
"""Above this size a clean UTF-8 file is read column by column; anything odd goes row by row."""


class SkippedRow(NamedTuple):
    line: int
    """Line of the file, counted from 1 (rows of a Parquet file likewise)."""
    reason: str


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Tracks and their 10-D music profiles.

    features : float64 (N, 10), in the order of `MUSIC_FIELDS`.
    columns : every other column by name, N values each (text; Parquet keeps its types);
        `track_id` is always there and unique.
    skipped : rows of the file that could not be used.
    source : where it came from, for messages.
    confidence : float64 (N, 10), 0–1, the evidence behind each value; 1 where nobody said.
    """

    features: np.ndarray
    columns: Mapping[str, Sequence]
    skipped: tuple[SkippedRow, ...] = ()
    source: str = ""
    confidence: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.confidence is None:
            object.__setattr__(self, "confidence", np.broadcast_to(1.0, self.features.shape))
        assert self.confidence.shape == self.features.shape, self.confidence.shape
        assert self.features.ndim == 2 and self.features.shape[1] == len(MUSIC_NAMES), (
            self.features.shape
        )
        assert all(len(column) == len(self.features) for column in self.columns.values())

    def __len__(self) -> int:
        return len(self.features)

    @property
    def track_ids(self) -> list[str]:
        return self.text("track_id")

    @property
    def extractors(self) -> tuple[str, ...]:
        """The distinct extractors of the rows; empty where the file does not say."""
        return tuple(sorted(set(self.text("extractor")) - {""}))

    @property
    def evidence(self) -> np.ndarray:
        """Mean confidence of each row, (N,); 0 where nothing was heard in the track."""
        return self.confidence.mean(axis=1)

    def text(self, name: str) -> list[str]:
        """One column as text; empty strings where the column or a value is missing."""
        column = self.columns.get(name)
        if column is None:
            return [""] * len(self)
        return [
            "" if v is None else str(v)
            for v in (column.to_pylist() if hasattr(column, "to_pylist") else column)
        ]

    def numbers(self, name: str) -> np.ndarray:
        """One column as float64 (N,); NaN where the column or a value is missing or not a number."""
        column = self.columns.get(name)
        fast = _arrow_numbers(column) if hasattr(column, "to_pylist") else None
        return np.array([to_number(v) for v in self.text(name)]) if fast is None else fast

    def track(self, row: int) -> dict[str, str]:
        """The metadata of one row as text, without empty values."""
        found = {name: column[row] for name, column in self.columns.items()}
        found = {name: v.as_py() if hasattr(v, "as_py") else v for name, v in found.items()}
        return {name: str(v) for name, v in found.items() if v not in (None, "")}

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping], source: str = "") -> Catalogue:
        """A catalogue of rows that each hold the ten fields by name, and metadata."""
        rows = list(rows)
        if not rows:
            raise InputError(f"{source or 'catalogue'}: there is no track in it.")
        ours = {*COLUMNS, *CONFIDENCE_COLUMNS}
        extra = dict.fromkeys(k for row in rows for k in row if k not in ours)
        features = np.array([[float(row[n]) for n in MUSIC_NAMES] for row in rows])
        confidence = np.array([[float(row.get(n, 1)) for n in CONFIDENCE_COLUMNS] for row in rows])
        columns = {
            n: ["" if row.get(n) is None else row[n] for row in rows]
            for n in (*METADATA_COLUMNS, *extra)
        }
        return cls(features, columns, source=source, confidence=confidence)

    @classmethod
    def read(cls, path: str | os.PathLike) -> Catalogue:
        """Read CSV or Parquet.

        Raises `InputError` if the file is missing, unreadable, lacks music columns, or holds no
        usable row.
        """
        path = Path(path)
        try:
            if path.is_dir():
                raise InputError(
                    f"{path}: this is a folder; build a catalogue from it with `leitmotif catalogue build`."
                )
            if not path.is_file():
                raise InputError(
                    f"{path}: no such catalogue file; check the path, or build one with `leitmotif catalogue build`."
                )
            with path.open("rb") as file:
                head = file.read(4)
            if head == b"PAR1":
                catalogue = _read_parquet(path)
            else:
                catalogue = (
                    path.stat().st_size > _FAST_READ_BYTES and _read_csv_fast(path)
                ) or _read_csv(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}).") from None
        if len(catalogue) == 0:
            first = catalogue.skipped[0] if catalogue.skipped else None
            why = f" (line {first.line}: {first.reason})" if first else ""
            raise InputError(
                f"{path}: no usable track in this catalogue{why}; every row needs ten numbers."
            )
        return catalogue

    def write(self, path: str | os.PathLike) -> None:
        """Write CSV (UTF-8, our column names and order), or Parquet if the name ends in .parquet.

        The file appears whole or not at all. Floats keep their exact value.
        """
        names = [*METADATA_COLUMNS, *(n for n in self.columns if n not in COLUMNS)]
        with atomic_path(path) as temporary:
            if Path(path).suffix.lower() == ".parquet":
                self._write_parquet(temporary, names)
                return
            columns = [self.text(n) for n in names]
            at = len(METADATA_COLUMNS)
            numbers = (
                np.hstack([self.features, self.confidence]) if self._doubted else self.features
            )
            named = [*MUSIC_NAMES, *(CONFIDENCE_COLUMNS if self._doubted else ())]
            with temporary.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow([*METADATA_COLUMNS, *named, *names[at:]])
                for row, values in zip(zip(*columns, strict=True), numbers.tolist(), strict=True):
                    writer.writerow([*row[:at], *map(repr, values), *row[at:]])

    @property
    def _doubted(self) -> bool:
        """Whether there is any confidence below 1 to be written."""
        return bool((self.confidence < 1).any())

    def _write_parquet(self, path: Path, names: list[str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = {
            n: pa.array(self.numbers(n), from_pandas=True)
            if n in NUMBER_COLUMNS
            else pa.array(self.text(n))
            for n in names
        }
        music = {n: pa.array(self.features[:, i]) for i, n in enumerate(MUSIC_NAMES)}
        if self._doubted:
            music |= {n: pa.array(self.confidence[:, i]) for i, n in enumerate(CONFIDENCE_COLUMNS)}
        at = len(METADATA_COLUMNS)
        order = {n: table[n] for n in names[:at]} | music | {n: table[n] for n in names[at:]}
        pq.write_table(pa.table(order), path, compression="zstd")

    def take(self, rows: Sequence[int] | np.ndarray) -> Catalogue:
        """The catalogue of some rows, in that order."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        columns = {
            n: c.take(rows) if hasattr(c, "to_pylist") else [c[i] for i in rows]
            for n, c in self.columns.items()
        }
        return replace(
            self, features=self.features[rows], confidence=self.confidence[rows], columns=columns
        )


def metadata_name(spelling: str) -> str:
    """Our name of a metadata column in any known spelling; the spelling itself if it is none of ours."""
    return _METADATA_SPELLINGS.get(column_key(spelling), spelling.strip())


def _arrow_numbers(column) -> np.ndarray | None:
    """An Arrow column as float64, NaN for nulls and empty text; None if some cell is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if not pa.types.is_floating(column.type):
            text = column.cast(pa.string())
            column = pc.if_else(pc.equal(text, ""), None, text)
        return pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def to_number(text: str) -> float:
    """What a cell says as a number; NaN where it says none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


# ------------------------------------------------------------------------------ layout of a table


class _Layout(NamedTuple):
    music: list[int]
    """Column of each of the ten fields."""
    metadata: dict[str, int]
    """Column of every other name."""
    confidence: dict[int, int]
    """Column of the confidence of a field, by the field's position."""


def _layout(header: Sequence[str], path: Path) -> _Layout | None:
    """Where the columns are, by name; None if the header names none of the ten fields."""
    keys = [column_key(name) for name in header]
    music = {
        _MUSIC_POSITIONS[k]: i for i, k in reversed(list(enumerate(keys))) if k in _MUSIC_POSITIONS
    }
    if not music:
        return None
    missing = [f.name for position, f in enumerate(MUSIC_FIELDS) if position not in music]
    if missing:
        raise InputError(
            f"{path}: the catalogue has no column for {', '.join(missing)}; "
            f"it needs all ten: {', '.join(MUSIC_NAMES)} (your own names are known too)."
        )
    metadata: dict[str, int] = {}
    confidence = {
        _MUSIC_POSITIONS[k.removesuffix("confidence")]: i
        for i, k in reversed(list(enumerate(keys)))
        if k.endswith("confidence") and k.removesuffix("confidence") in _MUSIC_POSITIONS
    }
    used = {*music.values(), *confidence.values()}
    for i in range(len(keys)):
        if i not in used:
            name = metadata_name(header[i])
            if name and name not in metadata and name not in MUSIC_NAMES:
                metadata[name] = i
    return _Layout([music[position] for position in range(len(MUSIC_FIELDS))], metadata, confidence)


def _bare_layout(row: Sequence[str], path: Path) -> _Layout:
    """Columns of a table without known names: ten numbers, alone or after one name or index."""
    if len(row) == len(MUSIC_NAMES):
        return _Layout(list(range(10)), {}, {})
    if len(row) == len(MUSIC_NAMES) + 1:
        return _Layout(list(range(1, 11)), {"track_id": 0}, {})
    raise InputError(
        f"{path}: this is not a music catalogue: none of the ten columns ({', '.join(MUSIC_NAMES)}) is named, "
        f"and there are {len(row)} columns where ten bare numbers (with or without a name before them) would do."
    )


# ------------------------------------------------------------------------------ CSV, row by row


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    if not raw.strip():
        raise InputError(
            f"{path}: the catalogue is empty; build one with `leitmotif catalogue build`."
        )
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InputError(
        f"{path}: not a text table in UTF-8 or GB18030; save the catalogue as CSV (UTF-8) or Parquet."
    )


def _read_csv(path: Path) -> Catalogue:
    text = _decode(path)
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((reader.line_num, row))
    except csv.Error as error:
        raise InputError(
            f"{path}: line {reader.line_num} is not CSV ({error}); save the table again as CSV."
        ) from None

    if not rows:
        raise InputError(
            f"{path}: the catalogue is empty; build one with `leitmotif catalogue build`."
        )
    header = rows[0][1]
    layout = _layout(header, path)
    if layout is None:
        layout = _bare_layout(header, path)
        if any(np.isnan(_cell(header[i], delimiter)) for i in layout.music):
            rows = rows[1:]  # a header in words of its own
    else:
        rows = rows[1:]
    return _assemble(path, rows, len(header), layout, delimiter)


def _cell(text: str, delimiter: str = ",") -> float:
    text = text.strip()
    return to_number(text.replace(",", ".") if delimiter != "," else text)  # decimal comma


def _assemble(
    path: Path, rows: list[tuple[int, list[str]]], width: int, layout: _Layout, delimiter: str
) -> Catalogue:
    skipped: list[SkippedRow] = []
    kept: list[list[str]] = []
    features: list[list[float]] = []
    ids: list[str] = []
    seen: set[str] = set()
    id_column = next(
        (layout.metadata[n] for n in ("track_id", "path", "title") if n in layout.metadata), None
    )
    for number, (line, row) in enumerate(rows):
        if len(row) != width:
            skipped.append(SkippedRow(line, f"{len(row)} columns where the header has {width}"))
            continue
        values = [_cell(row[i], delimiter) for i in layout.music]
        if not math.isfinite(sum(values)) and (
            bad := next(
                (n for n, v in zip(MUSIC_NAMES, values, strict=True) if not math.isfinite(v)), None
            )
        ):
            cell = row[layout.music[MUSIC_NAMES.index(bad)]].strip()
            skipped.append(
                SkippedRow(
                    line,
                    f"{bad} is missing"
                    if not cell
                    else f"{bad} is not a finite number ('{cell[:40]}')",
                )
            )
            continue
        track_id = (row[id_column].strip() if id_column is not None else "") or str(number)
        if track_id in seen:
            skipped.append(SkippedRow(line, f"track_id '{track_id}' is there already"))
            continue
        seen.add(track_id)
        ids.append(track_id)
        features.append(values)
        kept.append(row)
    columns = {n: [row[i].strip() for row in kept] for n, i in layout.metadata.items()} | {
        "track_id": ids
    }
    confidence = np.ones((len(kept), len(MUSIC_NAMES)))
    for position, i in layout.confidence.items():
        given = np.nan_to_num([_cell(row[i], delimiter) for row in kept], nan=1.0)
        confidence[:, position] = np.clip(given, 0, 1)
    return Catalogue(
        np.array(features, dtype=np.float64).reshape(-1, len(MUSIC_NAMES)),
        columns,
        tuple(skipped),
        str(path),
        confidence,
    )


# ------------------------------------------------------------------------------ whole columns


def _read_csv_fast(path: Path) -> Catalogue | None:
    """A large, clean, comma-separated UTF-8 file with our names; None if it is anything else."""
    import pyarrow as pa
    import pyarrow.csv as pc

    with path.open("rb") as file:
        first = file.readline()
    try:
        header = next(csv.reader([first.decode("utf-8-sig").rstrip("\r\n")]))
        layout = _layout(header, path)
        if layout is None or "track_id" not in layout.metadata or len(set(header)) != len(header):
            return None
        types = {name: pa.string() for name in header} | {
            header[i]: pa.float64() for i in layout.music
        }
        convert = pc.ConvertOptions(column_types=types, strings_can_be_null=False)
        table = pc.read_csv(path, convert_options=convert)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return None
    return _from_table(table, layout, path)


def _read_parquet(path: Path) -> Catalogue:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, read_dictionary=_REPEATING)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(
            f"{path}: a damaged Parquet file ({str(error).splitlines()[0]}); write it again."
        ) from None
    layout = _layout(table.column_names, path) or _bare_layout(table.column_names, path)
    catalogue = _from_table(table, layout, path)
    if catalogue is not None:
        return catalogue
    lists = [column.to_pylist() for column in table.columns]
    rows = [
        (line, ["" if v is None else str(v) for v in row])
        for line, row in enumerate(zip(*lists, strict=True), start=1)
    ]
    return _assemble(path, rows, table.num_columns, layout, ",")


def _from_table(table, layout: _Layout, path: Path) -> Catalogue | None:
    """A catalogue of Arrow columns; None if any row needs a reason for leaving it out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    features = np.empty((table.num_rows, len(layout.music)))
    confidence = np.ones(features.shape)
    try:
        for position, i in enumerate(layout.music):
            features[:, position] = (
                table.column(i).cast(pa.float64()).to_numpy(zero_copy_only=False)
            )
        for position, i in layout.confidence.items():
            given = table.column(i).cast(pa.float64()).to_numpy(zero_copy_only=False)
            confidence[:, position] = np.clip(np.nan_to_num(given, nan=1.0), 0, 1)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if not np.isfinite(features).all() or "track_id" not in layout.metadata:
        return None
    ids = table.column(layout.metadata["track_id"])
    if ids.null_count or len(pc.unique(ids)) != len(ids):
        return None
    columns = {n: table.column(i) for n, i in layout.metadata.items()}
    return Catalogue(features, columns, (), str(path), confidence)
