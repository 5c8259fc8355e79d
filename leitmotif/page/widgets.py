"""Widgets as this page uses them: remembered ones, and those whose value the page chooses as well as the person.

A browser sends what all its widgets say with every click. One that has not yet heard what the page
chose would so undo it, unseen; therefore each choice of the page makes a new widget, of which the
browser can say nothing old.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from leitmotif.words.page_words import Words

T = TypeVar("T")


class Turn(NamedTuple):
    """How often the page has chosen, and what."""

    n: int = 0
    value: Any = None


def key(name: str) -> str:
    """The key of a widget that the page moves, too; another one after each of its choices."""
    return f"{name}|{_turns().get(name, Turn()).n}"


def chosen(name: str) -> Any:
    """What such a widget says, or will say when it is drawn; None before anything was chosen."""
    return st.session_state.get(key(name), _turns().get(name, Turn()).value)


def placed(name: str) -> str:
    """The key of such a widget for drawing it, with what the page chose in its place."""
    if key(name) not in st.session_state and name in _turns():
        st.session_state[key(name)] = _turns()[name].value
    return key(name)


def choose(name: str, value: Any) -> None:
    """Choose for the person, unless they have it already."""
    if chosen(name) != value:
        renew(name, value)


def note(name: str, value: Any) -> None:
    """Remember what the person made of such a widget, for when it is drawn again after an absence."""
    turns = _turns()
    turns[name] = Turn(turns.get(name, Turn()).n, value)


def renew(name: str, value: Any = None) -> None:
    """Let go of a widget: it stands anew at the next redraw.

    In one step, because a redraw may end wherever it looks into `st.session_state`.
    """
    turns = _turns()
    turns[name] = Turn(turns.get(name, Turn()).n + 1, value)


def _turns() -> dict[str, Turn]:
    return st.session_state.setdefault("turns", {})


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
    row = partial(
        st.segmented_control,
        words(name),
        options,
        format_func=lambda o: words(o),
        required=True,
        **look,
    )
    return remembered(name, options[0], row)
