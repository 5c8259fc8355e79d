"""The catalogue: what is in it, and its map with the video's wish as a star."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import streamlit as st

from data.profiles import MUSIC_NAMES
from leitmotif.catalogue import music_map
from leitmotif.catalogue.library import QUADRANTS, Library
from leitmotif.page import film as film_page
from leitmotif.page import state, widgets
from leitmotif.page.state import plain
from leitmotif.show import charts
from leitmotif.words.page_words import Words

MOST_DOTS = 1500
MOST_SKIPPED = 50


def show(library: Library, words: Words) -> None:
    _summary(library, words)
    _map(library, words)
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


def _map(library: Library, words: Words) -> None:
    st.subheader(words("mood_map"), anchor=False)
    view = widgets.one_of("map_view", ["all_ten", "va_plane"], words, label_visibility="collapsed")
    catalogue = library.catalogue
    rows = music_map.sample(len(catalogue), MOST_DOTS)
    place, axes = (_va, ("valence", "arousal")) if view == "va_plane" else (library.map.place, None)
    titles, artists, ids = (catalogue.text(n) for n in ("title", "artist", "track_id"))
    dots = [
        {
            "x": float(x),
            "y": float(y),
            "mood": QUADRANTS[library.moods[row]],
            "title": titles[row] or ids[row],
            "artist": artists[row],
            "arousal": float(catalogue.features[row, MUSIC_NAMES.index("arousal")]),
            "valence": float(catalogue.features[row, MUSIC_NAMES.index("valence")]),
        }
        for row, (x, y) in zip(rows, place(catalogue.features[rows]), strict=True)
    ]
    star = _star()
    query = None if star is None else tuple(place(star[None])[0].tolist())
    st.altair_chart(
        charts.map_chart(dots, query, words, axes),
        alt=words("map_alt", n=len(dots)),
        key=f"map|{view}|{words.language}",
    )
    st.caption(
        words("va_how")
        if view == "va_plane"
        else words("map_how", p=round(100 * library.map.explained))
    )
    if len(rows) < len(catalogue):
        st.caption(words("map_sample", n=len(rows), total=len(catalogue)))


def _va(features: np.ndarray) -> np.ndarray:
    """Valence to the right, arousal upwards."""
    return features[:, [MUSIC_NAMES.index("valence"), MUSIC_NAMES.index("arousal")]]


def _star() -> np.ndarray | None:
    """What the chosen video (or its scene) asks for, (10,)."""
    film = state.chosen_film()
    if film is None or not film.ready:
        return None
    profile = state.profile(film, *film_page.scene_times(film))
    return state.recommender().predict(profile).values


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
