"""A desk: what one person works with in one project, kept from one visit to the next.

On one's own machine one person has projects: every tab shows the one opened last, and it is there
again after a restart. Where others come to a server, each has projects of their own, under a token
in the page's address. Uploads and built catalogues lie as files in the data folder
(`LEITMOTIF_DATA`), everything else in its one database (`leitmotif.sessions.projects`). What can be
made again (previews, listening copies) lies in a temporary folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.errors import InputError
from leitmotif.sessions.earlier import earlier_parts, retire
from leitmotif.sessions.films import Film
from leitmotif.sessions.history import forget
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.later import flush, later
from leitmotif.sessions.projects import Part, Project, Projects, one
from leitmotif.sessions.workspace import Kept, Workspace, Workspaces, content_key, remove_halves

OWN = "own"
"""Name of the desk of whoever sits at this machine."""
FIRST = "Project 1"
"""What a first project is called where nobody says otherwise."""
KEPT_DAYS = {True: 365.0, False: 1.0}
"""How long a desk that nobody comes back to is kept: one's own, and a visitor's (heuristic)."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Listed:
    """A catalogue on a desk. followed : whether the paths in it begin at its own folder."""

    name: str
    path: Path
    followed: bool


@dataclass
class Desk:
    """What one person works with. Several tabs may look at it at once.

    projects, project : where it is kept. folder : its files. workspace : what can be made again,
    and the work that goes on.
    """

    projects: Projects
    project: Project
    folder: Path
    workspace: Workspace
    films: dict[str, Film] = field(default_factory=dict)
    catalogues: dict[str, Listed] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The score of a film (`Score.to_dict`), by the film's key; `keep_score` changes it."""
    troubles: list[InputError] = field(default_factory=list)
    """What went wrong since somebody looked."""
    build: tuple[str, Job[Any]] | None = None
    """The catalogue that is being built: its name and its job."""
    search: Job[Any] | None = None
    """Looks for files that were moved."""
    left_out: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Files that a build left out, with the reason, by the catalogue's key."""
    _stamp: tuple[int, ...] = ()
    _revision: int = -2
    _unsaved: bool = False
    """Whether there are choices that are not on the disk yet."""
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_halves(self.folder)
        self.refresh()

    # ------------------------------------------------------------------ films

    def open_film(self, kept: Kept) -> None:
        """Put a film on the desk and begin to watch it; one that is there already stays.

        One that had gone from its place is watched where it is now.
        """
        with self._guard:
            film = self.films.get(kept.key)
            if film is None or not film.kept.path.is_file():
                film = self.films[kept.key] = Film(kept)
                self._keep([Part("film", kept.key, film_document(kept))])
            film.watch(self.workspace)

    def remove_film(self, key: str) -> None:
        """Forget a film: stop what is done for it, and delete its file (if it is ours)."""
        with self._guard:
            film = self.films.pop(key, None)
            self.scores.pop(key, None)
            self._keep(drop=[("film", key), ("score", key)])
            forget(self.projects.database, self.project.id, key)
        if film is not None:
            film.stop()
            self.workspace.remove(film.kept)
            discard(self.projects, self.project.owner, self.folder, [film.kept.path])

    # ------------------------------------------------------------------ catalogues

    def list_catalogue(self, key: str, listed: Listed) -> None:
        with self._guard:
            self.catalogues[key] = listed
            self._keep([Part("catalogue", key, catalogue_document(listed))])

    def remove_catalogue(self, key: str) -> None:
        """Take a catalogue off the list, and delete its file (if it is ours)."""
        with self._guard:
            listed = self.catalogues.pop(key, None)
            self._keep(drop=[("catalogue", key)])
        if listed is not None:
            discard(self.projects, self.project.owner, self.folder, [listed.path])

    # ------------------------------------------------------------------ scores

    def keep_score(self, film_key: str, score: dict[str, Any]) -> None:
        """Remember a film's score, as `Score.to_dict` gives it."""
        with self._guard:
            if self.scores.get(film_key) != score:
                self.scores[film_key] = score
                self._keep([Part("score", film_key, score)])

    # ------------------------------------------------------------------ memory

    def choose(self, choices: dict[str, Any]) -> None:
        """Remember what a person chose, if it is news; on the disk soon after.

        choices : plain values, as JSON has them.
        """
        with self._guard:
            if choices != self.choices:
                self.choices, self._unsaved = choices, True
                later(("choices", id(self)), self._keep_choices)

    def _keep_choices(self) -> None:
        with self._guard:
            self._unsaved = False
            self._keep([Part("choices", "", self.choices)])

    def _keep(self, put: Iterable[Part] = (), drop: Iterable[tuple[str, str]] = ()) -> None:
        """Into the database; a disk that is full costs the memory, not the work."""
        with suppress(InputError):
            revision = self.projects.change(self.project.id, put, drop)
            if revision == self._revision + 1:  # else another process wrote, too: look again
                self._revision, self._stamp = revision, self.projects.stamp()

    def refresh(self) -> bool:
        """Take over what another process wrote of this project; False where it was deleted."""
        with self._guard:
            stamp = self.projects.stamp()
            if stamp == self._stamp:
                return True
            found = self.projects.get(self.project.id)
            if found is not None and found.revision != self._revision:
                self.project = found
                self._take()
            self._stamp = stamp if found is not None else ()
            return found is not None

    def _take(self) -> None:
        parts, damaged, self._revision = self.projects.parts(self.project.id)
        self.films = {
            key: self._film(Kept(key, f["name"], Path(f["path"])))
            for key, f in one(parts, "film").items()
        }
        listed = {
            key: Listed(c["name"], Path(c["path"]), c["followed"])
            for key, c in one(parts, "catalogue").items()
        }
        self.catalogues = {key: c for key, c in listed.items() if c.path.is_file()}
        if not self._unsaved:
            self.choices = one(parts, "choices").get("", {})
        self.scores = one(parts, "score")
        if damaged:
            self.projects.change(self.project.id, drop=damaged)
            self.troubles += [
                InputError("project.damaged_part", project=self.project.name, what=kind)
                for kind, _ in damaged
            ]

    def _film(self, kept: Kept) -> Film:
        """A film with what is known of it, unless it lies elsewhere now."""
        film = self.films.get(kept.key)
        return film if film is not None and film.kept == kept else Film(kept)


