"""Projects in the data folder's one file: their names, and what each is made of.

A project is a number of parts, each a plain document under a kind and a key:

    film       by the SHA-256 of its content    name, path, size
    catalogue  by a key of the page             name, path, followed, sha256, size
    score      by its film's key                what `Score.to_dict` gives
    medium     by the path that a score names   sha256, size: how it is found again elsewhere
    choices    one, under ""                    what the page's widgets say

What can be undone of scores stands in a table of its own (`leitmotif.sessions.history`).

Every change is one transaction, so a killed process leaves the last whole one. Every part carries
a checksum: one that is damaged is left out and said, the others go on.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from data.checksums import Damaged, checksum
from data.errors import InputError
from leitmotif.store.database import Database

KINDS = ("film", "catalogue", "score", "medium", "choices")
LONGEST_NAME = 80
_STEPS = (
    """
    CREATE TABLE project (
        id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, name TEXT NOT NULL,
        opened REAL NOT NULL, revision INTEGER NOT NULL DEFAULT 0, UNIQUE (owner, name));
    CREATE TABLE project_part (
        project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
        kind TEXT NOT NULL, key TEXT NOT NULL, place INTEGER NOT NULL,
        document TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (project, kind, key));
    """,
    """
    CREATE TABLE score_step (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        project INTEGER NOT NULL REFERENCES project ON DELETE CASCADE,
        film TEXT NOT NULL, side TEXT NOT NULL CHECK (side IN ('past', 'future')),
        document TEXT NOT NULL, checksum INTEGER NOT NULL);
    CREATE INDEX score_step_film ON score_step (project, film);
    """,
)


class Project(NamedTuple):
    """A project's row. opened : seconds since 1970. revision : counts its changes."""

    id: int
    owner: str
    name: str
    opened: float
    revision: int


class Part(NamedTuple):
    kind: str
    key: str
    document: Any


