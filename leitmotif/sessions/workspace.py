"""Where a session's files are, and that they go when the session goes.

Each browser session owns one folder under one folder of the server. A file that comes in is kept
under the checksum of its content; the name it came with is only ever shown, never used as a path.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from data.errors import InputError
from leitmotif.sessions.jobs import Job

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".m4v", ".avi")
CATALOGUE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_PREFIX = "leitmotif-page-"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A file of a session. `key` names its content, `name` is for people, `path` is where it lies."""

    key: str
    name: str
    path: Path

    def named(self, sentence: str) -> str:
        """A sentence about the file with the name that people know, in place of where we keep it."""
        return sentence.replace(str(self.path), self.name).replace(self.path.name, self.name)


def shown_name(name: str) -> str:
    """The last part of a file's name, fit to be shown: no folders, no control characters, no endless length."""
    last = re.split(r"[\\/]", name)[-1]
    clean = "".join(c for c in last if c.isprintable()).strip()
    return clean if len(clean) <= 80 else clean[:60] + "…" + clean[-16:]


class Workspace:
    """The folder of one session and the work that goes on for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs: list[Job] = []
        folder.mkdir(parents=True, exist_ok=True)

    def receive(
        self, name: str, stream: BinaryIO, suffixes: Collection[str], limit_mb: int
    ) -> Kept:
        """Keep what was uploaded. The same content twice is kept once.

        Raises `InputError` for an empty file, one over the limit, or one of another kind.
        """
        shown = shown_name(name) or "file"
        suffix = Path(shown).suffix.lower()
        if suffix not in suffixes:
            raise InputError(
                f"{shown}: files of this kind are not read here; give one of {', '.join(suffixes)}."
            )
        incoming = self.folder / f"incoming{suffix}"
        try:
            key = self._copy(stream, incoming, limit_mb << 20)
            size = incoming.stat().st_size
            if size == 0:
                raise InputError(f"{shown}: this file is empty (0 bytes); export or copy it again.")
            if key is None:
                raise InputError(
                    f"{shown}: larger than the {limit_mb} MB this page takes; open it by its path, or raise LEITMOTIF_MAX_UPLOAD_MB."
                )
            kept = Kept(key, shown, self.folder / f"{key[:32]}{suffix}")
            incoming.replace(kept.path)
            return kept
        except OSError as error:
            raise InputError(
                f"{shown}: cannot be kept ({error.strerror}); make room on the disk and try again."
            ) from None
        finally:
            incoming.unlink(missing_ok=True)

    @staticmethod
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

    def start(self, work: Callable) -> Job:
        """Begin a job that ends with the session."""
        self.jobs = [job for job in self.jobs if not job.ended]
        job = Job(work)
        self.jobs.append(job)
        return job

    def remove(self, kept: Kept) -> None:
        """Delete what this folder holds of a file: itself and what was made of it; one that lies elsewhere stays."""
        for file in self.folder.glob(f"{kept.key[:32]}*"):
            with suppress(
                OSError
            ):  # Windows keeps a file that is still open; it goes with the session
                file.unlink()

    def close(self) -> None:
        for job in self.jobs:
            job.cancel()
        for job in self.jobs:
            job.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)


def local_file(text: str, suffixes: Collection[str]) -> Kept:
    """A file on this machine, named by its path. Raises `InputError` if it cannot be used."""
    path = Path(text.strip().strip("\"'")).expanduser()
    try:
        found = path.resolve()
        size, changed = (
            (found.stat().st_size, found.stat().st_mtime_ns) if found.is_file() else (None, None)
        )
    except (OSError, ValueError):
        size = None
    if size is None:
        raise InputError(f"{path}: no such file on this machine; check the path.")
    if found.suffix.lower() not in suffixes:
        raise InputError(
            f"{path}: files of this kind are not read here; give one of {', '.join(suffixes)}."
        )
    key = hashlib.sha256(f"{found}|{size}|{changed}".encode()).hexdigest()
    return Kept(key, shown_name(found.name), found)


class Workspaces:
    """All sessions' folders. Those of sessions that have gone are removed, and everything at the server's end.

    alive : whether a session still has its browser. grace_s : how long a session without one is kept,
    for networks that drop and laptops that sleep.
    """

    def __init__(
        self, alive: Callable[[str], bool], grace_s: float = 120.0, parent: Path | None = None
    ) -> None:
        from filelock import FileLock

        parent = parent or Path(tempfile.gettempdir())
        remove_left_behind(parent)
        self.root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = FileLock(self.root / "lock")
        self._lock.acquire()
        self._alive, self._grace = alive, grace_s
        self._open: dict[str, Workspace] = {}
        self._seen: dict[str, float] = {}
        self._guard = threading.Lock()
        self._closed = threading.Event()
        atexit.register(self.close)
        threading.Thread(target=self._watch, name="leitmotif-workspaces", daemon=True).start()

    def of(self, session: str) -> Workspace:
        """The folder of a session, made at its first use."""
        with self._guard:
            self._seen[session] = time.monotonic()
            if session not in self._open:
                self._open[session] = Workspace(
                    self.root / hashlib.sha256(session.encode()).hexdigest()[:16]
                )
            return self._open[session]

    def sweep(self) -> None:
        """Remove the folders of sessions that have been gone for longer than the grace."""
        now = time.monotonic()
        with self._guard:
            for session in self._open:
                if self._alive(session):
                    self._seen[session] = now
            gone = [
                self._open.pop(s) for s in list(self._open) if now - self._seen[s] > self._grace
            ]
            self._seen = {s: t for s, t in self._seen.items() if s in self._open}
        for workspace in gone:
            workspace.close()

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


def remove_left_behind(parent: Path) -> None:
    """Remove the folders of servers that ended without tidying up: theirs is the lock that nobody holds."""
    from filelock import FileLock, Timeout

    for root in parent.glob(f"{_PREFIX}*"):
        try:
            with FileLock(root / "lock", timeout=0):
                pass
        except (Timeout, OSError):
            continue  # in use, or another person's
        shutil.rmtree(root, ignore_errors=True)
