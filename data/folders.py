"""The one cache folder: everything in it can be computed or fetched again."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent
"""The folder of the shipped files: reference statistics, weights, the demo."""


def cache_folder(*parts: str) -> Path:
    """A folder under `LEITMOTIF_CACHE`, or under the system's cache folder; made if missing."""
    base = os.environ.get("LEITMOTIF_CACHE")
    if not base:
        from platformdirs import user_cache_dir

        base = user_cache_dir("leitmotif", appauthor=False)
    folder = Path(base, *parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
