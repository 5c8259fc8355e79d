"""What a person was shown and did, in this machine's `leitmotif.sqlite`: kept, exported, erased.

Events are a row each and never changed. Undo takes the last away; what was learned is computed from
those that remain (`Beliefs.of`), so that it is exactly as before.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.checksums import read_json, write_json
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from leitmotif.store.database import NAME, Database
from leitmotif.taste.beliefs import FREE, Beliefs, Choice, Sliders, choices
from leitmotif.taste.lists import Shown

KIND, VERSION = "taste", 1
_SAID = "kind != 'shown' OR id IN (SELECT about FROM taste_event WHERE person = ? AND about != '')"
ANSWERS = ("like", "skip", "chosen", "never")
KINDS = ("shown", "edit", *ANSWERS)
SLIDERS = ("matters", "offset")
ME = "me"
"""The person of a page or command that names none."""
_TABLES = (
    """
CREATE TABLE taste_event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL,
    at REAL NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL, said TEXT NOT NULL);
CREATE INDEX taste_person ON taste_event (person, number);
""",
    "CREATE INDEX taste_about ON taste_event (person, about);",
)


@dataclass(frozen=True)
class Event:
    """One thing that was shown or done.

    id : of the event. at : seconds since 1970. kind : one of `KINDS`. about : of a list its own id,
    of an answer the id of the list; empty for a track without one, and of a slider set by hand.
    said : the rest, plain values.
    """

    id: str
    at: float
    kind: str
    about: str
    said: dict[str, Any]


class Diary:
    """The events of one person. Raises `InputError` as `Database` does."""

    def __init__(
        self,
        database: Database,
        person: str = ME,
        later: Callable[[Hashable, Callable[[], None]], None] | None = None,
    ) -> None:
        """later : calls a function soon (`leitmotif.sessions.later`), for lists that are shown: who
        looks at one need not wait for the disk. Whatever else is kept or asked comes after them.
        """
        self._database, self.person, self._later = database, person, later
        self._lists: list[Event] = []
        self._guard = threading.RLock()
        database.tables(KIND, _TABLES)

    def events(self) -> list[Event]:
        """All, oldest first."""
        return self._where("1")

    def said(self) -> list[Event]:
        """What the person did, and the lists that it was about; oldest first."""
        return self._where(_SAID, self.person)

    def _where(self, condition: str, *values: str) -> list[Event]:
        self.flush()
        query = f"SELECT * FROM taste_event WHERE person = ? AND ({condition}) ORDER BY number"
        with self._database.read() as connection:
            rows = connection.execute(query, [self.person, *values]).fetchall()
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
        if self._later is None:
            return self._add("shown", "", said)
        event = Event(uuid.uuid4().hex, time.time(), "shown", "", said)
        with self._guard:
            self._lists.append(event)
        self._later(("shown", self.person), self.flush)
        return event.id

    def flush(self) -> None:
        """Keep now what was shown lately; a full disk costs these lists and nothing else."""
        with suppress(InputError):
            self._write([])

    def answer(self, kind: str, track_id: str, shown: str = "", seen: int = 0) -> str:
        """Keep what a person did with a track of a list; the event's id.

        kind : one of `ANSWERS`. shown : the list's id. seen : cards of it seen from the top.
        """
        assert kind in ANSWERS, kind
        return self._add(kind, shown, {"track": track_id, "seen": seen})

    def set_slider(self, field: str, slider: str, value: float | None) -> str:
        """Set a learned slider by hand, None lets go of it again; the event's id.

        field : of the ten. slider : one of `SLIDERS`.
        """
        assert slider in SLIDERS and field in MUSIC_NAMES, (slider, field)
        return self._add("edit", "", {"field": field, "slider": slider, "value": value})

    def answers(self, shown: str) -> dict[str, str]:
        """What was said of the tracks of a list, the last of each."""
        return {e.said["track"]: e.kind for e in self._where("about = ?", shown)}

    def withdraw(self, track_id: str, shown: str = "") -> int:
        """Take back what was said of a track of a list; how many answers that were."""
        found = [e for e in self._where("about = ?", shown) if e.said.get("track") == track_id]
        self._delete(found)
        return len(found)

    def allow(self, track_id: str) -> int:
        """Let a track be found again that was never to be; how often that had been said."""
        found = [e for e in self._where("kind = 'never'") if e.said["track"] == track_id]
        self._delete(found)
        return len(found)

    def _delete(self, events: Sequence[Event]) -> None:
        with self._database.write() as connection:
            for e in events:
                connection.execute("DELETE FROM taste_event WHERE id = ?", [e.id])

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

        def row(e: Event) -> list[object]:
            said = json.dumps(e.said, ensure_ascii=False)
            return [e.id, self.person, e.at, e.kind, e.about, said]

        with self._guard:
            lists, self._lists = self._lists, []
            if not lists and not events:
                return 0
            with self._database.write() as connection:
                connection.executemany(query, map(row, lists))
                before = connection.total_changes
                connection.executemany(query, map(row, events))
                return connection.total_changes - before

    def undo(self) -> Event | None:
        """Take the last answer, or slider set by hand, away; None where there is none."""
        last = next((e for e in reversed(self.said()) if e.kind != "shown"), None)
        if last is not None:
            self._delete([last])
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

    def mark(self) -> tuple[int, int]:
        """Another one as soon as something was said or taken back."""
        query = (
            "SELECT count(*), coalesce(max(number), 0) FROM taste_event "
            "WHERE person = ? AND kind != 'shown'"
        )
        with self._database.read() as connection:
            count, last = connection.execute(query, [self.person]).fetchone()
        return count, last

    def never(self) -> frozenset[str]:
        """Tracks that are not to be answered again."""
        return frozenset(e.said["track"] for e in self._where("kind = 'never'"))

    def beliefs(self) -> Beliefs:
        """What the events say of the person's sliders."""
        return believed(self.said())


def refused(folder: Path, person: str = ME) -> frozenset[str]:
    """Tracks that a person never wants again; none where nothing was ever kept in a folder.

    Raises `InputError` as `Database` does.
    """
    return Diary(Database(folder), person).never() if (folder / NAME).is_file() else frozenset()


def believed(events: Sequence[Event]) -> Beliefs:
    """What some events say of a person's sliders."""
    return Beliefs.of(chosen(events), by_hand(events))


def by_hand(events: Sequence[Event]) -> Sliders:
    """The sliders that the person set themselves; NaN where they did not, or let go."""
    held = {name: getattr(FREE, name).copy() for name in SLIDERS}
    for e in events:
        if e.kind == "edit":
            value = e.said["value"]
            held[e.said["slider"]][MUSIC_NAMES.index(e.said["field"])] = (
                np.nan if value is None else value
            )
    return Sliders(**held)


def chosen(events: Sequence[Event]) -> Iterator[Choice]:
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
        yield from choices(z.reshape(-1, len(MUSIC_NAMES)), importance, taken, refused, seen)


def by_list(events: Sequence[Event]) -> Iterator[tuple[Event, list[Event]]]:
    """Every list that was shown with the answers to it, oldest first."""
    answers: dict[str, list[Event]] = {e.id: [] for e in events if e.kind == "shown"}
    for event in events:
        if event.about in answers:
            answers[event.about].append(event)
    for event in events:
        if event.kind == "shown":
            yield event, answers[event.id]
