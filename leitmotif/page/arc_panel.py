"""A track under the film: both over time, to be dragged along each other.

Dragging happens in the browser, which has r and z of every second; only where the track is let go
at comes back. That place then counts for the preview and for what is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from leitmotif.pipeline import Recommendation
from leitmotif.sessions.films import Film
from leitmotif.show.templates import render
from leitmotif.words.page_words import Words
from matcher.course import Course
from matcher.search import Match

_PANEL = st.components.v2.component(
    "leitmotif_arc",
    html='<div class="arc"></div>',
    css=str(render("arc_panel.css")),
    js=str(render("arc_panel.js")),
)


@dataclass(frozen=True, eq=False)
class ArcPanel:
    """The panels of one answer; result : as it was found, with the places suggested."""

    film: Film
    result: Recommendation
    course: Course | None
    words: Words

    def placed(self) -> Recommendation:
        """The answer with the person's own places where they chose some."""
        return replace(self.result, matches=tuple(map(self._placed, self.result.matches)))

    def _placed(self, match: Match) -> Match:
        at = self._places().get(self._key(match))
        if at is None or match.placement is None or self.course is None:
            return match
        own = self.course.placed(match.row, match.placement, at)
        return replace(match, placement=own or match.placement)

    def show(self, match: Match, suggested: Match) -> None:
        """Both curves under each other, and the suggested places as buttons."""
        if self.course is None or match.placement is None or suggested.placement is None:
            return
        found = self.course.everywhere(match.row)
        if not len(found):
            return
        best = suggested.placement
        places = [{"at": best.in_point, "r": best.r, "suggested": True}]
        places += [{"at": p.at, "r": p.r, "suggested": False} for p in best.others]
        said = ("begins_at", "picture", "loudness", "drag", "suggested")
        key = f"arc|{self._key(match)}"
        _PANEL(
            key=key,
            data={
                "picture": _short(self.course.shown(match.row)),
                "loudness": _short(self.course.tracks.curves.track(match.row)),
                "r": _short(found.r),
                "z": _short(self.course.corrected(match.row, found)),
                "at": match.placement.in_point,
                "places": places,
                "words": {name.removesuffix("_at"): self.words(f"arc_{name}") for name in said},
            },
            on_chosen_change=lambda: self._choose(match, key),
        )

    def _choose(self, match: Match, key: str) -> None:
        at = st.session_state[key].get("chosen")
        if isinstance(at, int | float) and np.isfinite(at) and at >= 0:
            self._places()[self._key(match)] = float(at)

    def _places(self) -> dict[str, float]:
        places: dict[str, float] = st.session_state.setdefault("places", {})
        return places

    def _key(self, match: Match) -> str:
        """Film, stretch, and track."""
        stretch = f"{self.result.start:.3f}|{self.result.end}"
        return f"{self.film.kept.key}|{stretch}|{match.track_id}"


def _short(values: np.ndarray) -> list[float]:
    """Enough digits for a drawing."""
    return np.round(np.asarray(values, dtype=float), 3).tolist()
