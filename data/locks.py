"""One at a time: a lock between processes that also works where the file system has none."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, SoftFileLock, Timeout

from data.errors import InputError

_NO_LOCKS = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL}


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """Hold the lock file at `path`.

    On a share without `flock` the file's mere existence is the lock; a killed process leaves it
    behind, and the sentence of `Busy`'s handler should say so. timeout : seconds to wait.
    Raises `Busy`, or `InputError` where the folder cannot be written.
    """
    lock: FileLock | SoftFileLock = FileLock(path, timeout=timeout)
    try:
        try:
            lock.acquire()
        except (OSError, NotImplementedError) as error:
            if isinstance(error, Timeout) or getattr(error, "errno", None) not in _NO_LOCKS:
                raise
            lock = SoftFileLock(path.with_name(f"{path.name}.soft"), timeout=timeout)
            lock.acquire()
    except Timeout:
        raise Busy(str(path)) from None
    except OSError as error:
        raise InputError("files.unwritable", file=path.parent, why=error.strerror) from None
    try:
        yield
    finally:
        lock.release()
