"""Scenes that somebody named: the music under them, beside what was predicted."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any

import streamlit as st

from data.errors import Progress
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.page import state, widgets
from leitmotif.page.state import plain
from leitmotif.scenes.like import Liked, Scene, measure, recommend_like, request
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.show import drawing
from leitmotif.words.page_words import Words
from leitmotif.workers.alone import in_child
from matcher.query import Query

_NAME = "scene_references"
_TRACKS = 5


def add(scene: dict[str, Any]) -> None:
    """Make a scene a reference of the score, once."""
    named = _named()
    if scene not in named:
        widgets.keep(_NAME, [*named, scene])


def _named() -> list[dict[str, Any]]:
    return list(widgets.kept(_NAME) or [])


def _remove(scene: dict[str, Any]) -> None:
    widgets.keep(_NAME, [one for one in _named() if one != scene])


@st.fragment
def show(film: Film, library: Library, words: Words) -> None:
    """The scenes named, and the tracks that their music asks for beside those predicted."""
    named = [Scene(**scene) for scene in _named()]
    if not named:
        return
    st.subheader(words("references_title"), anchor=False)
    st.caption(words("references_how"))
    liked = []
    for k, scene in enumerate(named):
        with st.container(horizontal=True, vertical_alignment="center"):
            span = words.clock(scene.start)
            if scene.end is not None:
                span += f"–{words.clock(scene.end)}"
            st.markdown(f"{plain(scene.name)} · {span}", width="stretch")
            job = _measured(scene)
            if not job.ended:
                st.caption(words("references_listening"))
            elif job.state == "failed":
                st.caption(plain(words.trouble(job.error)))
            elif job.result is not None:
                liked.append(job.result)
            st.button(
                words("references_remove"),
                icon=":material/close:",
                key=f"reference-{k}",
                on_click=_remove,
                args=[asdict(scene)],
            )
    if any(not _measured(scene).ended for scene in named):
        _waiting(named)
    if liked:
        _beside(film, library, liked, words)


@st.fragment(run_every=1.0)
def _waiting(named: list[Scene]) -> None:
    if all(_measured(scene).ended for scene in named):
        st.rerun()


def _measured(scene: Scene) -> Job[Liked]:
    jobs: dict[Scene, Job[Liked]] = st.session_state.setdefault("scene_measures", {})
    if scene not in jobs:
        jobs[scene] = state.desk().workspace.start(partial(_measure, scene))
    return jobs[scene]


def _measure(scene: Scene, progress: Progress) -> Liked:
    return in_child(measure, scene, progress=progress)


def _beside(film: Film, library: Library, liked: list[Liked], words: Words) -> None:
    picture = state.profile(film, 0.0, None)
    catalogue, recommender = library.catalogue, state.recommender()
    query = Query(k=_TRACKS)
    predicted = pipeline.match(picture, catalogue, query, recommender=recommender)
    asked = recommend_like(picture, liked, catalogue, query, recommender=recommender)
    left, right = st.columns(2, gap="large")
    for column, title, music, found in (
        (left, words("references_predicted"), predicted.music, predicted),
        (right, words("references_liked"), request(picture, liked), asked),
    ):
        with column:
            st.markdown(f"**{title}**")
            st.html(drawing.profile_bars(music, words))
            for place, match in enumerate(found.matches, 1):
                st.markdown(f"{place}. {plain(match.name)}")
