"""Widgets as this page uses them: remembered ones, and those that the page moves as well.

A browser sends what all its widgets say with every click. One that has not yet heard what the page
chose would so undo it, unseen; therefore each choice of the page makes a new widget, of which the
browser can say nothing old.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st

from data.words import languages
from leitmotif.words.page_words import Words

T = TypeVar("T")
LISTS = ("licence|", "energy|")
"""How the names of widgets begin that say a list; the others that say several values say a pair."""
UPLOAD = "_upload"
"""How the names of upload fields end: they say nothing that could be kept."""


_SAID_AGAIN_S = 10.0
"""How long a busy browser may take to draw a widget (heuristic)."""
_UNSHOWN = ("lasso|", "leading")
"""How the names of choices begin that no widget shows."""


class Turn(NamedTuple):
    """How often the page has chosen, and what."""

    n: int = 0
    value: Any = None


def key(name: str) -> str:
    """The key of a widget that the page moves, too; another one after each of its choices."""
    return f"{name}|{_turn(name).n}"


def chosen(name: str) -> Any:
    """What such a widget says, or will say when it is drawn; None before anything was chosen."""
    return st.session_state.get(key(name), _turn(name).value)


def placed(name: str) -> str:
    """The key of such a widget for drawing it, with what the page chose in its place."""
    if name in _turns():
        _stand(key(name), _turns()[name].value)
    return key(name)


def choose(name: str, value: Any) -> None:
    """Choose for the person, unless they have it already."""
    if chosen(name) != value:
        renew(name, value)


def note(name: str, value: Any) -> None:
    """Remember what the person made of such a widget, for when it is drawn again later."""
    _turns()[name] = Turn(_turn(name).n, value)


def renew(name: str, value: Any = None) -> None:
    """Let go of a widget: it stands anew at the next redraw.

    In one step, because a redraw may end wherever it looks into `st.session_state`.
    """
    _turns()[name] = Turn(_turn(name).n + 1, value)


def _turns() -> dict[str, Turn]:
    return st.session_state.setdefault("turns", {})


def _turn(name: str) -> Turn:
    return _turns().get(name) or Turn(st.session_state.get("first_turn", 0))


def remembered(name: str, first: T, draw: Callable[..., T], shown: bool = True) -> T:
    """Draw a widget that says at first `first`, and later what it said last.

    Streamlit forgets a widget that one redraw leaves out, as those of the list while another film
    is watched. shown : False for one that is out of sight, and costs nothing there; what it said
    last holds.
    """
    kept = st.session_state.setdefault("remembered", {})
    if not shown:
        if name in st.session_state:  # moved just before it went out of sight
            kept[name] = st.session_state[name]
        return kept.get(name, first)
    _stand(name, kept.get(name, first))
    kept[name] = draw(key=name)
    return kept[name]


def _stand(key: str, value: Any) -> None:
    """Let the widget of this key stand at `value`, unless it says something already.

    Streamlit says so once, and a redraw before the browser has drawn the widget takes that back:
    it would stand at its least, and be sent so at the next click. So it is said again for a while.
    """
    since = st.session_state.setdefault("stood_since", {})
    if key not in st.session_state:
        st.session_state[key] = value
        since[key] = time.monotonic()
    elif time.monotonic() - since.get(key, 0.0) < _SAID_AGAIN_S:
        st.session_state[key] = st.session_state[key]


def kept(name: str) -> Any:
    """What was kept by `keep`, at this visit or an earlier one; None without it."""
    return st.session_state.get("remembered", {}).get(name)


def carry(place: str, to: str) -> None:
    """Let what was asked for one part of a film hold for another one.

    Parts are the keys of `wishes`, `like` and `moved_by_words`, begin those of `places`, and end
    the names of what is remembered.
    """
    for room in ("wishes", "like", "moved_by_words"):
        parts = st.session_state.get(room, {})
        if place in parts:
            parts[to] = parts.pop(place)
    placed = st.session_state.get("places", {})
    for name in [n for n in placed if n.startswith(f"{place}|")]:
        placed[f"{to}{name.removeprefix(place)}"] = placed.pop(name)
    kept = st.session_state.get("remembered", {})
    for name in [n for n in kept if n.endswith(f"|{place}")]:
        moved = f"{name.removesuffix(place)}{to}"
        kept[moved] = kept.pop(name)
        st.session_state.pop(moved, None)


def keep(name: str, value: Any) -> None:
    """Keep a choice that no widget shows, as JSON has it."""
    st.session_state.setdefault("remembered", {})[name] = value


def anew() -> None:
    """Draw every widget anew with what it says now: its words are about to change.

    A browser names some choices by their words, and would speak of words that are gone.
    """
    for name in [n for n in _turns() if not n.endswith(UPLOAD)]:
        renew(name, chosen(name))
    for name, value in st.session_state.get("remembered", {}).items():
        if not name.startswith(_UNSHOWN):
            st.session_state[name] = value


def snapshot() -> dict[str, Any]:
    """What this session's widgets say, for another session to begin with."""
    said = {name: chosen(name) for name in _turns()}
    return {
        "language": st.session_state.get("language"),
        "turns": {name: value for name, value in said.items() if value is not None},
        "remembered": dict(st.session_state.get("remembered", {})),
        "wishes": st.session_state.get("wishes", {}),
        "places": st.session_state.get("places", {}),
        "own_weights": sorted(st.session_state.get("own_weights", ())),
    }


def restore(snapshot: dict[str, Any], language: bool = True) -> None:
    """Begin with a snapshot that was kept as JSON, with widgets that no browser knows yet.

    language : its language, too.
    """
    state = st.session_state
    if language and snapshot.get("language") in languages():
        state["language"] = snapshot["language"]
    first = 1 + max((t.n for t in _turns().values()), default=-1)
    state["first_turn"] = first
    state["turns"] = {n: Turn(first, _array(v)) for n, v in snapshot.get("turns", {}).items()}
    remembered = {
        name: tuple(v) if isinstance(v, list) and not name.startswith(LISTS) else v
        for name, v in snapshot.get("remembered", {}).items()
    }
    for name in state.get("remembered", {}):
        if name in state:
            del state[name]
    state["remembered"] = remembered
    state["wishes"] = snapshot.get("wishes", {})
    state["places"] = snapshot.get("places", {})
    state["own_weights"] = set(snapshot.get("own_weights", ()))


def _array(value: Any) -> Any:
    return np.array(value) if isinstance(value, list) else value


def one_of(name: str, options: list[str], words: Words, shown: bool = True, /, **look: Any) -> str:
    """A row of choices, the first one chosen at first. Name and options are keys of `words`.

    shown : as of `remembered`.
    """
    row = partial(
        st.segmented_control,
        words(name),
        options,
        format_func=lambda o: words(o),
        required=True,
        **look,
    )
    return remembered(name, options[0], row, shown)
