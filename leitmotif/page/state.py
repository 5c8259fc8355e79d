"""What a session keeps between two redraws, and what all sessions share.

Shared things (predictor, catalogues with their indexes) are made once and only read. What belongs
to one person lies on their desk (`leitmotif.sessions.desk`) and outlives the session; what their
widgets say lies in `st.session_state`, and a copy of it on the desk.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from data.catalogue import Catalogue
from data.columns import Column
from data.errors import InputError
from data.profiles import VIDEO_FIELDS, VideoProfile
from features.video.profile_coefficients import ProfileCoefficients
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.page import widgets
from leitmotif.sessions.desk import OWN, Desk, Desks, name_from, new_name, plain_values
from leitmotif.sessions.films import Film
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.later import later
from leitmotif.sessions.projects import Projects
from leitmotif.sessions.workspace import Kept
from leitmotif.settings import DEMO_VIDEO, Settings, data_folder
from leitmotif.show.templates import render
from leitmotif.taste.diary import ME, Diary
from leitmotif.words.page_words import Words
from recommender import load_recommender
from recommender.predict import Recommender

ICON = str(render("icon.svg"))
"""Drawn here, because Streamlit fetches the icons that it knows by name from another machine."""
KIND = "led_by"
"""The choice of what leads the film, "story" or "music"."""
LOCAL = ("localhost", "127.0.0.1", "::1")
_SHARES = ("\\\\", "//")
"""How a path to another machine begins."""
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
"""Headers of a proxy: behind one, whoever comes may sit anywhere."""


# ------------------------------------------------------------------------------ shared


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return Settings.from_environment()


@st.cache_resource(show_spinner=False)
def _recommender(kind: str) -> Recommender:
    return load_recommender(kind)


def recommender() -> Recommender:
    """That of the kind of film chosen; before a choice, of films that their story leads."""
    kept = st.session_state.get("remembered", {})
    return _recommender(st.session_state.get(KIND, kept.get(KIND, "story")))


@st.cache_resource(show_spinner=False)
def profile_weights() -> ProfileCoefficients | None:
    """The ratings by which pictures are seen, if any were named when the page was started."""
    return pipeline.load_profile_weights(Settings.from_environment().profile_weights)


@st.cache_resource(show_spinner=False, max_entries=6)
def _library(path: str, stamp: tuple[int, int], base: str | None) -> Library:
    library = Library.open(path)
    if base is not None:
        library = Library(_without_shares(library.catalogue), Path(base) if base else None)
    library.index  # noqa: B018  built now, not at the first slider
    return library


def _without_shares(catalogue: Catalogue) -> Catalogue:
    """Without the paths that lead to other machines: a stranger's table must not reach there."""
    paths = catalogue.text("path")
    if not any(path.startswith(_SHARES) for path in paths):
        return catalogue
    kept = Column("" if path.startswith(_SHARES) else path for path in paths)
    return replace(catalogue, columns={**catalogue.columns, "path": kept})


def library(path: Path, followed: bool = True) -> Library:
    """A catalogue with its index; read again only when the file has changed. Raises `InputError`.

    followed : whether the paths in it begin at its own folder. Those of an uploaded table begin at
    the user's home, on their own machine; elsewhere they are not followed.
    """
    stat = path.stat() if path.is_file() else None
    base = None if followed else str(Path.home()) if local() else ""
    return _library(str(path), (stat.st_size, stat.st_mtime_ns) if stat else (0, 0), base)


def warm_up() -> None:
    """Load what the first answer needs: libraries, predictor, the catalogue of the settings."""
    with suppress(InputError):  # the page says it in its place
        found, film = library(settings().catalogue), pipeline.known_video(DEMO_VIDEO)
        neutral = [f.neutral for f in VIDEO_FIELDS]
        picture = VideoProfile(np.array(neutral), np.ones(len(neutral)))
        pipeline.match(
            picture if film is None else pipeline.score(film),
            found.catalogue,
            index=found.index,
            recommender=_recommender("story"),
            course=None if film is None else pipeline.course_of(film, found.courses),
        )


@st.cache_resource(show_spinner=False)
def _desks() -> Desks:
    def alive(session: str) -> bool:
        return not Runtime.exists() or Runtime.instance().is_active_session(session)

    grace = float(st.get_option("server.disconnectedSessionTTL"))
    return Desks(data_folder(), alive, grace)


# ------------------------------------------------------------------------------ of this person


