"""Results as a table, as JSON, and as one page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from leitmotif.page import film as film_page
from leitmotif.page.state import Film
from leitmotif.pipeline import Recommendation
from leitmotif.show import result_page as report
from leitmotif.words.page_words import Words


def show(film: Film, result: Recommendation, words: Words) -> None:
    st.subheader(words("take"), anchor=False)
    name = film.kept.name
    stem = Path(name).stem
    whole = film_page.rated(film, 0.0, None)
    kinds = (
        (
            "as_report",
            "html",
            "text/html",
            lambda: report.report_html(name, film.timeline, whole, result, words),
            "description",
        ),
        ("as_csv", "csv", "text/csv", lambda: "\ufeff" + report.results_csv(result), "table"),
        (
            "as_json",
            "json",
            "application/json",
            lambda: report.results_json(name, result),
            "data_object",
        ),
    )
    with st.container(horizontal=True):
        for label, suffix, mime, make, icon in kinds:
            st.download_button(
                words(label),
                make,
                f"{stem}-music.{suffix}",
                mime,
                icon=f":material/{icon}:",
                on_click="ignore",
                key=f"take|{suffix}",
            )
