"""Parquet files of anybody, read without surprises: damage, bad text and bombs are one sentence.

Arrow takes a while to start, so other modules import this one when they need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import InputError

LEAST_LIMIT = 256 << 20
EXPANSION = 64
"""A table may ask for so many times its size on disk, in any case for `LEAST_LIMIT` bytes.

Tables of music features take 1–3 times their size (heuristic)."""


@contextmanager
def reading(path: Path, broken: InputError) -> Iterator[pq.ParquetFile]:
    """Open a file, and say `broken` of whatever goes wrong while it is read in the block.

    Text that is stored as a dictionary stays one, so that its size can be told first.
    """
    try:
        with pq.ParquetFile(path) as file:
            coded = _coded_text(file)
        with pq.ParquetFile(path, read_dictionary=coded) as file:
            yield file
    except InputError:
        raise
    except (
        pa.ArrowException,
        OSError,
        ValueError,  # also UnicodeDecodeError
        LookupError,
        TypeError,
        MemoryError,
        OverflowError,
    ):
        raise broken from None


def read(file: pq.ParquetFile, path: Path) -> pa.Table:
    """Every row group, as `read_group` reads it, and together no larger."""
    _check_size(file, range(file.num_row_groups), path)
    groups = [read_group(file, group, path) for group in range(file.num_row_groups)]
    table = pa.concat_tables(groups) if groups else file.schema_arrow.empty_table()
    _check_text(table, path)
    return table


def read_group(
    file: pq.ParquetFile, group: int, path: Path, columns: Sequence[str] | None = None
) -> pa.Table:
    """One row group, with text that is UTF-8 indeed.

    Raises `InputError` where it would need more memory than `LEAST_LIMIT` and `EXPANSION` allow.
    """
    _check_size(file, [group], path)
    table = file.read_row_group(group, columns=columns)
    table.validate(full=True)
    _check_text(table, path)
    return table


def _coded_text(file: pq.ParquetFile) -> list[str]:
    """The columns of text that some row group keeps as a dictionary."""
    flat = {f.name for f in file.schema_arrow if pa.types.is_string(f.type)}
    groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    return sorted({c.path_in_schema for c in chunks if c.has_dictionary_page} & flat)


def _check_size(file: pq.ParquetFile, groups: Iterable[int], path: Path) -> None:
    """Refuse to unpack far more than a file of its size can say."""
    parts = [file.metadata.row_group(group) for group in groups]
    needed = sum(_needed(part.column(i)) for part in parts for i in range(part.num_columns))
    if needed > _allowed(path):
        raise InputError("files.unpacks", file=path)


def _needed(chunk: pq.ColumnChunkMetaData) -> int:
    """Bytes of a decoded column of numbers, or of coded text."""
    fixed = chunk.physical_type == "FIXED_LEN_BYTE_ARRAY" and chunk.has_dictionary_page
    width = chunk.total_uncompressed_size if fixed else 8
    return max(chunk.total_uncompressed_size, width * chunk.num_values)


def _check_text(table: pa.Table, path: Path) -> None:
    """Refuse coded text that is far more than the file when it is spelt out."""
    needed = 0
    for column in table.columns:
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
            needed += pc.sum(lengths.cast(pa.int64())).as_py() or 0
    if needed > _allowed(path):
        raise InputError("files.unpacks", file=path)


def _allowed(path: Path) -> int:
    return max(LEAST_LIMIT, EXPANSION * path.stat().st_size)
