"""Jobs that outlive whoever asked for them: a queue in the database of the data folder.

    queued → running → succeeded | failed | canceled

Whoever runs a job holds it by a lease that has to be renewed. A lease that ran out means that its
holder died, and the job is queued again, `MOST_TRIES` times at most. A holder who was only slow
finds its lease gone, and nothing that it says counts any more. What a job made lies on the disk
before the job says that it succeeded. Every change is an event with a number that only grows, so
that a client who comes back asks for those after the last one it saw. Times are seconds since 1970.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from data.errors import InputError
from data.words import Sentence, from_record, to_record
from leitmotif.store.database import Database

State = Literal["queued", "running", "succeeded", "failed", "canceled"]
ENDED = frozenset({"succeeded", "failed", "canceled"})
LEASE_S = 20.0
"""How long a job is held without a sign of life: a busy machine stops for seconds (heuristic)."""
MOST_TRIES = 3
"""A job over which so many workers died is not tried again (heuristic)."""
MOST_QUEUED = 10_000
"""Jobs that may wait at once (heuristic)."""

TABLES = [
    """
    CREATE TABLE service_jobs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        task TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued',
        stage TEXT NOT NULL DEFAULT '',
        done REAL NOT NULL DEFAULT 0,
        total REAL,
        tries INTEGER NOT NULL DEFAULT 0,
        lease TEXT,
        holder TEXT,
        held_until REAL,
        result TEXT,
        error TEXT,
        created REAL NOT NULL,
        started REAL,
        ended REAL
    );
    CREATE INDEX service_jobs_state ON service_jobs (state, number);
    CREATE TABLE service_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES service_jobs (id) ON DELETE CASCADE,
        event TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE INDEX service_events_job ON service_events (job, number);
    CREATE TABLE service_films (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        own INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        job TEXT NOT NULL,
        added REAL NOT NULL
    );
    CREATE TABLE service_catalogues (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        followed INTEGER NOT NULL,
        added REAL NOT NULL
    );
    CREATE TABLE service_replies (
        key TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        job TEXT NOT NULL,
        made REAL NOT NULL
    );
    """
]
"""The steps of our tables, for `Database.tables`."""


@dataclass(frozen=True)
class Job:
    """One piece of long work. done, total : seconds of media, or files of a catalogue."""

    id: str
    kind: str
    task: dict[str, Any]
    state: State
    stage: str
    done: float
    total: float | None
    tries: int
    result: dict[str, Any] | None
    error: str | None
    created: float
    started: float | None
    ended: float | None
    position: int | None
    """Place in the queue, 1 is next; None once it has begun."""


class Claim(NamedTuple):
    """A job in hand, and the lease by which it is held."""

    job: str
    kind: str
    task: dict[str, Any]
    lease: str


class Request(NamedTuple):
    """What came with an Idempotency-Key: the key with its address, a digest of the rest."""

    key: str
    content: str


class Event(NamedTuple):
    """A change of a job."""

    number: int
    event: str
    data: dict[str, Any]


class Lost(Exception):
    """The job is held by somebody else now, or was canceled."""


class Jobs:
    """The queue, for the service that fills it and the workers that empty it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.tables("service", TABLES)

    # ------------------------------------------------------------------ for whoever asks

    def asked(self, connection: sqlite3.Connection, request: Request | None) -> str | None:
        """The job that a request with this key began before.

        Raises `InputError` where the key came with another request then.
        """
        if request is None:
            return None
        row = connection.execute(
            "SELECT request, job FROM service_replies WHERE key = ?", (request.key,)
        ).fetchone()
        if row is not None and row["request"] != request.content:
            raise InputError("service.key_used")
        return row["job"] if row else None

    def add(
        self,
        connection: sqlite3.Connection,
        kind: str,
        task: Mapping[str, Any],
        request: Request | None = None,
    ) -> str:
        """Queue a job within a transaction; returns its id. Raises `InputError` if all is full.

        request : the same one again, by its key, begins nothing new.
        """
        if earlier := self.asked(connection, request):
            return earlier
        waiting = connection.execute(
            "SELECT count(*) FROM service_jobs WHERE state = 'queued'"
        ).fetchone()[0]
        if waiting >= MOST_QUEUED:
            raise InputError("service.queue_full", n=waiting)
        job = secrets.token_urlsafe(16)
        connection.execute(
            "INSERT INTO service_jobs (id, kind, task, created) VALUES (?, ?, ?, ?)",
            (job, kind, json.dumps(task), time.time()),
        )
        _tell(connection, job, "state", {"state": "queued"})
        self.remember(connection, request, job)
        return job

    def remember(self, connection: sqlite3.Connection, request: Request | None, job: str) -> None:
        """Let the same request find this job again."""
        if request is not None:
            connection.execute(
                "INSERT OR REPLACE INTO service_replies VALUES (?, ?, ?, ?)",
                (request.key, request.content, job, time.time()),
            )

    def get(self, job: str) -> Job:
        """A job by its id. Raises `InputError` if there is none."""
        with self._database.read() as connection:
            row = connection.execute(f"{_SELECT} WHERE id = ?", (job,)).fetchone()
        if row is None:
            raise InputError("service.no_job", id=job)
        return _job(row)

    def newest(self, kinds: tuple[str, ...], limit: int = 100) -> list[Job]:
        """The newest jobs of some kinds, the newest first."""
        marks = ", ".join("?" * len(kinds))
        with self._database.read() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE kind IN ({marks}) ORDER BY number DESC LIMIT ?", (*kinds, limit)
            ).fetchall()
        return [_job(row) for row in rows]

    def cancel(self, job: str) -> Job:
        """End a job that has not ended; its worker stops at its next sign of life."""
        with self._database.write() as connection:
            if _end(connection, job, "canceled"):
                _tell(connection, job, "state", {"state": "canceled"})
        return self.get(job)

    def events(self, job: str, after: int = 0) -> list[Event]:
        """What happened to a job after an event, in order."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT number, event, data FROM service_events WHERE job = ? AND number > ? "
                "ORDER BY number LIMIT 1000",
                (job, after),
            ).fetchall()
        return [Event(number, event, json.loads(data)) for number, event, data in rows]

    def forget(self, before: float) -> list[Job]:
        """Remove jobs that ended before a time, with their events; returns them."""
        with self._database.write() as connection:
            rows = connection.execute(f"{_SELECT} WHERE ended < ?", (before,)).fetchall()
            for row in rows:
                connection.execute("DELETE FROM service_jobs WHERE id = ?", (row["id"],))
            connection.execute("DELETE FROM service_replies WHERE made < ?", (before,))
        return [_job(row) for row in rows]

    # ------------------------------------------------------------------ for whoever works

    def claim(self, holder: str) -> Claim | None:
        """Take the job that has waited longest; None if nothing waits.

        holder : name of a place where one worker stands at a time, so that whatever its
        predecessor held is free at once.
        """
        now, lease = time.time(), secrets.token_hex(8)
        with self._database.write() as connection:
            _take_back(connection, "held_until < ?", now)
            row = connection.execute(
                "SELECT id, kind, task FROM service_jobs WHERE state = 'queued' "
                "ORDER BY number LIMIT 1"
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE service_jobs SET state = 'running', tries = tries + 1, lease = ?, "
                "holder = ?, held_until = ?, started = ifnull(started, ?) WHERE id = ?",
                (lease, holder, now + LEASE_S, now, row["id"]),
            )
            _tell(connection, row["id"], "state", {"state": "running"})
        return Claim(row["id"], row["kind"], json.loads(row["task"]) | {"job": row["id"]}, lease)

    def waiting(self) -> bool:
        """Whether there is something to claim; only looks."""
        with self._database.read() as connection:
            return bool(
                connection.execute(
                    "SELECT EXISTS (SELECT 1 FROM service_jobs WHERE state = 'queued' "
                    "OR state = 'running' AND held_until < ?)",
                    (time.time(),),
                ).fetchone()[0]
            )

    def take_back(self, holder: str, counted: bool = True) -> None:
        """Queue what a dead worker of this place held. counted : whether it was a try."""
        with self._database.write() as connection:
            if not counted:
                connection.execute(
                    "UPDATE service_jobs SET tries = tries - 1 "
                    "WHERE state = 'running' AND holder = ?",
                    (holder,),
                )
            _take_back(connection, "holder = ?", holder)

    def renew(self, claim: Claim) -> None:
        """A sign of life. Raises `Lost`."""
        with self._database.write() as connection:
            _held(connection, claim, "held_until = ?", time.time() + LEASE_S)

    def report(self, claim: Claim, stage: str, done: float, total: float | None) -> None:
        """How far the work is. Raises `Lost`."""
        with self._database.write() as connection:
            _held(
                connection,
                claim,
                "held_until = ?, stage = ?, done = ?, total = ?",
                *(time.time() + LEASE_S, stage, done, total),
            )
            data = {"stage": stage, "done": done, "total": total}
            _tell(connection, claim.job, "progress", data)

    def succeed(self, claim: Claim, result: Mapping[str, Any]) -> None:
        """The work is done and what it made lies on the disk. Raises `Lost`."""
        with self._database.write() as connection:
            _held(connection, claim, "result = ?, done = ifnull(total, done)", json.dumps(result))
            _end(connection, claim.job, "succeeded")
            _tell(connection, claim.job, "state", {"state": "succeeded"})

    def fail(self, claim: Claim, why: Sentence) -> None:
        """The work cannot be done. Raises `Lost`."""
        with self._database.write() as connection:
            _held(connection, claim, "error = ?", json.dumps(to_record(why)))
            _end(connection, claim.job, "failed")
            _tell(connection, claim.job, "state", {"state": "failed"})


_COLUMNS = (
    "id, kind, task, state, stage, done, total, tries, result, error, created, started, ended"
)
_SELECT = (
    f"SELECT {_COLUMNS}, CASE state WHEN 'queued' THEN (SELECT count(*) FROM service_jobs AS other "
    "WHERE other.state = 'queued' AND other.number <= service_jobs.number) END "
    "AS position FROM service_jobs"
)


def _job(row: sqlite3.Row) -> Job:
    found = {name: row[name] for name in row.keys()}  # noqa: SIM118  iterating gives values
    for name in ("task", "result", "error"):
        found[name] = json.loads(found[name]) if found[name] else None
    if found["error"]:
        found["error"] = from_record(found["error"])
    return Job(**found)


def _tell(connection: sqlite3.Connection, job: str, event: str, data: Mapping[str, Any]) -> None:
    connection.execute(
        "INSERT INTO service_events (job, event, data) VALUES (?, ?, ?)",
        (job, event, json.dumps(data)),
    )


def _held(connection: sqlite3.Connection, claim: Claim, change: str, *values: object) -> None:
    """Change a job that is held by this lease. Raises `Lost`."""
    done = connection.execute(
        f"UPDATE service_jobs SET {change} WHERE id = ? AND lease = ? AND state = 'running'",
        (*values, claim.job, claim.lease),
    )
    if done.rowcount == 0:
        raise Lost(claim.job)


def _end(connection: sqlite3.Connection, job: str, state: State) -> bool:
    """Whether the job was open until now."""
    done = connection.execute(
        "UPDATE service_jobs SET state = ?, ended = ?, lease = NULL, held_until = NULL "
        "WHERE id = ? AND state IN ('queued', 'running')",
        (state, time.time(), job),
    )
    return bool(done.rowcount)


def _queue(connection: sqlite3.Connection, job: str) -> None:
    connection.execute(
        "UPDATE service_jobs SET state = 'queued', lease = NULL, held_until = NULL WHERE id = ?",
        (job,),
    )
    _tell(connection, job, "state", {"state": "queued"})


def _take_back(connection: sqlite3.Connection, which: str, value: object) -> None:
    """Queue running jobs whose holders are gone; those that were tried often enough fail."""
    rows = connection.execute(
        f"SELECT id, tries FROM service_jobs WHERE state = 'running' AND {which}", (value,)
    ).fetchall()
    for job, tries in rows:
        if tries < MOST_TRIES:
            _queue(connection, job)
            continue
        error = json.dumps(to_record(Sentence("service.gave_up", n=tries)))
        connection.execute("UPDATE service_jobs SET error = ? WHERE id = ?", (error, job))
        _end(connection, job, "failed")
        _tell(connection, job, "state", {"state": "failed"})
