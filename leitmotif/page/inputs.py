"""The sidebar: which video, which catalogue, which language; and the empty page that teaches."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import streamlit as st

from data.errors import InputError, Progress
from data.words import languages
from leitmotif.catalogue.build import build
from leitmotif.catalogue.library import Library
from leitmotif.page import state, uploads, widgets
from leitmotif.page.state import plain
from leitmotif.sessions.desk import Listed
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import CATALOGUE_SUFFIXES, VIDEO_SUFFIXES, Kept
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO
from leitmotif.words.page_words import Words

# ------------------------------------------------------------------------------ language


def language() -> Words:
    """The words of the language chosen, at first the browser's."""
    now = st.session_state.setdefault("language", Words.of_locale(st.context.locale).language)
    if st.session_state.get("spoken", now) != now:
        widgets.anew()
    st.session_state["spoken"] = now
    return Words(now)


def title(words: Words) -> None:
    st.title("Leitmotif", anchor=False)
    st.caption(words("tagline"))


def language_switch(words: Words) -> None:
    known = languages()
    label = " · ".join(Words(code)("language") for code in known)
    st.segmented_control(label, list(known), format_func=known.get, key="language", required=True)


# ------------------------------------------------------------------------------ video


def video(words: Words) -> None:
    """The videos on the desk, and a way to add one."""
    films = state.desk().films
    if not films:
        return
    st.subheader(words("video"), anchor=False)
    if widgets.chosen("film") not in films:
        widgets.choose("film", next(iter(films)))
    st.radio(
        words("your_videos"),
        list(films),
        format_func=_distinct({key: plain(film.kept.name) for key, film in films.items()}).get,
        key=widgets.placed("film"),
        label_visibility="collapsed",
    )
    st.button(
        words("remove"),
        icon=":material/delete:",
        type="tertiary",
        on_click=lambda: state.remove_film(widgets.chosen("film")),
    )
    with st.expander(words("add_video"), icon=":material/add:"):
        _video_fields(words)


def _video_fields(words: Words) -> None:
    """Upload, sample, path."""
    kinds = words.joined(s[1:].upper() for s in VIDEO_SUFFIXES)
    helps = words("upload_help", kinds=kinds, mb=state.settings().max_upload_mb)
    uploads.field(
        "video",
        VIDEO_SUFFIXES,
        lambda kept, own: state.open_film(kept),
        words,
        accept_multiple_files=True,
        help=helps,
    )
    if state.local():
        st.text_input(
            words("by_path"),
            key="video_path",
            on_change=_take_video_path,
            help=words("by_path_help"),
        )
    if DEMO_VIDEO.is_file():
        st.button(words("sample"), icon=":material/movie:", on_click=_take_sample, width="stretch")


def _take_sample() -> None:
    uploads.by_path("video", str(DEMO_VIDEO))


def _take_video_path() -> None:
    text = st.session_state["video_path"]
    st.session_state["video_path"] = ""
    if text.strip():
        uploads.by_path("video", text)


# ------------------------------------------------------------------------------ catalogue


def catalogue(words: Words) -> Library | None:
    """The catalogue chosen, ready to be asked; None (and a sentence) if it cannot be read."""
    st.subheader(words("catalogue"), anchor=False)
    known = _catalogues()
    names = _distinct({key: _name(key, listed, words) for key, listed in known.items()})
    chosen = None
    if known:
        if widgets.chosen("catalogue") not in known:
            widgets.choose("catalogue", next(iter(known)))
        chosen = st.selectbox(
            words("catalogue"),
            list(known),
            format_func=names.get,
            key=widgets.placed("catalogue"),
            label_visibility="collapsed",
        )
        widgets.note("catalogue", chosen)
        if chosen in state.desk().catalogues:
            st.button(
                words("remove_catalogue"),
                icon=":material/delete:",
                type="tertiary",
                key="remove_catalogue",
                on_click=_remove_catalogue,
                args=[chosen],
            )
    with st.expander(words("own_catalogue"), icon=":material/library_music:"):
        _other_catalogue(words)
    if chosen is None:
        return None
    try:
        return state.library(known[chosen].path, known[chosen].followed)
    except InputError as error:
        st.error(plain(words.trouble(error)))
        return None


