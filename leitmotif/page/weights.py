"""What matters: presets of the weights, the ten weights, and how distance is measured."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES
from leitmotif.page import state, widgets, wishes
from leitmotif.show import sliders
from leitmotif.words.page_words import Words
from matcher import presets
from matcher.metric import METRICS, SCALES


def known_presets() -> dict[str, np.ndarray]:
    return presets.presets(state.recommender().reliability)


def now() -> np.ndarray:
    """The weights, (10,): those of the first preset before anything was chosen."""
    if widgets.chosen("weights") is None:
        known = known_presets()
        default = next(iter(known))
        widgets.choose("preset", default)
        widgets.renew("weights", known[default])
    return np.array(widgets.chosen("weights"), dtype=float)


def own() -> frozenset[str]:
    """The dimensions whose weight the person has set."""
    return frozenset(st.session_state.get("own_weights", ()))


def preset_row(words: Words) -> None:
    """The presets, the one that the weights follow chosen."""
    known = known_presets()
    if widgets.chosen("preset") not in known:
        widgets.choose("preset", None)  # another predictor knows other presets
    st.segmented_control(
        words("preset"),
        list(known),
        format_func=lambda p: words(p),
        key=widgets.placed("preset"),
        on_change=_pick,
        width="stretch",
    )
    widgets.note("preset", widgets.chosen("preset"))


def _pick() -> None:
    st.session_state["own_weights"] = set()
    picked = known_presets().get(widgets.chosen("preset"))
    if picked is not None:
        widgets.renew("weights", picked)


def ten_sliders(words: Words, n: int) -> None:
    """n : grows with every answer."""
    default = next(iter(known_presets()))
    st.caption(words("default_reliability" if default == "reliability" else "default_equal"))
    rows = [sliders.Slider(f.name, words.field(f), "", 0.0, presets.LARGEST) for f in MUSIC_FIELDS]
    parts = sliders.fixed_part(rows, ""), sliders.moved_part(now().tolist())
    wishes.draw("ten_weights", widgets.key("weights"), n, parts, _told)


def _told(said: Any) -> None:
    """Take in what a browser says was moved."""
    if not isinstance(said, dict):
        return
    weights = now()
    for i, name in enumerate(MUSIC_NAMES):
        value = wishes.number(said.get(name), 0.0, presets.LARGEST)
        if value is not None:
            weights[i] = value
            st.session_state.setdefault("own_weights", set()).add(name)
    widgets.note("weights", weights)
    same = (n for n, known in known_presets().items() if np.allclose(known, weights))
    widgets.choose("preset", next(same, None))


def distance(words: Words, shown: bool) -> tuple[str, str, float]:
    """Metric, scale, diversity. shown : as of `widgets.remembered`."""
    scales = sorted(SCALES, reverse=True)
    metric = widgets.one_of("metric", list(METRICS), words, shown, help=words("metric_help"))
    scale = widgets.one_of("scale", scales, words, shown, help=words("scale_help"))
    slider = partial(
        st.slider, words("diversity"), 0.0, 0.9, step=0.1, help=words("diversity_help")
    )
    return metric, scale, widgets.remembered("diverse", 0.0, slider, shown)
