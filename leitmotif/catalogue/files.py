"""The audio files of some folders: on this machine, or wherever fsspec reaches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data.errors import InputError

AUDIO_SUFFIXES = frozenset({
    ".aac", ".aif", ".aifc", ".aiff", ".ape", ".caf", ".flac", ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".mpc",
    ".oga", ".ogg", ".opus", ".tta", ".wav", ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip


class Listed(NamedTuple):
    source: str
    """Absolute path, or URL."""
    track_id: str
    """Path inside its folder with forward slashes; before it the folder's name if there are several."""
    size: int | None
    mtime_ns: int | None


def list_files(folders: Sequence[str | os.PathLike]) -> tuple[list[Listed], list[tuple[str, str]]]:
    """Audio files in order, and (path, reason) of what cannot even be looked at.

    Raises `InputError` for a folder that is not there.
    """
    listed: dict[str, Listed] = {}
    unusable: list[tuple[str, str]] = []
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


def _walk(folder: Path, unusable: list[tuple[str, str]]) -> Iterator[tuple[str, str, int, int]]:
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {what}; give the folder that holds the music.")
    base = folder.absolute()
    for root, below, names in os.walk(
        base,
        onerror=lambda e: unusable.append(
            (_printable(e.filename), f"cannot be opened ({e.strerror})")
        ),
    ):
        below.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.suffix.lower() not in AUDIO_SUFFIXES or name.startswith("."):
                continue
            if not _is_text(str(path)):
                unusable.append((_printable(str(path)), "its name is not valid Unicode; rename it"))
                continue
            try:
                stat = path.stat()
            except OSError as error:
                unusable.append((str(path), f"cannot be opened ({error.strerror})"))
                continue
            yield str(path), path.relative_to(base).as_posix(), stat.st_size, stat.st_mtime_ns


def _walk_url(url: str) -> Iterator[tuple[str, str, int | None, int | None]]:
    try:
        import fsspec
    except ImportError:
        raise InputError(
            f"{url}: URLs need fsspec; install it with `pip install leitmotif[cluster]`."
        ) from None
    try:
        system, base = fsspec.core.url_to_fs(url)
        found = system.find(base, detail=True)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{url}: cannot be listed ({error}); check the address.") from None
    if not found:
        raise InputError(
            f"{url}: there is nothing under this address; give the folder that holds the music."
        )
    for path, entry in sorted(found.items()):
        if PurePosixPath(path).suffix.lower() in AUDIO_SUFFIXES:
            yield (
                system.unstrip_protocol(path),
                path.removeprefix(base).lstrip("/"),
                entry.get("size"),
                _changed(entry),
            )


def _changed(entry: dict) -> int | None:
    """When a remote file last changed, as whatever number or text its store gives, folded to an integer."""
    stamp = next(
        (
            entry[k]
            for k in ("mtime", "LastModified", "last_modified", "ETag", "etag")
            if entry.get(k)
        ),
        None,
    )
    if stamp is None:
        return None
    if isinstance(stamp, (int, float)):
        return int(stamp * 1e9)
    import zlib

    return zlib.crc32(str(stamp).encode())


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")
