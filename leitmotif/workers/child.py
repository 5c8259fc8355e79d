"""What a worker process does: take an order, say what becomes of it, until its parent has gone.

An order is a function that can be imported by its name, with its arguments. Whatever libraries
print goes nowhere: both streams of the parent stay its own.
"""

from __future__ import annotations

import os
import pickle
import queue
import shutil
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from leitmotif.workers.worker import FOLDER, IDLE_S


class Order(NamedTuple):
    """`function(*arguments, **options)`, with `progress=` as well where it `reports`."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    reports: bool


def main() -> None:
    """Serve until the pipe from the parent closes; then end at once, even amid an order.

    An order that does not come for `IDLE_S` ends it as well.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, orders), daemon=True).start()
    while True:
        try:
            order = orders.get(timeout=IDLE_S)
        except queue.Empty:
            answers.close()
            _leave(0)  # an ordinary exit stumbles over the listener, who holds stdin
        _say(answers, "taken", None)
        _say(answers, *_done(order, answers))


def _listen(pipe: IO[bytes], orders: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            orders.put(pickle.load(pipe))
    except Exception:
        _leave(1)


def _leave(code: int) -> None:
    """End at once, without a temporary file left."""
    shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
    os._exit(code)


def _done(order: bytes, answers: IO[bytes]) -> tuple[str, Any]:
    """The result, or the exception."""

    def progress(stage: str, done: float, total: float | None) -> None:
        _say(answers, "progress", (stage, done, total))

    try:
        function, arguments, options, reports = pickle.loads(order)
        if reports:
            options = options | {"progress": progress}
        return "result", function(*arguments, **options)
    except Exception as error:
        return "error", _travelling(error)


def _travelling(error: Exception) -> Exception:
    """The error itself where it can be pickled, else its text; its notes say where it arose."""
    said = traceback.format_exc()
    try:
        error.add_note(said)
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(said)
    return error


def _say(to: IO[bytes], kind: str, value: Any) -> None:
    pickle.dump((kind, value), to, pickle.HIGHEST_PROTOCOL)
    to.flush()
