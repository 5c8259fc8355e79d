"""What is asked of a catalogue: `Query`, built and checked once, passed whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.profiles import MUSIC_NAMES
from matcher.checks import check_choice, check_count, check_query
from matcher.diversity import check_diversity
from matcher.filters import Filter
from matcher.importance import check_weights
from matcher.metric import SCALES, metric_of


@dataclass(frozen=True, eq=False)
class Query:
    """The music that is wanted, what matters in it, and which tracks may be answered.

    values : (10,), the profile to be near to; None as long as a predictor has still to say it.
    importance : (10,) ≥ 0, 0 leaves a dimension out; None weighs all alike, or leaves it to the
        predictor's reliability. metric, scale : as in `matcher.metric`. k : how many tracks.
    filter : which tracks may be answered; None for all. diversity : λ of `matcher.diversity`.
    copies : False gives one place to all tracks that are marked as copies of one recording.
    never : ids of tracks that are not to be answered, whatever the filter; `to_dict` keeps them to
        itself.
    Raises `InputError`.
    """

    values: np.ndarray | None = None
    importance: np.ndarray | None = None
    metric: str = "euclidean"
    scale: str = "standard"
    k: int = 5
    filter: Filter | None = None
    diversity: float = 0.0
    copies: bool = True
    never: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.values is not None:
            object.__setattr__(self, "values", _kept(check_query(self.values)))
        if self.importance is not None:
            object.__setattr__(self, "importance", _kept(check_weights(self.importance)))
        metric_of(self.metric)
        check_choice(self.scale, SCALES, "scale")
        object.__setattr__(self, "k", check_count(self.k))
        object.__setattr__(self, "diversity", check_diversity(self.diversity))

    def complete(self) -> tuple[np.ndarray, np.ndarray]:
        """Values and importance, (10,) each, of a query that has values."""
        assert self.values is not None
        equal = np.ones(len(MUSIC_NAMES))
        return self.values, equal if self.importance is None else self.importance

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; a filter in words."""
        return {
            "values": _by_name(self.values),
            "importance": _by_name(self.importance),
            "metric": self.metric,
            "scale": self.scale,
            "k": self.k,
            "filter": None if self.filter is None else self.filter.text,
            "diversity": self.diversity,
        }


def _kept(array: np.ndarray) -> np.ndarray:
    """A copy that nobody changes."""
    array = array.copy()
    array.flags.writeable = False
    return array


def _by_name(values: np.ndarray | None) -> dict[str, float] | None:
    return None if values is None else dict(zip(MUSIC_NAMES, values.tolist(), strict=True))
