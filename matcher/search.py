"""Rank a catalogue against a music profile: the k best tracks, each with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from data.catalogue import MISSING, Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES, MusicProfile
from matcher.diversity import check_diversity, first_of_each, rerank
from matcher.exact import Selection, TrackIndex
from matcher.explain import sentence, shares, swap, swap_sentence
from matcher.filters import Condition, parse_filter, passing
from matcher.metric import RAW, Scaling, check_query, check_weights, standard_scaling

if TYPE_CHECKING:
    from matcher.milvus import MilvusIndex

_POOL = 10
"""A diverse list is chosen from this many times k candidates, and from fifty at least (ours)."""


@dataclass(frozen=True, eq=False)
class Match:
    """One track of the answer.

    row : its row in the catalogue. distance : in the metric asked for. shares : (10,), each
    dimension's part of the distance, adding up to 1. sentence : why, in words. next_wins : what
    would have to change for the next track of the list to come before it. values : the track's
    profile (10,). track : its metadata as text (title, artist, path, …), without empty values.
    """

    row: int
    track_id: str
    distance: float
    shares: np.ndarray
    sentence: str
    values: np.ndarray
    track: dict[str, str] = field(default_factory=dict)
    next_wins: str = ""

    @property
    def name(self) -> str:
        """What a person would call it: the title, else the id."""
        return self.track.get("title") or self.track_id

    def to_dict(self) -> dict:
        return {
            "row": self.row,
            "track_id": self.track_id,
            "distance": self.distance,
            "sentence": self.sentence,
            "next_wins": self.next_wins,
            "values": dict(zip(MUSIC_NAMES, self.values.tolist(), strict=True)),
            "shares": dict(zip(MUSIC_NAMES, self.shares.tolist(), strict=True)),
            "track": {name: value for name, value in self.track.items() if name != "track_id"},
        }


def rank(
    catalogue: Catalogue,
    query: MusicProfile | np.ndarray,
    k: int = 5,
    weights: np.ndarray | None = None,
    metric: str = "euclidean",
    scale: str = "standard",
    where: str | Sequence[Condition] | np.ndarray | Selection | None = None,
    index: TrackIndex | MilvusIndex | None = None,
    diverse: float = 0.0,
    copies: bool = True,
) -> list[Match]:
    """The k tracks nearest to `query`, nearest first; never one whose file is gone (column status).

    query : a profile or its ten values. weights : (10,), ≥ 0; None weighs all alike. where : rows
    that may be answered: a filter as in `matcher.filters`, a boolean per row, or row numbers.
    index : one built from the same catalogue, to be used again. diverse : λ of
    `matcher.diversity`. copies : False, or any `diverse`, gives one place to all tracks that are
    marked as copies of one recording. Raises `InputError`.
    """
    query, weights = check_query(getattr(query, "values", query)), check_weights(weights)
    check_diversity(diverse)
    if isinstance(where, str):
        where = parse_filter(where, "where")
    index = index or TrackIndex.build(
        catalogue.features, engine="scan"
    )  # one question does not pay for preparation
    spread = (
        index.scaling if isinstance(index, TrackIndex) else standard_scaling(catalogue.features)
    )
    scaling = spread if scale == "standard" else RAW

    def nearest(count: int) -> tuple[np.ndarray, np.ndarray]:
        return _search(catalogue, index, query, count, weights, metric, scale, where)

    rows, found = _answerable(
        catalogue, nearest, max(_POOL * k, 50) if diverse else k + 1, copies and not diverse
    )
    if diverse:
        order = rerank(catalogue.features[rows], found, k, diverse, weights, metric, scaling)
        rows, found = rows[order], found[order]
    return _matches(
        catalogue,
        rows,
        found,
        k,
        query,
        weights,
        metric,
        scaling,
        spread,
        explain_order=not diverse,
    )


def _search(
    catalogue, index, query, k, weights, metric, scale, where
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the catalogue and distances, from either kind of index."""
    conditions = (
        where
        if isinstance(where, tuple | list) and where and isinstance(where[0], Condition)
        else None
    )
    if isinstance(index, TrackIndex):
        if len(index) != len(catalogue):
            raise InputError(
                f"index: it holds {len(index)} tracks, the catalogue {len(catalogue)}; build it from this catalogue."
            )
        return index.search_rows(
            query,
            k,
            weights,
            metric,
            scale,
            where if conditions is None else passing(catalogue, conditions),
        )
    ids, found = index.search(query, k, weights, metric, scale, where)
    return _rows_of(catalogue, ids), found


def _rows_of(catalogue: Catalogue, ids: Sequence[str]) -> np.ndarray:
    place = {track_id: row for row, track_id in enumerate(catalogue.track_ids)}
    missing = next((i for i in ids if i not in place), None)
    if missing is not None:
        raise InputError(
            f"index: track '{missing}' is not in {catalogue.source or 'the catalogue'}; push the catalogue again."
        )
    return np.array([place[i] for i in ids], dtype=np.int64)


def _answerable(
    catalogue: Catalogue, nearest, wanted: int, copies: bool
) -> tuple[np.ndarray, np.ndarray]:
    """At least `wanted` nearest tracks, if there are so many, however many that cannot be answered stand before them."""
    count = wanted
    while True:
        count = min(count, len(catalogue))
        rows, found = nearest(count)
        kept = _kept(catalogue, rows, copies)
        if len(kept) >= wanted or len(rows) < count or count == len(catalogue):
            return rows[kept], found[kept]
        count *= 4


def _kept(catalogue: Catalogue, rows: np.ndarray, copies: bool) -> np.ndarray:
    """Positions of the tracks whose files are there; without copies one of each recording.

    Column duplicate_of names the original, content_sha256 tells equal files.
    """
    tracks = [catalogue.track(int(row)) for row in rows]
    kept = np.array(
        [i for i, track in enumerate(tracks) if track.get("status") != MISSING], dtype=np.int64
    )
    if not copies:
        kept = kept[
            first_of_each(
                [tracks[i].get("duplicate_of") or tracks[i].get("track_id", "") for i in kept]
            )
        ]
        kept = kept[first_of_each([tracks[i].get("content_sha256", "") for i in kept])]
    return kept


def _matches(
    catalogue,
    rows,
    found,
    k,
    query,
    weights,
    metric,
    scaling: Scaling,
    spread: Scaling,
    explain_order: bool,
) -> list[Match]:
    tracks = [catalogue.track(int(row)) for row in rows]
    names = [track.get("title") or track.get("track_id", "") for track in tracks]
    matches = []
    for i, row in enumerate(rows[:k]):
        values = catalogue.features[row]
        share = shares(values, query, weights, metric, scaling)
        change = ""
        if explain_order and i + 1 < len(rows) and found[i + 1] > found[i]:
            change = swap_sentence(
                swap(values, catalogue.features[rows[i + 1]], query, weights, metric, scaling),
                names[i + 1],
            )
        reason = sentence(values, query, weights, share, spread.spread)
        track_id = tracks[i].get("track_id", str(row))
        matches.append(
            Match(int(row), track_id, float(found[i]), share, reason, values, tracks[i], change)
        )
    return matches


def open_index(where: str, catalogue: Catalogue) -> TrackIndex | MilvusIndex:
    """The index at `where`: a Milvus address (http://…, or a Milvus Lite file ending in .db), or our own file.

    Our own file is built from the catalogue where it is missing or of other numbers. Raises
    `InputError`.
    """
    if "://" in where or where.endswith(".db"):
        from matcher.milvus import MilvusIndex

        return MilvusIndex.connect(where)
    from matcher.store import index_of

    return index_of(catalogue.features, where)
