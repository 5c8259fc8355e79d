"""What a build remembers beside its catalogue, so that it can be killed at any moment and go on.

One SQLite file: which file had which content when last seen, and what each content was measured to
be. Every track is committed by itself. Records are kept by content and extractor: a file that was
moved or copied is recognised, one that changed is measured again. Every row carries a checksum; a
row that is damaged is forgotten and measured again, a file that is no database at all is begun
anew.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from data.atomic import unwritable
from data.checksums import Damaged, checksum, damaged
from data.errors import InputError
from data.track_record import TrackRecord
from data.words import from_record, to_record

VERSION = 2
_SCHEMA = f"""
PRAGMA user_version = {VERSION};
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, track_id TEXT NOT NULL, size INTEGER, mtime_ns INTEGER, sha256 TEXT,
    reason TEXT, checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    sha256 TEXT, extractor TEXT, record BLOB NOT NULL, PRIMARY KEY (sha256, extractor))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished (key TEXT NOT NULL);
"""
_COLUMNS = {
    "files": ("source", "track_id", "size", "mtime_ns", "sha256", "reason", "checksum"),
    "records": ("sha256", "extractor", "record"),
    "finished": ("key",),
}
Returned = TypeVar("Returned")


class Seen(NamedTuple):
    """A file as it was last seen."""

    track_id: str
    size: int | None
    mtime_ns: int | None
    sha256: str
    reason: str
    """Why it has no record; empty where it has one."""


class State:
    """The build's memory at `path`, for records by one extractor (name with options)."""

    def __init__(self, path: Path, extractor: str) -> None:
        self.path, self.extractor = path, extractor
        try:
            self._open()
        except (sqlite3.DatabaseError, UnicodeError) as error:
            if _is_trouble_of_the_disk(error):
                raise self._trouble(error) from None
            self._begin_anew()

    def _open(self) -> None:
        self._db = sqlite3.connect(self.path, isolation_level=None)
        # what is no UTF-8 any more is damaged, and its row's checksum says so
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION) or (version == 0 and self._tables()):
            raise sqlite3.DatabaseError("of another version")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        for table, names in _COLUMNS.items():
            found = self._db.execute(f"SELECT * FROM {table} LIMIT 0").description
            if tuple(column[0] for column in found) != names:
                raise sqlite3.DatabaseError("of another shape")
        if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("damaged")

    def _tables(self) -> list[Any]:
        return self._db.execute("SELECT name FROM sqlite_master").fetchall()

    def _begin_anew(self) -> None:
        """What a build remembers can be measured again; the catalogue itself is another file."""
        with suppress(AttributeError, sqlite3.Error):
            self._db.close()
        try:
            for ending in ("", "-wal", "-shm", "-journal"):
                self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise self._trouble(error) from None

    def _trouble(self, error: Exception) -> InputError:
        return unwritable(self.path, error)

    def _do(self, work: Callable[[sqlite3.Connection], Returned]) -> Returned:
        """Something with the database. Raises `InputError` where disk or file no longer hold it."""
        try:
            return work(self._db)
        except sqlite3.OperationalError as error:
            raise self._trouble(error) from None
        except sqlite3.DatabaseError:
            raise InputError("build.memory_damaged", file=self.path) from None

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._db.close()

    def files(self) -> dict[str, Seen]:
        """Every file that was seen, by source."""
        rows = self._do(lambda db: db.execute("SELECT * FROM files").fetchall())
        return {row[0]: _seen(row) for row in rows if _checksum(row[:-1]) == row[-1]}

    def known(self) -> frozenset[str]:
        """Digests of the contents that are measured already."""
        query = "SELECT sha256 FROM records WHERE extractor = ?"
        rows = self._do(lambda db: db.execute(query, (self.extractor,)).fetchall())
        return frozenset(row[0] for row in rows if isinstance(row[0], str))

    def remember_file(self, source: str, seen: Seen) -> None:
        reason = json.dumps(to_record(seen.reason), ensure_ascii=False) if seen.reason else ""
        row = (source, *seen[:-1], reason)
        query = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)"
        self._do(lambda db: db.execute(query, (*row, _checksum(row))))

    def forget_file(self, source: str) -> None:
        self._do(lambda db: db.execute("DELETE FROM files WHERE source = ?", (source,)))

    def remember(self, sha256: str, record: TrackRecord) -> None:
        row = (sha256, self.extractor, record.to_bytes())
        query = "INSERT OR REPLACE INTO records VALUES (?, ?, ?)"
        self._do(lambda db: db.execute(query, row))

    def learn_from(self, other: State) -> None:
        """Take over what another memory of the same extractor has and this one lacks."""
        mine = self.files()
        for source, seen in other.files().items():
            if mine.get(source) != seen:
                self.remember_file(source, seen)
        new = sorted(other.known() - self.known())
        rows = [(sha256, self.extractor, other._blob(sha256)) for sha256 in new]
        query = "INSERT OR REPLACE INTO records VALUES (?, ?, ?)"
        self._do(lambda db: db.executemany(query, rows))

    def finished(self, key: str) -> bool:
        """Whether the catalogue was last written from exactly what `key` stands for."""
        return self._do(lambda db: db.execute("SELECT key FROM finished").fetchone()) == (key,)

    def finish(self, key: str) -> None:
        self._do(lambda db: db.execute("DELETE FROM finished"))
        self._do(lambda db: db.execute("INSERT INTO finished VALUES (?)", (key,)))

    def forget_damaged(self) -> list[str]:
        """Digests whose records cannot be read any more; they are known no longer.

        Where the table's own order is damaged, so that what is there is not found, all are.
        """
        query = "SELECT sha256, record FROM records WHERE extractor = ?"
        rows = self._do(lambda db: db.execute(query, (self.extractor,)).fetchall())
        if any(self._blob(sha256) is None for sha256, _ in rows):
            self._do(lambda db: db.close())
            self._begin_anew()
            return [sha256 for sha256, _ in rows]
        lost = [sha256 for sha256, blob in rows if not self._is_whole(blob)]
        drop = "DELETE FROM records WHERE sha256 IS ?"
        self._do(lambda db: db.executemany(drop, [(sha256,) for sha256 in lost]))
        return lost

    def _is_whole(self, blob: object) -> bool:
        try:
            TrackRecord.from_bytes(blob, self.path)  # type: ignore[arg-type]
        except (Damaged, TypeError):
            return False
        return True

    def records(self, digests: list[str]) -> Iterator[TrackRecord]:
        """The records of some contents, in that order. Raises `Damaged`."""
        for sha256 in digests:
            blob = self._blob(sha256)
            if blob is None:
                raise damaged(self.path)
            yield TrackRecord.from_bytes(blob, self.path)

    def _blob(self, sha256: str) -> Any:
        """The record of one content as it is stored; None where it is not found."""
        query = "SELECT record FROM records WHERE sha256 IS ? AND extractor = ?"
        row = self._do(lambda db: db.execute(query, (sha256, self.extractor)).fetchone())
        return row and row[0]


def _seen(row: tuple[Any, ...]) -> Seen:
    _, track_id, size, mtime_ns, sha256, reason, _ = row
    why = from_record(json.loads(reason)) if reason else ""
    return Seen(track_id, size, mtime_ns, sha256, why)


def _checksum(row: tuple[Any, ...]) -> int:
    return checksum(repr(tuple(row)))


def _is_trouble_of_the_disk(error: Exception) -> bool:
    """Whether the file may be whole but cannot be used here and now."""
    words = ("full", "readonly", "unable to open", "disk I/O", "locked")
    return isinstance(error, sqlite3.OperationalError) and any(w in str(error) for w in words)
