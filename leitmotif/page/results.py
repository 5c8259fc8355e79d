"""What it wants to hear, what matters, the tracks; take it away.

One fragment, which a click here runs again and nothing else. A moved slider does not even that: it
is answered by `leitmotif.page.asking`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from data.errors import InputError
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.page import (
    asking,
    filters,
    hearts,
    search_line,
    state,
    takeaway,
    taste_panel,
    tracks,
    weights,
    widgets,
    wishes,
)
from leitmotif.page import film as film_page
from leitmotif.page.state import plain
from leitmotif.sessions.films import Film
from leitmotif.words.page_words import Words
from matcher.course import Course
from matcher.query import Query

LOOK_S = 0.7
"""How often a film that is being made is looked at."""


def show(film: Film, library: Library, words: Words) -> None:
    """The fragment; while a film with a track is made, it looks by itself how far that is."""
    busy = tracks.rendering(film)
    st.fragment(_show, run_every=LOOK_S if busy else None)(film, library, words, busy)


def _show(film: Film, library: Library, words: Words, looking: bool) -> None:
    if looking != tracks.rendering(film):
        st.rerun()
    with asking.turn(), state.one_at_a_time():
        _draw(film, library, words)
    state.remember()


def _draw(film: Film, library: Library, words: Words) -> None:
    n, part = asking.number(), film_page.place(film)
    start, end = film_page.scene_times(film)
    video, recommender = state.profile(film, start, end), state.recommender()
    predicted = pipeline.request(video, library.catalogue, recommender)
    wished = wishes.Wishes.now(part, predicted, recommender.description, words)
    importance = weights.now()
    controls, answer = st.container(key="answer").columns([4, 7], gap="large")
    with controls:
        query = _controls(wished, part, n, library, words)
    with answer:
        what = words("whole") if end is None else f"{words.clock(start)} – {words.clock(end)}"
        st.subheader(words("tracks"), anchor=False, help=words("reasons_how"))
        st.caption(plain(f"{film.kept.name} · {what}"))
        said = search_line.show(part, library, words)
        k, own_sound = _above(words)
        learned = taste_panel.show(hearts.Learned.now(), library, words)
        rest = asking.Rest(
            video=video,
            recommender=recommender,
            query=replace(query, k=k),
            weights=importance,
            own=weights.own(),
            said=said,
            course=_course(film, library, words),
            learned=learned,
            by_taste=widgets.kept("by_taste") is not False,
            own_sound=own_sound,
            start=start,
            end=end,
            part=part,
            kind=str(st.session_state.get(state.KIND)),
        )
        _list(asking.Asking.now(film, library, words, wished, rest, n), words)


def _list(asked: asking.Asking, words: Words) -> None:
    """The tracks, or why there are none; take them away."""
    try:
        asked.shown = asked.answer()
    except InputError as error:
        st.warning(plain(words.trouble(error)))
        return
    if asked.shown is None:
        st.warning(words("none_left"))
        return
    for note in asked.shown.notes:
        st.caption(":material/info: " + plain(note))

    def shown() -> tracks.Answer:
        assert asked.shown is not None  # once there is an answer, others take its place
        return asked.shown

    tracks.show(asked.shown, asked.key, asked.n, shown)
    takeaway.show(asked.film, lambda: shown().result, words)


def _course(film: Film, library: Library, words: Words) -> Course | None:
    """The film over time beside the tracks; None, with a sentence, where these are damaged.

    Kept with the film for as long as the same tracks are asked about.
    """
    start, end = film_page.scene_times(film)
    try:
        of = library.courses
        made = film.known.get(("course", start, end))
        if made is None or made[0] is not of or made[1] is not film.timeline:
            made = of, film.timeline, pipeline.course_of(film.timeline, of, start, end)
            film.known["course", start, end] = made
        return made[2]
    except InputError as error:
        st.caption(":material/info: " + plain(words.trouble(error)))
        return None


def _controls(wished: wishes.Wishes, part: str, n: int, library: Library, words: Words) -> Query:
    """What the person asks for, beside the list: without values and weights."""
    sound, matter, only = st.tabs(
        [words("wants"), words("matters"), words("filters")], on_change="rerun", key="asked"
    )
    with sound:
        if sound.open:
            st.caption(words("wants_how"))
            key = asking.key_of(part)
            parts = wished.fixed(), wished.moved()
            wishes.draw("ten_wishes", key, n, parts, wished.tell, asking.address(key))
    with matter:
        if matter.open:
            weights.ten_sliders(words, n)
        metric, scale, diversity = weights.distance(words, shown=bool(matter.open))
    with only:
        filter_ = filters.show(library, words, shown=bool(only.open))
    return Query(metric=metric, scale=scale, filter=filter_, diversity=diversity)


def _above(words: Words) -> tuple[int, str]:
    """Above the list: presets of the weights, what leads the film, its own sound, how many
    tracks."""
    weights.preset_row(words)
    left, right = st.columns([5, 3], vertical_alignment="bottom")
    with left, st.container(horizontal=True):
        widgets.one_of(state.KIND, ["story", "music"], words, help=words("led_by_help"))
        own_sound = widgets.one_of(
            "own_sound", ["mute", "duck"], words, help=words("own_sound_help")
        )
    many = partial(right.number_input, words("how_many"), 1, 20)
    return int(widgets.remembered("k", 5, many)), own_sound
