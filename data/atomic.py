"""Files appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import InputError


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s place in one rename.

    After an exception or Ctrl-C the temporary file is gone and `path` is as it was. The suffix is
    kept, because encoders choose their format by it. Raises `InputError` if the folder cannot be
    written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.stem}.{uuid.uuid4().hex[:8]}{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise InputError("files.unwritable", file=target, why=error.strerror) from None
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        why = error.strerror or str(error)
        raise InputError("files.not_written", file=target, why=why) from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
