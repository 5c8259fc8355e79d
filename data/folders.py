"""Where shipped files and files that can be made again are."""

from __future__ import annotations

import os
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
