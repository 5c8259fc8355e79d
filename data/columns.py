"""A column of a table: text cells, whatever keeps them.

A catalogue of a million tracks cannot be a list of Python strings per column, one of a hundred
should not wait for Arrow; both look the same from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from data.numbers import parse_number

if TYPE_CHECKING:
    import pyarrow as pa


class Column(Sequence[str]):
    """N cells as text; empty where there is no value."""

    def __init__(self, cells: Iterable[object] = ()) -> None:
        self._cells = [_as_text(cell) for cell in cells]

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        return self._cells[row]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.tolist() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def tolist(self) -> list[str]:
        return list(self._cells)

    def take(self, rows: np.ndarray) -> Column:
        """The cells of some rows (positions), in that order."""
        return Column([self._cells[i] for i in rows])

    def numbers(self) -> np.ndarray:
        """float64 (N,); NaN where a cell says no number."""
        return np.array([parse_number(cell) for cell in self], dtype=np.float64)

    def repeats(self) -> np.ndarray:
        """Whether a cell says what an earlier one said already, (N,) bool."""
        seen: set[str] = set()
        again = np.zeros(len(self), bool)
        for row, cell in enumerate(self):
            again[row] = cell in seen
            seen.add(cell)
        return again

    def blanks(self) -> np.ndarray:
        """Whether a cell is empty, (N,) bool."""
        return np.array([not cell for cell in self], dtype=bool)


class ArrowColumn(Column):
    """A column of an Arrow table."""

    def __init__(self, array: pa.ChunkedArray) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return self.tolist()[row]
        return _as_text(self._array[row].as_py())

    def tolist(self) -> list[str]:
        return [_as_text(cell) for cell in self._array.to_pylist()]

    def take(self, rows: np.ndarray) -> Column:
        return ArrowColumn(self._array.take(rows))

    def numbers(self) -> np.ndarray:
        found = _arrow_numbers(self._array)
        return super().numbers() if found is None else found

    def repeats(self) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            once = len(pc.unique(_plain_text(self._array))) == len(self)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            once = False
        return np.zeros(len(self), bool) if once else super().repeats()

    def blanks(self) -> np.ndarray:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            return np.asarray(pc.fill_null(pc.equal(_plain_text(self._array), ""), True))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return super().blanks()


def as_column(cells: Iterable[object]) -> Column:
    """Any cells as a column; a column is itself."""
    return cells if isinstance(cells, Column) else Column(cells)


def _as_text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return cell if isinstance(cell, str) else str(cell)


def _plain_text(array: Any) -> Any:
    """An Arrow column as one of strings. Raises `ArrowInvalid` where that cannot be."""
    import pyarrow as pa

    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def _arrow_numbers(array: Any) -> np.ndarray | None:
    """float64, NaN for nulls and empty text; None where every cell must be looked at by itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if not (pa.types.is_floating(array.type) or pa.types.is_integer(array.type)):
            text = _with_points(pc.utf8_trim_whitespace(_plain_text(array)))
            array = pc.if_else(pc.equal(text, ""), None, text)
        found = array.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    numbers = np.asarray(pc.fill_null(found, math.nan))
    words = np.flatnonzero(~np.isfinite(numbers) & np.asarray(array.is_valid()))
    if pa.types.is_string(array.type) and len(words):  # Arrow takes "inf" for a number
        numbers = numbers.copy()
        numbers[words] = [parse_number(array[row].as_py()) for row in words.tolist()]
    return numbers


def _with_points(text: Any) -> Any:
    """Decimal commas as points and U+2212 as hyphen, where no cell has both marks."""
    import pyarrow.compute as pc

    commas = pc.max(pc.count_substring(text, ",")).as_py()
    if commas == 1 and not pc.any(pc.match_substring(text, ".")).as_py():
        text = pc.replace_substring(text, ",", ".")
    return pc.replace_substring(text, "−", "-")
