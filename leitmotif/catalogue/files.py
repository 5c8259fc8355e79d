"""The audio files of some folders: on this machine, or wherever fsspec reaches."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from data.errors import InputError
from data.media import AUDIO_SUFFIXES, EITHER_SUFFIXES
from data.media_files import media_files

_LOOKED_INTO = AUDIO_SUFFIXES | EITHER_SUFFIXES


class Listed(NamedTuple):
    source: str
    """Absolute path, or URL."""
    track_id: str
    """Path inside its folder with forward slashes; before it the folder's name if several."""
    size: int | None
    mtime_ns: int | None


Unusable = list[tuple[str, str]]
"""(path, reason) of what cannot even be looked at."""


def list_files(folders: Sequence[str | os.PathLike[str]]) -> tuple[list[Listed], Unusable]:
    """Audio files in order, and what cannot be looked at.

    Raises `InputError` for a folder that is not there.
    """
    listed: dict[str, Listed] = {}
    unusable: Unusable = []
    taken: set[str] = set()
    for folder in folders:
        prefix = f"{PurePosixPath(Path(folder).as_posix()).name}/" if len(folders) > 1 else ""
        for source, inside, size, mtime_ns in (
            _walk_url(str(folder)) if "://" in str(folder) else _walk(Path(folder), unusable)
        ):
            track_id = prefix + inside
            while track_id in taken and source not in listed:
                track_id += "~"
            taken.add(track_id)
            listed.setdefault(source, Listed(source, track_id, size, mtime_ns))
    return list(listed.values()), unusable


def _walk(folder: Path, unusable: Unusable) -> Iterator[tuple[str, str, int, int]]:
    """Files below a folder. Raises `InputError` where none is there."""
    if not folder.is_dir():
        raise InputError("build.a_file" if folder.exists() else "build.no_folder", folder=folder)
    base = folder.absolute()
    found = media_files(base, _LOOKED_INTO, lambda path, why: unusable.append((path, why)))
    for path, known in found:
        yield str(path), path.relative_to(base).as_posix(), known.st_size, known.st_mtime_ns


def _walk_url(url: str) -> Iterator[tuple[str, str, int | None, int | None]]:
    try:
        import fsspec
    except ImportError:
        raise InputError("build.no_fsspec", url=url) from None
    try:
        system, base = fsspec.core.url_to_fs(url)
        found = system.find(base, detail=True)
    except (OSError, ValueError, ImportError) as error:
        raise InputError("build.unlisted", url=url, why=error) from None
    if not found:
        raise InputError("build.empty_address", url=url)
    for path, entry in sorted(found.items()):
        if PurePosixPath(path).suffix.lower() in AUDIO_SUFFIXES:
            inside = path.removeprefix(base).lstrip("/")
            yield system.unstrip_protocol(path), inside, entry.get("size"), _changed(entry)


def _changed(entry: Mapping[str, Any]) -> int | None:
    """When a remote file last changed, as whatever its store gives, folded to an integer."""
    names = ("mtime", "LastModified", "last_modified", "ETag", "etag")
    stamp = next((entry[name] for name in names if entry.get(name)), None)
    if stamp is None:
        return None
    if isinstance(stamp, int | float):
        return int(stamp * 1e9)
    return zlib.crc32(str(stamp).encode())
