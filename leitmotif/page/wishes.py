"""What it wants to hear: ten sliders that begin at the prediction, and whether changes lead.

What was moved stands in two dicts of the session, so that a move can be taken in without a redraw
(`leitmotif.page.asking`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, MusicProfile
from leitmotif.show import sliders
from leitmotif.words.page_words import Words

LEADING = "leading"
"""What the switch is called among what is remembered."""
_SLIDERS = st.components.v2.component(
    "leitmotif_sliders",
    html=sliders.HTML,
    css=sliders.style(),
    js=sliders.script(),
    isolate_styles=False,
)


@dataclass(frozen=True, eq=False)
class Wishes:
    """What a person wants to hear with a part of a film.

    kept : what they moved, by name; changed in place, as is `switches`, which holds what is
    remembered. by : what predicts.
    """

    predicted: MusicProfile
    kept: dict[str, float]
    switches: dict[str, Any]
    by: str
    words: Words

    @classmethod
    def now(cls, place: str, predicted: MusicProfile, by: str, words: Words) -> Wishes:
        """place : what the part of the film is called (`leitmotif.page.film.place`)."""
        kept = st.session_state.setdefault("wishes", {}).setdefault(place, {})
        switches = st.session_state.setdefault("remembered", {})
        return cls(predicted, kept, switches, by, words)

    @cached_property
    def starts(self) -> dict[str, float]:
        """Where the sliders begin."""
        fields = zip(MUSIC_FIELDS, self.predicted.values, strict=True)
        return {f.name: float(np.clip(round(v, 1), f.low, f.high)) for f, v in fields}

    @property
    def edited(self) -> list[str]:
        return [n for n in MUSIC_NAMES if n in self.kept]

    @property
    def leading(self) -> bool:
        """Whether what was changed counts more than the rest."""
        return bool(self.switches.get(LEADING, True))

    @property
    def lead(self) -> frozenset[str]:
        """The dimensions that are to lead."""
        return frozenset(self.edited if self.leading else ())

    @property
    def values(self) -> np.ndarray:
        """What is asked for, (10,)."""
        asked = zip(MUSIC_NAMES, self.predicted.values, strict=True)
        return np.array([self.kept.get(n, value) for n, value in asked])

    def tell(self, said: Any) -> None:
        """Take in what a browser says was moved, as it sent it."""
        if not isinstance(said, dict):
            return
        if said.get("reset") is True:
            self.kept.clear()
        if isinstance(said.get("on"), bool):
            self.switches[LEADING] = said["on"]
        for f in MUSIC_FIELDS:
            value = number(said.get(f.name), f.low, f.high)
            if value == self.starts[f.name]:
                self.kept.pop(f.name, None)
            elif value is not None:
                self.kept[f.name] = value

    def fixed(self) -> dict[str, Any]:
        """For the browser: what no move changes."""
        words = self.words
        rows = [
            sliders.Slider(f.name, words.field(f), words.meaning(f), float(f.low), float(f.high))
            for f in MUSIC_FIELDS
        ]
        switch = sliders.Switch(words("leading"), words("leading_how"))
        return sliders.fixed_part(rows, words("what_it_means"), switch, words("reset"))

    def moved(self) -> dict[str, Any]:
        """For the browser: where everything stands."""
        words, edited, leading = self.words, self.edited, self.leading
        names = words.joined(words.field(n) for n in edited)
        said = words("edited_leads" if leading else "edited", names=names) if edited else ""
        notes = [words("predicted_by", what=self.by)]
        silent = [
            f
            for f, sure in zip(MUSIC_FIELDS, self.predicted.confidence, strict=True)
            if sure == 0 and f.name not in self.kept
        ]
        if silent:
            notes.append(words("silent", names=words.joined(words.field(f) for f in silent)))
        values = [self.kept.get(n, start) for n, start in self.starts.items()]
        return sliders.moved_part(values, said, leading if edited else None, notes)


def number(value: Any, low: float, high: float) -> float | None:
    """A place of a slider as a browser sent it; None for what is none."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(np.clip(round(value, 1), low, high)) if plain and math.isfinite(value) else None


def draw(
    key: str,
    of: str,
    n: int,
    parts: tuple[dict[str, Any], dict[str, Any]],
    told: Callable[[Any], None],
    address: str = "",
) -> None:
    """The sliders.

    key : of the component. of : what they are about; what is said of another thing comes too late.
    n : grows with every answer. parts : what no move changes, and what one may. told : takes what
    was moved. address : where moves are told; without one, or where it does not answer, here.
    """
    fixed, moved = parts
    heard = f"{key}|heard"

    def tell() -> None:
        said = st.session_state[key].get("move")
        if isinstance(said, dict):
            st.session_state[heard] = said.get("no")
            if said.get("of") == of:
                told(said.get("said"))

    _SLIDERS(
        key=key,
        data={
            "fixed": fixed,
            "moved": moved,
            "address": address,
            "of": of,
            "n": n,
            "heard": st.session_state.get(heard),
        },
        on_move_change=tell,
    )
