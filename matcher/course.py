"""A film's course beside its profile: who comes first is decided by both, and where each begins.

A catalogue is searched in two stages: the profile's nearest `POOL` tracks, which is all of a small
catalogue, and among them the order by profile and arc together (`matcher.arc.rank_weights`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

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
    step_evidence,
)
from matcher.placement import Place, Placement, around, place

T = TypeVar("T")
POOL = 5000
"""So many tracks cost less than a tenth of a second (`benchmarks/results/arc.md`)."""


@dataclass(frozen=True, eq=False)
class TrackCourses:
    """The tracks of one catalogue over time.

    source : the table of its tracks over time. curves : in the catalogue's order.
    """

    source: Path
    curves: CatalogueCurves
    known: dict[str, TrackOverTime] = field(default_factory=dict)
    """What was read of single tracks."""

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
        new = [name for name in track_ids if name not in self.known]
        try:
            self.known.update(read_curves(self.source, new) if new else {})
        except InputError:
            return {}
        return {name: self.known[name] for name in track_ids if name in self.known}


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
    known: dict[Hashable, Any] = field(default_factory=dict)
    """What was found of a track for this film (`once`), as long as it is asked about."""

    def once(self, what: Hashable, find: Callable[[], T]) -> T:
        """Found at the first asking, remembered as long as this object."""
        if what not in self.known:
            self.known[what] = find()
        return self.known[what]

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
        if len(rows) == len(curves.first) - 1:  # every track: the next question has the same ones
            everything = np.arange(len(rows))
            found = self.once(("evidence", self._by_step), lambda: self._evidence(everything))[rows]
        else:
            found = self._evidence(rows)
        if self.place is None:  # tracks that are too short to tell by
            found[curves.first[rows + 1] - curves.first[rows] < ARC_FROM_S] = np.nan
        known = np.isfinite(found)
        if not self.weight or known.sum() < 2 or not np.ptp(found[known]):
            return distances
        standard = np.where(known, found - found[known].mean(), 0.0) / found[known].std()
        return distances - self.weight * float(np.std(distances)) * standard

    def _evidence(self, rows: np.ndarray) -> np.ndarray:
        curves, step = self.tracks.curves, self.step
        if step is None or self.rows is None or not self._by_step:
            return evidence_of(self.picture, curves, rows, self.place)
        ask = partial(step_evidence, self.rows, step.weights, curves, place=self.place)
        return np.array([self.once(("step", row), partial(ask, row)) for row in rows.tolist()])

    @property
    def _by_step(self) -> bool:
        """Whether what was learned ranks, and not the arc."""
        if self.step is None:
            return False
        return self.step.known if self.place is not None else self.step.unknown

    def placements(self, rows: Sequence[int], track_ids: Sequence[str]) -> list[Placement | None]:
        """Where the film goes in each of some tracks; None where nothing is known."""
        both = list(zip(rows, track_ids, strict=True))
        new = [name for row, name in both if ("place", row) not in self.known]
        over_time = self.tracks.over_time(new) if new else {}
        return [
            self.once(("place", row), partial(self._placed, row, over_time.get(track_id)))
            for row, track_id in both
        ]

    def _placed(self, row: int, over_time: TrackOverTime | None) -> Placement | None:
        curves = self.tracks.curves
        return place(self.picture, curves.track(row), curves.begins(row), over_time, self.place)

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
