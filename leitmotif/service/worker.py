"""A worker process: takes jobs one after the other until its service is gone.

It outlives the service by the job in hand and `PATIENCE_S`, so that a service that comes back finds
the work done. One worker stands at each place (a lock file); whoever takes a dead one's place has
its job queued again at once.

    python -m leitmotif.service.worker FOLDER PLACE [tcp://SCHEDULER]
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from pathlib import Path

from filelock import FileLock, Timeout

from data.errors import Cancelled, InputError
from data.words import Sentence
from leitmotif.service.cluster import do_on_cluster
from leitmotif.service.jobs import Claim, Jobs, Lost
from leitmotif.service.work import do
from leitmotif.store.database import Database

ALIVE = "alive"
"""The file that a running service touches."""
PATIENCE_S = 30.0
"""How long a worker without a service waits for one."""
LOOK_S = 0.2
"""How often an idle worker looks for work."""
RENEW_S = 3.0
SAY_S = 0.3
"""How often the state of a job is written down while it works."""
_GRACE_S = 3.0
"""How long work may go on once its job is lost, before the process ends itself."""


def lock_of(folder: Path, place: int) -> FileLock:
    """What the worker of a place holds."""
    return FileLock(folder / f"worker-{place}.lock", timeout=0)


def main(argv: list[str]) -> None:
    """Work at a place until the service is gone. Ends at once where somebody stands there."""
    folder, place = Path(argv[0]), int(argv[1])
    try:
        with lock_of(folder, place):
            jobs = Jobs(Database(folder.parent))
            jobs.take_back(str(place))
            while _has_service(folder):
                claim = jobs.claim(str(place)) if jobs.waiting() else None
                if claim is None:
                    time.sleep(LOOK_S)
                else:
                    Hand(jobs, claim).work(argv[2] if len(argv) > 2 else None)
    except Timeout:
        return


def _has_service(folder: Path) -> bool:
    try:
        return time.time() - (folder / ALIVE).stat().st_mtime < PATIENCE_S
    except OSError:
        return False


class Hand:
    """One job in hand: work, signs of life, and what became of it."""

    def __init__(self, jobs: Jobs, claim: Claim) -> None:
        self._jobs, self._claim = jobs, claim
        self._done, self._lost = threading.Event(), threading.Event()
        self._said = ("", 0.0)

    def work(self, cluster: str | None) -> None:
        """Do the job, here or on a cluster, and write down how it ended."""
        pulse = threading.Thread(target=self._pulse, daemon=True)
        pulse.start()
        try:
            self._finish(cluster)
        except (Lost, Cancelled):
            pass  # canceled, or somebody else's by now
        finally:
            self._done.set()
            pulse.join()

    def _finish(self, cluster: str | None) -> None:
        kind, task = self._claim.kind, self._claim.task
        try:
            if cluster:
                result = do_on_cluster(cluster, self._claim, self._progress)
            else:
                result = do(kind, task, self._progress)
        except InputError as error:
            self._jobs.fail(self._claim, error.sentence)
        except (Lost, Cancelled):
            raise
        except Exception:
            traceback.print_exc()
            self._jobs.fail(self._claim, Sentence("service.mistake"))
        else:
            self._jobs.succeed(self._claim, result)

    def _progress(self, stage: str, done: float, total: float | None) -> None:
        if self._lost.is_set():
            raise Cancelled
        last_stage, last = self._said
        if stage != last_stage or time.monotonic() - last >= SAY_S:
            self._jobs.report(self._claim, stage, done, total)
            self._said = (stage, time.monotonic())

    def _pulse(self) -> None:
        """Renew the lease; once it is lost, see that the work ends, if need be with the process."""
        while not self._done.wait(RENEW_S):
            try:
                self._jobs.renew(self._claim)
            except Lost:
                self._lost.set()
                if not self._done.wait(_GRACE_S):
                    os._exit(3)
                return
            except InputError:
                continue  # the disk is full or busy: the next sign may get through


if __name__ == "__main__":
    main(sys.argv[1:])
