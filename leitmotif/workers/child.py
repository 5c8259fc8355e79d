"""What a worker process does: take an item, give a result, until its parent has gone.

Whatever libraries print goes nowhere: both streams of the parent stay its own.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import IO, Any

from leitmotif.workers.pool import receive, send


def main() -> None:
    """Serve until the pipe from the parent closes; then end at once, even amid an item."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    asked: queue.Queue[Any] = queue.Queue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, asked), daemon=True).start()
    while True:
        task, item = asked.get()
        try:
            answer = pickle.loads(task)(item)
        except Exception as error:
            answer = _travelling(error)
        send(answers, answer)


def _listen(pipe: IO[bytes], asked: queue.Queue[Any]) -> None:
    try:
        while True:
            asked.put(receive(pipe))
    except (EOFError, OSError):
        os._exit(1)


def _travelling(error: Exception) -> Exception:
    """The error itself where it can be pickled, else its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