class Projects:
    """The projects of everybody, in the database of a data folder.

    trouble : what is to be said of a damaged file that was set aside at the start, if one was.
    Everything raises `InputError` where the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        self.trouble: InputError | None = None
        try:
            self.database.tables("sessions", _STEPS)
        except Damaged as error:
            if error.code != "files.damaged":
                raise
            aside = self.database.set_aside()
            self.trouble = InputError("session.memory_damaged", file=aside)
            self.database.tables("sessions", _STEPS)

    # ------------------------------------------------------------------ projects

    def of(self, owner: str) -> list[Project]:
        """Somebody's projects, the one opened last first."""
        query = "SELECT * FROM project WHERE owner = ? ORDER BY opened DESC, id DESC"
        with self.database.read() as connection:
            return [Project(*row) for row in connection.execute(query, [owner])]

    def named(self, owner: str, name: str) -> Project:
        """Raises `InputError` if nobody made one of that name."""
        known = self.of(owner)
        for project in known:
            if project.name == name:
                return project
        raise InputError("project.unknown", name=name, names=[p.name for p in known])

    def get(self, number: int) -> Project | None:
        with self.database.read() as connection:
            row = connection.execute("SELECT * FROM project WHERE id = ?", [number]).fetchone()
        return Project(*row) if row else None

    def make(self, owner: str, name: str, parts: Iterable[Part] = ()) -> Project:
        """A project with its parts, in one step; a number follows a name that is taken."""
        name = clean_name(name)
        with self.database.write() as connection:
            query = "SELECT name FROM project WHERE owner = ?"
            taken = {row["name"] for row in connection.execute(query, [owner])}
            free = name
            for n in range(2, len(taken) + 3):
                if free not in taken:
                    break
                free = f"{name[: LONGEST_NAME - 6]} {n}"
            query = "INSERT INTO project (owner, name, opened) VALUES (?, ?, ?)"
            number = connection.execute(query, [owner, free, time.time()]).lastrowid
            assert number is not None
            for part in parts:
                _put(connection, number, part)
        made = self.get(number)
        assert made is not None
        return made

    def rename(self, number: int, name: str) -> None:
        """Raises `InputError` for no name, or one that another project has."""
        name = clean_name(name)
        try:
            with self.database.write() as connection:
                query = "UPDATE project SET name = ?, revision = revision + 1 WHERE id = ?"
                connection.execute(query, [name, number])
        except sqlite3.IntegrityError:
            raise InputError("project.name_taken", name=name) from None

    def touch(self, number: int) -> None:
        """Note that a project was opened now."""
        with self.database.write() as connection:
            query = "UPDATE project SET opened = ? WHERE id = ?"
            connection.execute(query, [time.time(), number])

    def delete(self, number: int) -> None:
        with self.database.write() as connection:
            connection.execute("DELETE FROM project WHERE id = ?", [number])

    def last_opened(self, owner: str) -> float | None:
        known = self.of(owner)
        return known[0].opened if known else None

    # ------------------------------------------------------------------ parts

    def parts(self, number: int) -> tuple[list[Part], list[tuple[str, str]], int]:
        """A project's parts in the order they came, (kind, key) of damaged ones, the revision."""
        with self.database.read() as connection:
            query = "SELECT * FROM project_part WHERE project = ? ORDER BY place, rowid"
            rows = connection.execute(query, [number]).fetchall()
            found = connection.execute("SELECT revision FROM project WHERE id = ?", [number])
            revision = next((row["revision"] for row in found), -1)
        whole = [row for row in rows if _sum(row) == row["checksum"]]
        damaged = [(row["kind"], row["key"]) for row in rows if _sum(row) != row["checksum"]]
        parts = [Part(r["kind"], r["key"], json.loads(r["document"])) for r in whole]
        return parts, damaged, revision

    def change(
        self, number: int, put: Iterable[Part] = (), drop: Iterable[tuple[str, str]] = ()
    ) -> int:
        """Put and drop parts in one step; the project's new revision, −1 if it is gone."""
        with self.database.write() as connection:
            query = "UPDATE project SET revision = revision + 1 WHERE id = ? RETURNING revision"
            row = connection.execute(query, [number]).fetchone()
            if row is None:
                return -1
            for part in put:
                _put(connection, number, part)
            query = "DELETE FROM project_part WHERE project = ? AND kind = ? AND key = ?"
            connection.executemany(query, [(number, kind, key) for kind, key in drop])
        return int(row["revision"])

    def stamp(self) -> tuple[int, ...]:
        """Changes whenever anybody has written to the file; costs two looks at the disk."""
        found: list[int] = []
        for name in (self.database.file, Path(f"{self.database.file}-wal")):
            with suppress(OSError):
                state = name.stat()
                found += (state.st_size, state.st_mtime_ns)
        return tuple(found)


def _put(connection: sqlite3.Connection, number: int, part: Part) -> None:
    text = json.dumps(part.document, ensure_ascii=False, allow_nan=False)
    query = (
        "INSERT INTO project_part VALUES (?, ?, ?, (SELECT coalesce(max(place), 0) + 1 FROM"
        " project_part WHERE project = ?), ?, ?) ON CONFLICT DO UPDATE SET"
        " document = excluded.document, checksum = excluded.checksum"
    )
    values = [number, part.kind, part.key, number, text, checksum(part.kind, part.key, text)]
    connection.execute(query, values)


def _sum(row: sqlite3.Row) -> int:
    return checksum(row["kind"], row["key"], row["document"])


def clean_name(name: str) -> str:
    """A project's name without control characters. Raises `InputError` if nothing is left."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:LONGEST_NAME]
    if not clean:
        raise InputError("project.no_name")
    return clean


def one(parts: Sequence[Part], kind: str) -> dict[str, Any]:
    """The documents of one kind, by key."""
    return {part.key: part.document for part in parts if part.kind == kind}
