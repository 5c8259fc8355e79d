"""One SQLite file for many threads and processes, killed at any moment.

    database = Database(data_folder())
    database.tables("taste", ["CREATE TABLE choice (…)", "ALTER TABLE choice ADD …"])
    with database.write() as connection:
        connection.execute("INSERT INTO choice …")

Write-ahead logging lets readers go on while one writes, and after a crash the file is as the last
finished `write` left it (sqlite.org/wal.html). Where the file system cannot do that, as on network
shares, SQLite keeps its rollback journal; nothing else changes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from data.checksums import damaged, other_version
from data.errors import InputError
from data.words import Sentence

NAME = "leitmotif.sqlite"
_BUSY_S = 30.0
"""How long one waits for another's write (heuristic: ours take milliseconds)."""
_NO_DATABASE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CANNOT_WRITE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_IOERR,
}


class Database:
    """The file `leitmotif.sqlite` in a folder, which is made where it is missing.

    It may be used by several threads: every `read` and `write` has a connection of its own.
    Everything here raises `InputError` where the file is damaged (`data.checksums.Damaged`), cannot
    be written, or stays busy, and where the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError("files.unwritable", file=folder, why=error.strerror) from None

    def tables(self, room: str, steps: Sequence[str]) -> None:
        """Make a room's tables, or bring them up to date.

        steps : SQL scripts, oldest first. Each is run once in the life of the file, so one that was
        released is never edited: a change is a further step.
        Raises `Damaged` also where a newer Leitmotif has taken steps that this one does not know.
        """
        with self.write() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS room (name TEXT PRIMARY KEY, steps INTEGER NOT NULL)"
            )
            found = connection.execute("SELECT steps FROM room WHERE name = ?", [room]).fetchone()
            taken = found["steps"] if found else 0
            if taken > len(steps):
                raise other_version(self.file, Sentence("store.newer"))
            for step in steps[taken:]:
                for statement in _statements(step):
                    connection.execute(statement)
            connection.execute("INSERT OR REPLACE INTO room VALUES (?, ?)", [room, len(steps)])

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the file, whatever others write meanwhile."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A connection that alone may write. At the end all is kept; on an error, nothing."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def set_aside(self) -> Path:
        """Move a damaged file out of the way and return its new name; the next use begins anew."""
        aside = self.file.with_name(f"{self.file.stem}-damaged-{time.time_ns()}.sqlite")
        self.file.rename(aside)
        for rest in ("-wal", "-shm"):
            self.file.with_name(self.file.name + rest).unlink(missing_ok=True)
        return aside

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            connection = sqlite3.connect(self.file, timeout=_BUSY_S, isolation_level=None)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            yield connection
        except sqlite3.DatabaseError as error:
            raise self._sentence(error) from error
        finally:
            if connection is not None:
                connection.close()

    def _sentence(self, error: sqlite3.DatabaseError) -> BaseException:
        """What a person can put right, as an `InputError`; anything else as it is."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended code
        if code in _NO_DATABASE:
            return damaged(self.file, Sentence("store.set_aside"))
        if code == sqlite3.SQLITE_FULL:
            return InputError("files.disk_full", file=self.file)
        if code in _CANNOT_WRITE:
            return InputError("files.unwritable", file=self.file, why=str(error))
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return InputError("store.busy", file=self.file)
        return error


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; `executescript` would end the transaction around it."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
