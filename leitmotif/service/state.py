"""How a service is run, and what all its routes share."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leitmotif.scenes.library import Library
from leitmotif.service.answers import Answers
from leitmotif.service.jobs import Jobs
from leitmotif.service.limits import PER_SECOND
from leitmotif.service.shelf import Shelf
from leitmotif.service.workers import Workers
from leitmotif.store.database import Database


@dataclass(frozen=True)
class Options:
    """How a service is run.

    folder : the data folder; the service keeps to `service` in it. roots : folders whose files may
    be named by path. tokens : any of them is demanded of everybody; none where only this machine
    can ask. workers : processes; 0 leaves the queue to others. cluster : address of a Dask
    scheduler that does the work. per_second : requests of one client, 0 for no limit.
    """

    folder: Path
    catalogue: Path
    roots: tuple[Path, ...] = ()
    tokens: tuple[str, ...] = ()
    workers: int = 1
    max_upload_mb: int = 2048
    cluster: str | None = None
    per_second: float = PER_SECOND


class Service:
    """What all routes share."""

    def __init__(self, options: Options) -> None:
        folder = options.folder.resolve() / "service"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database(folder.parent)
        self.jobs = Jobs(database)
        self.shelf = Shelf(folder, database, self.jobs, options.catalogue)
        self.answers = Answers(self.shelf)
        self.workers = Workers(folder, self.jobs, options.workers, options.cluster)
        self.roots = tuple(root.resolve() for root in options.roots)
        self.max_upload_mb = options.max_upload_mb
        self._scenes_folder = folder.parent / "scenes"
        self._scenes: Library | None = None
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def scenes(self) -> Iterator[Library]:
        """The library of films, which serves one request after the other."""
        with self._one_at_a_time:
            if self._scenes is None:
                self._scenes = Library.open(self._scenes_folder)
            self._scenes.refresh()
            yield self._scenes
