"""What a person was shown and did, in this machine's `leitmotif.sqlite`: kept, exported, erased.

Events are a row each and never changed. Undo takes the last away; what was learned is computed from
those that remain (`Beliefs.of`), so that it is exactly as before.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.checksums import read_json, write_json
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from leitmotif.store.database import Database
from leitmotif.taste.beliefs import Beliefs, Comparison, compare
from leitmotif.taste.lists import Shown

KIND, VERSION = "taste", 1
ANSWERS = ("like", "skip", "chosen", "never")
KINDS = ("shown", *ANSWERS)
ME = "me"
"""The person of a page or command that names none."""
_TABLES = (
    """
CREATE TABLE taste_event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL,
    at REAL NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, said TEXT NOT NULL);
CREATE INDEX taste_person ON taste_event (person, number);
""",
)


@dataclass(frozen=True)
class Event:
    """One thing that was shown or done.

    id : of the event. at : seconds since 1970. kind : one of `KINDS`. about : of a list its own id,
    of an answer the id of the list; empty for a track without one. said : the rest, plain values.
    """

    id: str
    at: float
    kind: str
    about: str
    said: dict[str, Any]


class Diary:
    """The events of one person. Raises `InputError` as `Database` does."""

    def __init__(self, database: Database, person: str = ME) -> None:
        self._database, self.person = database, person
        database.tables(KIND, _TABLES)

    def events(self) -> list[Event]:
        """All, oldest first."""
        query = "SELECT * FROM taste_event WHERE person = ? ORDER BY number"
        with self._database.read() as connection:
            rows = connection.execute(query, [self.person]).fetchall()
        return [Event(r["id"], r["at"], r["kind"], r["about"], json.loads(r["said"])) for r in rows]

    def show(
        self,
        shown: Shown,
        z: np.ndarray,
        importance: np.ndarray,
        track_ids: Sequence[str],
    ) -> str:
        """Keep a list that is shown; its id.

        z : (N, 10) of all tracks that `propose` was given. track_ids : of these.
        """
        rows = list(shown.rows)
        said = {
            "tracks": [track_ids[r] for r in rows],
            "z": np.round(z[rows], 4).tolist(),
            "importance": np.round(importance, 4).tolist(),
            "try": shown.attempt,
            "candidates": np.round(z[list(shown.candidates)], 4).tolist(),
            "probabilities": [round(p, 6) for p in shown.probabilities],
            "drawn": None if shown.attempt is None else shown.candidates.index(rows[shown.attempt]),
        }
        return self._add("shown", "", said)

    def answer(self, kind: str, track_id: str, shown: str = "", seen: int = 0) -> str:
        """Keep what a person did with a track of a list; the event's id.

        kind : one of `ANSWERS`. shown : the list's id. seen : cards of it seen from the top.
        """
        assert kind in ANSWERS, kind
        return self._add(kind, shown, {"track": track_id, "seen": seen})

    def _add(self, kind: str, about: str, said: dict[str, Any]) -> str:
        event = Event(uuid.uuid4().hex, time.time(), kind, about, said)
        self._write([event])
        return event.id

    def _write(self, events: Sequence[Event]) -> int:
        """Keep events that are not there yet; how many these were."""
        query = (
            "INSERT OR IGNORE INTO taste_event (id, person, at, kind, about, said) "
            "VALUES (?, ?, ?, ?, ?, ?)"
        )
        with self._database.write() as connection:
            before = connection.total_changes
            for e in events:
                said = json.dumps(e.said, ensure_ascii=False)
                connection.execute(query, [e.id, self.person, e.at, e.kind, e.about, said])
            return connection.total_changes - before

    def undo(self) -> Event | None:
        """Take the last answer away; None where there is none."""
        last = next((e for e in reversed(self.events()) if e.kind != "shown"), None)
        if last is not None:
            with self._database.write() as connection:
                connection.execute("DELETE FROM taste_event WHERE id = ?", [last.id])
        return last

    def forget(self) -> int:
        """Erase everything of this person; how many events there were."""
        with self._database.write() as connection:
            found = connection.execute("DELETE FROM taste_event WHERE person = ?", [self.person])
            return found.rowcount

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write all events to a file that `take_in` reads; how many."""
        events = self.events()
        write_json(path, KIND, VERSION, {"events": [vars(e) for e in events]})
        return len(events)

    def take_in(self, path: str | os.PathLike[str]) -> int:
        """Add the events of a file; those that are there already are left. How many were new.

        Raises `InputError` for a file that `export` did not write.
        """
        path = Path(path)
        try:
            record = read_json(path, KIND, VERSION)
        except OSError as error:
            raise InputError("files.unreadable", file=path, why=error.strerror) from None
        return self._write([Event(**e) for e in record["events"]])

    # ------------------------------------------------------------------------ what follows

    def never(self) -> frozenset[str]:
        """Tracks that are not to be answered again."""
        return frozenset(e.said["track"] for e in self.events() if e.kind == "never")

    def beliefs(self) -> Beliefs:
        """What the events say of the person's sliders."""
        return Beliefs.of(comparisons(self.events()))


def comparisons(events: Sequence[Event]) -> Iterator[Comparison]:
    """What a person preferred to what, list by list."""
    for shown, answers in by_list(events):
        tracks = shown.said["tracks"]
        places: dict[str, list[int]] = {kind: [] for kind in ANSWERS}
        for answer in answers:
            if answer.said["track"] in tracks:
                places[answer.kind].append(tracks.index(answer.said["track"]))
        seen = max((int(a.said["seen"]) for a in answers), default=0)
        taken = sorted({*places["like"], *places["chosen"]})
        refused = sorted({*places["skip"], *places["never"]} - set(taken))
        z, importance = (np.array(shown.said[n], np.float64) for n in ("z", "importance"))
        yield from compare(z.reshape(-1, len(MUSIC_NAMES)), importance, taken, refused, seen)


def by_list(events: Sequence[Event]) -> Iterator[tuple[Event, list[Event]]]:
    """Every list that was shown with the answers to it, oldest first."""
    answers: dict[str, list[Event]] = {e.id: [] for e in events if e.kind == "shown"}
    for event in events:
        if event.about in answers:
            answers[event.about].append(event)
    for event in events:
        if event.kind == "shown":
            yield event, answers[event.id]
