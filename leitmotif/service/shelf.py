"""What was handed to the service and what was made of it: rows in the database, files in a folder.

    films/KEY.mp4, KEY.npz        a film that was sent, and what was seen in any film
    catalogues/KEY.csv            tables that were sent, catalogues that were built
    scores/JOB/score.json         a score; renders/JOB.mp4 and exports/FORMAT.* beside it

A key is the checksum of a content, a job the id of the job that made the score.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import InputError
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.model import Score
from leitmotif.service.jobs import ENDED, Job, Jobs, Request
from leitmotif.service.uploads import KEY_DIGITS
from leitmotif.sessions.workspace import Kept, remove_halves
from leitmotif.store.database import Database

DEFAULT = "default"
"""Id of the catalogue that is used when none is named."""
KEPT_DAYS = 30.0
"""How long jobs, scores, renders and films that nobody asked for again are kept (heuristic)."""
_LIST = "INSERT OR IGNORE INTO service_catalogues VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class Film:
    """A film of the service. own : whether its file is ours to delete."""

    id: str
    name: str
    path: Path
    own: bool
    bytes: int
    job: str
    added: float


@dataclass(frozen=True)
class Listed:
    """A catalogue of the service. followed : whether the paths in it are looked at."""

    id: str
    name: str
    path: Path
    followed: bool
    added: float


class Shelf:
    """Films, catalogues and scores; `folder` is the service's own."""

    def __init__(self, folder: Path, database: Database, jobs: Jobs, default: Path) -> None:
        self.jobs, self._database = jobs, database
        self._default = default.resolve()
        self.films_folder = folder / "films"
        self.catalogues_folder = folder / "catalogues"
        self.scores_folder = folder / "scores"
        for made in (self.films_folder, self.catalogues_folder, self.scores_folder):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
            remove_halves(made)

    # ------------------------------------------------------------------ films

    def add_film(self, kept: Kept, request: Request | None = None) -> tuple[Film, Job]:
        """Keep a film and have it watched, unless that is done or under way."""
        own = kept.path.parent == self.films_folder
        with self._database.write() as connection:
            job = self.jobs.asked(connection, request) or self._watched(connection, kept.key)
            if job is None:
                task = {
                    "key": kept.key,
                    "name": kept.name,
                    "path": str(kept.path),
                    "timeline": str(self.timeline_file(kept.key)),
                }
                job = self.jobs.add(connection, "watch", task)
                connection.execute(
                    "INSERT OR REPLACE INTO service_films VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(kept.key, kept.name, str(kept.path), own),
                        *(kept.path.stat().st_size, job, time.time()),
                    ),
                )
            self.jobs.remember(connection, request, job)
        film = self.film(kept.key)
        if own and kept.path != film.path:  # it came before, with another ending
            kept.path.unlink(missing_ok=True)
        return film, self.jobs.get(job)

    def _watched(self, connection: sqlite3.Connection, key: str) -> str | None:
        """The job that watched this content, or does, if what it made or reads is there."""
        row = connection.execute(
            "SELECT films.path, films.job, jobs.state FROM service_films AS films "
            "JOIN service_jobs AS jobs ON jobs.id = films.job WHERE films.id = ?",
            (key,),
        ).fetchone()
        if row is None or row["state"] in ("failed", "canceled") or not Path(row["path"]).is_file():
            return None
        done = row["state"] == "succeeded"
        return row["job"] if not done or self.timeline_file(key).is_file() else None

    def film(self, key: str) -> Film:
        """A film by its id. Raises `InputError` if there is none."""
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM service_films WHERE id = ?", (key,)).fetchone()
        if row is None:
            raise InputError("service.no_film", id=key)
        return _film(row)

    def films(self) -> list[Film]:
        """Every film, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM service_films ORDER BY added DESC").fetchall()
        return [_film(row) for row in rows]

    def forget_film(self, key: str) -> None:
        """Stop watching a film, and delete what was seen, and its file where that is ours."""
        film = self.film(key)
        with suppress(InputError):  # its job was forgotten before
            self.jobs.cancel(film.job)
        with self._database.write() as connection:
            connection.execute("DELETE FROM service_films WHERE id = ?", (key,))
        self.timeline_file(key).unlink(missing_ok=True)
        if film.own:
            film.path.unlink(missing_ok=True)

    def timeline_file(self, key: str) -> Path:
        """What was seen in a film, once it is watched."""
        return self.films_folder / f"{key}.npz"

    def watched(self, key: str) -> Path:
        """What was seen in a film. Raises `InputError` as long as it is not watched."""
        film, file = self.film(key), self.timeline_file(key)
        if file.is_file():
            return file
        job = self.jobs.get(film.job)
        if job.error:
            raise InputError("service.film_failed", id=key, why=job.error)
        raise InputError("service.not_watched", id=key, job=film.job, state=job.state)

    # ------------------------------------------------------------------ catalogues

    def add_catalogue(self, key: str, name: str, path: Path, followed: bool) -> Listed:
        """List a table of tracks."""
        with self._database.write() as connection:
            connection.execute(_LIST, (key, name, str(path), followed, time.time()))
        return self.catalogue(key)

    def build_catalogue(self, folder: Path, request: Request | None = None) -> Job:
        """Have a folder of music analysed; the catalogue is listed once its file is there."""
        key = hashlib.sha256(str(folder).encode()).hexdigest()[:KEY_DIGITS]
        task = {
            "key": key,
            "name": folder.name,
            "folder": str(folder),
            "output": str(self.catalogues_folder / f"{key}.csv"),
        }
        listed = (key, folder.name, task["output"], True, time.time())
        with self._database.write() as connection:
            job = self.jobs.add(connection, "catalogue", task, request)
            connection.execute(_LIST, listed)
        return self.jobs.get(job)

    def catalogue(self, key: str) -> Listed:
        """A catalogue by its id. Raises `InputError` if there is none."""
        found = next((c for c in self.catalogues() if c.id == key), None)
        if found is None:
            raise InputError("service.no_catalogue", id=key)
        return found

    def catalogues(self) -> list[Listed]:
        """Every catalogue: the default one, then the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM service_catalogues ORDER BY added DESC"
            ).fetchall()
        default = Listed(DEFAULT, self._default.name, self._default, True, 0.0)
        return [default, *(c for c in map(_listed, rows) if c.path.is_file())]

    # ------------------------------------------------------------------ scores

    def plan_score(
        self, film: str, catalogue: str, settings: dict[str, Any], request: Request | None = None
    ) -> Job:
        """Have a film's music planned. settings : the options of `work.compose`.

        Raises `InputError` for a film or a catalogue that is not here.
        """
        shown, listed = self.film(film), self.catalogue(catalogue)
        task = {
            "key": film,
            "name": shown.name,
            "path": str(shown.path),
            "catalogue": str(listed.path),
            "followed": listed.followed,
            "folder": str(self.scores_folder),
            **settings,
        }
        return self._start("score", task, request)

    def render(self, score: str, settings: dict[str, Any], request: Request | None = None) -> Job:
        """Have a score rendered. settings : the options of `work.render`. Raises `InputError`."""
        task = {"key": score, "score": str(self.scored(score)), **settings}
        return self._start("render", task, request)

    def _start(self, kind: str, task: dict[str, Any], request: Request | None) -> Job:
        """Queue a job, or find the one that the same request began."""
        with self._database.write() as connection:
            job = self.jobs.add(connection, kind, task, request)
        return self.jobs.get(job)

    def score_file(self, key: str) -> Path:
        """Where a score lies, or will."""
        return self.scores_folder / key / "score.json"

    def score(self, key: str) -> Score:
        """A score by its id. Raises `InputError` if there is none, or none yet."""
        return Score.read(self.scored(key))

    def scored(self, key: str) -> Path:
        """The file of a score that is done. Raises `InputError`."""
        try:
            job = self.jobs.get(key)
        except InputError:
            raise InputError("service.no_score", id=key) from None
        if job.kind != "score":
            raise InputError("service.no_score", id=key)
        if job.state != "succeeded":
            raise InputError("service.not_done", id=key, state=job.state)
        return self.score_file(key)

    def rendered(self, score: str, key: str) -> Path:
        """A file that was rendered of a score. Raises `InputError`."""
        try:
            job = self.jobs.get(key)
        except InputError:
            raise InputError("service.no_render", id=key) from None
        if job.kind != "render" or job.task["key"] != score:
            raise InputError("service.no_render", id=key)
        if job.state != "succeeded" or not job.result:
            raise InputError("service.not_done", id=key, state=job.state)
        return self.score_file(score).with_name("renders") / job.result["file"]

    def export(self, key: str, name: str) -> Path:
        """A score in a format for other programs, written at each asking. Raises `InputError`."""
        plan = self.score(key)
        names = {str(film.path.resolve()): film.name for film in self.films() if film.own}
        if plan.film.path in names:  # an upload lies under a name of ours
            plan = plan.named(names[plan.film.path])
        suffix = next((f.suffix for f in FORMATS if f.name == name), "")
        folder = self.score_file(key).with_name("exports")
        return export(plan, name, folder / f"{name}{suffix}")

    # ------------------------------------------------------------------ tidying

    def tidy(self) -> None:
        """Remove what nobody has asked for in `KEPT_DAYS`, with its files."""
        before = time.time() - 86400 * KEPT_DAYS
        for film in self.films():
            job = next(iter(self._find(film.job)), None)
            if film.added < before and (job is None or job.state in ENDED):
                self.forget_film(film.id)
        for job in self.jobs.forget(before):
            if job.kind == "score":
                shutil.rmtree(self.score_file(job.id).parent, ignore_errors=True)

    def _find(self, job: str) -> Sequence[Job]:
        try:
            return [self.jobs.get(job)]
        except InputError:
            return []


def _film(row: sqlite3.Row) -> Film:
    return Film(
        row["id"],
        row["name"],
        Path(row["path"]),
        bool(row["own"]),
        row["bytes"],
        row["job"],
        row["added"],
    )


def _listed(row: sqlite3.Row) -> Listed:
    return Listed(row["id"], row["name"], Path(row["path"]), bool(row["followed"]), row["added"])
