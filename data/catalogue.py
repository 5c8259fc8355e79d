"""The catalogue: one row per track, `audio_features.csv` or Parquet with the same columns.

Reading is generous (any known spelling of a column, ten bare numeric columns, BOM, UTF-16, GB18030,
semicolons, tabs), writing is strict and atomic. A row that cannot be used is skipped and named by
line number and reason; a file with no usable row is an `InputError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.checksums import SEAL, is_whole, stamp
from data.columns import ArrowColumn, Column, as_column
from data.csv_text import MOST_BROKEN, quoted
from data.errors import InputError
from data.numbers import parse_number
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup
from data.tables import SkippedRow, mostly_broken, read_table
from data.words import Sentence

METADATA_COLUMNS = (
    "track_id", "path", "title", "artist", "duration_s", "bpm", "key", "loudness_lufs",
    "license", "license_url", "content_sha256", "extractor",
)  # fmt: skip
COLUMNS = (*METADATA_COLUMNS, *MUSIC_NAMES)
CONFIDENCE_COLUMNS = tuple(f"{name}_confidence" for name in MUSIC_NAMES)
"""How much evidence stood behind each value, 0–1; optional."""
HEARD_COLUMNS = ("vocals", "speech")
"""Shares 0–1 of seconds that are sung and spoken; empty where YAMNet did not hear the track."""
NUMBER_COLUMNS = (
    "duration_s", "bpm", "bpm_alternative", "bpm_confidence", "loudness_lufs", *HEARD_COLUMNS,
)  # fmt: skip
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
        "energy": ("energy", "能量"),
        "vocals": ("vocals", "vocals_share", "人声"),
        "speech": ("speech", "speech_share", "说话"),
    }.items()
    for spelling in spellings
}
_MUSIC_POSITIONS = field_lookup(MUSIC_FIELDS)
NEUTRAL = np.array([f.neutral for f in MUSIC_FIELDS], dtype=float)
LARGEST = 1e30
"""Values beyond are left out: their squares are no finite numbers in single precision."""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Tracks and their 10-D music profiles.

    features : float64 (N, 10), in the order of `MUSIC_FIELDS`.
    columns : every other column by name, a `Column` of N cells of text each (any sequence given
        becomes one); `track_id` is there in every catalogue that was read, and unique.
    skipped : rows of the file that could not be used.
    source : where it came from, for messages.
    confidence : float64 (N, 10), 0–1, the evidence behind each value; where a file does not say, 1,
        but 0 for rows of nothing but neutral values: those stand for silence.
    """

    features: np.ndarray
    columns: Mapping[str, Column]
    skipped: tuple[SkippedRow, ...] = ()
    source: str = ""
    confidence: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        columns = {name: as_column(cells) for name, cells in self.columns.items()}
        object.__setattr__(self, "columns", columns)
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
        return [""] * len(self) if column is None else column.tolist()

    def numbers(self, name: str) -> np.ndarray:
        """One column as float64 (N,); NaN where there is no column, no value, or no number."""
        column = self.columns.get(name)
        return np.full(len(self), np.nan) if column is None else column.numbers()

    def track(self, row: int) -> dict[str, str]:
        """The metadata of one row as text, without empty values."""
        found = {name: column[row] for name, column in self.columns.items()}
        return {name: cell for name, cell in found.items() if cell}

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, object]], source: str = "") -> Catalogue:
        """A catalogue of rows that each hold the ten fields by name, and metadata."""
        rows = list(rows)
        if not rows:
            raise InputError("catalogue.no_track", file=source or "catalogue")
        ours = {*COLUMNS, *CONFIDENCE_COLUMNS}
        extra = dict.fromkeys(k for row in rows for k in row if k not in ours)
        features = np.array([[row[n] for n in MUSIC_NAMES] for row in rows], dtype=np.float64)
        confidence = np.array(
            [[row.get(n, 1) for n in CONFIDENCE_COLUMNS] for row in rows], dtype=np.float64
        )
        columns = {n: Column(row.get(n) for row in rows) for n in (*METADATA_COLUMNS, *extra)}
        return cls(features, columns, source=source, confidence=confidence)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Catalogue:
        """Read CSV or Parquet.

        Raises `InputError` if the file is missing, unreadable, lacks music columns, or holds no
        usable row.
        """
        path = Path(path)
        if path.is_dir():
            raise InputError("catalogue.folder", file=path)
        if not path.exists():
            raise InputError("catalogue.no_file", file=path)
        if not path.is_file():
            raise InputError("files.no_regular_file", file=path)
        try:
            with path.open("rb") as file:
                parquet = file.read(4) == b"PAR1"
        except OSError as error:
            raise InputError("files.unreadable", file=path, why=error.strerror) from None
        catalogue = _read_parquet(path) if parquet else _read_csv(path)
        if len(catalogue) == 0:
            if not catalogue.skipped:
                raise InputError("catalogue.no_row", file=path)
            line, reason = catalogue.skipped[0]
            raise InputError("catalogue.no_usable_row", file=path, line=line, why=reason)
        return catalogue

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write CSV (UTF-8, our column names and order), or Parquet if the name ends in .parquet.

        The file appears whole or not at all. Floats keep their exact value, text every character
        that a text table can hold.
        """
        with atomic_path(path) as temporary:
            if Path(path).suffix.lower() == ".parquet":
                self._write_parquet(temporary)
            else:
                self._write_csv(temporary)

    def _write_csv(self, path: Path) -> None:
        numbers = [*self.features.T, *(self.confidence.T if self._doubted else ())]
        names = [*MUSIC_NAMES, *(CONFIDENCE_COLUMNS if self._doubted else ())]
        columns: dict[str, Iterable[str]] = {n: map(quoted, self.text(n)) for n in METADATA_COLUMNS}
        columns |= {n: map(repr, x.tolist()) for n, x in zip(names, numbers, strict=True)}
        columns |= {n: map(quoted, self.text(n)) for n in self.columns if n not in columns}
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(map(quoted, columns)) + "\n")
            for row in zip(*columns.values(), strict=True):
                file.write(",".join(row) + "\n")

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        def column(name: str) -> pa.Array:
            if name in NUMBER_COLUMNS:
                return pa.array(self.numbers(name), from_pandas=True)
            return pa.array(map(_storable, self.text(name)), pa.string())

        columns = {n: column(n) for n in METADATA_COLUMNS}
        columns |= {n: pa.array(self.features[:, i]) for i, n in enumerate(MUSIC_NAMES)}
        if self._doubted:
            columns |= {
                n: pa.array(self.confidence[:, i]) for i, n in enumerate(CONFIDENCE_COLUMNS)
            }
        columns |= {n: column(n) for n in self.columns if n not in columns}
        table = pa.table(columns)
        with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
            writer.write_table(table)
            writer.add_key_value_metadata(
                {"kind": "leitmotif-catalogue", "version": "1", "seal": SEAL}
            )
        stamp(path)

    @property
    def _doubted(self) -> bool:
        """Whether there is any confidence below 1 to be written."""
        return bool((self.confidence < 1).any())

    def take(self, rows: Sequence[int] | np.ndarray) -> Catalogue:
        """The catalogue of some rows (positions or a mask), in that order."""
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return replace(
            self, features=self.features[rows], confidence=self.confidence[rows], columns=columns
        )


def metadata_name(spelling: str) -> str:
    """Our name of a metadata column in any known spelling; else the spelling itself."""
    return _METADATA_SPELLINGS.get(column_key(spelling), spelling.strip())


def _storable(text: str) -> str:
    """Text without halves of surrogate pairs, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


