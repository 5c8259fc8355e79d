"""The ratings table: what people said of clips, in any subset of the eleven fields.

One row per rater or per mean: a clip, optionally `start` and `end` in seconds, `rater` and `group`,
and field columns in any known spelling. Rows of the same clip and window are averaged. An empty
cell is "not rated"; a cell that cannot be used is left out and named by line; a row without a
usable cell or with an unknown clip is skipped and named. Windows of one group (the clip, unless the
table says otherwise) are never split between fitting and testing.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.encoding import to_utf8
from data.errors import InputError
from data.media import VIDEO_SUFFIXES
from data.media_files import media_files
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES, column_key, field_lookup

_FIELDS = field_lookup(VIDEO_FIELDS)
_COLUMNS = {
    column_key(spelling): name
    for name, spellings in {
        "clip": (
            "clip",
            "video",
            "file",
            "filename",
            "path",
            "clip_id",
            "片段",
            "视频",
            "文件",
            "文件名",
        ),
        "start": ("start", "start_s", "from", "开始"),
        "end": ("end", "end_s", "to", "结束"),
        "rater": ("rater", "participant", "subject", "annotator", "评分者"),
        "group": ("group", "source", "film", "movie", "来源"),
    }.items()
    for spelling in spellings
}


class Window(NamedTuple):
    """A part of a clip that was rated."""

    clip: Path
    start: float
    end: float | None
    """Seconds; None for the end of the clip."""
    group: str


class Skipped(NamedTuple):
    line: int
    reason: str


@dataclass(frozen=True, eq=False)
class Ratings:
    """Rated windows.

    values : float64 (m, 11), mean over raters in field units, NaN where nobody rated.
    counts : (m, 11), raters behind each mean.
    spread : float64 (m, 11), variance between the raters of a window, NaN with fewer than two.
    skipped : rows and cells that could not be used.
    """

    windows: tuple[Window, ...]
    values: np.ndarray
    counts: np.ndarray
    spread: np.ndarray
    skipped: tuple[Skipped, ...] = ()
    source: str = ""

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def groups(self) -> np.ndarray:
        """A number per group for each window, (m,)."""
        return np.unique([w.group for w in self.windows], return_inverse=True)[1]

    def take(self, rows: np.ndarray) -> Ratings:
        """Some of the windows, in that order."""
        windows = tuple(self.windows[i] for i in np.arange(len(self))[rows])
        return Ratings(
            windows,
            self.values[rows],
            self.counts[rows],
            self.spread[rows],
            self.skipped,
            self.source,
        )

    def reliability(self) -> np.ndarray:
        """Reliability of the means per field, (11,): the share of their variance that raters agree
        on.

        One-way ICC (Shrout & Fleiss 1979, case 1, average of k) from the variance of the means and
        the variance between raters of a window; it is the ceiling of any model's R². NaN without
        windows that two or more people rated.
        """
        result = np.full(len(VIDEO_NAMES), np.nan)
        for i in range(len(VIDEO_NAMES)):
            several = self.counts[:, i] >= 2
            if several.sum() >= 5:
                error = np.mean(self.spread[several, i] / self.counts[several, i])
                total = np.var(self.values[several, i], ddof=1)
                result[i] = np.clip(1 - error / total, 0, 1) if total > 0 else 0.0
        return result


def read_ratings(path: str | os.PathLike, videos: str | os.PathLike) -> Ratings:
    """Read a ratings table (CSV) whose clips lie in the folder `videos`, by relative path, name or
    stem.

    Raises `InputError` if the file is missing or no table, names no clip or field column, or has no
    usable row.
    """
    path = Path(path)
    lines = _table(path)
    columns, fields = _layout(path, lines[0][1])
    known = _Clips(Path(videos))
    skipped: list[Skipped] = []
    gathered: dict[Window, list[np.ndarray]] = {}
    for line, row in lines[1:]:
        cells = {name: row[i].strip() if i < len(row) else "" for name, i in columns.items()}
        try:
            window = _window(cells, known)
        except ValueError as error:
            skipped.append(Skipped(line, str(error)))
            continue
        values = _values(line, row, fields, skipped)
        if np.isfinite(values).any():
            gathered.setdefault(window, []).append(values)
        elif not skipped or skipped[-1].line != line:
            skipped.append(Skipped(line, "nothing is rated in this row"))
    if not gathered:
        if not skipped:
            raise InputError("calibration.no_rating", file=path)
        n, why = skipped[0].line, skipped[0].reason
        raise InputError("calibration.no_rating_line", file=path, n=n, why=why)
    return _averaged(gathered, tuple(skipped), str(path))


def _table(path: Path) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row that is not empty, the header first."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError("calibration.unreadable", file=path, why=error.strerror) from None
    encoded = to_utf8(raw)
    if encoded is None:
        raise InputError("calibration.no_text", file=path)
    text = encoded.decode("utf-8")
    delimiter = max(",;\t", key=text.lstrip().split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError("calibration.no_csv", file=path, n=reader.line_num, why=error) from None
    if len(lines) < 2:
        raise InputError("calibration.empty", file=path)
    return lines


def _layout(path: Path, header: Sequence[str]) -> tuple[dict[str, int], dict[int, int]]:
    """Columns by meaning: of clip, window, rater, group by name, and of each rated field by its
    position.
    """
    keys = [column_key(name) for name in header]
    columns = {_COLUMNS[key]: i for i, key in reversed(list(enumerate(keys))) if key in _COLUMNS}
    fields = {_FIELDS[key]: i for i, key in reversed(list(enumerate(keys))) if key in _FIELDS}
    if "clip" not in columns:
        raise InputError("calibration.no_clip_column", file=path, columns=header)
    if not fields:
        raise InputError("calibration.no_field_column", file=path, fields=VIDEO_NAMES)
    return columns, fields


def _window(cells: dict[str, str], known: _Clips) -> Window:
    """The window that a row rates; ValueError with the reason if there is none."""
    clip = known.find(cells["clip"])
    start, end = (_seconds(cells.get(name, ""), name) for name in ("start", "end"))
    start = start or 0.0
    if end is not None and end <= start:
        raise ValueError(f"the window ends at {end:g} s, before it starts at {start:g} s")
    return Window(clip, start, end, cells.get("group") or known.name(clip))


def _seconds(text: str, name: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (np.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is '{text}', where seconds from 0 are needed")
    return value


def _values(
    line: int, row: Sequence[str], fields: dict[int, int], skipped: list[Skipped]
) -> np.ndarray:
    """The row's ratings (11,), NaN where empty or unusable; the latter are added to `skipped`."""
    values = np.full(len(VIDEO_FIELDS), np.nan)
    for position, column in fields.items():
        text, f = row[column].strip() if column < len(row) else "", VIDEO_FIELDS[position]
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            skipped.append(Skipped(line, f"{f.name} is '{text[:40]}', not a number"))
        elif not f.low <= value <= f.high:
            skipped.append(Skipped(line, f"{f.name} is {value:g}, outside {f.low:g} to {f.high:g}"))
        else:
            values[position] = value
    return values


