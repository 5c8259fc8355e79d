"""A film's course beside its profile: who comes first is decided by both, and where each begins.

A catalogue is searched in two stages: the profile's nearest `POOL` tracks, which is all of a small
catalogue, and among them the order by profile and arc together (`matcher.arc.rank_weights`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.track_curves import TrackOverTime, read_curves
from matcher.arc import (
    ARC_FROM_S,
    BOTH,
    PictureCurves,
    Places,
    compare,
    looks,
    rank_weights,
    searched,
)
from matcher.arc_step import Step
from matcher.arc_store import (
    CatalogueCurves,
    curves_of,
    curves_path,
    evidence_of,
    step_evidence_of,
)
from matcher.placement import Place, Placement, around, place

POOL = 5000
"""So many tracks cost less than a tenth of a second (`benchmarks/results/arc.md`)."""


@dataclass(frozen=True, eq=False)
class TrackCourses:
    """The tracks of one catalogue over time.

    source : the table of its tracks over time. curves : in the catalogue's order.
    """

    source: Path
    curves: CatalogueCurves

    @classmethod
    def beside(cls, catalogue: Catalogue) -> TrackCourses | None:
        """Those beside a catalogue's own file; None where there are none."""
        return cls.read(curves_path(catalogue.source), catalogue) if catalogue.source else None

    @classmethod
    def read(cls, source: Path, catalogue: Catalogue) -> TrackCourses | None:
        """Those of a catalogue in a table; None where it is missing or cannot be used."""
        try:
            curves = curves_of(source, catalogue.track_ids)
        except InputError:
            return None
        return None if curves is None else cls(source, curves)

    def over_time(self, track_ids: Sequence[str]) -> dict[str, TrackOverTime]:
        """Beats and sections of some tracks; none where the table cannot be read."""
        try:
            return read_curves(self.source, list(track_ids))
        except InputError:
            return {}


@dataclass(frozen=True, eq=False)
class Course:
    """One film (or scene) before the tracks of one catalogue.

    place : seconds of the track at which the film begins, where that is given. rows : (5, W), the
    film for the linear step. step : what was learned of it, which then ranks in place of the arc.
    """

    picture: PictureCurves
    tracks: TrackCourses
    place: float | None = None
    rows: np.ndarray | None = None
    step: Step | None = None

    @property
    def weight(self) -> float:
        """What the arc weighs beside a profile of weight 1."""
        profile, arc = rank_weights(len(self.picture), self.place is not None)
        return arc / profile

    def adjusted(self, rows: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """(n,) distances as if the arc were one more dimension, smaller where it speaks for one.

        Both are standardised over these rows; a track of which the arc cannot say anything counts
        as an average one.
        """
        curves = self.tracks.curves
        found = self._evidence(rows)
        if self.place is None:  # tracks that are too short to tell by
            found[curves.first[rows + 1] - curves.first[rows] < ARC_FROM_S] = np.nan
        known = np.isfinite(found)
        if not self.weight or known.sum() < 2 or not np.ptp(found[known]):
            return distances
        standard = np.where(known, found - found[known].mean(), 0.0) / found[known].std()
        return distances - self.weight * float(np.std(distances)) * standard

    def _evidence(self, rows: np.ndarray) -> np.ndarray:
        step, curves = self.step, self.tracks.curves
        wins = step is not None and (step.unknown if self.place is None else step.known)
        if step is None or self.rows is None or not wins:
            return evidence_of(self.picture, curves, rows, self.place)
        return step_evidence_of(self.rows, step.weights, curves, rows, self.place)

    def placements(self, rows: Sequence[int], track_ids: Sequence[str]) -> list[Placement | None]:
        """Where the film goes in each of some tracks; None where nothing is known."""
        over_time = self.tracks.over_time(track_ids)
        return [
            place(
                self.picture,
                self.tracks.curves.track(row),
                self.tracks.curves.begins(row),
                over_time.get(track_id),
                self.place,
            )
            for row, track_id in zip(rows, track_ids, strict=True)
        ]

    def everywhere(self, row: int) -> Places:
        """r and z wherever the film fits into a track; none where the track is not known."""
        return compare(self.picture, self.tracks.curves.track(row))

    def corrected(self, row: int, found: Places) -> np.ndarray:
        """(n,) z of cuts and motion, corrected as that of the place suggested is."""
        count = looks(around(self.tracks.curves.begins(row)))
        return np.array([searched(float(z), count) for z in found.z[:, BOTH]])

    def shown(self, row: int) -> np.ndarray:
        """(W,) p of the part of the film that the track can be under."""
        seconds = min(len(self.picture), len(self.tracks.curves.track(row)))
        return self.picture.first(seconds).standard[BOTH]

    def placed(self, row: int, suggested: Placement, at: float) -> Placement | None:
        """A track where somebody put it; None where it does not reach so far.

        The places that were suggested stay to choose from.
        """
        curves = self.tracks.curves
        own = place(self.picture, curves.track(row), curves.begins(row), given=at)
        if own is None:
            return None
        first = Place(suggested.in_point, suggested.r, suggested.z)
        others = tuple(p for p in (first, *suggested.others) if abs(p.at - at) >= 0.5)
        return replace(own, others=others, decided=suggested.decided)
