"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sys
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from data.errors import InputError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SAID_FULL = ("No space left on device", "os error 28", "disk is full", "Disk quota exceeded")
"""What libraries without error numbers say of a full disk: safetensors, Arrow, SQLite."""
_HERE = f"{zlib.crc32(platform.node().encode()):08x}"
"""This machine, so that nobody sweeps what another one writes to the same share."""


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s place in one rename.

    After an exception or Ctrl-C the temporary file is gone and `path` is as it was; those of killed
    runs are swept. The suffix is kept, because encoders choose their format by it. Raises
    `InputError` where `path` cannot be written, a full disk by its name.
    """
    target = Path(path)
    check_writable(target)
    sweep(target)
    temporary = target.with_name(
        f".{target.stem}.{_HERE}-{os.getpid()}-{uuid.uuid4().hex[:8]}{target.suffix}"
    )
    try:
        temporary.touch(exist_ok=False)
        mode = temporary.stat().st_mode
        yield temporary
        temporary.chmod(mode)  # safetensors puts a file of its own there, for its owner alone
        temporary.replace(target)
    except BaseException as error:
        full = is_disk_full(target, error)  # asked before the temporary file makes room
        temporary.unlink(missing_ok=True)
        if full:
            raise InputError("files.disk_full", file=target) from None
        if isinstance(error, OSError):
            raise unwritable(target, error) from None
        raise


def check_writable(path: str | os.PathLike[str]) -> None:
    """Make the folder of an output, before the long work that fills it.

    Raises `InputError` where nothing can be written at `path`.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise InputError("files.output_is_folder", file=target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise unwritable(target, error) from None


def unwritable(path: str | os.PathLike[str], error: Exception) -> InputError:
    """What to say of an output that could not be written."""
    if is_disk_full(path, error):
        return InputError("files.disk_full", file=path)
    why = getattr(error, "strerror", None) or str(error)
    return InputError("files.unwritable", file=path, why=why)


def is_disk_full(path: str | os.PathLike[str], error: BaseException) -> bool:
    """Whether `path` could not be written for want of room, whichever library says so."""
    if getattr(error, "errno", None) in _FULL:
        return True
    if not isinstance(error, Exception) or isinstance(error, InputError):
        return False
    if "disk I/O error" in str(error):  # SQLite's for nearly everything
        with suppress(OSError):
            return shutil.disk_usage(Path(path).parent).free == 0
    return any(text in str(error) for text in _SAID_FULL)


def sweep(target: Path, locked: bool = False) -> None:
    """Remove temporary files for `target` whose writers are gone from this machine.

    locked : nobody else can be writing it, so all of them go.
    """
    for left in target.parent.glob(f".{escape(target.stem)}.{_HERE}-*{escape(target.suffix)}"):
        writer = left.name.removeprefix(f".{target.stem}.{_HERE}-").split("-")[0]
        if locked or (writer.isdigit() and not _alive(int(writer))):
            with suppress(OSError):
                left.unlink()


def _alive(pid: int) -> bool:
    if sys.platform == "win32":  # there os.kill(pid, 0) would end the process
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, pid)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
