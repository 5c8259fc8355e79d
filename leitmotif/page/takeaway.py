"""Results as a table, as JSON, and as one page."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from leitmotif.page import state
from leitmotif.pipeline import Recommendation
from leitmotif.sessions.films import Film
from leitmotif.show import result_page as report
from leitmotif.words.page_words import Words


def show(film: Film, shown: Callable[[], Recommendation], words: Words) -> None:
    """shown : the answer that is on the page when something is taken."""
    st.subheader(words("take"), anchor=False)
    name = film.kept.name
    stem = report.file_stem(name, shown())
    whole = state.profile(film, 0.0, None)
    kinds = (
        (
            "as_report",
            "html",
            "text/html",
            lambda: report.report_html(name, film.timeline, whole, shown(), words),
            "description",
        ),
        (
            "as_csv",
            "csv",
            "text/csv",
            lambda: "\ufeff" + report.results_csv(name, shown()),
            "table",
        ),
        (
            "as_json",
            "json",
            "application/json",
            lambda: report.results_json(name, shown()),
            "data_object",
        ),
    )
    with st.container(horizontal=True):
        for label, suffix, mime, make, icon in kinds:
            st.download_button(
                words(label),
                make,
                f"{stem}.{suffix}",
                mime,
                icon=f":material/{icon}:",
                on_click="ignore",
                key=f"take|{suffix}",
            )
