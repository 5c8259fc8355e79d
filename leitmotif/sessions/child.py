"""Work on files from outside, in a process of its own.

A damaged file can end the program that decodes it (signal 11 of a decoder library), and a decoder
cannot be interrupted. In a process of its own it ends that one job, and stopping is killing. The
function called is named by import, its arguments and its result travel as pickles between two
processes of ours; nothing that comes from a file is ever unpickled.

`multiprocessing` would run the program's main module again, which here is the page.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from data.errors import InputError, Progress

T = TypeVar("T")
TICK_S = 0.2
"""How often a silent child is looked after."""


def in_child(work: Callable[..., T], *arguments: Any, progress: Progress, **options: Any) -> T:
    """`work(*arguments, progress=…, **options)` in another process.

    work : a function that can be imported by its name. progress : hears what the child reports, and
    hears it again while the child is silent; whatever it raises kills the child.
    Raises `InputError` as `work` does, and `session.died` where the process broke off.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "leitmotif.sessions.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as process:
        try:
            return _listen(process, pickle.dumps((work, arguments, options)), progress)
        except EOFError:
            raise InputError("session.died", file=Path(arguments[0]).name) from None
        finally:
            process.kill()


def _listen(process: subprocess.Popen[bytes], order: bytes, progress: Progress) -> Any:
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_talk, args=(process, order, said), daemon=True).start()
    last = ("", 0.0, None)
    while True:
        try:
            kind, value = said.get(timeout=TICK_S)
        except queue.Empty:
            progress(*last)
            continue
        if kind == "result":
            return value
        if kind == "progress":
            last = value
            progress(*last)
        elif isinstance(value, InputError):
            raise value
        elif kind == "mistake":
            raise RuntimeError(value)
        else:
            raise EOFError


def _talk(process: subprocess.Popen[bytes], order: bytes, said: queue.SimpleQueue[Any]) -> None:
    """Give the order, and pass on what comes back until the child falls silent."""
    assert process.stdin and process.stdout
    try:
        process.stdin.write(order)
        process.stdin.flush()
        while True:
            said.put(pickle.load(process.stdout))
    except (EOFError, OSError, ValueError, pickle.UnpicklingError):
        said.put(("silence", None))


# ------------------------------------------------------------------------------ in the child


def main() -> None:
    """Read one order, do it, say what became of it."""
    say = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is not for the parent
    work, arguments, options = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def progress(stage: str, done: float, total: float | None) -> None:
        _say(say, "progress", (stage, done, total))

    try:
        _say(say, "result", work(*arguments, progress=progress, **options))
    except InputError as error:
        _say(say, "error", error)
    except Exception:
        _say(say, "mistake", traceback.format_exc())


def _say(to: BinaryIO, kind: str, value: Any) -> None:
    pickle.dump((kind, value), to, pickle.HIGHEST_PROTOCOL)
    to.flush()


def _end_with_parent() -> None:
    """The parent holds the other end of this pipe as long as it lives."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
