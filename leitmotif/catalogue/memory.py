"""What a build remembers beside its catalogue, so that it can be killed at any moment and go on.

One SQLite file: which file had which content when last seen, and what each content was measured to
be. Every track is committed by itself. Analyses are kept by content and extractor: a file that was
moved or copied is recognised, one that changed is measured again.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.errors import InputError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, track_id TEXT NOT NULL, size INTEGER, mtime_ns INTEGER, sha256 TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS analyses (
    sha256 TEXT, extractor TEXT, record TEXT NOT NULL, arrays BLOB NOT NULL, PRIMARY KEY (sha256, extractor)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS finished (key TEXT NOT NULL);
"""
_ARRAYS = ("curves", "beats", "accents", "fingerprint")


class Seen(NamedTuple):
    """A file as it was last seen."""

    track_id: str
    size: int | None
    mtime_ns: int | None
    sha256: str
    reason: str
    """Why it has no analysis; empty where it has one."""


class State:
    """The build's memory at `path`, for analyses by one extractor (name with options)."""

    def __init__(self, path: Path, extractor: str) -> None:
        self.extractor = extractor
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise InputError(
                f"{path}: the build's memory cannot be used ({error}); delete this file and build again."
            ) from None

    def close(self) -> None:
        self._db.close()

    def files(self) -> dict[str, Seen]:
        return {row[0]: Seen(*row[1:]) for row in self._db.execute("SELECT * FROM files")}

    def known(self) -> frozenset[str]:
        """Digests of the contents that are measured already."""
        return frozenset(
            row[0]
            for row in self._db.execute(
                "SELECT sha256 FROM analyses WHERE extractor = ?", (self.extractor,)
            )
        )

    def remember_file(self, source: str, seen: Seen) -> None:
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", (source, *seen))

    def forget_file(self, source: str) -> None:
        self._db.execute("DELETE FROM files WHERE source = ?", (source,))

    def remember_analysis(self, sha256: str, analysis: dict) -> None:
        arrays = io.BytesIO()
        np.savez(arrays, **{name: analysis[name] for name in _ARRAYS})
        record = json.dumps(
            {k: v for k, v in analysis.items() if k not in _ARRAYS}, ensure_ascii=False
        )
        self._db.execute(
            "INSERT OR REPLACE INTO analyses VALUES (?, ?, ?, ?)",
            (sha256, self.extractor, record, arrays.getvalue()),
        )

    def finished(self, key: str) -> bool:
        """Whether the catalogue was last written from exactly what `key` stands for."""
        return self._db.execute("SELECT key FROM finished").fetchone() == (key,)

    def finish(self, key: str) -> None:
        self._db.execute("DELETE FROM finished")
        self._db.execute("INSERT INTO finished VALUES (?)", (key,))

    def analyses(self, digests: list[str]) -> Iterator[dict]:
        """The analyses of some contents, in that order."""
        for sha256 in digests:
            query = "SELECT record, arrays FROM analyses WHERE sha256 = ? AND extractor = ?"
            record, arrays = self._db.execute(query, (sha256, self.extractor)).fetchone()
            with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
                yield json.loads(record) | {name: stored[name] for name in _ARRAYS}