def _averaged(
    gathered: dict[Window, list[np.ndarray]], skipped: tuple[Skipped, ...], source: str
) -> Ratings:
    shape = (len(gathered), len(VIDEO_NAMES))
    values, counts, spread = np.full(shape, np.nan), np.zeros(shape, int), np.full(shape, np.nan)
    for i, rows in enumerate(map(np.array, gathered.values())):
        counts[i] = np.isfinite(rows).sum(axis=0)
        for j in np.flatnonzero(counts[i]):
            rated = rows[np.isfinite(rows[:, j]), j]
            values[i, j] = rated.mean()
            if len(rated) > 1:
                spread[i, j] = rated.var(ddof=1)
    return Ratings(tuple(gathered), values, counts, spread, skipped, source)


class _Clips:
    """The videos of a folder, found by relative path, name or stem."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError("calibration.no_folder", folder=folder)
        self._folder = folder
        self._by_name: dict[str, list[Path]] = {}
        for path in sorted(path for path, _ in media_files(folder, VIDEO_SUFFIXES)):
            for name in {self.name(path), path.name, path.stem}:
                self._by_name.setdefault(name.casefold(), []).append(path)
        if not self._by_name:
            raise InputError("calibration.no_video", folder=folder)

    def name(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def find(self, name: str) -> Path:
        """The one clip of that name; ValueError with the reason if there is none or several."""
        found = (
            self._by_name.get(name.replace("\\", "/").removeprefix("./").casefold(), [])
            if name
            else []
        )
        if not found:
            raise ValueError(
                f"clip '{name}' is not in {self._folder}" if name else "no clip is named"
            )
        if len(found) > 1:
            raise ValueError(
                f"clip '{name}' could be {' or '.join(self.name(p) for p in found[:2])}; "
                "give the path within the folder"
            )
        return found[0]
