"""What can be undone and done again of a film's score, kept in the project's database.

A step is a whole score as `Score.to_dict` gives it, with a checksum; damaged ones are left out. In
memory are the same steps, so that a full disk costs the memory of them alone.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field

from data.checksums import checksum
from data.errors import InputError
from leitmotif.score.model import Score
from leitmotif.store.database import Database

MOST_STEPS = 100
"""Operations that can be undone."""
PAST, FUTURE = "past", "future"


@dataclass
class Step:
    """A score that was left. row : where it is kept, None where it is not."""

    document: dict[str, object]
    row: int | None = None


@dataclass
class History:
    """The steps of one film in one project, the newest of either side last.

    database : with the table `score_step` (`leitmotif.sessions.projects`). project, film : whose
    they are.
    """

    database: Database
    project: int
    film: str
    _steps: dict[str, list[Step]] = field(default_factory=lambda: {PAST: [], FUTURE: []})

    def __post_init__(self) -> None:
        query = "SELECT * FROM score_step WHERE project = ? AND film = ? ORDER BY id"
        with suppress(InputError), self.database.read() as connection:
            for row in connection.execute(query, [self.project, self.film]):
                text = row["document"]
                if checksum("score_step", self.film, text) == row["checksum"]:
                    self._steps[row["side"]].append(Step(json.loads(text), row["id"]))

    @property
    def counts(self) -> tuple[int, int]:
        """How many steps can be undone and done again."""
        return len(self._steps[PAST]), len(self._steps[FUTURE])

    def left(self, score: Score) -> None:
        """Note a score that another one takes the place of; what was undone is forgotten."""
        dropped, self._steps[FUTURE] = self._steps[FUTURE], []
        past = self._steps[PAST]
        past.append(Step(score.to_dict()))
        dropped += past[:-MOST_STEPS]
        del past[:-MOST_STEPS]
        self._keep(PAST, dropped)

    def turn(self, now: Score, back: bool) -> Score | None:
        """The score before (or after) this one, which goes to the other side; None without one.

        A step that cannot be read any more is passed over.
        """
        source, target = (PAST, FUTURE) if back else (FUTURE, PAST)
        dropped: list[Step] = []
        found = None
        while self._steps[source] and found is None:
            dropped.append(self._steps[source].pop())
            with suppress(InputError):
                found = Score.from_dict(dropped[-1].document)
        if found is not None:
            self._steps[target].append(Step(now.to_dict()))
            self._keep(target, dropped)
        return found

    def _keep(self, side: str, dropped: list[Step]) -> None:
        """Write the newest step of a side, and delete others, in one go."""
        step = self._steps[side][-1]
        text = json.dumps(step.document, ensure_ascii=False, allow_nan=False)
        values = [self.project, self.film, side, text, checksum("score_step", self.film, text)]
        query = (
            "INSERT INTO score_step (project, film, side, document, checksum) VALUES (?,?,?,?,?)"
        )
        rows = [(old.row,) for old in dropped if old.row is not None]
        # The project may have been deleted elsewhere: then nothing is kept.
        with suppress(InputError, sqlite3.IntegrityError), self.database.write() as connection:
            step.row = connection.execute(query, values).lastrowid
            connection.executemany("DELETE FROM score_step WHERE id = ?", rows)


def forget(database: Database, project: int, film: str) -> None:
    """Delete the steps of a film."""
    with suppress(InputError), database.write() as connection:
        query = "DELETE FROM score_step WHERE project = ? AND film = ?"
        connection.execute(query, [project, film])
