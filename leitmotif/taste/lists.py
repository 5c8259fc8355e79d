"""Five tracks, one of them a try: what is shown, and how likely it was.

Four places go to what the learned sliders say is best. One goes to a track that would be best if
the sliders were a little different, as their uncertainty allows (Thompson sampling; Thompson 1933),
now and then to any of the candidates. The probability of the list is that of its try; it is logged
from the first list on, so that other ways to choose can be judged on what was shown
(`leitmotif.taste.offpolicy`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leitmotif.taste.beliefs import Beliefs

CANDIDATES = 20
"""Tracks behind the best that a try may be."""
_SAMPLES = 64
"""Draws by which the probability of a try is estimated."""
_ANY = 0.1
"""Share of the tries that any candidate may be: no probability is below a two-hundredth."""


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
    candidates = order[k - 1 : k - 1 + CANDIDATES]
    if not tries or k < 2 or len(candidates) < 2:
        return Shown(tuple(order[:k].tolist()), None)
    drawn = [
        int(np.argmax(sliders.worth(z[candidates], importance) + other[candidates]))
        for sliders in beliefs.sample(rng, _SAMPLES)
    ]
    share = np.bincount(drawn, minlength=len(candidates)) / _SAMPLES
    chances = (1 - _ANY) * share + _ANY / len(candidates)
    pick = int(rng.choice(len(candidates), p=chances / chances.sum()))
    place = int(rng.integers(1, k))  # never the first
    rows = order[: k - 1].tolist()
    rows.insert(place, int(candidates[pick]))
    return Shown(tuple(rows), place, tuple(candidates.tolist()), tuple(chances.tolist()))