# ------------------------------------------------------------------------------ layout of a table


class _Layout(NamedTuple):
    music: list[int]
    """Column of each of the ten fields."""
    metadata: dict[str, int]
    """Column of every other name."""
    confidence: dict[int, int]
    """Column of the confidence of a field, by the field's position."""


def _named_music(header: Sequence[str]) -> dict[int, int]:
    """Column of each of the ten fields that is named, by the field's position."""
    keys = [column_key(name) for name in header]
    return {
        _MUSIC_POSITIONS[k]: i for i, k in reversed(list(enumerate(keys))) if k in _MUSIC_POSITIONS
    }


def _layout(header: Sequence[str], path: Path) -> _Layout:
    """Where the columns are: by name, or ten bare numbers, alone or behind one name or index.

    Raises `InputError` where some of the ten are not named, or the table is something else.
    """
    music = _named_music(header)
    if not music and len(header) in (len(MUSIC_NAMES), len(MUSIC_NAMES) + 1):
        first = len(header) - len(MUSIC_NAMES)
        return _Layout(list(range(first, len(header))), {"title": 0} if first else {}, {})
    if not music:
        raise InputError("catalogue.other_table", file=path, columns=MUSIC_NAMES, n=len(header))
    missing = [f.name for position, f in enumerate(MUSIC_FIELDS) if position not in music]
    if missing:
        raise InputError("catalogue.columns", file=path, missing=missing, columns=MUSIC_NAMES)
    confidence = {
        _MUSIC_POSITIONS[key.removesuffix("confidence")]: i
        for i, key in reversed(list(enumerate(map(column_key, header))))
        if key.endswith("confidence") and key.removesuffix("confidence") in _MUSIC_POSITIONS
    }
    metadata: dict[str, int] = {}
    for i, spelling in enumerate(header):
        if i not in {*music.values(), *confidence.values()}:
            name = metadata_name(spelling)
            if name and name not in metadata and name not in MUSIC_NAMES:
                metadata[name] = i
    return _Layout([music[position] for position in range(len(MUSIC_FIELDS))], metadata, confidence)