def film_document(kept: Kept) -> dict[str, Any]:
    """A film as a project keeps it."""
    size = kept.path.stat().st_size if kept.path.is_file() else None
    return {"name": kept.name, "path": str(kept.path), "size": size}


def catalogue_document(listed: Listed) -> dict[str, Any]:
    """A catalogue as a project keeps it."""
    there = listed.path.is_file()
    return {
        "name": listed.name,
        "path": str(listed.path),
        "followed": listed.followed,
        "sha256": content_key(listed.path) if there else None,
        "size": listed.path.stat().st_size if there else None,
    }


def discard(projects: Projects, owner: str, folder: Path, paths: Iterable[Path]) -> None:
    """Delete those files of a desk's folder that no project of its owner names any more."""
    named = {
        part.document["path"]
        for project in projects.of(owner)
        for part in projects.parts(project.id)[0]
        if part.kind in ("film", "catalogue")
    }
    for path in paths:
        if path.parent == folder and str(path) not in named:
            beside = (f"{path.stem}.curves.parquet", f"{path.stem}.map")
            for file in (path, *map(path.with_name, beside)):
                with suppress(OSError):  # still open, on Windows
                    file.unlink(missing_ok=True)


def delete_project(projects: Projects, project: Project, folder: Path) -> None:
    """Forget a project, and delete the files of ours that no other one needs."""
    parts, _, _ = projects.parts(project.id)
    paths = [Path(p.document["path"]) for p in parts if p.kind in ("film", "catalogue")]
    projects.delete(project.id)
    discard(projects, project.owner, folder, paths)


def new_name() -> str:
    """A name for a visitor's desk that nobody guesses."""
    return secrets.token_urlsafe(16)


def owner_of(name: str, visitor: bool = False) -> str:
    """Whose projects they are: also the folder of their files, below that of all desks."""
    return f"{'visitors' if visitor else 'own'}/{_safe(name)}"


