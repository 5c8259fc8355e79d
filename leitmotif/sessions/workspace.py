"""Files that come in, and the temporary folder of what is made of them.

A file that comes in is kept under the checksum of its content; the name it came with is only ever
shown, never used as a path. Each desk in use has one folder under one folder of the server.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from filelock import FileLock, Timeout

from data.errors import InputError, Progress
from data.media import VIDEO_SUFFIXES as _VIDEO
from data.words import Sentence
from leitmotif.sessions.jobs import Job

T = TypeVar("T")

VIDEO_SUFFIXES = tuple(sorted(_VIDEO))
CATALOGUE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_PREFIX = "leitmotif-page-"
_CHUNK = 1 << 20
INCOMING = "incoming-"
_RUNNING: list[Workspaces] = []


@dataclass(frozen=True)
class Kept:
    """A file of a desk. `key` names its content, `name` is for people, `path` is where it lies."""

    key: str
    name: str
    path: Path

    def named(self, sentence: str) -> str:
        """A sentence about the file with the name that people know in place of its path."""
        return sentence.replace(str(self.path), self.name).replace(self.path.name, self.name)

    def renamed(self, error: InputError) -> InputError:
        """An error about the file, likewise."""
        values = {
            name: self.named(str(value)) if isinstance(value, str | Path) else value
            for name, value in error.values.items()
            if not isinstance(value, Sentence)
        }
        return InputError(error.code, **error.values | values)


def shown_name(name: str) -> str:
    """The last part of a file's name, fit to be shown.

    Without folders, control characters and endless length.
    """
    last = re.split(r"[\\/]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip()
    return clean if len(clean) <= 80 else clean[:60] + "…" + clean[-16:]


def receive(
    folder: Path, name: str, stream: BinaryIO, suffixes: Collection[str], limit_mb: int
) -> Kept:
    """Keep what was uploaded in `folder`. The same content twice is kept once.

    Raises `InputError` for an empty file, one over the limit, or one of another kind.
    """
    shown = shown_name(name) or "file"
    suffix = Path(shown).suffix.lower()
    if suffix not in suffixes:
        raise InputError("session.wrong_kind", file=shown, kinds=", ".join(suffixes))
    incoming = folder / f"{INCOMING}{uuid.uuid4().hex[:8]}{suffix}"
    try:
        key = _copy(stream, incoming, limit_mb << 20)
        size = incoming.stat().st_size
        if size == 0:
            raise InputError("session.empty_file", file=shown)
        if key is None:
            raise InputError("session.too_large", file=shown, mb=limit_mb)
        kept = Kept(key, shown, folder / f"{key[:32]}{suffix}")
        incoming.replace(kept.path)
        return kept
    except OSError as error:
        raise InputError("session.cannot_keep", file=shown, reason=error.strerror) from None
    finally:
        incoming.unlink(missing_ok=True)


def _copy(stream: BinaryIO, to: Path, limit: int) -> str | None:
    """Copy and name by content; None when there is more than `limit` bytes."""
    digest, copied = hashlib.sha256(), 0
    with to.open("wb") as file:
        while chunk := stream.read(_CHUNK):
            copied += len(chunk)
            if copied > limit:
                return None
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


class Workspace:
    """The temporary folder of one desk and the work that goes on for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs: list[Job[Any]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def start(
        self, work: Callable[[Progress], T], slots: threading.Semaphore | None = None
    ) -> Job[T]:
        """Begin a job that ends with the workspace. slots : as of `Job`."""
        self.jobs = [job for job in self.jobs if not job.ended]
        job = Job(work, slots)
        self.jobs.append(job)
        return job

    def remove(self, kept: Kept) -> None:
        """Delete what was made of a file."""
        for file in self.folder.glob(f"{kept.key[:32]}*"):
            with suppress(OSError):  # still open, on Windows: it goes with the workspace
                file.unlink()

    def close(self) -> None:
        for job in self.jobs:
            job.cancel()
        for job in self.jobs:
            job.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)


