"""Rank a catalogue against a query: the k best tracks, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from data.catalogue import MISSING, Catalogue
from data.profiles import MUSIC_NAMES
from matcher.course import POOL, Course
from matcher.diversity import first_of_each, rerank
from matcher.exact import TrackIndex
from matcher.explain import NextWins, Reason, contributions, reason, swap
from matcher.index import Ordering
from matcher.metric import METRICS, RAW, Scaling
from matcher.placement import Placement
from matcher.query import Query

_POOL = 10
"""A diverse list is chosen from so many times k candidates, and from fifty at least (heuristic)."""

Nearest = Callable[[int], tuple[np.ndarray, np.ndarray]]
"""So many rows and their distances, nearest first."""


@dataclass(frozen=True, eq=False)
class Match:
    """One track of the answer.

    row : its row in the catalogue. distance : in the metric asked for. contributions : (10,), each
    dimension's part of the distance, adding up to 1. reason : why. values : the track's profile
    (10,). track : its metadata as text (title, artist, path, …), without empty values. next_wins :
    what would have to change for the next track of the list to come before it; None where nothing
    could be said. placement : where in it a film should begin; None without a film, or where the
    track is not known over time.
    """

    row: int
    track_id: str
    distance: float
    contributions: np.ndarray
    reason: Reason
    values: np.ndarray
    track: dict[str, str] = field(default_factory=dict)
    next_wins: NextWins | None = None
    placement: Placement | None = None

    @property
    def name(self) -> str:
        """What a person would call it: the title, else the id."""
        return self.track.get("title") or self.track_id

    @property
    def sentence(self) -> str:
        """The reason in English."""
        return self.reason.into()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; sentences in English."""
        return {
            "row": self.row,
            "track_id": self.track_id,
            "distance": self.distance,
            "sentence": self.sentence,
            "next_wins": self.next_wins.into() if self.next_wins else "",
            "values": dict(zip(MUSIC_NAMES, self.values.tolist(), strict=True)),
            "shares": dict(zip(MUSIC_NAMES, self.contributions.tolist(), strict=True)),
            "track": {name: value for name, value in self.track.items() if name != "track_id"},
            **(self.placement.to_dict() if self.placement else {}),
        }


def rank(
    catalogue: Catalogue, query: Query, index: Ordering | None = None, course: Course | None = None
) -> list[Match]:
    """The k tracks nearest to a query with values, nearest first.

    Never one whose file is gone (column status), in which nothing was heard (evidence 0), or that
    the query refuses. A
    diverse list gives one place to copies of one recording, whatever the query says. index : one
    of this catalogue, to be used again. course : a film over time before this catalogue, which then
    takes part in the order. Raises `InputError`.
    """
    if index is None:  # one question does not pay for preparation
        index = TrackIndex.build(catalogue.features, engine="scan")
    wanted = max(_POOL * query.k, 50) if query.diversity else query.k + 1
    nearest: Nearest = lambda count: index.nearest(catalogue, query, count)  # noqa: E731
    if course is not None and course.weight:
        nearest = _by_course(nearest, course, len(catalogue))
    rows, found = _answerable(catalogue, nearest, wanted, query)
    if query.diversity:
        order = _diverse(catalogue.features[rows], found, query, index.scaling)
        rows, found = rows[order], found[order]
    matches = _matches(catalogue, rows, found, query, index.scaling)
    return matches if course is None else _placed(matches, catalogue, query, index.scaling, course)


def _by_course(nearest: Nearest, course: Course, total: int) -> Nearest:
    """`nearest` in the order of profile and arc, with distances adjusted by the arc.

    Tracks beyond the pool follow in the profile's order.
    """
    rows, found = nearest(min(POOL, total))
    adjusted = course.adjusted(rows, found)
    order = np.lexsort((rows, adjusted))
    first, ahead = rows[order], adjusted[order]

    def ordered(count: int) -> tuple[np.ndarray, np.ndarray]:
        if count <= len(first):
            return first[:count], ahead[:count]
        more, far = nearest(count)
        return np.r_[first, more[len(first) :]], np.r_[ahead, far[len(first) :]]

    return ordered