class Desks:
    """Every desk of a server.

    data : the data folder, in which `desks` holds the files. workspaces : the temporary folders,
    one for each desk in use.
    """

    def __init__(
        self,
        data: Path,
        alive: Callable[[str], bool],
        grace_s: float = 120.0,
        parent: Path | None = None,
    ) -> None:
        flush()  # of an earlier one in this process
        self.kept = data / "desks"
        self.projects = Projects(data)
        self._alive = alive
        self._sessions: dict[str, set[str]] = {}
        self._open: dict[str, Desk] = {}
        self._guard = threading.Lock()
        self.workspaces = Workspaces(self._in_use, grace_s, parent, closed=self._forget)
        self._remove_old()

    def of(
        self,
        name: str,
        session: str,
        visitor: bool = False,
        project: int | None = None,
        first: str = FIRST,
    ) -> Desk:
        """The desk of a name, as this session finds it.

        visitor : not at this machine. project : which of theirs; that which was opened last where
        none is named, or it is gone. first : what to call it where there is none yet.
        """
        owner = owner_of(name, visitor)
        with self._guard:
            key = f"{owner}/{project}"
            desk = self._open.get(key)
            if desk is None or desk.workspace is not self.workspaces.of(key) or not desk.refresh():
                desk = self._opened(owner, project, first)
            self._sessions.setdefault(_key(desk.project), set()).add(session)
        return desk

    def _opened(self, owner: str, number: int | None, first: str) -> Desk:
        known = self.projects.of(owner)
        found = next((p for p in known if p.id == number), known[0] if known else None)
        if found is None:
            found = self._first(owner, first or FIRST)
        key = _key(found)
        workspace = self.workspaces.of(key)
        desk = self._open.get(key)
        if desk is None or desk.workspace is not workspace or not desk.refresh():
            flush()  # what an earlier desk of it still had to write
            with suppress(InputError):  # a full disk: it is opened all the same
                self.projects.touch(found.id)
            desk = self._open[key] = Desk(self.projects, found, self.kept / owner, workspace)
            if self.projects.trouble:
                desk.troubles.append(self.projects.trouble)
                self.projects.trouble = None
        return desk

    def _first(self, owner: str, first: str) -> Project:
        """A first project: empty, or what an earlier version kept for this person."""
        folder = self.kept / owner
        parts, trouble = earlier_parts(folder)
        made = self.projects.make(owner, first, parts)
        retire(folder)
        if trouble is not None:
            self.projects.trouble = trouble
        return made

    def _in_use(self, key: str) -> bool:
        """Whether somebody looks at a desk, or work goes on for whoever sits at this machine."""
        sessions = {s for s in self._sessions.get(key, set()) if self._alive(s)}
        self._sessions[key] = sessions
        desk = self._open.get(key)
        working = desk is not None and any(not job.ended for job in desk.workspace.jobs)
        return bool(sessions) or (working and key.startswith("own/"))

    def _forget(self, key: str) -> None:
        self._open.pop(key, None)
        self._sessions.pop(key, None)
        self._remove_old()

    def _remove_old(self) -> None:
        """Remove the desks that nobody has come back to."""
        in_use = {key.rsplit("/", 1)[0] for key in self._open}
        for own, kind in ((True, "own"), (False, "visitors")):
            oldest = time.time() - 86400 * KEPT_DAYS[own]
            for folder in (self.kept / kind).glob("*"):
                owner = f"{kind}/{folder.name}"
                if owner in in_use or owner == owner_of(OWN):
                    continue
                with suppress(OSError, InputError):
                    opened = self.projects.last_opened(owner)
                    if (folder.stat().st_mtime if opened is None else opened) < oldest:
                        for project in self.projects.of(owner):
                            self.projects.delete(project.id)
                        shutil.rmtree(folder, ignore_errors=True)


def _key(project: Project) -> str:
    return f"{project.owner}/{project.id}"


def _safe(name: str) -> str:
    """The folder of a desk: no name reaches the file system."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def plain_values(choices: dict[str, Any]) -> dict[str, Any]:
    """Choices as JSON keeps them, with lists for tuples and arrays."""
    return json.loads(json.dumps(choices, default=lambda v: v.tolist()))


def name_from(address: str | None) -> str | None:
    """The name of a desk in the page's address, if it is one."""
    return address if address and _NAME.fullmatch(address) else None
