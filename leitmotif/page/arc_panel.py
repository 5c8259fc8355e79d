"""A track under the film: both over time, to be dragged along each other.

Dragging happens in the browser, which has r and z of every second; only where the track is let go
at comes back. That place then counts for the preview and for what is taken away.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from leitmotif.pipeline import Recommendation
from leitmotif.sessions.films import Film
from leitmotif.words.page_words import Words
from matcher.course import Course
from matcher.search import Match


@dataclass(frozen=True, eq=False)
class ArcPanel:
    """The panels of one answer.

    result : as it was found, with the places suggested. places : those that the person chose, by
    film, stretch and track; changed in place.
    """

    film: Film
    result: Recommendation
    course: Course | None
    words: Words
    places: dict[str, float]

    def placed(self) -> Recommendation:
        """The answer with the person's own places where they chose some."""
        return replace(self.result, matches=tuple(map(self._placed, self.result.matches)))

    def _placed(self, match: Match) -> Match:
        at = self.places.get(self._key(match))
        if at is None or match.placement is None or self.course is None:
            return match
        own = self.course.placed(match.row, match.placement, at)
        return replace(match, placement=own or match.placement)

    def data(self, match: Match, suggested: Match) -> str:
        """Both curves under each other, and the places suggested as buttons, as JSON for the
        browser; "" where there is nothing to drag.
        """
        if self.course is None or match.placement is None or suggested.placement is None:
            return ""
        curves = self.course.once(("panel", match.row), lambda: self._curves(match.row))
        if not curves:
            return ""
        best = suggested.placement
        places = [{"at": best.in_point, "r": best.r, "suggested": True}]
        places += [{"at": p.at, "r": p.r, "suggested": False} for p in best.others]
        said = ("begins_at", "picture", "loudness", "drag", "suggested")
        words = {name.removesuffix("_at"): self.words(f"arc_{name}") for name in said}
        rest = {"at": match.placement.in_point, "places": places, "words": words}
        return curves[:-1] + "," + json.dumps(rest)[1:]

    def _curves(self, row: int) -> str:
        """What is drawn of a track and of the picture, and r and z at each second; "" for none."""
        assert self.course is not None
        found = self.course.everywhere(row)
        if not len(found):
            return ""
        drawn = {
            "picture": self.course.shown(row),
            "loudness": self.course.tracks.curves.track(row),
            "r": found.r,
            "z": self.course.corrected(row, found),
        }
        return json.dumps({name: _short(values) for name, values in drawn.items()})

    def choose(self, match: Match, at: Any) -> None:
        """The person put a track somewhere: `at` as a browser sent it."""
        if isinstance(at, int | float) and math.isfinite(at) and at >= 0:
            self.places[self._key(match)] = float(at)

    def _key(self, match: Match) -> str:
        """Film, stretch, and track."""
        stretch = f"{self.result.start:.3f}|{self.result.end}"
        return f"{self.film.kept.key}|{stretch}|{match.track_id}"


def _short(values: np.ndarray) -> list[float]:
    """Enough digits for a drawing."""
    return np.round(np.asarray(values, dtype=float), 3).tolist()