def desk() -> Desk:
    """The desk of whoever looks at this page: their films, catalogues and choices."""
    if "desk" not in st.session_state:
        name = name_from(st.query_params.get("desk"))
        if name is None and not local():
            name = st.query_params["desk"] = new_name()
        st.session_state["desk"] = name or OWN
    project = st.session_state.get("project")
    found = _desks().of(
        st.session_state["desk"],
        get_script_run_ctx().session_id,
        visitor=not local(),
        project=project,
        first="" if project else Words.of_locale(st.context.locale)("project_n", n=1),
    )
    if found.project.id != project:
        st.session_state["project"] = found.project.id
    return found


def projects() -> Projects:
    return _desks().projects


def diary() -> Diary:
    """What whoever looks at this page made of tracks: on their own machine that which the commands
    know, of visitors that of their desk."""
    name = st.session_state["desk"]
    return _diary(ME if name == OWN else f"desk {name}")


@st.cache_resource(show_spinner=False, max_entries=1000)
def _diary(person: str) -> Diary:
    return Diary(projects().database, person, later)


def open_project(number: int) -> None:
    """Turn to another project; the next redraw, and visit, begin with it as it was left."""
    projects().touch(number)
    st.session_state["project"] = number


def begin() -> None:
    """At a session's first redraw, and the first of another project: everything as it was left."""
    open_now = desk().project.id
    before = st.session_state.get("begun")
    if before != open_now:
        kept = plain_values(desk().choices)  # a copy: what changes in it is news to the desk
        widgets.restore(kept, language=before is None)
        st.session_state["begun"] = open_now


def remember() -> None:
    """At the end of a redraw: what the person has chosen, for the next visit."""
    here = desk()
    if here.project.id == st.session_state.get("begun"):  # else it was turned to meanwhile
        here.choose(plain_values(widgets.snapshot()))


def local() -> bool:
    """Whether only this machine can open the page: then its paths may be named in it."""
    forwarded = any(name in st.context.headers for name in FORWARDED)
    return st.get_option("server.address") in LOCAL and not forwarded


def chosen_film() -> Film | None:
    """The film chosen, as it is known by now; one that was left here at an earlier visit is
    watched."""
    film = desk().films.get(widgets.chosen("film"))
    if film is not None and film.job is None:
        film.watch(desk().workspace)
    if film is not None:
        film.refine()
    return film


def open_film(kept: Kept) -> None:
    """Begin to watch a video, unless it is on the desk already, and choose it."""
    desk().open_film(kept)
    widgets.choose("film", kept.key)


def remove_film(key: str) -> None:
    """Forget a film, and everything that was made of it."""
    desk().remove_film(key)
    widgets.choose("film", next(reversed(desk().films), None))


def profile(film: Film, start: float, end: float | None) -> VideoProfile:
    """The profile of a stretch of a film, as the ratings in use bend it."""
    return film.profile(start, end, profile_weights())


def served(path: Path, kind: str, place: str) -> str:
    """The address of a file in the page. place : which element shows it."""
    if not Runtime.exists():
        return ""
    return Runtime.instance().media_file_mgr.add(str(path), kind, place)


def trouble(error: InputError | None) -> None:
    """Remember what went wrong (see `Words.trouble`) for the next redraw."""
    st.session_state.setdefault("troubles", []).append(error)


_TURN = threading.Semaphore(1)
_PATIENCE_S = 0.5


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let short redraws come one after the other, each in a stretch.

    Python runs one thread at a time, whatever they do: ten lists that are made in turns of a few
    milliseconds are all done when the last is; one after the other, half of them are in half the
    time. Whoever has waited long goes on all the same.
    """
    mine = _TURN.acquire(timeout=_PATIENCE_S)
    try:
        yield
    finally:
        if mine:
            _TURN.release()


@contextmanager
def sentence() -> Iterator[None]:
    """Keep an `InputError` for the page to show."""
    try:
        yield
    except InputError as error:
        trouble(error)


def troubles(words: Words) -> None:
    """Show, once, what went wrong since the last redraw."""
    found, desk().troubles = desk().troubles, []
    for error in [*found, *st.session_state.pop("troubles", [])]:
        st.error(plain(words.trouble(error)), icon=":material/error:")


def failure(job: Job[Any], kept: Kept, words: Words) -> None:
    """Why a job about a file failed, in one sentence."""
    st.error(plain(kept.named(words.trouble(job.error))), icon=":material/error:")


def plain(text: str) -> str:
    """A text that Markdown leaves as it is: names and titles are never markup."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def style() -> None:
    st.html(f"<style>{render('style.css')}{render('page.css')}</style>")
