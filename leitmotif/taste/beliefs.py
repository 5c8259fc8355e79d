"""A person's sliders, learned from which of the tracks they saw they took.

A track is worth u = −½ Σ w m (z − b)² to somebody who asks for q with importance w, where z is how
far it lies from q in the catalogue's standard deviations. m is how much more or less a dimension
matters to them than they say, b by how much they like it off what they ask. u is linear in m and
m·b, so a Bayesian linear regression learns both: of two tracks that were seen, the one that was
taken is worth one unit more, give or take `NOISE`. The prior is that people mean what they say
(m = 1, b = 0). Widths are heuristic; `benchmarks/results/taste.md` shows what they do.

The sum over comparisons does not depend on their order, and is made anew from the diary each time:
what is undone leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from data.profiles import MUSIC_NAMES

N = len(MUSIC_NAMES)
NOISE = 2.0
"""Standard deviation of a comparison, in units of u."""
MATTERS_SD, OFFSET_SD = 0.7, 0.7
"""Prior standard deviations of m and of m·b."""
LARGEST, FURTHEST = 5.0, 2.0
"""Where the learned sliders end: m, and b in standard deviations."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two tracks that were seen and how they lie to what was asked.

    taken, left : (10,) standard deviations from the request. importance : (10,) as asked.
    """

    taken: np.ndarray
    left: np.ndarray
    importance: np.ndarray


@dataclass(frozen=True, eq=False)
class Sliders:
    """matters : (10,), factor of the importance, 0 to 5. offset : (10,) standard deviations."""

    matters: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, coefficients: np.ndarray) -> Sliders:
        """From (20,) m and m·b."""
        matters = np.clip(coefficients[:N], 0.05, LARGEST)
        return cls(matters, np.clip(coefficients[N:] / matters, -FURTHEST, FURTHEST))

    def worth(self, z: np.ndarray, importance: np.ndarray) -> np.ndarray:
        """u of tracks (n, 10) at z standard deviations from a request, (n,) ≤ 0."""
        worth: np.ndarray = -0.5 * (importance * self.matters * (z - self.offset) ** 2).sum(axis=1)
        return worth


NEUTRAL = Sliders(np.ones(N), np.zeros(N))


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Posterior of (m, m·b): mean (20,), covariance (20, 20)."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, comparisons: Iterable[Comparison]) -> Beliefs:
        """What some comparisons say; the prior where there are none."""
        first = np.r_[np.ones(N), np.zeros(N)]
        precision = np.diag(np.r_[np.full(N, MATTERS_SD**-2), np.full(N, OFFSET_SD**-2)])
        pull = precision @ first
        for c in comparisons:
            x = (features(c.taken[None], c.importance) - features(c.left[None], c.importance))[0]
            # a far pair says no more than a near one: both are one choice
            x = x / max(1.0, float(np.linalg.norm(x)) / 3.0)
            precision += np.outer(x, x) / NOISE**2
            pull += x / NOISE**2
        covariance = np.linalg.inv(precision)
        return cls(covariance @ pull, (covariance + covariance.T) / 2)

    @property
    def sliders(self) -> Sliders:
        """The posterior mean."""
        return Sliders.of(self.mean)

    def sample(self, rng: np.random.Generator, count: int = 1) -> list[Sliders]:
        """Sliders as they might be (Thompson sampling)."""
        drawn = rng.multivariate_normal(self.mean, self.covariance, count, method="cholesky")
        return [Sliders.of(d) for d in drawn]


def features(z: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """(n, 20): what m and m·b are multiplied with."""
    return np.hstack([-0.5 * importance * z**2, importance * z])


def compare(
    z: np.ndarray, importance: np.ndarray, taken: Sequence[int], skipped: Sequence[int], seen: int
) -> Iterator[Comparison]:
    """What one list says, by the cascade: nothing of cards beyond the last that was seen.

    z : (k, 10) of the list. taken : places that were liked or chosen. skipped : places that were
    refused. seen : how many cards were seen from the top (Craswell et al., WSDM 2008).
    """
    shown = max([seen, *(p + 1 for p in (*taken, *skipped))])
    passed = [p for p in range(min(shown, len(z))) if p not in taken and p not in skipped]
    pairs = [(t, p) for t in taken for p in (*passed, *skipped)]
    pairs += [(p, s) for s in skipped for p in passed if not taken]
    for better, worse in pairs:
        yield Comparison(z[better], z[worse], importance)
