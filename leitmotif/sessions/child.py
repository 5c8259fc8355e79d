"""Work on files from outside, in a process of its own.

A damaged file can end the program that decodes it (signal 11 of a decoder library), and a decoder
cannot be interrupted. In a process of its own it ends that one job, and stopping is killing, with
whatever it has started (ffmpeg) and the temporary files of both. The
function called is named by import, its arguments and its result travel as pickles between two
processes of ours; nothing that comes from a file is ever unpickled.

`multiprocessing` would run the program's main module again, which here is the page.
"""

from __future__ import annotations

import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from data.errors import InputError, Progress

T = TypeVar("T")
TICK_S = 0.2
"""How often a silent child is looked after."""
_FOLDER = "LEITMOTIF_CHILD_FOLDER"
IDLE_S = 120.0
"""How long a child waits for another order: it has the libraries loaded, a second's work."""
_idle: list[_Child] = []
_guard = threading.Lock()


def in_child(work: Callable[..., T], *arguments: Any, progress: Progress, **options: Any) -> T:
    """`work(*arguments, progress=…, **options)` in another process.

    work : a function that can be imported by its name. progress : hears what the child reports, and
    hears it again while the child is silent; whatever it raises kills the child.
    Raises `InputError` as `work` does, and `session.died` where the process broke off.
    """
    order = pickle.dumps((work, arguments, options))
    with _guard:
        waiting = _idle.pop() if _idle else None
    try:
        if waiting is not None and waiting.takes(order):
            return waiting.answer(progress)
        return _Child().asked(order).answer(progress)
    except EOFError:
        raise InputError("session.died", file=Path(arguments[0]).name) from None


class _Child:
    """A process that does what it is told, one order after the other."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="leitmotif-child-")
        here = dict.fromkeys(("TMPDIR", "TEMP", "TMP", _FOLDER), self._folder)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "leitmotif.sessions.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | here | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # ignored on Windows
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        """Pass on what comes back until the child falls silent."""
        assert self._process.stdout
        try:
            while True:
                self._said.put(pickle.load(self._process.stdout))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._said.put(("silence", None))

    def asked(self, order: bytes) -> _Child:
        assert self._process.stdin
        with suppress(OSError):  # it died at its start; the silence says so
            self._process.stdin.write(order)
            self._process.stdin.flush()
        return self

    def takes(self, order: bytes) -> bool:
        """Give an order to a child that has waited, and see whether it was still there."""
        kind, _ = self.asked(order)._said.get()
        if kind != "taken":
            self.end()
        return bool(kind == "taken")

    def answer(self, progress: Progress) -> Any:
        """What became of the order; afterwards the child waits for another one, or is dead."""
        try:
            result, error = self._listen(progress)
        except BaseException:
            self.end()
            raise
        with _guard:
            _idle.append(self)
        if error is not None:
            raise error
        return result

    def _listen(self, progress: Progress) -> tuple[Any, Exception | None]:
        last: tuple[str, float, float | None] = ("", 0.0, None)
        while True:
            try:
                kind, value = self._said.get(timeout=TICK_S)
            except queue.Empty:
                progress(*last)
                continue
            if kind == "progress":
                last = value
                progress(*last)
            elif kind == "result":
                return value, None
            elif kind == "error":
                return None, value
            elif kind == "mistake":
                return None, RuntimeError(value)
            elif kind == "silence":
                raise EOFError

    def end(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


# ------------------------------------------------------------------------------ in the child


def main() -> None:
    """Do one order after the other, and say what became of each."""
    say = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is not for the parent
    orders: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(orders,), daemon=True).start()
    with suppress(queue.Empty):
        while True:
            _do(say, *orders.get(timeout=IDLE_S))
    say.close()
    _leave(0)  # an ordinary exit stumbles over the reader, who holds stdin


def _read(orders: queue.SimpleQueue[Any]) -> None:
    """Take orders until the parent, who holds the other end of the pipe, is gone."""
    while True:
        try:
            orders.put(pickle.load(sys.stdin.buffer))
        except Exception:
            _leave(1)


def _leave(code: int) -> None:
    """End at once, without a temporary file left."""
    shutil.rmtree(os.environ[_FOLDER], ignore_errors=True)
    os._exit(code)


def _do(
    say: BinaryIO, work: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    _say(say, "taken", None)

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


if __name__ == "__main__":
    main()
