"""Upload fields that let go of what they were given.

A field would hold the bytes of every file for as long as it stands, so it stands anew after each
upload. A large file takes its time to be kept on disk; that begins once the new field is there, so
that what is dropped meanwhile is not lost with the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leitmotif.i18n import Words
from leitmotif.page import state, widgets
from leitmotif.page.state import plain
from leitmotif.workspace import Kept, shown_name


def field(what: str, suffixes: Collection[str], use: Callable[[Kept], None], words: Words, **options) -> None:
    """An upload field, and what came through it: kept in the folder of the session, then given to `use`.

    what : "video" or "catalogue". options : passed to `st.file_uploader`.
    """
    key, limit = widgets.key(f"{what}_upload"), state.settings().max_upload_mb
    kinds = [s[1:] for s in suffixes]
    st.file_uploader(words(f"upload_{what}"), type=kinds, max_upload_size=limit, key=key, on_change=_take, args=[what, key], **options)
    waiting = _waiting(what)
    if not waiting:
        return
    with st.spinner(plain(words("keeping", name=shown_name(waiting[0].name)))):
        while waiting:
            file = waiting.pop(0)
            with state.sentence():
                use(state.workspace().receive(file.name, file, suffixes, limit))
    st.rerun()


def _waiting(what: str) -> list[UploadedFile]:
    """Uploads that are still to be kept."""
    return st.session_state.setdefault(f"{what}_waiting", [])


def _take(what: str, key: str) -> None:
    """Take what a field was given, and put a new field in its place. An old one may still speak once more."""
    context, given = get_script_run_ctx(), st.session_state[key]
    for file in given if isinstance(given, list) else [given]:
        if isinstance(file, UploadedFile):  # of one that was taken before there is only a trace
            _waiting(what).append(file)
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    if key == widgets.key(f"{what}_upload"):
        widgets.renew(f"{what}_upload")
