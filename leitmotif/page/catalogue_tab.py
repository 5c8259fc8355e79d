"""The catalogue: what is in it, its map with the video's wish as a star, and every track."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import streamlit as st

from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES
from leitmotif.catalogue.catalogue_map import CatalogueMap, draw_beside, named
from leitmotif.catalogue.lasso import to_square
from leitmotif.catalogue.library import QUADRANTS, Library
from leitmotif.page import film as film_page
from leitmotif.page import map_choice, state, tracks, widgets
from leitmotif.page.state import plain
from leitmotif.sessions.jobs import Job
from leitmotif.show.templates import render
from leitmotif.words.page_words import Words
from leitmotif.workers.alone import in_child

MOST_SKIPPED = 50
COLOURS = 15
"""Of groups, beside the grey of tracks in none."""
_map_view = st.components.v2.component(
    "leitmotif_map", css=str(render("map_view.css")), js=str(render("map_view.js"))
)


def show(library: Library, words: Words) -> None:
    _summary(library, words)
    _tracks(library, words)
    _skipped(library, words)
    st.download_button(
        words("download_catalogue"),
        lambda: _as_csv(library),
        "audio_features.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _summary(library: Library, words: Words) -> None:
    tracks, hours, artists = st.columns(3)
    tracks.metric(words("n_tracks"), f"{len(library.catalogue):,}", border=True)
    hours.metric(
        words("n_hours"),
        f"{library.hours:.1f}" if np.isfinite(library.durations).any() else "–",
        border=True,
    )
    artists.metric(
        words("n_artists"), f"{len(set(library.catalogue.text('artist')) - {''}):,}", border=True
    )
    st.subheader(words("licence_mix"), anchor=False)
    rows = [
        {words("licence"): name or words("no_licence"), words("n_tracks"): n}
        for name, n in library.licences
    ]
    st.dataframe(rows, hide_index=True, height=min(36 * (len(rows) + 1), 220))


# ---------------------------------------------------------------- map and list


@st.fragment
def _tracks(library: Library, words: Words) -> None:
    """The map and the list: what is chosen in either is heard, what is lassoed is listed."""
    st.subheader(words("mood_map"), anchor=False)
    view = widgets.one_of("map_view", map_choice.VIEWS, words, label_visibility="collapsed")
    _map(library, view, words)
    player = st.container(key="map_player")
    chosen = _list(library, words)
    if chosen is not None:
        with player:
            _player(library, chosen, words)
    state.remember()


def _map(library: Library, view: str, words: Words) -> None:
    key = f"map|{library.catalogue.source}|{view}|{words.language}"
    said = _map_view(
        key=key,
        data=_dots(library, view, words),
        on_picked_change=lambda: _pick(key),
        on_lasso_change=lambda: map_choice.choose(library, view, st.session_state[key].lasso),
    )
    assert said is not None
    if view == "va_plane":
        st.caption(words("va_how"))
    elif map_choice.drawn(library) is None:
        st.caption(words("map_how", p=round(100 * library.map.explained)))
        _drawing(library, words)
    else:
        st.caption(words("groups_how"))
    inside = map_choice.rows(library)
    if inside is not None:
        left, right = st.columns([3, 2], vertical_alignment="center")
        left.write(words("lassoed", n=int(inside.sum())))
        right.button(
            words("lasso_clear"), key="lasso_clear", on_click=map_choice.clear, args=[library]
        )


def _pick(key: str) -> None:
    st.session_state["heard"] = st.session_state[key].picked


def _dots(library: Library, view: str, words: Words) -> dict[str, object]:
    """What the component draws."""
    found = map_choice.drawn(library) if view == map_choice.VIEWS[0] else None
    what = "dots", view, words.language, 0 if found is None else found.of
    return library.once(what, lambda: _unmoving(library, view, found, words)) | {
        "star": _star(library, view, map_choice.places(library, view)),
        "lasso": map_choice.line(library, view),
    }


def _unmoving(
    library: Library, view: str, found: CatalogueMap | None, words: Words
) -> dict[str, object]:
    """All of it but what a person moves; places as 16 bits in each direction, in base64."""
    square = to_square(map_choice.places(library, view))
    numbers = library.moods + 1 if found is None else found.numbers
    colours = np.where(numbers > 0, (numbers - 1) % COLOURS + 1, 0)
    if found is None:
        called = {i + 1: words(mood) for i, mood in enumerate(QUADRANTS)}
    else:
        called = {group.number: named(group, words.language) for group in found.groups}
    names = [
        {"name": name, **_middle(square[numbers == number])}
        for number, name in called.items()
        if (numbers == number).any()
    ]
    doubtful = np.zeros(len(square), bool) if found is None else found.doubtful
    return {
        "places": _base64(square.astype("<u2")),
        "colours": _base64(colours.astype(np.uint8)),
        "doubtful": _base64(doubtful.astype(np.uint8)),
        "titles": "\n".join(" ".join(name.split()) for name in _names(library)),
        "names": names,
        "words": {
            "find": words("map_find"),
            "closer": words("map_closer"),
            "farther": words("map_farther"),
            "all": words("map_whole"),
            "lasso": words("map_lasso"),
            "alt": words("map_alt", n=len(square)),
        },
    }


def _middle(places: np.ndarray) -> dict[str, float]:
    x, y = np.median(places, axis=0).tolist()
    return {"x": x, "y": y}


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _names(library: Library) -> list[str]:
    """Title and artist of each track, or its id."""
    return library.once("names", lambda: _named(library))


def _named(library: Library) -> list[str]:
    columns = (library.catalogue.text(n) for n in ("title", "artist", "track_id"))
    return [
        " · ".join(filter(None, (title or track_id, artist)))
        for title, artist, track_id in zip(*columns, strict=True)
    ]


def _star(library: Library, view: str, places: np.ndarray) -> list[float] | None:
    """Where the wish of the chosen video (or its scene) lies: amid the tracks nearest to it."""
    film = state.chosen_film()
    if film is None or not film.ready:
        return None
    profile = state.profile(film, *film_page.scene_times(film))
    wish = state.recommender().predict(profile).values
    if view == "va_plane":
        at = wish[[MUSIC_NAMES.index(n) for n in ("valence", "arousal")]]
    else:
        nearest, _ = library.index.search(wish, k=min(5, len(places)), scale="standard")
        at = places[nearest].mean(axis=0)
    return to_square(at[None], places)[0].tolist()


def _drawing(library: Library, words: Words) -> None:
    """A button that has the groups found, and how far that is."""
    jobs: dict[str, Job[Path]] = st.session_state.setdefault("map_jobs", {})
    source = library.catalogue.source
    job = jobs.get(source)
    if job is None:
        st.button(
            words("draw_map"),
            icon=":material/bubble_chart:",
            key="draw_map",
            on_click=lambda: jobs.update({source: _start(source)}),
        )
    elif not job.ended:
        _progress(job, words)
    elif job.state == "failed":
        st.error(plain(words.trouble(job.error)), icon=":material/error:")


def _start(source: str) -> Job[Path]:
    def work(progress: Progress) -> Path:
        return in_child(draw_beside, source, progress=progress)

    return state.desk().workspace.start(work)


@st.fragment(run_every=0.7)
def _progress(job: Job[Path], words: Words) -> None:
    if job.ended:
        st.rerun()
    st.progress(job.stage.share, words.stage(job.stage.name) or words("draw_map"))


def _list(library: Library, words: Words) -> int | None:
    """Every track that is searched for and lassoed; the row of the one that was chosen last."""
    st.subheader(words("track_list"), anchor=False)
    typed = st.text_input(words("words"), key=f"list|{library.catalogue.source}")
    where = library.where(words=typed)
    inside = map_choice.rows(library)
    kept = np.ones(len(library.catalogue), bool) if where is None else where
    kept = kept if inside is None else kept & inside
    rows = np.flatnonzero(kept)
    said = st.dataframe(
        _table(library, rows, words),
        hide_index=True,
        height=360,
        on_select="rerun",
        selection_mode="single-row",
        key=f"rows|{library.catalogue.source}|{typed}|{len(rows)}|{words.language}",
    )
    chosen = [int(rows[i]) for i in said.selection.rows]
    if chosen and chosen != st.session_state.get("list_row"):
        st.session_state["heard"] = chosen[0]
    st.session_state["list_row"] = chosen
    st.caption(words("left_of", n=len(rows), total=len(library.catalogue)))
    heard = st.session_state.get("heard")
    return heard if heard is not None and heard < len(library.catalogue) else None


def _table(library: Library, rows: np.ndarray, words: Words) -> pa.Table:
    found = map_choice.drawn(library)
    what = "table", words.language, 0 if found is None else found.of
    table = library.once(what, lambda: _whole_table(library, found, words))
    return table if len(rows) == len(table) else table.take(rows)


def _whole_table(library: Library, found: CatalogueMap | None, words: Words) -> pa.Table:
    catalogue = library.catalogue
    titles, artists, ids = (catalogue.text(n) for n in ("title", "artist", "track_id"))
    columns: dict[str, object] = {
        words("track"): [title or track_id for title, track_id in zip(titles, ids, strict=True)],
        words("artist"): list(artists),
        words("length"): _known(library.durations),
        words("tempo"): _known(library.bpm),
    }
    if found is not None:
        names = {g.number: named(g, words.language) for g in found.groups}
        columns[words("group")] = [names.get(n, "") for n in found.numbers.tolist()]
    for name in ("arousal", "valence"):
        columns[words.field(name)] = np.round(catalogue.features[:, MUSIC_NAMES.index(name)], 1)
    return pa.table(columns)


def _known(values: np.ndarray) -> pa.Array:
    """Numbers to one place; an empty cell where nothing is known."""
    return pa.array(np.round(values, 1), from_pandas=True)


def _player(library: Library, row: int, words: Words) -> None:
    name = _names(library)[row]
    st.write(plain(name))
    path = library.sound(row)
    if path is None:
        st.caption(words("no_sound"))
        return
    try:
        playable, kind = tracks.listenable(path)
    except InputError:
        st.caption(words("unreadable_sound"))
        return
    st.audio(str(playable), format=kind, alt=words("player", name=name), autoplay=True)


# ---------------------------------------------------------------- the file


def _skipped(library: Library, words: Words) -> None:
    skipped = library.catalogue.skipped
    if skipped:
        with st.expander(words("skipped_rows", n=len(skipped)), icon=":material/info:"):
            for row in skipped[:MOST_SKIPPED]:
                st.text(words("line", n=row.line, why=words.sentence(row.reason)))
    left_out = state.desk().left_out.get(library.catalogue.source, [])
    for name, reason in left_out[:MOST_SKIPPED]:
        st.caption(plain(f"{name}: {words.sentence(reason)}"))


def _as_csv(library: Library) -> bytes:
    """Made when it is asked for, in a thread that knows no session."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "audio_features.csv")
        library.catalogue.write(path)
        return path.read_bytes()
