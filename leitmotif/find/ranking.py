"""Nearness by profile and by sound: an index that `matcher.search.rank` can ask.

d² = Σ w ((x − q) / s)² + Σ_sounds weight · (1 − e)² + timbre + course, where e (0–1) says how much
something is heard beside the rest of the catalogue. Every row is looked at, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from data.catalogue import Catalogue
from data.track_sounds import TrackSounds, classes
from leitmotif.find.wish import Sound
from matcher.metric import METRICS, RAW, Scaling, standard_scaling
from matcher.query import Query

WANTED, UNWANTED = 9.0, 12.0
"""What it costs not to have what is wanted at all, and to have what is not, in squared standard
deviations (heuristic)."""
_RANKED = 0.6
"""Part of the evidence that is a track's place among the others; the rest is how sure YAMNet is."""
FAINT = 0.3
"""Below this strength in a class YAMNet's score is under one in fifty: nobody would name it."""


@dataclass(frozen=True, eq=False)
class SoundEvidence:
    """How much every track of a catalogue has of every sound class.

    sounds : in the catalogue's order.
    """

    sounds: TrackSounds

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(classes())}

    def of(self, sound: Sound) -> np.ndarray:
        """Evidence that a sound is there, (N,) 0–1: of its classes the one that speaks loudest."""
        each = [
            share * self._of_class(self._positions[name]) for name, share in sound.classes.items()
        ]
        return np.max(each, axis=0)

    def strongest(self, sound: Sound, rows: np.ndarray) -> float:
        """How sure YAMNet is of a sound in the surest of some tracks, 0–1."""
        columns = [self._positions[name] for name in sound.classes]
        return float(self.sounds.sounds[rows][:, columns].max(initial=0)) / 255

    def _of_class(self, column: int) -> np.ndarray:
        strength = self.sounds.sounds[:, column].astype(np.float64) / 255
        known = self.sounds.known
        rank = np.zeros(len(strength))
        if known.any():
            rank[known] = rankdata(strength[known], "min") - 1
            rank /= max(1, int(known.sum()) - 1)
        return np.where(known, _RANKED * rank + (1 - _RANKED) * strength, 0.0)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The rows of one catalogue by profile and by further costs.

    costs : (N,) ≥ 0, added to the squared distance. allowed : bool (N,), the rows that may be
    answered.
    """

    catalogue: Catalogue
    costs: np.ndarray
    allowed: np.ndarray

    @cached_property
    def scaling(self) -> Scaling:
        return standard_scaling(self.catalogue.features)

    def nearest(
        self, catalogue: Catalogue, query: Query, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and distances, nearest first; as `matcher.index.Index.nearest`."""
        values, importance = query.complete()
        scaling = self.scaling if query.scale == "standard" else RAW
        metric = METRICS[query.metric]
        near = metric.distances(self.catalogue.features, values, importance, scaling)
        distances = np.sqrt(np.square(near) + self.costs)
        mask = self.allowed if query.filter is None else self.allowed & query.filter.mask(catalogue)
        rows = np.flatnonzero(mask)
        order = rows[np.lexsort((rows, distances[rows]))][:count]
        return order, distances[order]


def sound_costs(sounds: Sequence[Sound], heard: SoundEvidence) -> np.ndarray:
    """What each track lacks of what is wanted and has of what is not, (N,) ≥ 0."""
    costs = np.zeros(len(heard.sounds.known))
    for sound in sounds:
        evidence = heard.of(sound)
        if sound.weight > 0:
            costs += WANTED * sound.weight * np.square(1 - evidence)
        else:
            costs += UNWANTED * -sound.weight * np.square(evidence)
    return costs
