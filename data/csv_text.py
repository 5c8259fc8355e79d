"""The records of a CSV text, whatever its quotes.

A text is UTF-8 bytes with lines in LF or CRLF and a delimiter of one byte. It is well-formed where
every quote stands as RFC 4180 says and every lone CR inside quotes: then all readers of CSV find
the same cells. `mended` makes any text so, and decides what odd quotes mean:

    a record whose quotes fit                  is kept as it is, over several lines, too
    but its first line and another would be    is read line by line: two stray quotes made one cell
    rows by themselves                         of whole rows
    any other line with quotes                 is one record; its quotes are text, or lenient ones
                                               where only that gives the width of the header
    a line with lone CRs                       is one record, or several of the header's width
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

LONGEST_ROW = 128 << 10
"""Bytes of a record; a longer one is no row of names and numbers (the limit of Python's csv)."""
MOST_BROKEN = 100_000
"""Rows that are named one by one; where more and most of a table are broken, it is refused."""
_PIECE, _ROWS = 16 << 20, 50_000
"""Bytes and records that are looked at together."""
_LF, _CR, _QUOTE = b'\n\r"'
_SPECIAL = re.compile(rb'"|\r(?!\n)')


@dataclass(frozen=True)
class CsvText:
    """body : UTF-8, at least one byte. delimiter : its byte. width : cells of the header."""

    body: bytes
    delimiter: int
    width: int

    @cached_property
    def buffer(self) -> np.ndarray:
        return np.frombuffer(self.body, np.uint8)

    @cached_property
    def quotes(self) -> np.ndarray:
        """Places of quotes."""
        return _places(self.buffer, _QUOTE)

    @cached_property
    def breaks(self) -> np.ndarray:
        """Places of line feeds."""
        return _places(self.buffer, _LF)

    @cached_property
    def folds(self) -> np.ndarray:
        """Whether a line feed lies within quotes (in well-formed text)."""
        return self._within(self.breaks)

    @property
    def is_folded(self) -> bool:
        return bool(self.folds.any())

    def is_well_formed(self) -> bool:
        """Whether `mended` would change nothing, told from the bytes around quotes alone."""
        lone = _places(self.buffer, _CR) if b"\r" in self.body else np.zeros(0, np.intp)
        lone = lone[self._byte(lone + 1) != _LF]
        if not len(self.quotes):
            return not len(lone)
        if len(self.quotes) % 2 or not self._within(lone).all():
            return False
        opening, closing = self.quotes[0::2], self.quotes[1::2]
        before, after = self._byte(opening - 1), self._byte(closing + 1)
        doubled = np.r_[False, opening[1:] == closing[:-1] + 1]
        starts = doubled | (before == self.delimiter) | (before == _LF)
        crlf = (after == _CR) & (self._byte(closing + 2) == _LF)
        ends = np.r_[doubled[1:], False] | (after == self.delimiter) | (after == _LF) | crlf
        return bool(starts.all() and ends.all()) and self._keeps_rows()

    def records(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start, end (without its line break), line from 0 of each record of well-formed text."""
        breaks = self.breaks[~self.folds]
        starts, ends = np.r_[0, breaks + 1], np.r_[breaks, len(self.buffer)]
        lines = np.r_[0, np.flatnonzero(~self.folds) + 1]
        if starts[-1] == len(self.buffer):  # the last line ends in a break
            starts, ends, lines = starts[:-1], ends[:-1], lines[:-1]
        return starts, ends - ((ends > starts) & (self._byte(ends - 1) == _CR)), lines

    def widths(self, starts: np.ndarray, *, quoted: bool = True) -> np.ndarray:
        """Cells of the records that begin at `starts`; quoted : a delimiter in quotes is text."""
        counts = [np.zeros(0, np.int64)]
        for first in range(0, len(starts), _ROWS):
            part = starts[first : first + _ROWS]
            beyond = starts[first + _ROWS : first + _ROWS + 1]
            end = beyond[0] if len(beyond) else len(self.buffer)
            marks = np.flatnonzero(self.buffer[part[0] : end] == self.delimiter) + part[0]
            if quoted and len(self.quotes):
                marks = marks[~self._within(marks)]
            counts.append(np.diff(np.r_[np.searchsorted(marks, part), len(marks)]) + 1)
        return np.concatenate(counts)

    def blank(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether a record holds nothing but blanks between its delimiters."""
        nothing = bytes([self.delimiter]) + b' \t\r\n\x0b\x0c"'
        found = np.isin(self._byte(starts), np.frombuffer(nothing, np.uint8))
        for i in np.flatnonzero(found):
            found[i] = not self.body[starts[i] : ends[i]].translate(None, nothing)
        return found

    def joined(self, starts: np.ndarray, kept: np.ndarray) -> memoryview:
        """The text of some records."""
        edges = np.flatnonzero(np.diff(np.r_[False, kept, False]))
        bounds, view = np.r_[starts, len(self.body)], memoryview(self.body)
        runs = [view[bounds[a] : bounds[b]] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        return runs[0] if len(runs) == 1 else memoryview(b"".join(runs))

    def _keeps_rows(self) -> bool:
        """Whether no record is too long or may have swallowed rows (see `_swallows`)."""
        ends = np.r_[self.breaks[~self.folds], len(self.buffer)]
        if (np.diff(ends, prepend=-1) > LONGEST_ROW).any():
            return False
        if not self.is_folded:
            return True
        whole = self.widths(np.r_[0, self.breaks + 1], quoted=False) == self.width
        continued = np.r_[False, self.folds]  # lines that begin inside a cell
        begun = np.r_[continued[1:], False] & ~continued
        return not ((whole & continued).any() and (whole & begun).any())

    def _within(self, places: np.ndarray) -> np.ndarray:
        """Whether places lie within quotes (in well-formed text)."""
        return np.searchsorted(self.quotes, places) % 2 == 1

    def _byte(self, at: np.ndarray) -> np.ndarray:
        """Bytes at some places; a line feed before the beginning and behind the end."""
        inside = (at >= 0) & (at < len(self.buffer))
        return np.where(inside, self.buffer[np.clip(at, 0, len(self.buffer) - 1)], _LF)


def _places(buffer: np.ndarray, byte: int) -> np.ndarray:
    """Where a byte stands; a piece at a time, so that memory follows what is found."""
    pieces = range(0, len(buffer), _PIECE)
    found = [np.flatnonzero(buffer[at : at + _PIECE] == byte) + at for at in pieces]
    return np.concatenate([np.zeros(0, np.int64), *found])


# ------------------------------------------------------------------------------ single records


def first_record(body: bytes, delimiter: int) -> list[str]:
    """The cells of the first record."""
    found = _record(delimiter).match(body, 0, LONGEST_ROW)
    if found and _ends(found, body):
        return cells_of(found[0], delimiter)
    end = body.find(b"\n", 0, LONGEST_ROW)
    return _literal(body[: end if end >= 0 else LONGEST_ROW].removesuffix(b"\r"), delimiter, 0)


def cells_of(record: bytes, delimiter: int) -> list[str]:
    text = io.StringIO(record.decode("utf-8", "replace"), newline="")
    return next(csv.reader(text, delimiter=chr(delimiter)), [])


def quoted(cell: str, delimiter: str = ",") -> str:
    """A cell as RFC 4180 writes it; blanks at either end are put in quotes, too.

    A NUL, which no text table can hold, becomes U+FFFD, as does half a surrogate pair.
    """
    cell = cell.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    plain = cell == cell.strip() and not any(c in cell for c in f'"\r\n{delimiter}')
    return cell if plain else '"' + cell.replace('"', '""') + '"'


@cache
def _record(delimiter: int) -> re.Pattern[bytes]:
    """One record of RFC 4180 up to the end of its line."""
    d = re.escape(bytes([delimiter]))
    cell = rb'(?:"(?:[^"]++|"")*+"|[^"\r\n' + d + rb"]*+)"
    return re.compile(cell + rb"(?:" + d + cell + rb")*+(?=\r?\n|\Z)")


def _ends(found: re.Match[bytes], body: bytes) -> bool:
    """Whether a record ends where it seems to, and not where looking stopped."""
    return found.end() == len(body) or found.end() < found.endpos - 1


# ------------------------------------------------------------------------------ mending


class Unmendable(Exception):
    """Most lines are no rows. line : of the first of them, from 0."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def mended(text: CsvText) -> CsvText:
    """The same records, well-formed. Raises `Unmendable` for text that is not worth the time."""
    body, pieces, at = text.body, [], 0
    record = _record(text.delimiter)
    first, broken = 0, 0
    while odd := _SPECIAL.search(body, at):
        start = max(at, body.rfind(b"\n", at, odd.start()) + 1)
        pieces.append(body[at:start])
        found = record.match(body, start, start + LONGEST_ROW)
        if found and _ends(found, body) and not _swallows(found[0], text):
            pieces.append(found[0])
            at = found.end()
            continue
        at = body.find(b"\n", start)
        at = len(body) if at < 0 else at
        line = body[start:at].removesuffix(b"\r")
        rows, fit = _mended_line(line, text)
        pieces.append(b"\n".join(rows))
        if not fit:
            first, broken = first if broken else start, broken + 1
            if broken % MOST_BROKEN == 0 and 2 * broken > body.count(b"\n", 0, at):
                raise Unmendable(body.count(b"\n", 0, first))
    pieces.append(body[at:])
    return CsvText(b"".join(pieces), text.delimiter, text.width)


def _swallows(record: bytes, text: CsvText) -> bool:
    """Whether a record over several lines holds some that are rows by themselves, its first too."""
    whole = [line.count(text.delimiter) == text.width - 1 for line in record.split(b"\n")]
    return whole[0] and any(whole[1:])


def _mended_line(line: bytes, text: CsvText) -> tuple[list[bytes], bool]:
    """One line as well-formed records, and whether they are as wide as the header.

    There is one, or there are several where lone CRs end them.
    """
    parts = [_literal(part, text.delimiter, text.width) for part in line.split(b"\r")]
    if any(len(cells) != text.width for cells in parts):
        parts = [_literal(line, text.delimiter, text.width)]
    delimiter = chr(text.delimiter)
    rows = [delimiter.join(quoted(c, delimiter) for c in cells).encode() for cells in parts]
    return rows, all(len(cells) == text.width for cells in parts)


def _literal(line: bytes, delimiter: int, width: int) -> list[str]:
    """Cells of a line whose quotes do not fit: some of them quoted, or none."""
    plain = line.decode("utf-8", "replace").split(chr(delimiter))
    if len(plain) == width or len(line) > LONGEST_ROW:
        return plain
    try:
        lenient = cells_of(line, delimiter)
    except csv.Error:
        return plain
    return lenient if len(lenient) == width else plain