def remove_halves(folder: Path) -> None:
    """Remove uploads of more than an hour ago that broke off."""
    for file in folder.glob(f"{INCOMING}*"):
        with suppress(OSError):
            if file.stat().st_mtime < time.time() - 3600:
                file.unlink()


def local_file(text: str, suffixes: Collection[str]) -> Kept:
    """A file on this machine, named by its path. Raises `InputError` if it cannot be used."""
    path = Path(text.strip().strip("\"'")).expanduser()
    try:
        found = path.resolve()
        there = found.is_file()
    except (OSError, ValueError):
        there = False
    if not there:
        raise InputError("session.no_such_file", file=path)
    if found.suffix.lower() not in suffixes:
        raise InputError("session.wrong_kind", file=path, kinds=", ".join(suffixes))
    try:
        return Kept(content_key(found), shown_name(found.name), found)
    except OSError as error:
        raise InputError("files.unreadable", file=path, why=error.strerror) from None


def is_there(path: str) -> bool:
    """Whether a path, from wherever it came, names a file here."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def content_key(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal; read again only when the file has changed."""
    state = path.stat()
    return _content_key(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _content_key(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Workspaces:
    """The temporary folders of all desks in use.

    Those of desks that nobody uses any more are removed, and all of them at the server's end.
    in_use : whether somebody uses a desk. grace_s : how long one that nobody uses is kept, for
    networks that drop and laptops that sleep. closed : told of each desk whose folder was removed.
    """

    def __init__(
        self,
        in_use: Callable[[str], bool],
        grace_s: float = 120.0,
        parent: Path | None = None,
        closed: Callable[[str], None] = lambda name: None,
    ) -> None:
        parent = parent or Path(tempfile.gettempdir())
        remove_left_behind(parent)
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = FileLock(self.root / "lock")
        self._lock.acquire()
        self._in_use, self._grace, self._told = in_use, grace_s, closed
        self._open: dict[str, Workspace] = {}
        self._seen: dict[str, float] = {}
        self._guard = threading.Lock()
        self._closed = threading.Event()
        _RUNNING.append(self)
        threading.Thread(target=self._watch, name="leitmotif-workspaces", daemon=True).start()

    def of(self, desk: str) -> Workspace:
        """The folder of a desk, made at its first use."""
        with self._guard:
            self._seen[desk] = time.monotonic()
            if desk not in self._open:
                name = hashlib.sha256(desk.encode()).hexdigest()[:16]
                self._open[desk] = Workspace(self.root / name)
            return self._open[desk]

    def sweep(self) -> None:
        """Remove the folders of desks that nobody has used for longer than the grace."""
        now = time.monotonic()
        with self._guard:
            for desk in self._open:
                if self._in_use(desk):
                    self._seen[desk] = now
            gone = {
                desk: self._open.pop(desk)
                for desk in list(self._open)
                if now - self._seen[desk] > self._grace
            }
            self._seen = {s: t for s, t in self._seen.items() if s in self._open}
        for desk, workspace in gone.items():
            workspace.close()
            self._told(desk)

    def close(self) -> None:
        self._closed.set()
        with self._guard:
            everything = list(self._open.values())
            self._open.clear()
        for workspace in everything:
            workspace.close()
        self._lock.release()
        shutil.rmtree(self.root, ignore_errors=True)

    def _watch(self) -> None:
        while not self._closed.wait(min(max(self._grace / 4, 0.5), 15.0)):
            self.sweep()


@atexit.register
def close_all() -> None:
    """At the server's end."""
    while _RUNNING:
        _RUNNING.pop().close()


def remove_left_behind(parent: Path) -> None:
    """Remove the folders of servers that ended without tidying up: nobody holds their lock."""
    for root in parent.glob(f"{_PREFIX}*"):
        try:
            with FileLock(root / "lock", timeout=0):
                pass
        except (Timeout, OSError):
            continue  # in use, or another person's
        shutil.rmtree(root, ignore_errors=True)
