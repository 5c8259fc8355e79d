"""Five tracks, one of them a try: what is shown, and how likely it was.

Whoever looks at a list takes the best of it. So four places go to the tracks among which the best
one is worth most, on average over what the sliders may be; to those nearest to what was asked as
long as too little was learned. One place goes to a track that would be best if the sliders were a
little different, as their uncertainty allows (Thompson sampling; Thompson 1933), now and then to
any of the candidates. The probability of the list is that of its try; it is logged from the first
list on, so that other ways to choose can be judged on what was shown (`leitmotif.taste.offpolicy`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from leitmotif.taste.beliefs import NEUTRAL, Beliefs, N, Sliders, features

CANDIDATES = 20
"""Tracks behind the best that a try may be."""
_SAMPLES = 64
"""Draws by which the probability of a try is estimated."""
_ANY = 0.1
"""Share of the tries that any candidate may be: no probability is below a two-hundredth."""
_AVERAGED, _HEDGED = 128, 50
"""Draws of the sliders that a list is good for, and tracks that it is chosen from."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A list and how it came about.

    rows : of the tracks, in order. attempt : place of the try in them, None without one.
    candidates : rows that could have been the try. probabilities : (candidates,) of each.
    """

    rows: tuple[int, ...]
    attempt: int | None
    candidates: tuple[int, ...] = ()
    probabilities: tuple[float, ...] = ()

    @property
    def probability(self) -> float:
        """How likely this list was."""
        if self.attempt is None:
            return 1.0
        return self.probabilities[self.candidates.index(self.rows[self.attempt])]


def propose(
    beliefs: Beliefs,
    z: np.ndarray,
    importance: np.ndarray,
    k: int = 5,
    rng: np.random.Generator | None = None,
    tries: bool = True,
    costs: np.ndarray | None = None,
) -> Shown:
    """The list for a request.

    z : (N, 10), the tracks that may be answered, in standard deviations from what was asked.
    importance : (10,) as asked. tries : one of the places is a try, where there are tracks enough.
    costs : (N,) what else a squared distance holds, which no slider changes.
    """
    rng = rng or np.random.default_rng()
    other = np.zeros(len(z)) if costs is None else -0.5 * costs
    worth = beliefs.sliders.worth(z, importance) + other
    order = np.lexsort((np.arange(len(z)), -worth))
    if not tries or k < 2 or len(z) <= k:
        return Shown(tuple(best(beliefs, z, importance, other, k).tolist()), None)
    rows = best(beliefs, z, importance, other, k - 1)
    candidates = order[~np.isin(order, rows)][:CANDIDATES]
    drawn = [
        int(np.argmax(sliders.worth(z[candidates], importance) + other[candidates]))
        for sliders in beliefs.sample(rng, _SAMPLES)
    ]
    share = np.bincount(drawn, minlength=len(candidates)) / _SAMPLES
    chances = (1 - _ANY) * share + _ANY / len(candidates)
    pick = int(rng.choice(len(candidates), p=chances / chances.sum()))
    place = int(rng.integers(1, k))  # never the first
    listed = rows.tolist()
    listed.insert(place, int(candidates[pick]))
    return Shown(tuple(listed), place, tuple(candidates.tolist()), tuple(chances.tolist()))


def best(
    beliefs: Beliefs, z: np.ndarray, importance: np.ndarray, other: np.ndarray, k: int
) -> np.ndarray:
    """The k rows whose best one is worth most on average, the likeliest first.

    z, importance : as for `propose`. other : (N,) what else a track is worth. Chosen one after the
    other, which is at most 1/e short of the best such list (Nemhauser, Wolsey & Fisher 1978).
    As long as what was learned is not `sure`, the nearest.
    """
    asked = NEUTRAL.worth(z, importance) + other
    if not beliefs.sure:
        return np.lexsort((np.arange(len(z)), -asked))[:k]
    worth = beliefs.sliders.worth(z, importance) + other
    near = np.unique(np.r_[np.argsort(-asked)[:_HEDGED], np.argsort(-worth)[:_HEDGED]])
    each = np.vstack([asked[near], _worths(beliefs, z[near], importance) + other[near]])
    doubt = 1 / (1 + math.exp(min(beliefs.odds, 700.0)))  # that they mean just what they say
    likely = np.r_[doubt, np.full(_AVERAGED, (1 - doubt) / _AVERAGED)]
    got, kept = np.full(len(each), -np.inf), list[int]()
    for _ in range(min(k, len(near))):
        gain = likely @ np.maximum(each, got[:, None]) + 1e-6 * worth[near]
        gain[kept] = -np.inf
        kept.append(int(gain.argmax()))
        got = np.maximum(got, each[:, kept[-1]])
    rows = near[kept]
    return rows[np.argsort(-worth[rows], kind="stable")]


def _worths(beliefs: Beliefs, z: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """Of tracks (n, 10) by sliders as they might be, (draws, n); the same draws every time."""
    values, directions = np.linalg.eigh(beliefs.covariance)
    spread = directions * np.sqrt(np.maximum(values, 0.0))
    sliders = Sliders.of((beliefs.mean + _draws() @ spread.T).T)
    products = sliders.matters * sliders.offset
    liked = 0.5 * importance @ (products * sliders.offset)
    worths: np.ndarray = features(z, importance) @ np.vstack([sliders.matters, products]) - liked
    return worths.T


@cache
def _draws() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(_AVERAGED, 2 * N))
