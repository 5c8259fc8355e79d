"""Tables of text of anybody as columns: what a spreadsheet, a script or a person wrote.

Encodings are told by `data.encoding`; the delimiter is a comma, semicolon or tab (a first line
`sep=;` says which); lines end in LF, CRLF or CR; odd quotes are mended by `data.csv_text`. Cells
keep their blanks. Arrow reads large tables, Python's csv small ones that need not wait for it, and
both find the same cells because they get the same well-formed text of one width.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.columns import ArrowColumn, Column
from data.csv_text import (
    LONGEST_ROW,
    MOST_BROKEN,
    CsvText,
    Unmendable,
    first_record,
    mended,
)
from data.encoding import to_utf8
from data.errors import InputError
from data.words import Sentence

MOST_COLUMNS = 4096
_LARGE_BYTES = 8 << 20
"""Above this size Arrow is worth its time to load."""
_SEP_LINE = re.compile(rb'"?sep=([,;\t|])"?[ \t]*(?:\r\n|\n|\r)', re.IGNORECASE)

_LONE_CR = re.compile(rb"[^\r\n]*\r(?!\n)")


class SkippedRow(NamedTuple):
    line: int
    """Line of the file, counted from 1 (rows of a Parquet file likewise)."""
    reason: str
    """Why it cannot be used, a `Sentence`."""


@dataclass(frozen=True)
class Table:
    """The records of a text table that are as wide as its header, blank ones left out.

    header : cells of the first record. columns : the cells of the others, a column for each.
    lines : (n,) where each record begins, from 1. order : (n,) its number among all that are not
    blank, from 0, those in `skipped` included: records too wide, too narrow or too long.
    """

    header: list[str]
    columns: list[Column]
    lines: np.ndarray
    order: np.ndarray
    skipped: tuple[SkippedRow, ...] = ()

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line and cells of each record."""
        cells = zip(*(column.tolist() for column in self.columns), strict=True)
        for line, row in zip(self.lines.tolist(), cells, strict=True):
            yield line, list(row)


def read_table(
    path: Path,
    is_header: Callable[[list[str]], bool],
    *,
    is_row: Callable[[list[str]], bool] = lambda _: False,
    numbers: Callable[[list[str]], Sequence[int]] = lambda _: (),
    largest: float = np.inf,
    empty: str = "files.empty_table",
    no_text: str = "files.no_text",
) -> Table:
    """Read a text table.

    is_header : whether cells name columns that are known; it decides between the delimiters.
    is_row : whether they are a row already, in a table without header.
    numbers, largest : columns that should hold a number in every row, and its greatest magnitude;
        a large table of which that is true is read faster.
    empty, no_text : codes of what is said of such files.

    Raises `InputError` for a file that cannot be read, is empty, or is no table of text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError("files.unreadable", file=path, why=error.strerror) from None
    utf8 = to_utf8(raw)
    if utf8 is None:
        raise InputError(no_text, file=path)
    body, delimiter, line = _unwrapped(utf8)
    del raw, utf8
    if not body:
        raise InputError(empty, file=path)
    if len(body) > LONGEST_ROW and b"\n" not in body[:LONGEST_ROW]:
        raise InputError("files.first_line", file=path, limit=LONGEST_ROW)
    first = {d: first_record(body, d) for d in ([delimiter] if delimiter else b",;\t")}
    delimiter = _delimiter(first, is_header, is_row)
    header = first[delimiter]
    if len(header) > MOST_COLUMNS:
        raise InputError("files.many_columns", file=path, n=len(header), limit=MOST_COLUMNS)
    text = CsvText(body, delimiter, len(header))
    del body
    headless = is_row(header)
    if text.is_well_formed():
        if len(text.body) > _LARGE_BYTES:
            quick = _at_once(text, header, headless, line, numbers(header), largest)
            if quick is not None:
                return quick
        return _row_by_row(path, text, header, headless, line)
    try:
        text = mended(text)
    except Unmendable as found:
        raise mostly_broken(path, MOST_BROKEN, found.line + line) from None
    if not text.body:
        raise InputError(empty, file=path)
    return _row_by_row(path, text, header, headless, line)


def mostly_broken(path: Path, n: int, line: int) -> InputError:
    """What to say of a table of which `n` rows, and most, cannot be used. line : of the first."""
    return InputError("files.mostly_broken", file=path, n=n, line=line)


def _unwrapped(text: bytes) -> tuple[bytes, int | None, int]:
    """The records in LF or CRLF lines, the delimiter of a `sep=` line, the first record's line."""
    sep = _SEP_LINE.match(text)
    body = text[sep.end() :] if sep else text
    body = body.removesuffix(b"\r")
    if _LONE_CR.match(body):  # an old Mac's line ends
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    start = re.match(rb"(?:[ \t\r,;]*\n)*", body)
    skipped = body[: start.end()] if start else b""
    body = body[len(skipped) :] if skipped else body
    blank = not body[:LONGEST_ROW].strip() and not body.strip()
    return b"" if blank else body, sep[1][0] if sep else None, 1 + bool(sep) + skipped.count(b"\n")


