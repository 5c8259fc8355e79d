"""Why a track matches: each dimension's part of the distance, and a reason as data.

"Close" and "a little" are measured in the catalogue's standard deviations, so that they mean the
same on raw and on standard scale. The limits are heuristic: below a third of a deviation two tracks
are hard to tell apart in that dimension, beyond one and a half the difference is what one notices
first. A reason becomes a sentence in any language of `data.words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES
from data.words import DEFAULT, say
from matcher.metric import RAW, Metric, Scaling

CLOSE, LITTLE, MUCH = 1 / 3, 0.75, 1.5


class Difference(NamedTuple):
    """How a track differs from what was asked in one dimension."""

    dimension: str
    deviations: float
    """Track minus query, in the catalogue's standard deviations."""


@dataclass(frozen=True)
class Reason:
    """The dimensions worth naming: where the track is close to what was asked, how else it differs.

    Neither, when it is exactly what was asked.
    """

    near: tuple[str, ...] = ()
    far: tuple[Difference, ...] = ()

    def into(self, language: str = DEFAULT) -> str:
        """One sentence in a language."""
        if not self.near and not self.far:
            return say("reason.exact", language)
        both = say("reason.and", language)
        near = both.join(say(f"reason.{name}", language) for name in self.near)
        far = both.join(_degree(difference, language) for difference in self.far)
        pieces = [say("reason.near", language, dimensions=near)] if near else []
        pieces += [say("reason.far", language, differences=far)] if far else []
        return say("reason.then", language).join(pieces)


def contributions(
    values: np.ndarray,
    query: np.ndarray,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling = RAW,
) -> np.ndarray:
    """What each dimension contributes to the distance of `values` (10,) to `query` (10,).

    They add up to 1: parts of d² for euclidean and of 1 − cos for cosine; all 0 where the distance
    is 0.
    """
    found = np.zeros(len(MUSIC_FIELDS))
    for j, part in metric.parts(values[None], query, importance, scaling):
        found[j] = part[0]
    peak = found.max()
    if np.isinf(peak):
        found, peak = np.isinf(found).astype(float), 1.0
    return found if peak == 0 else (found / peak) / (found / peak).sum()


def reason(
    values: np.ndarray,
    query: np.ndarray,
    importance: np.ndarray,
    contribution: np.ndarray,
    sd: np.ndarray,
) -> Reason:
    """At most two dimensions that are close, the most important first, and two that are not.

    values, query, importance, contribution : (10,); sd : the catalogue's standard deviations (10,).
    """
    off, asked = (values - query) / sd, importance > 0
    if not np.any(off[asked]):
        return Reason()
    close = np.abs(off) < CLOSE
    near = [j for j in np.lexsort((np.abs(off), -importance)) if asked[j] and close[j]]
    far = [j for j in np.argsort(-contribution, kind="stable") if asked[j] and not close[j]]
    return Reason(
        tuple(MUSIC_NAMES[j] for j in near[:2]),
        tuple(Difference(MUSIC_NAMES[j], float(off[j])) for j in far[:2]),
    )


def _degree(difference: Difference, language: str) -> str:
    name, off = difference
    way = say(f"reason.{name}_{'more' if off > 0 else 'less'}", language)
    size = abs(off)
    if LITTLE <= size < MUCH:
        return way
    return say("reason.little" if size < LITTLE else "reason.much", language, way=way)


# ------------------------------------------------------------------------------ what would do


class Swap(NamedTuple):
    """The smallest change of one weight that would bring the next track in front."""

    dimension: str
    weight: float
    """What the weight is now."""
    needed: float
    """Where both tracks are equally near; a step beyond it they change places."""


class NextWins(NamedTuple):
    """What would have to change for the next track of a list to come before one."""

    name: str
    """What a person would call the next track."""
    change: Swap | None
    """None if no single weight can do it."""

    def into(self, language: str = DEFAULT) -> str:
        """A sentence in a language."""
        if self.change is None:
            return say("reason.never", language, name=self.name)
        dimension, weight, needed = self.change
        return say(
            "reason.above" if needed > weight else "reason.below",
            language,
            name=self.name,
            dimension=say(f"reason.{dimension}", language),
            needed=f"{needed:.3g}",
            now=f"{weight:.3g}",
        )


FARTHEST = 1000.0
"""No one multiplies a weight by more: that one dimension alone would decide (heuristic)."""
_SWITCHED_OFF = float(np.log(1e6))
"""What switching a dimension off counts as, in log factors: the last resort."""


def swap(
    first: np.ndarray,
    second: np.ndarray,
    query: np.ndarray,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling = RAW,
) -> Swap | None:
    """What would have to change for `second` (10,) to come before `first` (10,).

    Smallest means the smallest factor between old and new weight; a weight grows `FARTHEST` times
    at most. Only dimensions that take part are considered. None if no single weight can do it.
    """
    a, b, q = ((x - scaling.center) / scaling.sd for x in (first, second, query))
    best, smallest = None, np.inf
    for j in np.flatnonzero(importance):
        with np.errstate(all="ignore"):  # numbers of any size: what leaves float64 is no candidate
            candidates = metric.break_even(a, b, q, importance, int(j))
        for needed in candidates:
            if not 0 <= needed <= FARTHEST * importance[j]:
                continue
            factor = abs(np.log(needed / importance[j])) if needed > 0 else _SWITCHED_OFF
            beyond = _beyond(importance, int(j), needed)
            if factor < smallest and _overtakes(first, second, query, beyond, metric, scaling):
                best = Swap(MUSIC_FIELDS[j].name, float(importance[j]), float(needed))
                smallest = factor
    return best


def _beyond(importance: np.ndarray, j: int, needed: float) -> np.ndarray:
    """The weights a step beyond `needed` in dimension j."""
    beyond = importance.copy()
    beyond[j] = max(needed + (needed - importance[j]) * 1e-3, 0.0)
    return beyond


def _overtakes(
    first: np.ndarray,
    second: np.ndarray,
    query: np.ndarray,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling,
) -> bool:
    """Whether `second` is nearer than `first`."""
    if not importance.any():
        return False
    a, b = metric.distances(np.array([first, second]), query, importance, scaling)
    return bool(b < a)