def _catalogues() -> dict[str, Listed]:
    """The catalogue of the settings, and those on the desk, by key."""
    path = state.settings().catalogue
    first = Listed(path.name, path, True)
    return ({_key_of(path): first} if path.is_file() else {}) | state.desk().catalogues


def _remove_catalogue(key: str) -> None:
    state.desk().remove_catalogue(key)
    widgets.choose("catalogue", next(iter(_catalogues()), None))


def _key_of(path: Path) -> str:
    return "demo" if path == DEMO_CATALOGUE else str(path)


def _name(key: str, listed: Listed, words: Words) -> str:
    if key == "demo":
        return words("demo_catalogue")
    return listed.name if listed.followed else words("uploaded", name=listed.name)


def _other_catalogue(words: Words) -> None:
    uploads.field(
        "catalogue", CATALOGUE_SUFFIXES, _offer, words, help=words("upload_catalogue_help")
    )
    if state.local():
        st.text_input(words("catalogue_path"), key="catalogue_path", on_change=_take_catalogue_path)
        st.text_input(words("build_folder"), key="build_folder", help=words("build_from"))
        st.button(
            words("build"),
            icon=":material/queue_music:",
            on_click=_start_build,
            disabled=state.desk().build is not None,
            width="stretch",
        )
        if state.desk().build is not None:
            _building(words)


def _take_catalogue_path() -> None:
    text = st.session_state["catalogue_path"]
    st.session_state["catalogue_path"] = ""
    if text.strip():
        uploads.by_path("catalogue", text)


def _offer(kept: Kept, own: bool) -> None:
    """Add a catalogue to the list and choose it; one that cannot be read is not added."""
    try:
        state.library(kept.path, own)
    except InputError as error:
        raise kept.renamed(error) from None
    state.desk().list_catalogue(kept.key, Listed(kept.name, kept.path, own))
    widgets.choose("catalogue", kept.key)


def _start_build() -> None:
    folder = Path(st.session_state["build_folder"].strip().strip("\"'")).expanduser()
    desk = state.desk()
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    output = desk.folder / f"built-{name}.csv"

    def work(progress: Progress) -> tuple[Any, Path]:
        if not str(folder).strip(". ") or not folder.is_dir():
            raise InputError("session.no_such_folder", folder=folder)
        return build([folder.resolve()], output, progress=progress), output

    if desk.build is None:
        desk.build = (folder.name, desk.workspace.start(work))


@st.fragment(run_every=1.0)
def _building(words: Words) -> None:
    under_way = state.desk().build
    if under_way is None:  # another tab saw its end
        st.rerun()
        return
    name, job = under_way
    if job.ended:
        _end_build(name, job, words)
        st.rerun()
    _, done, total = job.stage
    st.progress(job.stage.share, plain(words("building", name=job.stage.name or name)))
    if total:
        st.caption(words("of_files", done=int(done), total=int(total)))
    st.button(words("cancel"), key="cancel_build", on_click=job.cancel)


def _end_build(name: str, job: Job[Any], words: Words) -> None:
    """List and choose what was built. A redraw may end on the way; the build is let go of last, so
    that the next one does it again."""
    desk = state.desk()
    if job.result is not None:
        built, output = job.result
        desk.left_out[str(output)] = [(Path(f).name, reason) for f, reason in built.failed]
        desk.list_catalogue(str(output), Listed(name, output, True))
        widgets.choose("catalogue", str(output))
        desk.build = None
        st.toast(words("built", n=len(built.catalogue), failed=len(built.failed)))
        return
    if job.state == "failed":
        state.trouble(job.error)
    desk.build = None


# ------------------------------------------------------------------------------ the empty page


def empty(words: Words) -> None:
    """One line that teaches, and the door."""
    _, middle, _ = st.columns([1, 4, 1])
    with middle:
        st.space("medium")
        st.header(words("empty_title"), anchor=False)
        st.caption(words("empty_how"))
        _video_fields(words)


def _distinct(names: dict[str, str]) -> dict[str, str]:
    """Names by key, counted where some are the same: Streamlit tells options apart by names."""
    before: Counter[str] = Counter()
    distinct = {}
    for key, name in names.items():
        before[name] += 1
        distinct[key] = name if before[name] == 1 else f"{name} ({before[name]})"
    return distinct