def _delimiter(
    first: dict[int, list[str]],
    is_header: Callable[[list[str]], bool],
    is_row: Callable[[list[str]], bool],
) -> int:
    """The delimiter that makes sense of the first record; else the one that is there most."""
    for makes_sense in (is_header, is_row):
        for delimiter, cells in first.items():
            if makes_sense(cells):
                return delimiter
    return max(first, key=lambda d: len(first[d]))


# ------------------------------------------------------------------------------ records to columns


def _row_by_row(path: Path, text: CsvText, header: list[str], headless: bool, line: int) -> Table:
    """The records of well-formed text, those that do not fit named.

    Raises `InputError` where these are too many to be named, and most.
    """
    starts, ends, lines = text.records()
    widths = text.widths(starts)
    kept = ~text.blank(starts, ends)
    kept[0] = headless
    order = np.cumsum(kept) - 1
    fits = (widths == text.width) & (ends - starts <= LONGEST_ROW)
    broken = np.flatnonzero(kept & ~fits)
    if len(broken) > max(MOST_BROKEN, kept.sum() / 2):
        raise mostly_broken(path, len(broken), int(lines[broken[0]]) + line)
    skipped = tuple(
        SkippedRow(int(lines[i]) + line, _misfit(int(widths[i]), text.width)) for i in broken
    )
    kept &= fits
    body = text.joined(starts, kept)
    if len(body) > _LARGE_BYTES:
        columns = _by_arrow(body, text, ())
        assert columns is not None, "well-formed text of one width"
    else:
        columns = _by_csv(body, text)
    return Table(header, columns, lines[kept] + line, order[kept], skipped)


@cache
def _misfit(width: int, wanted: int) -> Sentence:
    if width == wanted:
        return Sentence("files.long_row", limit=LONGEST_ROW)
    return Sentence("files.row_width", n=width, width=wanted)


def _at_once(
    text: CsvText,
    header: list[str],
    headless: bool,
    line: int,
    numbers: Sequence[int],
    largest: float,
) -> Table | None:
    """A table whose every record fits and has its numbers; None if Arrow finds another."""
    starts, _, lines = text.records()
    first = 0 if headless else 1
    if len(starts) == first:
        return None
    columns = _by_arrow(memoryview(text.body)[starts[first] :], text, numbers)
    if columns is None or not all((abs(columns[i].numbers()) <= largest).all() for i in numbers):
        return None
    return Table(header, columns, lines[first:] + line, np.arange(len(starts) - first))


def _by_csv(body: memoryview, text: CsvText) -> list[Column]:
    cells = csv.reader(
        io.StringIO(str(body, "utf-8"), newline=""), delimiter=chr(text.delimiter), strict=True
    )
    columns = [Column(column) for column in zip(*cells, strict=True)]
    return columns or [Column() for _ in range(text.width)]


def _by_arrow(body: memoryview, text: CsvText, numbers: Sequence[int]) -> list[Column] | None:
    """numbers : columns to be read as such; None where a cell or a record does not fit."""
    import pyarrow as pa
    import pyarrow.csv as pc

    types: dict[str, Any] = {str(i): pa.string() for i in range(text.width)}
    types |= {str(i): pa.float64() for i in numbers}
    try:
        table = pc.read_csv(
            pa.py_buffer(body),
            pc.ReadOptions(column_names=list(types)),
            pc.ParseOptions(
                delimiter=chr(text.delimiter),
                newlines_in_values=text.is_folded,
                ignore_empty_lines=False,
            ),
            pc.ConvertOptions(check_utf8=False, column_types=types, strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    return [ArrowColumn(column) for column in table.columns]
