"""One worker process, as its parent holds it: it does one order after the other.

A damaged file can end the program that decodes it (signal 11 of a decoder library), and a decoder
cannot be interrupted. In a process of its own it ends that one order, and stopping is killing, with
whatever the order has started (ffmpeg) and the temporary files of both.
`multiprocessing` would run the program's main module again, which may be the page, and needs
semaphores that small containers lack. Nothing that comes from a file is ever unpickled.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from typing import IO, Any

IDLE_S = 120.0
"""How long a worker waits for another order: it has the libraries loaded, a second's work."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from leitmotif.workers.child import main; main()"
)
FOLDER = "LEITMOTIF_WORKER_FOLDER"
"""Variable that names a worker's folder for temporary files, which goes when the worker goes."""
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Worker:
    """A child process, started when it is first needed and again after it died.

    environment : variables that it has beyond those of this process.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self.stopped = False

    def take(self, order: bytes) -> None:
        """Give it an order, a pickled `Order` of `leitmotif.workers.child`.

        Raises `EOFError` where the worker was stopped, or no process takes the order.
        """
        waited = self._process is not None
        self._give(order)
        if waited and self._said.get()[0] != "taken":  # it had died meanwhile, or waited too long
            self._end()
            self._give(order)
            waited = False
        if not waited and self._said.get()[0] != "taken":
            self._end()
            raise EOFError

    def say(self, timeout: float | None = None) -> tuple[str, Any]:
        """The next it says of its order: "progress" with (stage, done, total), and at last "result"
        with what the function gave, or "error" with its exception.

        Raises `queue.Empty` after `timeout` seconds of silence, `EOFError` where the process died.
        """
        kind, value = self._said.get(timeout=timeout)
        if kind == "gone":
            self._end()
            raise EOFError
        return kind, value

    def stop(self) -> None:
        """End it for good, even amid an order."""
        self.stopped = True
        self._end()

    def _give(self, order: bytes) -> None:
        with self._guard:
            if self.stopped:
                raise EOFError
            process = self._process = self._process or self._start()
        assert process.stdin
        with suppress(OSError, ValueError):  # it died; its silence says so
            pickle.dump(order, process.stdin)
            process.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        self._folder = tempfile.mkdtemp(prefix="leitmotif-worker-")
        here = dict.fromkeys(("TMPDIR", "TEMP", "TMP", FOLDER), self._folder)
        process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | self._environment | here,
            start_new_session=True,  # no change on Windows
            creationflags=_NO_WINDOW,
        )
        self._said = queue.SimpleQueue()
        threading.Thread(target=_hear, args=(process.stdout, self._said), daemon=True).start()
        return process

    def _end(self) -> None:
        with self._guard:
            process, self._process = self._process, None
        if process is None:
            return
        if sys.platform == "win32":
            process.kill()
        else:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was still to be sent has nobody to go to
                if pipe:
                    pipe.close()


def _hear(pipe: IO[bytes], said: queue.SimpleQueue[tuple[str, Any]]) -> None:
    """Pass on what a process says until it falls silent."""
    with suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
        while True:
            said.put(pickle.load(pipe))
    said.put(("gone", None))
