"""What was learned of a person, as sliders that can be moved, undone, forgotten and taken away."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from data.profiles import MUSIC_FIELDS, Field
from leitmotif.catalogue.library import Library
from leitmotif.page import state, widgets
from leitmotif.page.hearts import Learned, Memory
from leitmotif.page.state import plain
from leitmotif.taste.beliefs import FURTHEST, LARGEST
from leitmotif.taste.diary import ANSWERS, SLIDERS, Diary, by_hand
from leitmotif.words.page_words import Words

_MOST_NEVER = 30
"""Refused tracks that are named; there are seldom more than a few."""
_TURN = "taste_turn"
"""How often the page itself has moved the sliders."""


def show(learned: Learned, library: Library, words: Words) -> Learned:
    """What there is to switch and open above the list; what is known, with that choice."""
    if not learned.said:
        return learned
    with st.container(horizontal=True, vertical_alignment="center", key="taste"):
        toggle = partial(st.toggle, words("by_taste"), help=words("by_taste_how"))
        learned = learned.used(widgets.remembered("by_taste", True, toggle))
        if st.button(words("your_taste"), icon=":material/tune:", type="tertiary"):
            panel = st.dialog(words("your_taste"), width="large", on_dismiss="rerun")(_panel)
            panel(learned.diary, library, words)
    if learned.in_use and not learned.beliefs.sure:
        st.caption(words("taste_unsure"))
    return learned


def _panel(diary: Diary, library: Library, words: Words) -> None:
    events = diary.said()
    counts = Counter(e.kind for e in events if e.kind in ANSWERS)
    said = words.joined(f"{words(f'say_{kind}')} {counts[kind]}" for kind in ANSWERS)
    st.caption(plain(words("taste_from", said=said)) + " " + words("taste_how"))
    with st.container(horizontal=True):
        _buttons(diary, bool(events), words)
    sliders, held = diary.beliefs().sliders, by_hand(events)
    for i, f in enumerate(MUSIC_FIELDS):
        hand = {name for name in SLIDERS if np.isfinite(getattr(held, name)[i])}
        _field(diary, f, float(sliders.matters[i]), float(sliders.offset[i]), hand, words)
    _refused(diary, library, words)


def _field(
    diary: Diary, f: Field, matters: float, offset: float, hand: set[str], words: Words
) -> None:
    """One of the ten: how much it matters, and how far off what was asked it is liked."""
    st.markdown(f"**{plain(words.field(f))}**")
    left, right = st.columns(2)
    for name, value, low, high, unit, place in (
        ("matters", matters, 0.0, LARGEST, "%.1f ×", left),
        ("offset", offset, -FURTHEST, FURTHEST, "%+.1f", right),
    ):
        key = f"taste|{st.session_state.get(_TURN, 0)}|{f.name}|{name}"
        if key not in st.session_state:
            st.session_state[key] = round(value, 1)
        place.slider(
            words(f"taste_{name}") + (f" · {words('by_hand')}" if name in hand else ""),
            low,
            high,
            step=0.1,
            format=unit,
            key=key,
            help=words(f"taste_{name}_how"),
            on_change=lambda f=f, name=name, key=key: _set(diary, f.name, name, key),
        )


def _set(diary: Diary, field: str, slider: str, key: str) -> None:
    with state.sentence():
        diary.set_slider(field, slider, float(st.session_state[key]))
    Memory.now().let_go()


def _buttons(diary: Diary, any_said: bool, words: Words) -> None:
    def button(name: str, icon: str, act: Callable[[], Any], able: bool = True) -> None:
        st.button(
            words(name),
            icon=f":material/{icon}:",
            key=f"taste_{name}",
            disabled=not able,
            on_click=_turned,
            args=[act],
        )

    button("taste_undo", "undo", diary.undo, any_said)
    st.download_button(
        words("taste_export"),
        lambda: _exported(diary),
        "taste.json",
        "application/json",
        icon=":material/download:",
        on_click="ignore",
    )
    if st.session_state.get("taste_forgetting"):
        button("taste_forget_sure", "delete_forever", partial(_forget, diary))
    else:
        button("taste_forget", "delete", partial(_ask, True), any_said)


def _turned(act: Callable[[], Any]) -> None:
    """Do something after which the sliders stand elsewhere."""
    with state.sentence():
        act()
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    Memory.now().let_go()


def _ask(sure: bool) -> None:
    st.session_state["taste_forgetting"] = sure


def _forget(diary: Diary) -> None:
    diary.forget()
    _ask(False)
    Memory.now().lists.clear()


def _refused(diary: Diary, library: Library, words: Words) -> None:
    """The tracks that are never to be shown, each with a way back."""
    never = sorted(diary.never())
    if not never:
        return
    st.markdown(f"**{words('never_shown')}**")
    named = dict(zip(library.catalogue.track_ids, library.catalogue.text("title"), strict=True))
    for track_id in never[:_MOST_NEVER]:
        st.button(
            words("allow", name=plain(named.get(track_id) or track_id)),
            icon=":material/undo:",
            key=f"allow|{track_id}",
            type="tertiary",
            on_click=_turned,
            args=[partial(diary.allow, track_id)],
        )
    if len(never) > _MOST_NEVER:
        st.caption(words("and_more", n=len(never) - _MOST_NEVER))


def _exported(diary: Diary) -> bytes:
    """Made when it is asked for, in a thread that knows no session."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "taste.json")
        diary.export(path)
        return path.read_bytes()