def _is_bare(cells: Sequence[str]) -> bool:
    """Whether a record is ten numbers, alone or behind one cell."""
    numbers = cells[-len(MUSIC_NAMES) :]
    right = len(cells) in (len(MUSIC_NAMES), len(MUSIC_NAMES) + 1)
    return right and not any(np.isnan(parse_number(cell)) for cell in numbers)


# ------------------------------------------------------------------------------ reading


def _read_csv(path: Path) -> Catalogue:
    table = read_table(
        path,
        lambda cells: bool(_named_music(cells)),
        is_row=_is_bare,
        numbers=lambda cells: list(_named_music(cells).values()),
        largest=LARGEST,
        empty="catalogue.empty",
        no_text="catalogue.no_text",
    )
    layout = _layout(table.header, path)
    catalogue = _assemble(path, table.columns, layout, table.lines, table.order)
    skipped = sorted((*table.skipped, *catalogue.skipped))
    return replace(catalogue, skipped=tuple(skipped))


def _read_parquet(path: Path) -> Catalogue:
    from data import parquet

    broken = InputError("catalogue.parquet", file=path)
    if is_whole(path) is False:
        raise broken
    with parquet.reading(path, broken) as file:
        layout = _layout(file.schema_arrow.names, path)
        table = parquet.read(file, path)
        columns = [ArrowColumn(column) for column in table.columns]
        rows = np.arange(table.num_rows)
        return _assemble(path, columns, layout, rows + 1, rows)


