"""What a session keeps between two redraws, and what all sessions share.

Shared things (predictor, catalogues with their indexes, the folder of all sessions) are made once
and only read. Everything that belongs to one person lies in `st.session_state` and in their folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from data.errors import InputError
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.page import widgets
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import Kept, Workspace, Workspaces
from leitmotif.settings import Settings
from leitmotif.show.drawing import STYLE
from leitmotif.words.page_words import Words

if TYPE_CHECKING:
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.timeline import Timeline
    from recommender.predict import Recommender

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#5B52C7"/>'
    '<path d="M6 13v6M11 8v16M16 11v10M21 6v20M26 13v6" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>'
)
"""Drawn here, because Streamlit fetches the icons that it knows by name from another machine."""
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass
class Film:
    """A video of this session: the file, and the job that watches it."""

    kept: Kept
    job: Job[Timeline]
    known: dict = field(default_factory=dict)
    """What was computed of it: profiles of its stretches, its scenes, previews."""

    @property
    def ready(self) -> bool:
        return self.job.state == "done"

    @property
    def timeline(self) -> Timeline:
        return self.job.result


# ------------------------------------------------------------------------------ shared


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return Settings.from_environment()


@st.cache_resource(show_spinner=False)
def recommender() -> Recommender:
    from recommender import load_recommender

    return load_recommender()


@st.cache_resource(show_spinner=False)
def profile_weights() -> ProfileCoefficients | None:
    """The ratings by which pictures are seen, if any were named when the page was started."""
    return pipeline.load_profile_weights(Settings.from_environment().profile_weights)


@st.cache_resource(show_spinner=False, max_entries=6)
def _library(path: str, stamp: tuple[int, int], own: bool) -> Library:
    library = Library.open(path)
    library = library if own else Library(library.catalogue)
    library.index  # noqa: B018  built now, not at the first slider
    return library


def library(path: Path, own: bool = True) -> Library:
    """A catalogue with its index; read again only when the file has changed. Raises `InputError`.

    own : whether the file is one of this machine, whose paths may be followed.
    """
    stat = path.stat() if path.is_file() else None
    return _library(str(path), (stat.st_size, stat.st_mtime_ns) if stat else (0, 0), own)


@st.cache_resource(show_spinner=False)
def _workspaces() -> Workspaces:
    def alive(session: str) -> bool:
        return not Runtime.exists() or Runtime.instance().is_active_session(session)

    return Workspaces(alive, grace_s=float(st.get_option("server.disconnectedSessionTTL")))


# ------------------------------------------------------------------------------ of this session


def workspace() -> Workspace:
    """The folder of this session and its jobs."""
    return _workspaces().of(get_script_run_ctx().session_id)


def local() -> bool:
    """Whether only this machine can open the page: then paths of this machine may be named in it."""
    return st.get_option("server.address") in LOCAL


def films() -> dict[str, Film]:
    return st.session_state.setdefault("films", {})


def chosen_film() -> Film | None:
    return films().get(widgets.chosen("film"))


def open_film(kept: Kept) -> None:
    """Begin to watch a video, unless this session has it already, and choose it."""
    if kept.key not in films() or films()[kept.key].job.state in ("failed", "cancelled"):
        job = workspace().start(lambda progress: pipeline.read_video(kept.path, progress=progress))
        films()[kept.key] = Film(kept, job)
    widgets.choose("film", kept.key)


def remove_film(key: str) -> None:
    """Forget a film: stop what is done for it, and delete its file (if it is ours) and its previews."""
    film = films().pop(key)
    jobs = [film.job, *(job for job in film.known.values() if isinstance(job, Job))]
    for job in jobs:
        job.cancel()
    for job in jobs:
        job.wait(5)
    workspace().remove(film.kept)
    widgets.choose("film", next(reversed(films()), None))


def trouble(error: InputError | None) -> None:
    """Remember what went wrong (see `Words.trouble`) for the next redraw."""
    st.session_state.setdefault("troubles", []).append(error)


@contextmanager
def sentence() -> Iterator[None]:
    """Keep an `InputError` for the page to show."""
    try:
        yield
    except InputError as error:
        trouble(error)


def troubles(words: Words) -> None:
    """Show, once, what went wrong since the last redraw."""
    for error in st.session_state.pop("troubles", []):
        st.error(plain(words.trouble(error)), icon=":material/error:")


def failure(job: Job, kept: Kept, words: Words) -> None:
    """Why a job about a file failed, in one sentence."""
    st.error(plain(kept.named(words.trouble(job.error))), icon=":material/error:")


def plain(text: str) -> str:
    """A text that Markdown leaves as it is: names and titles are never markup."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)


def style() -> None:
    st.html(f"<style>{STYLE}{_PAGE}</style>")


_PAGE = """
.stMainBlockContainer { padding: 1.6rem 2.2rem 3rem; max-width: 84rem; }
[data-testid="stSidebarHeader"] { height: 1.6rem; margin: 0; padding-top: .6rem; padding-bottom: 0; }
.stSidebar .stHeading h1 { padding: 0; }
.st-key-course [data-testid="stElementToolbar"] { display: none; }  /* it would lie on the choice of scene */
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 3.4rem .9rem 2rem; }
  /* the tracks before the sliders */
  .st-key-answer > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] > div:first-child { order: 2; }
}
"""
