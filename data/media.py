"""What files of sound and of pictures are called: one list for commands, page and tools."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from data.errors import InputError

AUDIO_SUFFIXES = frozenset({
    ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".ape", ".au", ".caf", ".dff", ".dsf", ".eac3",
    ".flac", ".m4a", ".m4b", ".m4r", ".mka", ".mp2", ".mp3", ".mpc", ".oga", ".ogg", ".opus",
    ".snd", ".tta", ".w64", ".wav", ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip
VIDEO_SUFFIXES = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v",
    ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".ts", ".vob",
    ".webm", ".wmv",
})  # fmt: skip
EITHER_SUFFIXES = frozenset({".mp4", ".webm", ".mkv", ".mov", ".3gp"})
"""Containers of pictures that hold music alone often enough to be looked into."""


def check_regular(path: str | os.PathLike[str]) -> Path:
    """The path, if a file lies there that can be read from its beginning to its end.

    A named pipe, device or socket would be waited for, perhaps for ever. Raises `InputError`.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        code = "files.missing" if missing else "files.unreadable"
        raise InputError(code, file=path, why=error.strerror or error) from None
    except ValueError:  # a NUL in the name
        raise InputError("files.missing", file=repr(str(path)), why="") from None
    if stat.S_ISDIR(mode):
        raise InputError("files.a_folder", file=path)
    if not stat.S_ISREG(mode):
        raise InputError("files.no_regular", file=path)
    return path
