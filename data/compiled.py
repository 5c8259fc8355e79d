"""`njit` with its code kept between runs, wherever that is possible."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba

from data.errors import InputError
from data.folders import cache_folder


def _can_cache() -> bool:
    """Whether compiled code can be kept: beside its source, or in the cache folder."""
    if numba.config.CACHE_DIR or os.access(Path(__file__).parent, os.W_OK):
        return True
    try:
        folder = cache_folder("numba")
    except InputError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


njit: Callable[..., Any] = partial(numba.njit, cache=_can_cache())
"""As numba's; compiled anew in every run where neither the installation nor the cache folder can
be written."""
