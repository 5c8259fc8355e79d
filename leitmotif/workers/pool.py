"""A few workers, each with one item in hand, so that a dead one names its item.

Executors of the standard library and of joblib say that some worker died, not over which item.
"""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from leitmotif.workers.child import Order
from leitmotif.workers.worker import ONE_THREAD, Worker

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    workers = [Worker(dict.fromkeys(ONE_THREAD, "1")) for _ in range(count(jobs))]

    def serve(worker: Worker) -> None:
        try:
            while True:
                with gate:
                    item = next(waiting, done)
                if item is done or worker.stopped:
                    return
                done.put((item, _outcome(worker, function, item)))  # type: ignore[arg-type]
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


def _outcome(worker: Worker, function: Callable[..., Any], item: object) -> Any:
    """The function's result, its exception, or `Crashed`."""
    try:
        worker.take(pickle.dumps(Order(function, (item,), {}, reports=False)))
        return worker.say()[1]
    except EOFError:
        return Crashed


def run_one(function: Callable[[Item], Result], item: Item) -> Result | type[Crashed]:
    """One item in a process of its own."""
    return next(result for _, result in run_each(function, [item], 1))


def count(jobs: int) -> int:
    """Number of processes: as asked, or counted down from the cores that this process may use.

    A container's quota and the process's affinity count.
    """
    from joblib import cpu_count  # slow to import, and asked only here

    return max(jobs if jobs > 0 else cpu_count() + 1 + jobs, 1)
