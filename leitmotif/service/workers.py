"""The service's workers: started, started again when they die, and found again after a restart."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import Timeout

from leitmotif.service.jobs import Jobs
from leitmotif.service.worker import ALIVE, lock_of
from leitmotif.workers.worker import ONE_THREAD

_WATCH_S = 0.5
_BREATH_S = 5.0
"""How long a place stays empty whose worker died within so many seconds of its start."""
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Workers:
    """`count` processes that empty the queue of `folder`.

    A worker of a service that was killed may still stand at its place; it is left there.
    """

    def __init__(self, folder: Path, jobs: Jobs, count: int, cluster: str | None = None) -> None:
        self._folder, self._jobs, self._cluster = folder, jobs, cluster
        self._places: dict[int, subprocess.Popen[bytes] | None] = dict.fromkeys(range(count))
        self._started = dict.fromkeys(range(count), -_BREATH_S)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that this service started and that live."""
        return [p.pid for p in self._places.values() if p is not None and p.poll() is None]

    def start(self) -> None:
        """Fill the places, and keep them filled."""
        self._stop.clear()
        self._touch()
        self._thread = threading.Thread(target=self._watch, name="leitmotif-workers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they were at is queued again, and not counted as a try."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        (self._folder / ALIVE).unlink(missing_ok=True)
        for place, process in self._places.items():
            if process is not None:
                process.kill()
                process.wait()
                self._jobs.take_back(str(place), counted=False)

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._touch()
            for place in self._places:
                self._fill(place)
            self._stop.wait(_WATCH_S)

    def _touch(self) -> None:
        (self._folder / ALIVE).touch()

    def _fill(self, place: int) -> None:
        process, now = self._places[place], time.monotonic()
        if (process is not None and process.poll() is None) or (
            now - self._started[place] < _BREATH_S
        ):
            return
        try:
            with lock_of(self._folder, place):
                pass
        except Timeout:
            return  # an older service's worker
        self._started[place] = now
        self._places[place] = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "leitmotif.service.worker"),
                *(str(self._folder), str(place)),
                *([self._cluster] if self._cluster else []),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=os.environ
            | dict.fromkeys(ONE_THREAD, "1")
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=os.name == "posix",  # Ctrl-C is for the service
            creationflags=_NO_WINDOW,
        )