def _assemble(
    path: Path, columns: Sequence[Column], layout: _Layout, lines: np.ndarray, order: np.ndarray
) -> Catalogue:
    """The catalogue of the rows that can be used.

    lines : (n,) where each row stands in its file. order : (n,) its number among all rows.
    """
    features = np.column_stack([columns[i].numbers() for i in layout.music])
    confidence, doubtful = _confidence(columns, layout, len(lines))
    unheard = (features == NEUTRAL).all(axis=1)
    if unheard.any() and not layout.confidence:
        confidence = np.where(unheard[:, None], 0.0, confidence)
    usable = (np.abs(features) <= LARGEST).all(axis=1) & ~doubtful
    ids, again = _track_ids(columns, layout.metadata, usable, order)
    unusable = np.flatnonzero(~usable | again)
    if len(unusable) > max(MOST_BROKEN, len(lines) / 2):
        raise mostly_broken(path, len(unusable), int(lines[unusable[0]]))
    skipped = [
        SkippedRow(int(lines[row]), _reason(row, columns, layout, features, ids))
        for row in unusable.tolist()
    ]
    kept = np.flatnonzero(usable & ~again)
    metadata = {name: columns[i] for name, i in layout.metadata.items()} | {"track_id": ids}
    if len(kept) < len(lines):
        features, confidence = features[kept], confidence[kept]
        metadata = {name: column.take(kept) for name, column in metadata.items()}
    return Catalogue(features, metadata, tuple(skipped), str(path), confidence)


def _confidence(
    columns: Sequence[Column], layout: _Layout, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """(rows, 10) 0–1, 1 where a cell is empty; and where a cell is no such number, (rows,) bool."""
    doubtful = np.zeros(rows, bool)
    if not layout.confidence:
        return np.broadcast_to(1.0, (rows, len(MUSIC_NAMES))), doubtful
    confidence = np.ones((rows, len(MUSIC_NAMES)))
    for position, i in layout.confidence.items():
        given = columns[i].numbers()
        wrong = ~((given >= 0) & (given <= 1))
        doubtful |= wrong & ~columns[i].blanks()
        confidence[:, position] = np.where(wrong, 1.0, given)
    return confidence, doubtful


def _track_ids(
    columns: Sequence[Column], metadata: Mapping[str, int], usable: np.ndarray, order: np.ndarray
) -> tuple[Column, np.ndarray]:
    """The id of each row, and whether an earlier row has it already, (n,) bool.

    A column of ids is believed, row by row; paths and titles serve as ids only where no two usable
    rows share one. Otherwise a row's number among all rows is its id.
    """
    if "track_id" in metadata:
        ids = columns[metadata["track_id"]]
        blank = ids.blanks()
        if blank.any():
            ids = _numbered(ids.tolist(), np.flatnonzero(blank), order)
        again = np.zeros(len(ids), bool)
        again[usable] = (ids if usable.all() else ids.take(np.flatnonzero(usable))).repeats()
        return ids, again
    rows = np.flatnonzero(usable)
    for name in ("path", "title"):
        if name in metadata:
            cells = columns[metadata[name]]
            named = cells.take(rows)
            if not named.blanks().any() and not named.repeats().any():
                return cells, np.zeros(len(order), bool)
    return Column(map(str, order.tolist())), np.zeros(len(order), bool)


def _numbered(ids: list[str], blank: np.ndarray, order: np.ndarray) -> Column:
    """Ids with a row's number where there is none; with a mark where that is another row's id."""
    taken = set(ids)
    for row in blank:
        name = str(order[row])
        while name in taken:
            name = f"#{name}"
        ids[row] = name
        taken.add(name)
    return Column(ids)


def _reason(
    row: int, columns: Sequence[Column], layout: _Layout, features: np.ndarray, ids: Column
) -> Sentence:
    """Why a row is left out."""
    for position, i in enumerate(layout.music):
        value, name, cell = features[row, position], MUSIC_NAMES[position], columns[i][row].strip()
        if not cell:
            return Sentence("catalogue.row_missing", column=name)
        if not np.isfinite(value):
            return Sentence("catalogue.row_no_number", column=name, cell=cell[:40])
        if abs(value) > LARGEST:
            return Sentence("catalogue.row_too_large", column=name, cell=cell[:40])
    for position, i in layout.confidence.items():
        cell = columns[i][row].strip()
        if cell and not 0 <= parse_number(cell) <= 1:
            name = CONFIDENCE_COLUMNS[position]
            return Sentence("catalogue.row_confidence", column=name, cell=cell[:40])
    return Sentence("catalogue.row_again", id=ids[row])
