"""Where shipped files and files that can be made again are."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import platformdirs

from data.errors import InputError

ROOT = Path(__file__).resolve().parent
"""The folder of the shipped files: reference statistics, coefficients, the demo."""


def cache_folder(*parts: str) -> Path:
    """A folder under `LEITMOTIF_CACHE`, or under the system's cache folder; made if missing.

    What is made is for its user alone, because pictures of their films lie there; a folder that
    `LEITMOTIF_CACHE` names and that is there already is left as open as they made it. Raises
    `InputError` where it cannot be made.
    """
    named = os.environ.get("LEITMOTIF_CACHE")
    base = Path(named or platformdirs.user_cache_dir("leitmotif", appauthor=False))
    folder = base.joinpath(*parts)
    try:
        if not folder.is_dir():
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not named and os.name == "posix" and base.stat().st_mode & 0o077:
            base.chmod(0o700)  # of a version that left it open
    except OSError as error:
        raise InputError("files.cache_unusable", file=folder, why=error.strerror) from None
    return folder


def keep_to_size(newest: Path, most_bytes: int) -> None:
    """Remove files beside `newest` that were not asked for the longest until the folder keeps to a
    size; `newest` stays.
    """
    entries = []
    for path in newest.parent.iterdir():
        with suppress(OSError):  # another process was faster
            found = path.stat()
            entries.append((path == newest, found.st_mtime_ns, found.st_size, path))
    excess = sum(size for *_, size, _ in entries) - most_bytes
    for is_newest, _, size, path in sorted(entries):
        if excess <= 0 or is_newest:
            return
        with suppress(OSError):  # open elsewhere, on Windows: it goes next time
            path.unlink()
            excess -= size
