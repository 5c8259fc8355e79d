"""Rank a catalogue against a music profile: the k best tracks, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES, MusicProfile
from matcher.exact import TrackIndex
from matcher.explain import sentence, shares
from matcher.metric import RAW, check_query, check_weights


@dataclass(frozen=True, eq=False)
class Match:
    """One track of the answer.

    row : its row in the catalogue. distance : in the metric asked for. shares : (10,), each
    dimension's part of the distance, adding up to 1. values : the track's profile (10,).
    track : its metadata as text (title, artist, path, …), without empty values.
    """

    row: int
    track_id: str
    distance: float
    shares: np.ndarray
    sentence: str
    values: np.ndarray
    track: dict[str, str] = field(default_factory=dict)

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
    where: np.ndarray | None = None,
    index: TrackIndex | None = None,
) -> list[Match]:
    """The k tracks nearest to `query`, nearest first.

    query : a profile or its ten values. weights : (10,), ≥ 0; None weighs all alike. where : rows
    that may be answered (boolean per row, or row numbers). index : one built from the same
    catalogue, to be used again. Raises `InputError`.
    """
    query = check_query(getattr(query, "values", query))
    weights = check_weights(weights)
    index = index or TrackIndex.build(catalogue.features, engine="scan")  # one question does not pay for preparation
    rows, found = index.search_rows(query, k, weights, metric, scale, where)
    return [_match(catalogue, index, int(row), float(d), query, weights, metric, scale) for row, d in zip(rows, found, strict=True)]


def _match(catalogue, index, row, distance, query, weights, metric, scale) -> Match:
    values = catalogue.features[row]
    share = shares(values, query, weights, metric, index.scaling if scale == "standard" else RAW)
    track = catalogue.track(row)
    reason = sentence(values, query, weights, share, index.scaling.spread)
    return Match(row, track.get("track_id", str(row)), distance, share, reason, values, track)
