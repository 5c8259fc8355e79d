"""Keeping the lines that native libraries write for their developers off a person's screen.

MediaPipe and TensorFlow Lite write to file descriptor 2 whatever they are told. While one of them
starts, what goes there is held back; their lines are dropped, everybody else's come afterwards.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

_CHATTER = re.compile(rb"INFO: |WARNING: (Logging before|All log)|[IWE]\d{4} ")
"""How their lines begin: TensorFlow Lite's, and those of Google's loggers (abseil, glog)."""
_STDERR = 2

_lock = threading.Lock()
_users = 0
_kept = -1
_held: BinaryIO | None = None


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Hold stderr back; any number of threads may do so at once, the last one out gives it back."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _users, _kept, _held
    with _lock:
        _users += 1
        if _users > 1:
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
            held = tempfile.TemporaryFile()  # noqa: SIM115
            _kept = os.dup(_STDERR)
            os.dup2(held.fileno(), _STDERR)
            _held = held


def _leave() -> None:
    global _users, _kept, _held
    with _lock:
        _users -= 1
        if _users or _held is None:
            return
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()
        os.dup2(_kept, _STDERR)
        os.close(_kept)
        held, _held = _held, None
        with held, contextlib.suppress(OSError):
            held.seek(0)
            said = [line for line in held if not _CHATTER.match(line)]
            os.write(_STDERR, b"".join(said))
