"""The line above the tracks: words move the sliders, and say what is to be heard.

What was understood stands below as chips; what was not is named. A word on a dimension moves its
slider as a hand would, so that it can be moved on or put back; sounds and conditions, which have no
slider, take part in the order.
"""

from __future__ import annotations

import numpy as np
import streamlit as st

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS
from data.words import Sentence
from leitmotif.catalogue.library import Library
from leitmotif.find import Original, Reading, embedding, read
from leitmotif.find.ranking import Ranking
from leitmotif.find.search import Request, request, warnings
from leitmotif.find.wish import Wish, account
from leitmotif.page.state import plain
from leitmotif.words.page_words import Words
from matcher.index import Ordering


def show(place: str, library: Library, words: Words) -> Request | None:
    """The line and what was understood; None where nothing is asked in words.

    place : what the part of the film is called (`leitmotif.page.film.place`).
    """
    name = f"find|{place}"
    kept = st.session_state.setdefault("remembered", {})
    if name not in st.session_state:
        st.session_state[name] = kept.get(name, "")
    kept[name] = st.text_input(
        words("find_line"),
        key=name,
        placeholder=words("find_how"),
        icon=":material/search:",
        on_change=_move,
        args=[name, place, library.catalogue],
    )
    reading = _read(kept[name]) or Reading("")
    _chips(reading, words)
    original = _original(place, library, words)
    if reading.is_empty and original is None:
        return None
    return request(reading, library.catalogue, original, library.sounds, library.courses)


def like(place: str, track_id: str | None) -> None:
    """Let the tracks for a part of a film be like one of them; None lets go of it."""
    st.session_state.setdefault("like", {})[place] = track_id


def _original(place: str, library: Library, words: Words) -> Original | None:
    """The track that others are to be like, with its name and a way to let go of it."""
    track_id = st.session_state.get("like", {}).get(place)
    if track_id is None or track_id not in library.catalogue.track_ids:
        return None
    row = library.catalogue.track_ids.index(track_id)
    original = Original.of_row(library.catalogue, row, library.sounds, library.courses)
    st.button(
        words("like_named", name=plain(original.name)),
        icon=":material/close:",
        help=words("like_end"),
        key=f"like-end|{place}",
        on_click=like,
        args=[place, None],
    )
    return original


def ordering(asked: Request | None, library: Library) -> Ordering:
    """The order of the tracks with what words ask beyond the sliders."""
    if asked is None or not (asked.ranking.costs.any() or not asked.ranking.allowed.all()):
        return library.index
    return Ranking(library.catalogue, asked.ranking.costs, asked.ranking.allowed)


def told(asked: Request | None, rows: list[int]) -> list[Sentence]:
    """What could not be asked, and what is hardly there."""
    return [] if asked is None else warnings(asked, rows)


def _read(text: str) -> Reading | None:
    """A query; None where there is none."""
    if not text.strip():
        return None
    try:
        nearest = embedding.nearest()
    except InputError:  # the line works without
        nearest = None
    return read(text, nearest)


def _chips(reading: Reading, words: Words) -> None:
    said = [f":blue-badge[{plain(word)}: {plain(asks)}]" for word, asks in _account(reading, words)]
    said += [f":orange-badge[{plain(words('find_unknown', word=w))}]" for w in reading.unknown]
    if said:
        st.markdown(" ".join(said))


def _account(reading: Reading, words: Words) -> list[tuple[str, str]]:
    return [
        (word, words.joined(words.sentence(a) for a in asks)) for word, asks in account(reading)
    ]


def _move(name: str, place: str, catalogue: Catalogue) -> None:
    """Put the sliders where words ask; those of the words before go back to the prediction."""
    reading = _read(st.session_state[name])
    wish = Wish() if reading is None else Wish.of(reading)
    wishes = st.session_state.setdefault("wishes", {}).setdefault(place, {})
    moved = st.session_state.setdefault("moved_by_words", {})
    for field in moved.pop(place, ()):
        wishes.pop(field, None)
    values = wish.values(catalogue.features)
    for f, value in zip(MUSIC_FIELDS, values, strict=True):
        if f.name in wish.fields:
            wishes[f.name] = float(np.clip(round(value, 1), f.low, f.high))
    moved[place] = list(wish.fields)
