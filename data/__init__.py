"""What the numbers mean: the two profiles, the catalogue, the pairs; and the files we ship."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data.catalogue import Catalogue
    from data.errors import InputError
    from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, MusicProfile, VideoProfile

__all__ = [
    "MUSIC_FIELDS",
    "VIDEO_FIELDS",
    "Catalogue",
    "InputError",
    "MusicProfile",
    "VideoProfile",
]

_HOMES = {"Catalogue": ".catalogue", "InputError": ".errors"}


def __getattr__(name: str) -> Any:
    # Lazy, so that a command's --help does not wait for numpy.
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, ".profiles"), __name__), name)
    raise AttributeError(f"module 'data' has no attribute {name!r}")
