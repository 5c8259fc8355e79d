"""The sidebar: which video, which catalogue, which language; and the empty page that teaches."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import streamlit as st

from data.errors import InputError
from leitmotif.catalogue.library import Library
from leitmotif.page import state, uploads, widgets
from leitmotif.page.state import plain
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import CATALOGUE_SUFFIXES, VIDEO_SUFFIXES, Kept, local_file
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO
from leitmotif.words.page_words import LANGUAGES, Words

# ------------------------------------------------------------------------------ language


def language() -> Words:
    """The words of the language chosen, at first the browser's."""
    if "language" not in st.session_state:
        st.session_state["language"] = "zh" if (st.context.locale or "").startswith("zh") else "en"
    return Words(st.session_state["language"])


def title(words: Words) -> None:
    st.title("Leitmotif", anchor=False)
    st.caption(words("tagline"))


def language_switch(words: Words) -> None:
    st.segmented_control(
        "Language · 语言", list(LANGUAGES), format_func=LANGUAGES.get, key="language", required=True
    )


# ------------------------------------------------------------------------------ video


def video(words: Words) -> None:
    """The videos of this session, and a way to add one."""
    films = state.films()
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
    kinds = ", ".join(s[1:].upper() for s in VIDEO_SUFFIXES)
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
    with state.sentence():
        state.open_film(local_file(str(DEMO_VIDEO), VIDEO_SUFFIXES))


def _take_video_path() -> None:
    text = st.session_state["video_path"]
    st.session_state["video_path"] = ""
    if text.strip():
        with state.sentence():
            state.open_film(local_file(text, VIDEO_SUFFIXES))


# ------------------------------------------------------------------------------ catalogue


def catalogue(words: Words) -> Library | None:
    """The catalogue chosen, ready to be asked; None (and a sentence) if it cannot be read."""
    st.subheader(words("catalogue"), anchor=False)
    known = _catalogues()
    names = {
        key: words("demo_catalogue") if key == "demo" else name
        for key, (name, _, _) in known.items()
    }
    names |= {key: words("uploaded", name=name) for key, (name, _, own) in known.items() if not own}
    names = _distinct(names)
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
    with st.expander(words("own_catalogue"), icon=":material/library_music:"):
        _other_catalogue(words)
    if chosen is None:
        return None
    _, path, own = known[chosen]
    try:
        return state.library(path, own)
    except InputError as error:
        st.error(plain(words.trouble(error)))
        return None


def _catalogues() -> dict[str, tuple[str, Path, bool]]:
    """Catalogues of this session by key: name, path, whether it is a file of this machine."""
    if "catalogues" not in st.session_state:
        path = state.settings().catalogue
        first = {"demo" if path == DEMO_CATALOGUE else str(path): (path.name, path, True)}
        st.session_state["catalogues"] = first if path.is_file() else {}
    return st.session_state["catalogues"]


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
            disabled="build" in st.session_state,
            width="stretch",
        )
        if "build" in st.session_state:
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
        raise InputError(kept.named(str(error))) from None
    _catalogues()[kept.key] = (kept.name, kept.path, own)
    widgets.choose("catalogue", kept.key)


def _start_build() -> None:
    from leitmotif.catalogue.build import build

    folder = Path(st.session_state["build_folder"].strip().strip("\"'")).expanduser()
    output = (
        state.workspace().folder
        / f"built-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}.csv"
    )

    def work(progress):
        if not str(folder).strip(". ") or not folder.is_dir():
            raise InputError(f"{folder}: no such folder on this machine; check the path.")
        return build([folder.resolve()], output, progress=progress), output

    st.session_state["build"] = (folder.name, state.workspace().start(work))


@st.fragment(run_every=1.0)
def _building(words: Words) -> None:
    name, job = st.session_state["build"]
    if job.ended:
        _end_build(name, job, words)
        st.rerun()
    _, done, total = job.stage
    st.progress(job.stage.share, plain(words("building", name=job.stage.name or name)))
    if total:
        st.caption(words("of_files", done=int(done), total=int(total)))
    st.button(words("cancel"), key="cancel_build", on_click=job.cancel)


def _end_build(name: str, job: Job, words: Words) -> None:
    del st.session_state["build"]
    if job.state == "done":
        built, output = job.result
        st.session_state["left_out"] = [
            (Path(source).name, reason) for source, reason in built.failed
        ]
        st.session_state["catalogues"][str(output)] = (name, output, True)
        widgets.choose("catalogue", str(output))
        st.toast(words("built", n=len(built.catalogue), failed=len(built.failed)))
    elif job.state == "failed":
        state.trouble(job.error)


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
    """Names by key, counted where some are the same: Streamlit tells options apart by what they show."""
    before: Counter[str] = Counter()
    distinct = {}
    for key, name in names.items():
        before[name] += 1
        distinct[key] = name if before[name] == 1 else f"{name} ({before[name]})"
    return distinct
