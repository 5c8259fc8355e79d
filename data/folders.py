"""Where shipped files and files that can be made again are."""

from __future__ import annotations

import os
from pathlib import Path

from data.errors import InputError

ROOT = Path(__file__).resolve().parent
"""The folder of the shipped files: reference statistics, coefficients, the demo."""


def cache_folder(*parts: str) -> Path:
    """A folder under `LEITMOTIF_CACHE`, or under the system's cache folder; made if missing.

    Only its owner may look into it: it holds key frames of somebody's films. Raises `InputError`
    where it cannot be made.
    """
    base = os.environ.get("LEITMOTIF_CACHE")
    if not base:
        from platformdirs import user_cache_dir

        base = user_cache_dir("leitmotif", appauthor=False)
    folder = Path(base, *parts)
    try:
        Path(base).mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InputError("files.cache_unusable", file=folder, why=error.strerror) from None
    return folder
