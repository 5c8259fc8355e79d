"""A desk: the films, catalogues and choices of one person, kept from one visit to the next.

On one's own machine there is one desk: every tab shows it, and it is there again after a restart.
Where others come to a server, each has a desk of their own, named by a token in the page's address.
What a desk is made of lies in the data folder (`LEITMOTIF_DATA`): uploads and built catalogues as
files, everything else in `desk.json`. What can be made again (previews, listening copies) lies in
a temporary folder.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.checksums import Damaged, read_json, write_json
from data.errors import InputError
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import Kept, Workspace, Workspaces, remove_halves

KIND, VERSION = "desk", 1
OWN = "own"
"""Name of the desk of whoever sits at this machine."""
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

    folder : what stays. workspace : what can be made again, and the work that goes on.
    """

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
    left_out: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Files that a build left out, with the reason, by the catalogue's key."""
    _stamp: int = 0
    _guard: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        remove_halves(self.folder)
        self.refresh()

    @property
    def _file(self) -> Path:
        return self.folder / "desk.json"

    # ------------------------------------------------------------------ films

    def open_film(self, kept: Kept) -> None:
        """Put a film on the desk and begin to watch it; one that is there already stays."""
        with self._guard:
            film = self.films.setdefault(kept.key, Film(kept))
            film.watch(self.workspace)
            self.save()

    def remove_film(self, key: str) -> None:
        """Forget a film: stop what is done for it, and delete its file (if it is ours)."""
        with self._guard:
            film = self.films.pop(key, None)
            self.scores.pop(key, None)
            self.save()
        if film is not None:
            film.stop()
            self.workspace.remove(film.kept)
            if film.kept.path.parent == self.folder:
                with suppress(OSError):  # still open, on Windows
                    film.kept.path.unlink()

    # ------------------------------------------------------------------ catalogues

    def list_catalogue(self, key: str, listed: Listed) -> None:
        with self._guard:
            self.catalogues[key] = listed
            self.save()

    def keep_score(self, film_key: str, score: dict[str, Any]) -> None:
        """Remember a film's score, as `Score.to_dict` gives it."""
        with self._guard:
            if self.scores.get(film_key) != score:
                self.scores[film_key] = score
                self.save()

    def remove_catalogue(self, key: str) -> None:
        """Take a catalogue off the list, and delete its file where that was uploaded here."""
        with self._guard:
            listed = self.catalogues.pop(key, None)
            self.save()
        if listed is not None and listed.path.parent == self.folder:
            for path in (listed.path, listed.path.with_suffix(".map")):
                with suppress(OSError):  # still open, on Windows
                    path.unlink()

    # ------------------------------------------------------------------ memory

    def choose(self, choices: dict[str, Any]) -> None:
        """Remember what a person chose, if it is news. choices : plain values, as JSON has them."""
        with self._guard:
            if choices != self.choices:
                self.choices = choices
                self.save()

    def save(self) -> None:
        """Write `desk.json`; a disk that is full costs the memory, not the work."""
        record = {
            "films": [_kept(f.kept) for f in self.films.values()],
            "catalogues": [
                {"key": k, "name": c.name, "path": str(c.path), "followed": c.followed}
                for k, c in self.catalogues.items()
            ],
            "choices": self.choices,
            "scores": self.scores,
        }
        with suppress(InputError):
            write_json(self._file, KIND, VERSION, record)
            self._stamp = self._file.stat().st_mtime_ns

    def refresh(self) -> None:
        """Take over what another process wrote of this desk since it was read last."""
        with self._guard:
            try:
                stamp = self._file.stat().st_mtime_ns
                if stamp != self._stamp:
                    self._take(read_json(self._file, KIND, VERSION))
                    self._stamp = stamp
            except OSError:
                return  # a new desk
            except (Damaged, KeyError, TypeError):
                self._set_aside()

    def _take(self, record: dict[str, Any]) -> None:
        kept = [Kept(f["key"], f["name"], Path(f["path"])) for f in record["films"]]
        self.films = {k.key: self.films.get(k.key) or Film(k) for k in kept}
        listed = {
            c["key"]: Listed(c["name"], Path(c["path"]), c["followed"])
            for c in record["catalogues"]
        }
        self.catalogues = {key: c for key, c in listed.items() if c.path.is_file()}
        self.choices = record["choices"]
        self.scores = record.get("scores", {})

    def _set_aside(self) -> None:
        aside = self._file.with_name(f"desk-damaged-{time.time_ns():x}.json")
        with suppress(OSError):
            self._file.replace(aside)
        self.troubles.append(InputError("session.memory_damaged", file=aside))


def _kept(kept: Kept) -> dict[str, str]:
    return {"key": kept.key, "name": kept.name, "path": str(kept.path)}


def new_name() -> str:
    """A name for a visitor's desk that nobody guesses."""
    return secrets.token_urlsafe(16)


class Desks:
    """Every desk of a server.

    kept : folder of what stays. workspaces : the temporary folders, one for each desk in use.
    """

    def __init__(
        self,
        kept: Path,
        alive: Callable[[str], bool],
        grace_s: float = 120.0,
        parent: Path | None = None,
    ) -> None:
        self.kept = kept
        self._alive = alive
        self._sessions: dict[str, set[str]] = {}
        self._open: dict[str, Desk] = {}
        self._guard = threading.Lock()
        self.workspaces = Workspaces(self._in_use, grace_s, parent, closed=self._forget)
        self._remove_old()

    def of(self, name: str, session: str, visitor: bool = False) -> Desk:
        """The desk of a name, as this session finds it. visitor : not at this machine."""
        key = f"{'visitors' if visitor else 'own'}/{_safe(name)}"
        with self._guard:
            self._sessions.setdefault(key, set()).add(session)
            workspace = self.workspaces.of(key)
            desk = self._open.get(key)
            if desk is None or desk.workspace is not workspace:
                desk = self._open[key] = Desk(self.kept / key, workspace)
        desk.refresh()
        return desk

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
        for own, folder in ((True, "own"), (False, "visitors")):
            oldest = time.time() - 86400 * KEPT_DAYS[own]
            for desk in (self.kept / folder).glob("*"):
                with suppress(OSError):
                    old = (desk / "desk.json").stat().st_mtime < oldest
                    in_use = f"{folder}/{desk.name}" in self._open
                    if old and not in_use and desk.name != _safe(OWN):
                        shutil.rmtree(desk, ignore_errors=True)


def _safe(name: str) -> str:
    """The folder of a desk: no name reaches the file system."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def plain_values(choices: dict[str, Any]) -> dict[str, Any]:
    """Choices as JSON keeps them, with lists for tuples and arrays."""
    return json.loads(json.dumps(choices, default=lambda v: v.tolist()))


def name_from(address: str | None) -> str | None:
    """The name of a desk in the page's address, if it is one."""
    return address if address and _NAME.fullmatch(address) else None