def _placed(
    matches: list[Match], catalogue: Catalogue, query: Query, standard: Scaling, course: Course
) -> list[Match]:
    """Matches with their own distances and placements.

    Where the arc took part in the order, no weight of a dimension alone would change it.
    """
    if not matches:
        return matches
    rows = [m.row for m in matches]
    scaling = standard if query.scale == "standard" else RAW
    values, importance = query.complete()
    distances = METRICS[query.metric].distances(
        catalogue.features[rows], values, importance, scaling
    )
    places = course.placements(rows, [m.track_id for m in matches])
    return [
        replace(
            match,
            distance=float(distance),
            placement=placed,
            next_wins=None if course.weight else match.next_wins,
        )
        for match, distance, placed in zip(matches, distances, places, strict=True)
    ]


def _diverse(
    features: np.ndarray, found: np.ndarray, query: Query, standard: Scaling
) -> np.ndarray:
    scaling = standard if query.scale == "standard" else RAW
    metric, (_, importance) = METRICS[query.metric], query.complete()
    return rerank(features, found, query.k, query.diversity, importance, metric, scaling)


def _answerable(
    catalogue: Catalogue, nearest: Nearest, wanted: int, query: Query
) -> tuple[np.ndarray, np.ndarray]:
    """At least `wanted` nearest tracks, if there are so many that can be answered."""
    copies = query.copies and not query.diversity
    count = wanted
    while True:
        count = min(count, len(catalogue))
        rows, found = nearest(count)
        kept = _kept(catalogue, rows, copies, query.never)
        if len(kept) >= wanted or len(rows) < count or count == len(catalogue):
            return rows[kept], found[kept]
        count *= 4


def _kept(
    catalogue: Catalogue, rows: np.ndarray, copies: bool, never: frozenset[str]
) -> np.ndarray:
    """Positions of the tracks that are there, heard and wanted; without copies one of each
    recording.

    Column duplicate_of names the original, content_sha256 tells equal files.
    """
    tracks = [catalogue.track(int(row)) for row in rows]
    heard = (catalogue.confidence[rows] > 0).any(axis=1)
    there = [
        heard[i] and track.get("status") != MISSING and track.get("track_id") not in never
        for i, track in enumerate(tracks)
    ]
    kept = np.flatnonzero(there)
    if not copies:
        kept = kept[
            first_of_each(
                [tracks[i].get("duplicate_of") or tracks[i].get("track_id", "") for i in kept]
            )
        ]
        kept = kept[first_of_each([tracks[i].get("content_sha256", "") for i in kept])]
    return kept


def _matches(
    catalogue: Catalogue, rows: np.ndarray, found: np.ndarray, query: Query, standard: Scaling
) -> list[Match]:
    """The first k, each with its reason; standard : the catalogue's own scaling."""
    scaling = standard if query.scale == "standard" else RAW
    asked = query.complete()
    metric, tracks = METRICS[query.metric], [catalogue.track(int(row)) for row in rows]
    matches = []
    for i, row in enumerate(rows[: query.k]):
        values = catalogue.features[row]
        parts = contributions(values, *asked, metric, scaling)
        after = None
        if not query.diversity and i + 1 < len(rows) and found[i + 1] > found[i]:
            change = swap(values, catalogue.features[rows[i + 1]], *asked, metric, scaling)
            after = NextWins(
                tracks[i + 1].get("title") or tracks[i + 1].get("track_id", ""), change
            )
        matches.append(
            Match(
                int(row),
                tracks[i].get("track_id", str(row)),
                float(found[i]),
                parts,
                reason(values, *asked, parts, standard.sd),
                values,
                tracks[i],
                after,
            )
        )
    return matches
