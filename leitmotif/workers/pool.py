"""A few worker processes, each with one item in hand, so that a dead one names its item.

Files from outside can bring a native decoder down, and the process with it. Executors of the
standard library and of joblib then say that some worker died, not over which item, and need
semaphores that small containers lack. Here every worker is a child with two pipes: it gets one
item, gives one result, and ends when its parent does.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from leitmotif.workers.child import main; main()"
)
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Crashed:
    """In place of a result: the process died over this item."""


def run_each(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int = -1
) -> Iterator[tuple[Item, Result | type[Crashed]]]:
    """Yield (item, result) in the order in which they are done; `Crashed` for a dead worker's.

    function : one that can be imported by name. jobs : processes; negative counts from the number
    of cores, −1 is all of them. An exception in the function is raised here. Leaving the generator
    early ends every worker.
    """
    waiting = iter(items)
    gate = threading.Lock()
    done: queue.Queue[tuple[Item, Any] | None] = queue.Queue()
    workers = [_Worker(function) for _ in range(count(jobs))]

    def serve(worker: _Worker) -> None:
        try:
            while True:
                with gate:
                    item = next(waiting, done)
                if item is done or worker.stopped:
                    return
                done.put((item, worker.ask(item)))  # type: ignore[arg-type]
        finally:
            done.put(None)

    threads = [threading.Thread(target=serve, args=(w,), daemon=True) for w in workers]
    try:
        for thread in threads:
            thread.start()
        open_ones = len(threads)
        while open_ones:
            outcome = done.get()
            if outcome is None:
                open_ones -= 1
            elif isinstance(outcome[1], Exception):
                raise outcome[1]
            else:
                yield outcome
    finally:
        for worker in workers:
            worker.stop()


def run_one(function: Callable[[Item], Result], item: Item) -> Result | type[Crashed]:
    """One item in a process of its own."""
    return next(result for _, result in run_each(function, [item], 1))


def count(jobs: int) -> int:
    """Number of processes: as asked, or counted down from the cores that this process may use.

    A container's quota and the process's affinity count.
    """
    from joblib import cpu_count  # slow to import, and asked only here

    return max(jobs if jobs > 0 else cpu_count() + 1 + jobs, 1)


class _Worker:
    """One child process, started when it is first needed and again after it died."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.task = pickle.dumps(function)
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False

    def ask(self, item: object) -> Any:
        """The function's result, its exception, or `Crashed`."""
        process = self.process = self.process or self._start()
        assert process.stdin and process.stdout
        try:
            if self.stopped:  # while the process was being started
                raise EOFError
            send(process.stdin, (self.task, item))
            return receive(process.stdout)
        except (OSError, EOFError, ValueError):  # ValueError: the pipe was closed by `stop`
            self._end()
            return Crashed

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | dict.fromkeys(ONE_THREAD, "1")
        return subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            creationflags=_NO_WINDOW,
        )

    def stop(self) -> None:
        self.stopped = True
        self._end()

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                assert pipe
                pipe.close()
            except OSError:
                pass  # what was still to be sent has nobody to go to


def send(pipe: IO[bytes], value: object) -> None:
    """Write one value with its length in front."""
    data = pickle.dumps(value)
    pipe.write(struct.pack("<Q", len(data)) + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one value. Raises `EOFError` where the other side is gone."""
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    data = pipe.read(size := struct.unpack("<Q", head)[0])
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)
