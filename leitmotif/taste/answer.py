"""An answer in a person's own order: the learned sliders, one try, and the list logged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from data.words import Sentence
from leitmotif.pipeline import Recommendation
from leitmotif.taste.beliefs import Beliefs
from leitmotif.taste.diary import Diary
from leitmotif.taste.lists import Shown, propose
from matcher.course import Course
from matcher.metric import standard_scaling
from matcher.query import Query

POOL = 50
"""So many tracks of an answer are put into a person's order."""
_FEW = ("matcher.all_shown", "matcher.few_heard", "matcher.few_shown", "find.few")
"""Sentences that say that fewer tracks were found than asked for."""
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


def can_order(query: Query) -> bool:
    """Whether sliders can put an answer in order: they speak of distances at standard scale."""
    return query.metric == "euclidean" and query.scale == "standard" and not query.diversity


def taste(
    result: Answer,
    diary: Diary,
    k: int,
    beliefs: Beliefs | None = None,
    rng: np.random.Generator | None = None,
    course: Course | None = None,
) -> tuple[Answer, Tasted]:
    """The k of an answer's tracks that a person is likely to take, and how they were chosen.

    result : more tracks than are shown (`POOL` of them), to a query that `can_order` allows.
    beliefs : what the diary says, where that is known already. course : the film over time, where
    that took part in the order. What the answer says beyond the ten dimensions (sounds, timbre,
    arc) keeps its part of the distance.
    """
    z, importance = _asked(result)
    near = (importance * z**2).sum(axis=1)
    distances = np.array([m.distance for m in result.matches])
    if course is not None and course.weight and len(distances):
        distances = course.adjusted(np.array([m.row for m in result.matches]), distances)
    costs = distances * np.abs(distances) - near
    shown = propose(beliefs or diary.beliefs(), z, importance, k, rng, costs=costs)
    return _kept(result, diary, shown, z, importance, k)


def as_asked(result: Answer, diary: Diary) -> tuple[Answer, Tasted]:
    """An answer as it is, logged so that what is said of its tracks can be learned from."""
    z, importance = _asked(result)
    shown = Shown(tuple(range(len(result.matches))), None)
    return _kept(result, diary, shown, z, importance, result.query.k)


def again(result: Answer, tasted: Tasted, k: int) -> Answer:
    """The list of k that was chosen from the same answer before."""
    matches = tuple(result.matches[i] for i in tasted.places)
    said = tuple(_of_list(w, k) for w in result.warnings if len(matches) < k or not _few(w))
    return replace(result, matches=matches, query=replace(result.query, k=k), warnings=said)


def _few(warning: str) -> bool:
    return isinstance(warning, Sentence) and warning.code in _FEW


def _of_list(warning: str, k: int) -> str:
    """That few were found, of the k of a list and not of all that it was chosen from."""
    if isinstance(warning, Sentence) and _few(warning):
        return Sentence(warning.code, **(warning.values | {"k": k}))
    return warning


def _asked(result: Recommendation) -> tuple[np.ndarray, np.ndarray]:
    """Standard deviations of the tracks from the request, (n, 10), and importance, (10,)."""
    values, importance = result.query.complete()
    z = np.array([m.values for m in result.matches]).reshape(-1, len(values)) - values
    return z / standard_scaling(result.catalogue.features).sd, importance


def _kept(
    result: Answer, diary: Diary, shown: Shown, z: np.ndarray, importance: np.ndarray, k: int
) -> tuple[Answer, Tasted]:
    number = diary.show(shown, z, importance, [m.track_id for m in result.matches])
    tasted = Tasted(shown.rows, number, shown.attempt, shown.probability)
    return again(result, tasted, k), tasted
