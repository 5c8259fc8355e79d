"""The files of sound and picture under a folder, and which folders are looked into.

Left out is what a system hides or throws away: names that begin with a dot, recycle bins, the
index folders of file servers. Folders that are links are followed after those that lie there
themselves, each real folder once, so that a loop ends and nothing is listed twice.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from data.words import Sentence

_LEFT_OUT = frozenset({
    "#recycle", "$recycle.bin", "@eadir", "@recently-snapshot", "@recycle", "__macosx",
    "lost+found", "recycled", "recycler", "system volume information",
})  # fmt: skip
"""Bins and index folders that do not begin with a dot, in small letters."""

Unusable = Callable[[str, Sentence], None]
"""Called with a path and the reason why it cannot even be looked at."""


def media_files(
    folder: Path, suffixes: Collection[str], unusable: Unusable = lambda path, reason: None
) -> Iterator[tuple[Path, os.stat_result]]:
    """Path and `stat` of every file below `folder` with one of the endings.

    suffixes : in small letters, with their dots. unusable : hears of files and folders that cannot
    be opened, are no files, or whose name is no Unicode.
    """
    waiting, seen = [folder], set[str]()

    def unopened(error: OSError) -> None:
        unusable(_printable(error.filename), _cannot_open(error))

    while waiting:
        for root, below, names in os.walk(waiting.pop(0), onerror=unopened):
            real = os.path.realpath(root)
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            kept = sorted(name for name in below if not _is_hidden(name))
            links = {name for name in kept if Path(root, name).is_symlink()}
            waiting += [Path(root, name) for name in sorted(links)]
            below[:] = [name for name in kept if name not in links]
            yield from _files(Path(root), sorted(names), suffixes, unusable)


def _files(
    folder: Path, names: list[str], suffixes: Collection[str], unusable: Unusable
) -> Iterator[tuple[Path, os.stat_result]]:
    for name in names:
        path = folder / name
        if path.suffix.lower() not in suffixes or _is_hidden(name):
            continue
        if not _is_text(str(path)):
            unusable(_printable(str(path)), Sentence("files.name_no_unicode"))
            continue
        try:
            status = path.stat()
        except OSError as error:
            unusable(str(path), _cannot_open(error))
            continue
        if stat.S_ISREG(status.st_mode):
            yield path, status
        else:
            unusable(str(path), Sentence("files.pipe_or_device"))


def _cannot_open(error: OSError) -> Sentence:
    return Sentence("files.unopened", why=error.strerror)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LEFT_OUT


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
