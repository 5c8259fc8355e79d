"""The tracks that a person drew a line around on a catalogue's map, as a filter of the list."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from data.profiles import MUSIC_NAMES
from leitmotif.catalogue.catalogue_map import CatalogueMap, last_map, map_file
from leitmotif.catalogue.lasso import inside, to_square
from leitmotif.catalogue.library import Library
from leitmotif.page import widgets

VIEWS = ["all_ten", "va_plane"]


@st.cache_resource(show_spinner=False, max_entries=6)
def _read(path: str, changed: int) -> CatalogueMap | None:
    return last_map(path)


def drawn(library: Library) -> CatalogueMap | None:
    """The map that was drawn of these tracks; None where there is none yet."""
    file = map_file(library.catalogue.source)
    found = _read(str(file), file.stat().st_mtime_ns) if file.is_file() else None
    same = found is not None and list(found.track_ids) == library.catalogue.track_ids
    return found if same else None


def places(library: Library, view: str) -> np.ndarray:
    """Where each track lies on a view of the map, (N, 2)."""
    if view == "va_plane":
        return library.catalogue.features[:, [MUSIC_NAMES.index(n) for n in ("valence", "arousal")]]
    found = drawn(library)
    return library.map.place(library.catalogue.features) if found is None else found.places


def line(library: Library, view: str) -> list[list[float]]:
    """The line drawn on a view as it is now; empty without one."""
    choice = widgets.kept(_key(library))
    return choice["line"] if choice and choice["of"] == _of(library, view) else []


def rows(library: Library) -> np.ndarray | None:
    """The tracks inside the line, bool (N,); None without a line."""
    for view in VIEWS:
        around = line(library, view)
        if around:
            return inside(to_square(places(library, view)), around)
    return None


def choose(library: Library, view: str, around: list[list[float]]) -> None:
    """Keep a line; none where it is empty."""
    choice: dict[str, Any] = {"of": _of(library, view), "line": around}
    widgets.keep(_key(library), choice if around else None)


def clear(library: Library) -> None:
    choose(library, VIEWS[0], [])


def _key(library: Library) -> str:
    return f"lasso|{library.catalogue.source}|{len(library.catalogue)}"


def _of(library: Library, view: str) -> str:
    found = drawn(library)
    return f"{view}|{found.of if found is not None and view == VIEWS[0] else 0}"
