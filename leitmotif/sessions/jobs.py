"""Long work beside the page: it reports how far it is, can be stopped, and keeps its outcome.

A page redraws many times while a film is watched, so the work lives in a thread of its own and the
page only looks at it.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Generic, Literal, NamedTuple, TypeVar

from data.errors import Cancelled, InputError, Progress

T = TypeVar("T")
State = Literal["waiting", "running", "done", "failed", "cancelled"]

AT_ONCE = 2
"""How many run at the same time, over all desks: decoding fills a core each (heuristic)."""
_SLOTS = threading.BoundedSemaphore(AT_ONCE)


class Stage(NamedTuple):
    """How far the work is: seconds of media (or files) done, of `total` where that is known."""

    name: str = ""
    done: float = 0.0
    total: float | None = None

    @property
    def share(self) -> float:
        """0–1; 0 while the total is unknown."""
        return min(max(self.done / self.total, 0.0), 1.0) if self.total else 0.0


class Job(Generic[T]):
    """`work(progress)` in a thread of its own, begun at once or as soon as a slot is free.

    state : where it is. stage : the last report. result : what `work` gave back, once done.
    error : the `InputError` of a failed job; None means that the mistake is ours (its traceback is
        on stderr).
    """

    def __init__(
        self, work: Callable[[Progress], T], slots: threading.Semaphore | None = None
    ) -> None:
        """slots : how many of its kind run at the same time; `AT_ONCE` of most."""
        self._begin()
        self._slots = slots or _SLOTS
        # A daemon: whoever stops the server need not wait for a film.
        threading.Thread(target=self._run, args=(work,), name="leitmotif-job", daemon=True).start()

    @classmethod
    def done(cls, result: T) -> Job[T]:
        """One that has ended before it began: its result was known."""
        job = cls.__new__(cls)
        job._begin()
        job.state, job.result = "done", result
        job._ended.set()
        return job

    def _begin(self) -> None:
        self.state: State = "waiting"
        self.stage = Stage()
        self.result: T | None = None
        self.error: InputError | None = None
        self._stop = threading.Event()
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next report."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it has ended, or `timeout` seconds are over; whether it has ended."""
        return self._ended.wait(timeout)

    def _run(self, work: Callable[[Progress], T]) -> None:
        try:
            while not self._slots.acquire(timeout=0.2):
                self._check()
            try:
                self._check()
                self.state = "running"
                self.result = work(self._report)
                self.state = "done"
            finally:
                self._slots.release()
        except Cancelled:
            self.state = "cancelled"
        except InputError as error:
            self.state, self.error = "failed", error
        except Exception:
            # The server ends, and libraries with it.
            stopping = self._stop.is_set() or not threading.main_thread().is_alive()
            self.state = "cancelled" if stopping else "failed"
            if not stopping:
                traceback.print_exc()
        finally:
            self._ended.set()

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _report(self, stage: str, done: float, total: float | None) -> None:
        self._check()
        self.stage = Stage(stage, done, total)
