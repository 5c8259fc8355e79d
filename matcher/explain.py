"""Why a track matches: each dimension's share of the distance, and one sentence.

"Close" and "a little" are measured in the catalogue's standard deviations, so that they mean the
same on raw and on standard scale. The limits are ours: below a third of a deviation two tracks are
hard to tell apart in that dimension, beyond one and a half the difference is what one notices first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from data.profiles import MUSIC_FIELDS
from matcher.metric import RAW, Scaling, distances, parts

CLOSE, LITTLE, MUCH = 1 / 3, 0.75, 1.5

_MORE_LESS = {
    "richness": ("richer", "sparser"),
    "variation": ("more varied", "more even"),
    "rhythm": ("stronger in pulse", "looser in pulse"),
    "warmth": ("warmer", "cooler"),
    "harmony": ("more consonant", "rougher in harmony"),
    "brightness": ("brighter", "darker"),
    "melody_trend": ("more rising in melody", "more falling in melody"),
    "rhythm_speed": ("faster", "slower"),
    "arousal": ("more excited", "calmer"),
    "valence": ("more positive", "more negative"),
}


def shares(
    values: np.ndarray, query: np.ndarray, weights: np.ndarray, metric: str, scaling: Scaling = RAW
) -> np.ndarray:
    """Each dimension's share of the distance of `values` (10,) to `query` (10,); they add up to 1.

    Shares of d² for euclidean and of 1 − cos for cosine; all 0 where the distance is 0.
    """
    found = np.zeros(len(MUSIC_FIELDS))
    for j, part in parts(values[None], query, weights, metric, scaling):
        found[j] = part[0]
    peak = found.max()
    return found if peak == 0 else (found / peak) / (found / peak).sum()


def sentence(
    values: np.ndarray,
    query: np.ndarray,
    weights: np.ndarray,
    share: np.ndarray,
    spread: np.ndarray,
) -> str:
    """One sentence: where the track is close to what was asked, and how it differs.

    values, query, weights, share : (10,); spread : the catalogue's standard deviations (10,).
    """
    off = (values - query) / spread
    if not np.any(off[weights > 0]):
        return "exactly what was asked"
    near, far = near_and_far(off, weights, share)
    pieces = []
    if near:
        pieces.append("close in " + " and ".join(MUSIC_FIELDS[j].label.lower() for j in near))
    if far:
        pieces.append(
            " and ".join(_degree(off[j], MUSIC_FIELDS[j].name) for j in far) + " than asked"
        )
    return "; ".join(pieces)


def near_and_far(
    off: np.ndarray, weights: np.ndarray, share: np.ndarray
) -> tuple[list[int], list[int]]:
    """The dimensions worth naming: at most two that are close, and two that are not.

    off : (10,) track minus query in the catalogue's standard deviations.
    """
    asked = weights > 0
    near = [
        int(j) for j in np.lexsort((np.abs(off), -weights)) if asked[j] and abs(off[j]) < CLOSE
    ][:2]
    far = [int(j) for j in np.argsort(-share, kind="stable") if asked[j] and abs(off[j]) >= CLOSE][
        :2
    ]
    return near, far


def _degree(off: float, name: str) -> str:
    word = _MORE_LESS[name][0 if off > 0 else 1]
    size = abs(off)
    return ("a little " if size < LITTLE else "much " if size >= MUCH else "") + word


class Swap(NamedTuple):
    """The smallest change of one weight that would bring the next track in front."""

    dimension: str
    weight: float
    """What the weight is now."""
    needed: float
    """Where both tracks are equally near; a step beyond it they change places."""


FARTHEST = 1000.0
"""No one multiplies a weight by more: that one dimension alone would decide. Ours."""


def swap(
    first: np.ndarray,
    second: np.ndarray,
    query: np.ndarray,
    weights: np.ndarray,
    metric: str,
    scaling: Scaling = RAW,
) -> Swap | None:
    """What would have to change for `second` (10,) to come before `first` (10,); None if no single weight can.

    Smallest means the smallest factor between old and new weight; a weight grows `FARTHEST` times at
    most. Only dimensions that take part are considered.
    """
    best, smallest = None, np.inf
    for j in np.flatnonzero(weights):
        for needed in _break_even(first, second, query, weights, int(j), metric, scaling):
            factor = (
                abs(np.log(needed / weights[j])) if needed > 0 else np.log(1e6)
            )  # switching off is the last resort
            within = 0 <= needed <= FARTHEST * weights[j]
            if (
                within
                and factor < smallest
                and _overtakes(first, second, query, weights, int(j), needed, metric, scaling)
            ):
                best, smallest = (
                    Swap(MUSIC_FIELDS[j].name, float(weights[j]), float(needed)),
                    factor,
                )
    return best


def _break_even(
    first, second, query, weights, j: int, metric: str, scaling: Scaling
) -> list[float]:
    """Weights of dimension j at which both tracks are equally near."""
    a, b, q = ((x - scaling.center) / scaling.spread for x in (first, second, query))
    if metric == "euclidean":
        gain = (a[j] - q[j]) ** 2 - (b[j] - q[j]) ** 2
        return (
            [weights[j] + float(np.sum(weights * ((b - q) ** 2 - (a - q) ** 2))) / gain]
            if gain
            else []
        )
    others = weights * (np.arange(len(weights)) != j)
    dot_a, dot_b, length_a, length_b = (
        (others * x * y).sum() for x, y in ((a, q), (b, q), (a, a), (b, b))
    )
    # (dot_a + w q a)² (length_b + w b²) = (dot_b + w q b)² (length_a + w a²), a cubic in w
    left = np.polymul(np.polymul([q[j] * a[j], dot_a], [q[j] * a[j], dot_a]), [b[j] ** 2, length_b])
    right = np.polymul(
        np.polymul([q[j] * b[j], dot_b], [q[j] * b[j], dot_b]), [a[j] ** 2, length_a]
    )
    return [
        float(r.real)
        for r in np.roots(np.polysub(left, right))
        if abs(r.imag) < 1e-9 * max(abs(r.real), 1e-9)
    ]


def _overtakes(
    first, second, query, weights, j: int, needed: float, metric: str, scaling: Scaling
) -> bool:
    """Whether a step beyond `needed` really changes the order."""
    beyond = weights.copy()
    beyond[j] = needed + (needed - weights[j]) * 1e-3
    beyond[j] = max(beyond[j], 0.0)
    if not beyond.any():
        return False
    a, b = distances(np.array([first, second]), query, beyond, metric, scaling)
    return bool(b < a)


def swap_sentence(change: Swap | None, name: str) -> str:
    """`change` in words; `name` is the next track."""
    if change is None:
        return f"no single weight would bring {name} before it"
    label = next(f.label.lower() for f in MUSIC_FIELDS if f.name == change.dimension)
    side = "above" if change.needed > change.weight else "below"
    return f"{name} would come before it with the weight of {label} {side} {change.needed:.3g} (now {change.weight:.3g})"
