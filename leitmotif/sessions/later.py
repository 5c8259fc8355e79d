"""Writing that nobody waits for: what is chosen on the page reaches the disk in the background.

Ten people who move sliders would wait for each other at the one file, and for the disk each time. A
program that is killed loses what was chosen in its last half second, and nothing else.
"""

from __future__ import annotations

import atexit
import threading
import traceback
from collections.abc import Callable, Hashable

AFTER_S = 0.5
"""How long a choice waits for a newer one that takes its place."""
_waiting: dict[Hashable, Callable[[], None]] = {}
_guard = threading.Lock()
_writing = threading.Lock()
_awake = threading.Event()
_threads: list[threading.Thread] = []


def later(what: Hashable, write: Callable[[], None]) -> None:
    """Call `write` soon, in a thread of its own, unless a newer one for the same `what` comes."""
    with _guard:
        _waiting[what] = write
        if not _threads:
            _threads.append(threading.Thread(target=_serve, name="leitmotif-later", daemon=True))
            _threads[0].start()
    _awake.set()


def flush() -> None:
    """Write now what is still to be written; returns when it is."""
    with _writing:
        with _guard:
            writes = list(_waiting.values())
            _waiting.clear()
        for write in writes:
            try:
                write()
            except Exception:
                traceback.print_exc()  # ours; the next one is written all the same


def _serve() -> None:
    pause = threading.Event()
    while True:
        _awake.wait()
        _awake.clear()
        pause.wait(AFTER_S)
        flush()


atexit.register(flush)
