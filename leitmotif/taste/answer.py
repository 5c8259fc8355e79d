"""An answer in a person's own order: the learned sliders, one try, and the list logged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from leitmotif.pipeline import Recommendation
from leitmotif.taste.diary import Diary
from leitmotif.taste.lists import propose
from matcher.metric import standard_scaling

POOL = 50
"""So many tracks of an answer are put into a person's order."""
Answer = TypeVar("Answer", bound=Recommendation)


@dataclass(frozen=True)
class Tasted:
    """places : of the matches that are shown, in the answer that was given. shown : id of the list.

    attempt : place of the try in the list, None without one. probability : of the list.
    """

    places: tuple[int, ...]
    shown: str
    attempt: int | None
    probability: float


def taste(
    result: Answer, diary: Diary, k: int, rng: np.random.Generator | None = None
) -> tuple[Answer, Tasted]:
    """The k of an answer's tracks that a person is likely to take, and how they were chosen.

    result : more tracks than are shown, at standard scale (`POOL` of them). What the answer says
    beyond the ten dimensions (sounds, timbre) keeps its part of the distance.
    """
    values, importance = result.query.complete()
    z = np.array([m.values for m in result.matches]).reshape(-1, len(values)) - values
    z /= standard_scaling(result.catalogue.features).sd
    near = (importance * z**2).sum(axis=1)
    costs = np.maximum(np.square([m.distance for m in result.matches]) - near, 0.0)
    shown = propose(diary.beliefs(), z, importance, k, rng, costs=costs)
    ids = [m.track_id for m in result.matches]
    kept = diary.show(shown, z, importance, ids)
    listed = tuple(result.matches[i] for i in shown.rows)
    return (
        replace(result, matches=listed),
        Tasted(shown.rows, kept, shown.attempt, shown.probability),
    )
