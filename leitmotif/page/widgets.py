"""Widgets as this page uses them: remembered ones, and those whose value the page chooses as well as the person.

A browser sends what all its widgets say with every click. One that has not yet heard what the page
chose would so undo it, unseen; therefore each choice of the page makes a new widget, of which the
browser can say nothing old.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import streamlit as st

from leitmotif.i18n import Words

T = TypeVar("T")


def key(name: str) -> str:
    """The key of a widget that the page moves, too; another one after each of its choices."""
    return f"{name}|{st.session_state.get('turns', {}).get(name, 0)}"


def chosen(name: str):
    """What such a widget says; None before it was ever drawn."""
    return st.session_state.get(key(name))


def choose(name: str, value) -> None:
    """Choose for the person, unless they have it already."""
    if key(name) not in st.session_state or chosen(name) != value:
        renew(name)
        st.session_state[key(name)] = value


def renew(name: str) -> None:
    """Let go of a widget: it stands anew at the next redraw, with its first value."""
    turns = st.session_state.setdefault("turns", {})
    turns[name] = turns.get(name, 0) + 1


def remembered(name: str, first: T, draw: Callable[..., T]) -> T:
    """Draw a widget that says at first `first`, and later what it said last.

    Streamlit forgets a widget that one redraw leaves out, as those of the list while another film is watched.
    """
    kept = st.session_state.setdefault("remembered", {})
    if name not in st.session_state:
        st.session_state[name] = kept.get(name, first)
    kept[name] = draw(key=name)
    return kept[name]


def one_of(name: str, options: list[str], words: Words, **look) -> str:
    """A row of choices, the first one chosen at first. Name and options are keys of `words`."""
    row = partial(st.segmented_control, words(name), options, format_func=lambda o: words(o), required=True, **look)
    return remembered(name, options[0], row)
