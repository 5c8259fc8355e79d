"""What it wants to hear, what matters, the tracks; take it away.

One fragment: moving a slider runs this part of the page again and nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st

from data.buckets import ENERGIES
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, MusicProfile
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.find.search import Request
from leitmotif.page import film as film_page
from leitmotif.page import (
    hearts,
    map_choice,
    search_line,
    state,
    takeaway,
    taste_panel,
    tracks,
    widgets,
)
from leitmotif.page.arc_panel import ArcPanel
from leitmotif.page.state import plain
from leitmotif.sessions.films import Film
from leitmotif.words.page_words import Words
from matcher import presets
from matcher.course import Course
from matcher.filters import Filter
from matcher.metric import METRICS, SCALES
from matcher.query import Query

LOOK_S = 0.7
"""How often a film that is being made is looked at."""


def show(film: Film, library: Library, words: Words) -> None:
    """The fragment; while a film with a track is made, it looks by itself how far that is."""
    busy = tracks.rendering(film)
    st.fragment(_show, run_every=LOOK_S if busy else None)(film, library, words, busy)


def _show(film: Film, library: Library, words: Words, looking: bool) -> None:
    with state.one_at_a_time():
        _draw(film, library, words, looking)


def _draw(film: Film, library: Library, words: Words, looking: bool) -> None:
    if looking != tracks.rendering(film):
        st.rerun()
    start, end = film_page.scene_times(film)
    video = state.profile(film, start, end)
    controls, answer = st.container(key="answer").columns([4, 7], gap="large")
    with controls:
        predicted = pipeline.request(video, library.catalogue, state.recommender())
        asked, lead = _controls(film, predicted, library, words)
    with answer:
        what = words("whole") if end is None else f"{words.clock(start)} – {words.clock(end)}"
        st.subheader(words("tracks"), anchor=False, help=words("reasons_how"))
        st.caption(plain(f"{film.kept.name} · {what}"))
        said = search_line.show(film_page.place(film), library, words)
        k, own_sound = _presets(words)
        try:
            learned = taste_panel.show(hearts.Learned.now(), library, words)
            query = replace(asked, importance=_lifted(predicted, lead), k=k)
            learned = learned.held(_asked(film, query, said))
            course = _course(film, library, words)
            result = pipeline.match(
                video,
                library.catalogue,
                learned.wanted(query),
                index=search_line.ordering(said, library),
                recommender=state.recommender(),
                course=course,
                start=start,
                end=end,
            )
        except InputError as error:
            st.warning(plain(words.trouble(error)))
            return
        if not result.matches:
            st.warning(words("none_left"))
            return
        result, listed = hearts.listed(result, k, learned, course, film_page.place(film))
        for warning in result.warnings:
            if warning not in video.warnings:
                st.caption(":material/info: " + plain(film.kept.named(words.sentence(warning))))
        search_line.tell(said, [m.row for m in result.matches], words)
        panel = ArcPanel(film, result, course, words)
        result = panel.placed()
        tracks.show(tracks.Answer(film, library, result, own_sound, words, panel, listed))
        takeaway.show(film, result, words)
    state.remember()


def _asked(film: Film, query: Query, said: Request | None) -> Hashable:
    """Stands for everything that is asked for."""
    values, importance = query.complete()
    rows = None if query.filter is None else query.filter.rows
    parts = [rows] if said is None else [rows, said.ranking.costs, said.ranking.allowed]
    more = tuple(None if part is None else hash(part.tobytes()) for part in parts)
    numbers = values.tobytes(), importance.tobytes(), query.k, query.diversity
    by_taste = widgets.kept("by_taste") is not False
    place = film_page.place(film), st.session_state.get(state.KIND)
    return place, numbers, query.metric, query.scale, more, by_taste


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


def _controls(
    film: Film, predicted: MusicProfile, library: Library, words: Words
) -> tuple[Query, frozenset[str]]:
    """What the person asks for, beside the list, and the dimensions that are to lead."""
    sound, matter, filters = st.tabs(
        [words("wants"), words("matters"), words("filters")], on_change="rerun", key="asked"
    )
    with sound:
        values, lead = _wishes(film, predicted, words, shown=bool(sound.open))
    with matter:
        _weight_sliders(words, shown=bool(matter.open))
        metric, scale, diversity = _distance(words, shown=bool(matter.open))
    with filters:
        filter_ = _filters(library, words, shown=bool(filters.open))
    query = Query(values, metric=metric, scale=scale, filter=filter_, diversity=diversity)
    return query, lead


# ---------------------------------------------------------------- what it wants to hear


def _wishes(
    film: Film, predicted: MusicProfile, words: Words, shown: bool
) -> tuple[np.ndarray, frozenset[str]]:
    """Ten sliders that begin at the prediction.

    The values (10,) they stand for, and the names of what was moved and is to lead. shown : whether
    they are drawn; what was asked holds all the same.
    """
    place = film_page.place(film)
    kept: dict[str, float] = st.session_state.setdefault("wishes", {}).setdefault(place, {})
    if shown:
        st.caption(words("wants_how"))
    _wish_sliders(place, predicted, kept, words, shown)
    edited = tuple(n for n in MUSIC_NAMES if n in kept)
    leading = False
    if edited:
        names = words.joined(words.field(n) for n in edited)
        said = st.empty()
        toggle = partial(st.toggle, words("leading"), help=words("leading_how"))
        leading = widgets.remembered("leading", True, toggle, shown)
        if shown:
            said.caption(words("edited_leads" if leading else "edited", names=names))
    if shown:
        _below_wishes(f"wish|{place}", predicted, kept, words)
    values = [kept.get(n, asked) for n, asked in zip(MUSIC_NAMES, predicted.values, strict=True)]
    return np.array(values), frozenset(edited if leading else ())


def _wish_sliders(
    place: str, predicted: MusicProfile, kept: dict[str, float], words: Words, shown: bool
) -> None:
    """kept : what was moved, by name; changed."""
    turn = widgets.key(f"wish|{place}")
    for f, asked in zip(MUSIC_FIELDS, predicted.values, strict=True):
        start = float(np.clip(round(asked, 1), f.low, f.high))
        key = f"{turn}|{start:g}|{f.name}"  # another prediction, another slider
        if shown:
            if key not in st.session_state:
                st.session_state[key] = kept.get(f.name, start)
            value = st.slider(
                words.field(f),
                float(f.low),
                float(f.high),
                step=0.1,
                format="%.1f",
                key=key,
                help=words.meaning(f),
            )
        else:  # perhaps moved just before it went out of sight
            value = st.session_state.get(key, kept.get(f.name, start))
        if value == start:
            kept.pop(f.name, None)
        else:
            kept[f.name] = value


def _below_wishes(
    sliders: str, predicted: MusicProfile, kept: dict[str, float], words: Words
) -> None:
    st.button(
        words("reset"),
        icon=":material/undo:",
        disabled=not kept,
        on_click=_reset,
        args=[kept, sliders],
    )
    st.caption(plain(words("predicted_by", what=state.recommender().description)))
    silent = [
        f
        for f, sure in zip(MUSIC_FIELDS, predicted.confidence, strict=True)
        if sure == 0 and f.name not in kept
    ]
    if silent:
        st.caption(words("silent", names=words.joined(words.field(f) for f in silent)))


def _reset(kept: dict[str, float], sliders: str) -> None:
    kept.clear()
    widgets.renew(sliders)


# ---------------------------------------------------------------- what matters


def _lifted(predicted: MusicProfile, lead: frozenset[str]) -> np.ndarray:
    """The weights (10,), with what was edited in the lead, but for those that the person set."""
    weights = _weights()
    edited = np.isin(MUSIC_NAMES, list(lead - st.session_state.get("own_weights", set())))
    if not edited.any():
        return weights
    known = weights * (predicted.confidence > 0)
    return np.where(edited, presets.lead(known, edited), weights)


def _weight_key(name: str) -> str:
    return f"{widgets.key('weights')}|{name}"


def _known_presets() -> dict[str, np.ndarray]:
    return presets.presets(state.recommender().reliability)


def _weights() -> np.ndarray:
    """What the sliders say, (10,), or said when they were last drawn."""
    said = zip(MUSIC_NAMES, widgets.chosen("weights").tolist(), strict=True)
    return np.array([st.session_state.get(_weight_key(n), weight) for n, weight in said])


def _presets(words: Words) -> tuple[int, str]:
    """Above the list: presets of the weights, what leads the film, its own sound, how many
    tracks."""
    known = _known_presets()
    if widgets.chosen("preset") not in known:
        widgets.choose("preset", None)  # another predictor knows other presets
    st.segmented_control(
        words("preset"),
        list(known),
        format_func=lambda p: words(p),
        key=widgets.placed("preset"),
        on_change=_pick,
        width="stretch",
    )
    widgets.note("preset", widgets.chosen("preset"))
    left, right = st.columns([5, 3], vertical_alignment="bottom")
    with left, st.container(horizontal=True):
        widgets.one_of(state.KIND, ["story", "music"], words, help=words("led_by_help"))
        own_sound = widgets.one_of(
            "own_sound", ["mute", "duck"], words, help=words("own_sound_help")
        )
    return int(
        widgets.remembered("k", 5, partial(right.number_input, words("how_many"), 1, 20))
    ), own_sound


def _pick() -> None:
    st.session_state["own_weights"] = set()
    weights = _known_presets().get(widgets.chosen("preset"))
    if weights is not None:
        widgets.renew("weights", weights)


def _weight_sliders(words: Words, shown: bool) -> None:
    known = _known_presets()
    default = next(iter(known))
    if widgets.chosen("weights") is None:
        widgets.choose("preset", default)
        widgets.renew("weights", known[default])
    if not shown:
        return
    st.caption(words("default_reliability" if default == "reliability" else "default_equal"))
    for f, weight in zip(MUSIC_FIELDS, widgets.chosen("weights").tolist(), strict=True):
        key = _weight_key(f.name)
        if key not in st.session_state:
            st.session_state[key] = weight
        st.slider(
            words.field(f),
            0.0,
            presets.LARGEST,
            step=0.1,
            format="%.1f",
            key=key,
            on_change=_own_weight,
            args=[f.name, key],
        )
    widgets.note("weights", _weights())


def _own_weight(name: str, key: str) -> None:
    if key != _weight_key(name):
        return  # of a slider that the page has replaced meanwhile
    st.session_state.setdefault("own_weights", set()).add(name)
    widgets.note("weights", _weights())
    widgets.choose(
        "preset", next((n for n, w in _known_presets().items() if np.allclose(w, _weights())), None)
    )


def _distance(words: Words, shown: bool) -> tuple[str, str, float]:
    """Metric, scale, diversity."""
    scales = sorted(SCALES, reverse=True)
    metric = widgets.one_of("metric", list(METRICS), words, shown, help=words("metric_help"))
    scale = widgets.one_of("scale", scales, words, shown, help=words("scale_help"))
    slider = partial(
        st.slider, words("diversity"), 0.0, 0.9, step=0.1, help=words("diversity_help")
    )
    return metric, scale, widgets.remembered("diverse", 0.0, slider, shown)


# ---------------------------------------------------------------- filters


def _filters(library: Library, words: Words, shown: bool) -> Filter | None:
    """The rows that may be answered; None for all."""
    place = f"{library.catalogue.source}|{len(library.catalogue)}"
    typed = widgets.remembered(f"words|{place}", "", partial(st.text_input, words("words")), shown)
    licences = [name for name, _ in library.licences]
    choice = partial(
        st.multiselect,
        words("licence"),
        licences,
        format_func=lambda n: n or words("no_licence"),
        placeholder=words("any"),
    )
    chosen: list[str] = widgets.remembered(
        f"licence|{place}|{'|'.join(licences)}", [], choice, shown
    )
    bpm = _range(words("tempo"), library.bpm, f"bpm|{place}", shown)
    seconds = _range(words("length"), library.durations, f"seconds|{place}", shown)
    energy, sung, most_speech = _heard(library, place, words, shown)
    where = library.where(
        words=typed,
        licences=tuple(chosen),
        bpm=bpm,
        seconds=seconds,
        energy=energy,
        sung=sung,
        most_speech=most_speech,
    )
    inside = map_choice.rows(library)
    if inside is not None:
        where = inside if where is None else where & inside
    if inside is not None and shown:
        st.button(
            words("lassoed", n=int(inside.sum())),
            icon=":material/close:",
            key="lasso_off",
            help=words("lasso_clear"),
            on_click=map_choice.clear,
            args=[library],
        )
    if where is not None and shown:
        st.caption(words("left_of", n=int(where.sum()), total=len(library.catalogue)))
    said = [typed.strip()] if typed.strip() else []
    said += [name or words("no_licence") for name in chosen]
    said += [
        f"{label} {low:g}–{high:g}"
        for label, limits in ((words("tempo"), bpm), (words("length"), seconds))
        if limits
        for low, high in [limits]
    ]
    said += [words(name) for name in energy]
    said += [] if sung is None else [words("vocals" if sung else "instrumental")]
    said += [f"{words('speech')} ≤ {most_speech:g}"] if most_speech < 1 else []
    said += [] if inside is None else [words("lassoed", n=int(inside.sum()))]
    return None if where is None and not said else Filter(words.joined(said), rows=where)


def _heard(
    library: Library, place: str, words: Words, shown: bool
) -> tuple[list[str], bool | None, float]:
    """Kinds of energy; with or without vocals, None for both; largest share of speech."""
    kinds = partial(
        st.pills,
        words("energy"),
        ENERGIES,
        selection_mode="multi",
        format_func=lambda n: words(n),
        help=words("energy_help"),
    )
    energy: list[str] = widgets.remembered(f"energy|{place}", [], kinds, shown)
    sung, most_speech = None, 1.0
    if np.isfinite(library.vocals).any():
        names = ["either", "instrumental", "vocals"]
        row = partial(
            st.segmented_control,
            words("singing"),
            names,
            format_func=lambda n: words(n),
            required=True,
            help=words("singing_help"),
        )
        chosen = widgets.remembered(f"sung|{place}", "either", row, shown)
        sung = {"instrumental": False, "vocals": True}.get(chosen)
    if np.nanmax(library.speech, initial=0) > 0:
        slider = partial(st.slider, words("most_speech"), 0.0, 1.0, step=0.05)
        most_speech = float(widgets.remembered(f"speech|{place}", 1.0, slider, shown))
    return energy, sung, most_speech


def _range(label: str, values: np.ndarray, key: str, shown: bool) -> tuple[float, float] | None:
    """A slider over the values that occur; None at both ends, or where nothing is known."""
    known = values[np.isfinite(values)]
    if not len(known) or np.floor(known.min()) == np.ceil(known.max()):
        return None
    ends = (int(np.floor(known.min())), int(np.ceil(known.max())))
    slider = partial(st.slider, label, *ends)
    chosen = widgets.remembered(f"{key}|{ends}", ends, slider, shown)
    return None if tuple(chosen) == ends else (float(chosen[0]), float(chosen[1]))
