"""Which tracks may be answered: words, licence, tempo, length, energy, singing, speech, the map."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from data.buckets import ENERGIES
from leitmotif.catalogue.library import Library
from leitmotif.page import map_choice, widgets
from leitmotif.words.page_words import Words
from matcher.filters import Filter


def show(library: Library, words: Words, shown: bool) -> Filter | None:
    """The rows that may be answered; None for all."""
    place = f"{library.catalogue.source}|{len(library.catalogue)}"
    typed = widgets.remembered(f"words|{place}", "", partial(st.text_input, words("words")), shown)
    licences = [name for name, _ in library.licences]
    choice = partial(
        st.multiselect,
        words("licence"),
        licences,
        format_func=lambda n: n or words("no_licence"),
        placeholder=words("any"),
    )
    chosen: list[str] = widgets.remembered(
        f"licence|{place}|{'|'.join(licences)}", [], choice, shown
    )
    bpm = _range(words("tempo"), library.bpm, f"bpm|{place}", shown)
    seconds = _range(words("length"), library.durations, f"seconds|{place}", shown)
    energy, sung, most_speech = _heard(library, place, words, shown)
    where = library.where(
        words=typed,
        licences=tuple(chosen),
        bpm=bpm,
        seconds=seconds,
        energy=energy,
        sung=sung,
        most_speech=most_speech,
    )
    inside = map_choice.rows(library)
    if inside is not None:
        where = inside if where is None else where & inside
    if inside is not None and shown:
        st.button(
            words("lassoed", n=int(inside.sum())),
            icon=":material/close:",
            key="lasso_off",
            help=words("lasso_clear"),
            on_click=map_choice.clear,
            args=[library],
        )
    if where is not None and shown:
        st.caption(words("left_of", n=int(where.sum()), total=len(library.catalogue)))
    said = [typed.strip()] if typed.strip() else []
    said += [name or words("no_licence") for name in chosen]
    said += [
        f"{label} {low:g}–{high:g}"
        for label, limits in ((words("tempo"), bpm), (words("length"), seconds))
        if limits
        for low, high in [limits]
    ]
    said += [words(name) for name in energy]
    said += [] if sung is None else [words("vocals" if sung else "instrumental")]
    said += [f"{words('speech')} ≤ {most_speech:g}"] if most_speech < 1 else []
    said += [] if inside is None else [words("lassoed", n=int(inside.sum()))]
    return None if where is None and not said else Filter(words.joined(said), rows=where)


def _heard(
    library: Library, place: str, words: Words, shown: bool
) -> tuple[list[str], bool | None, float]:
    """Kinds of energy; with or without vocals, None for both; largest share of speech."""
    kinds = partial(
        st.pills,
        words("energy"),
        ENERGIES,
        selection_mode="multi",
        format_func=lambda n: words(n),
        help=words("energy_help"),
    )
    energy: list[str] = widgets.remembered(f"energy|{place}", [], kinds, shown)
    sung, most_speech = None, 1.0
    if np.isfinite(library.vocals).any():
        names = ["either", "instrumental", "vocals"]
        row = partial(
            st.segmented_control,
            words("singing"),
            names,
            format_func=lambda n: words(n),
            required=True,
            help=words("singing_help"),
        )
        chosen = widgets.remembered(f"sung|{place}", "either", row, shown)
        sung = {"instrumental": False, "vocals": True}.get(chosen)
    if np.nanmax(library.speech, initial=0) > 0:
        slider = partial(st.slider, words("most_speech"), 0.0, 1.0, step=0.05)
        most_speech = float(widgets.remembered(f"speech|{place}", 1.0, slider, shown))
    return energy, sung, most_speech


def _range(label: str, values: np.ndarray, key: str, shown: bool) -> tuple[float, float] | None:
    """A slider over the values that occur; None at both ends, or where nothing is known."""
    known = values[np.isfinite(values)]
    if not len(known) or np.floor(known.min()) == np.ceil(known.max()):
        return None
    ends = (int(np.floor(known.min())), int(np.ceil(known.max())))
    slider = partial(st.slider, label, *ends)
    chosen = widgets.remembered(f"{key}|{ends}", ends, slider, shown)
    return None if tuple(chosen) == ends else (float(chosen[0]), float(chosen[1]))
