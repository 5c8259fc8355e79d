"""One piece of work on a file from outside, in a process of its own; its progress is heard here."""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from data.errors import InputError, Progress
from leitmotif.workers.child import Order
from leitmotif.workers.worker import Worker

T = TypeVar("T")
TICK_S = 0.2
"""How often a silent worker is looked after."""
_idle: list[Worker] = []
_guard = threading.Lock()


def in_child(work: Callable[..., T], *arguments: Any, progress: Progress, **options: Any) -> T:
    """`work(*arguments, progress=…, **options)` in another process.

    work : a function that can be imported by its name. progress : hears what the worker reports,
    and hears it again while the worker is silent; whatever it raises kills the worker.
    Raises what `work` raises, and `InputError` "session.died" where the process broke off.
    """
    order = pickle.dumps(Order(work, arguments, options, reports=True))
    with _guard:
        worker = _idle.pop() if _idle else Worker()
    try:
        worker.take(order)
        kind, value = _listen(worker, progress)
    except EOFError:
        raise InputError("session.died", file=Path(arguments[0]).name) from None
    except BaseException:
        worker.stop()
        raise
    with _guard:
        _idle.append(worker)
    if kind == "error":
        raise value
    return value


def _listen(worker: Worker, progress: Progress) -> tuple[str, Any]:
    """How the order ended: "result" or "error", with its value."""
    last: tuple[str, float, float | None] = ("", 0.0, None)
    while True:
        try:
            kind, value = worker.say(TICK_S)
        except queue.Empty:
            progress(*last)
            continue
        if kind != "progress":
            return kind, value
        last = value
        progress(*last)
