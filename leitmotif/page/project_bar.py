"""The project that is open: its name, others to turn to, and a file to take it along."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from data.errors import InputError, Progress
from leitmotif.page import state, uploads
from leitmotif.page.state import plain
from leitmotif.sessions.desk import Desk, delete_project
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.parcel import SUFFIX, file_name, read_parcel, write_parcel
from leitmotif.sessions.relink import Relinked, relink
from leitmotif.sessions.workspace import Kept
from leitmotif.taste.diary import Diary
from leitmotif.words.page_words import Words


def show(words: Words) -> None:
    """A button with the project's name; behind it everything that can be done with projects."""
    here = state.desk()
    name = here.project.name
    with st.popover(
        plain(name),
        icon=":material/folder_open:",
        width="stretch",
        help=words("project"),
        key=f"projects|{here.project.id}",
    ):
        _others(here, words)
        key = f"project_name|{here.project.id}|{name}"
        st.text_input(words("project_name"), name, key=key, on_change=_rename, args=[here, key])
        _missing(here, words)
        st.download_button(
            words("export_project"),
            partial(_packed, here, state.diary()),
            file_name(name),
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
            help=words("export_project_help"),
            key=f"export_project|{here.project.id}",
            width="stretch",
        )
        uploads.field("project", (SUFFIX,), _take_in, words)
        _deletion(here, words)


def _others(here: Desk, words: Words) -> None:
    known = {p.id: p.name for p in state.projects().of(here.project.owner)}
    if len(known) > 1:
        key = f"project|{here.project.id}|{len(known)}"
        st.radio(
            words("open_project"),
            sorted(known),
            index=sorted(known).index(here.project.id),
            format_func=lambda n: plain(known.get(n, "")),
            key=key,
            on_change=_turn,
            args=[key],
        )
    st.button(
        words("new_project"),
        icon=":material/add:",
        on_click=_new,
        args=[here, set(known.values()), words],
        width="stretch",
    )


def _turn(key: str) -> None:
    with state.sentence():
        state.open_project(st.session_state[key])


def _new(here: Desk, taken: set[str], words: Words) -> None:
    names = (words("project_n", n=n) for n in range(1, len(taken) + 2))
    name = next(name for name in names if name not in taken)
    with state.sentence():
        state.open_project(state.projects().make(here.project.owner, name).id)


def _rename(here: Desk, key: str) -> None:
    with state.sentence():
        here.projects.rename(here.project.id, st.session_state[key])


def _deletion(here: Desk, words: Words) -> None:
    """A button that asks once more before the project is gone."""
    asked = f"deleting|{here.project.id}"
    if not st.session_state.get(asked):
        st.button(
            words("delete_project"),
            icon=":material/delete:",
            type="tertiary",
            key="delete_project",
            on_click=st.session_state.__setitem__,
            args=[asked, True],
        )
        return
    st.warning(words("delete_project_ask", name=plain(here.project.name)))
    with st.container(horizontal=True):
        st.button(words("delete_for_good"), type="primary", on_click=_delete, args=[here])
        st.button(words("keep_it"), on_click=st.session_state.pop, args=[asked])


def _delete(here: Desk) -> None:
    """Forget the project; the one opened before it, or a new one, takes its place."""
    with state.sentence():
        for film in here.films.values():
            film.stop()
        delete_project(here.projects, here.project, here.folder)
    st.session_state.pop("project", None)


def _packed(here: Desk, diary: Diary) -> bytes:
    """Made when it is asked for, in a thread that knows no session."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"project{SUFFIX}")
        write_parcel(here.projects, here.project, here.folder, path, diary)
        return path.read_bytes()


def _take_in(kept: Kept, own: bool) -> None:
    """A project of the file, and turn to it; the same file again turns to the same project."""
    here = state.desk()
    taken: dict[str, int] = st.session_state.setdefault("taken_in", {})
    try:
        known = here.projects.get(taken.get(kept.key, -1))
        if known is None:
            owner, diary = here.project.owner, state.diary()
            known = read_parcel(here.projects, owner, here.folder, kept.path, diary)
            taken[kept.key] = known.id
            relink(here.projects, known, [], here.folder, [state.settings().catalogue])
    except InputError as error:
        raise kept.renamed(error) from None
    finally:
        if not own:
            kept.path.unlink(missing_ok=True)
    state.open_project(known.id)


# ---------------------------------------------------------------- files that were moved


def _missing(here: Desk, words: Words) -> None:
    """What is not where it was, and a field for the folder in which it may be now."""
    gone = [f.kept.name for f in here.films.values() if not f.kept.path.is_file()]
    if here.search is not None:
        _searching(words)
    elif gone:
        st.warning(words("moved_away", names=words.joined(map(plain, gone))))
        if state.local():
            st.text_input(words("look_in"), key="look_in", on_change=_look, args=[here])


def _look(here: Desk) -> None:
    folder = Path(st.session_state["look_in"].strip().strip("\"'")).expanduser()
    st.session_state["look_in"] = ""
    catalogue = state.settings().catalogue

    def work(progress: Progress) -> Relinked:
        return relink(here.projects, here.project, [folder], here.folder, [catalogue], progress)

    if here.search is None and str(folder).strip(". "):
        here.search = here.workspace.start(work)


@st.fragment(run_every=0.7)
def _searching(words: Words) -> None:
    here = state.desk()
    search: Job[Any] | None = here.search
    if search is None or search.ended:
        here.search = None
        if search is not None and search.state == "failed":
            state.trouble(search.error)
        st.rerun()
    assert search is not None
    st.progress(search.stage.share, plain(words("looking", name=search.stage.name)))
    st.button(words("cancel"), key="cancel_search", on_click=search.cancel)
