"""Parquet files of anybody, read without surprises: damage, bad text and bombs are one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from data.checksums import damaged
from data.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

LEAST_LIMIT = 256 << 20
EXPANSION = 64
"""A table may ask for so many times its size on disk, in any case for `LEAST_LIMIT` bytes.

Tables of music features take 1–3 times their size (heuristic)."""


@contextmanager
def reading(path: Path, cure: str | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file, and say `Damaged` of whatever goes wrong while it is read in the block.

    cure : what to do about damage, as a `Sentence`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
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
        raise damaged(path, cure) from None


def read_group(file: pq.ParquetFile, group: int, columns: Sequence[str] | None = None) -> pa.Table:
    """One row group, with text that is UTF-8 indeed.

    Raises `ValueError` where it would need more memory than `LEAST_LIMIT` and `EXPANSION` allow.
    """
    part = file.metadata.row_group(group)
    chunks = [part.column(i) for i in range(part.num_columns)]
    needed = sum(max(c.total_uncompressed_size, 8 * c.num_values) for c in chunks)
    if needed > limit_of(file):
        raise ValueError("the table unpacks to more memory than its content can need")
    table = file.read_row_group(group, columns=columns)
    table.validate(full=True)
    return table


def limit_of(file: pq.ParquetFile) -> int:
    """Bytes that the decoded table may take."""
    metadata = file.metadata
    packed = sum(
        metadata.row_group(g).column(i).total_compressed_size
        for g in range(metadata.num_row_groups)
        for i in range(metadata.num_columns)
    )
    return max(LEAST_LIMIT, EXPANSION * packed)
