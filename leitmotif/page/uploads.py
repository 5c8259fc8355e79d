"""Upload fields that let go of what they were given, and lose nothing.

A field would hold the bytes of every file for as long as it stands, so it stands anew after each
upload. A large file takes its time to be kept on disk; that begins once the new field is there, so
that what is dropped meanwhile is not lost with the old one.

Once another click has come, Streamlit begins the next redraw in a new thread and ends the old one,
a callback too, wherever that next looks into `st.session_state`. So a file stays in line until it
was used; whichever redraw comes to it finds what another one has kept of it.
"""

from __future__ import annotations

import dataclasses
import io
import threading
from collections.abc import Callable, Collection
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leitmotif.page import state, widgets
from leitmotif.page.state import plain
from leitmotif.sessions.workspace import Kept, local_file, receive, shown_name
from leitmotif.words.page_words import Words

SMALL = 32 << 20
"""Bytes that are copied in the time of a redraw (heuristic)."""


def field(
    what: str,
    suffixes: Collection[str],
    use: Callable[[Kept, bool], None],
    words: Words,
    **options: Any,
) -> None:
    """An upload field, and what came through it or was named by its path: kept, then used.

    what : "video", "catalogue" or "project". use : called with the file and whether it is one of
    this machine; twice does no harm. options : passed to `st.file_uploader`.
    """
    key, limit = widgets.key(f"{what}_upload"), state.settings().max_upload_mb
    line, before = _line(what), st.session_state.get(f"{what}_upload_before")
    kinds = [s[1:] for s in suffixes]
    given = st.file_uploader(
        words(f"upload_{what}"), type=kinds, max_upload_size=limit, key=key, **options
    )
    if before:  # a browser that has not heard of the new field speaks of the old one
        line.join(st.session_state.get(before))
    line.join(given)
    if given:
        st.session_state[f"{what}_upload_before"] = key
        widgets.renew(f"{what}_upload")
        if not line.is_small:
            st.rerun()
    if line.waiting:
        name = shown_name(getattr(line.waiting[0], "name", line.waiting[0]))
        with st.spinner(plain(words("keeping", name=name))):
            while line.waiting:
                _keep(line, suffixes, use, limit)
        st.rerun()


def by_path(what: str, path: str) -> None:
    """Put a file of this machine in line, as if it were uploaded."""
    _line(what).waiting.append(path)


@dataclasses.dataclass
class _Line:
    """Uploads and paths that are still to be used, and the numbers of all that ever were."""

    waiting: list[UploadedFile | str] = dataclasses.field(default_factory=list)
    seen: set[str] = dataclasses.field(default_factory=set)
    kept: dict[str, Kept] = dataclasses.field(default_factory=dict)
    guard: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    @property
    def is_small(self) -> bool:
        """Whether all that waits is kept before somebody could drop more."""
        files = [f for f in self.waiting if isinstance(f, UploadedFile)]
        return sum(f.size for f in files) <= SMALL

    def join(self, given: list[UploadedFile] | UploadedFile | None) -> None:
        """Put in line what is new of what a field was given."""
        files = given if isinstance(given, list) else [given]
        # Of one removed there is a trace of another kind.
        new = [f for f in files if isinstance(f, UploadedFile) and f.file_id not in self.seen]
        self.seen.update(f.file_id for f in new)
        self.waiting.extend(new)

    def leave(self, first: UploadedFile | str) -> None:
        """Out of the line, and out of Streamlit's memory."""
        if first in self.waiting:
            self.waiting.remove(first)
        if isinstance(first, UploadedFile):
            self.kept.pop(first.file_id, None)
            context = get_script_run_ctx()
            context.uploaded_file_mgr.remove_file(context.session_id, first.file_id)


def _line(what: str) -> _Line:
    return st.session_state.setdefault(f"{what}_line", _Line())


def _keep(
    line: _Line, suffixes: Collection[str], use: Callable[[Kept, bool], None], limit_mb: int
) -> None:
    """Keep and use the first in line; it stays there if the redraw ends (no `Exception`)."""
    first = line.waiting[0]
    try:
        with state.sentence():
            if isinstance(first, str):
                use(local_file(first, suffixes), True)
            else:
                use(_received(line, first, suffixes, limit_mb), False)
    except Exception:
        line.leave(first)
        raise
    line.leave(first)


def _received(line: _Line, file: UploadedFile, suffixes: Collection[str], limit_mb: int) -> Kept:
    """Copied once, by whichever redraw is first."""
    folder = state.desk().folder
    with line.guard:
        if file.file_id not in line.kept:
            content = io.BytesIO(file.getvalue())
            line.kept[file.file_id] = receive(folder, file.name, content, suffixes, limit_mb)
        return line.kept[file.file_id]
