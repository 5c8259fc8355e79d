"""A person's sliders, learned from which of the tracks they saw they took.

A track is worth u = −½ Σ w m (z − b)² to somebody who asks for q with importance w, where z is how
far it lies from q in the catalogue's standard deviations. m is how much more or less a dimension
matters to them than they say, b by how much they like it off what they ask. u is linear in m and
m·b. Of the tracks that were seen the one that was taken is the best by a conditional logit
(McFadden 1974), one that was refused the worst (Marley & Louviere 2005); the posterior is normal
(Laplace's approximation). The prior is that people mean what they say (m = 1, b = 0).

Somebody who does mean what they say would only lose by what ten choices seem to teach. So what was
learned is used once the choices are ten times as likely with it as without (a Bayes factor, over
priors of several widths). Widths are heuristic; `benchmarks/results/taste.md` shows what they do.

What was learned is made anew from the diary each time and does not depend on the order: what is
undone leaves no trace.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.profiles import MUSIC_NAMES

N = len(MUSIC_NAMES)
TEMPERATURE = 1.0
"""Differences of u below which a choice is mostly chance."""
WIDTHS = (0.2, 0.4, 0.7)
"""Standard deviations of m and of m·b that a prior may have; what is learned goes by the last."""
SURE = math.log(10.0)
"""Log Bayes factor from which evidence is strong (Jeffreys 1961)."""
LEAST, LARGEST, FURTHEST = 0.05, 5.0, 2.0
"""Where the learned sliders end: m, and b in standard deviations."""
_ROUNDS, _STILL = 50, 1e-9
"""Of Newton's method, and the fall of the loss below which it has arrived."""


@dataclass(frozen=True, eq=False)
class Choice:
    """One of several tracks that were seen.

    options : (n, 10) standard deviations from the request; the first is the one. importance : (10,)
    as asked. best : whether it was taken as the best of them, or refused as the worst.
    """

    options: np.ndarray
    importance: np.ndarray
    best: bool = True


@dataclass(frozen=True, eq=False)
class Sliders:
    """matters : (10,), factor of the importance, 0 to 5. offset : (10,) standard deviations."""

    matters: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, coefficients: np.ndarray) -> Sliders:
        """From (20,) m and m·b."""
        matters = np.clip(coefficients[:N], LEAST, LARGEST)
        return cls(matters, np.clip(coefficients[N:] / matters, -FURTHEST, FURTHEST))

    def worth(self, z: np.ndarray, importance: np.ndarray) -> np.ndarray:
        """u of tracks (n, 10) at z standard deviations from a request, (n,) ≤ 0."""
        worth: np.ndarray = -0.5 * (importance * self.matters * (z - self.offset) ** 2).sum(axis=1)
        return worth


NEUTRAL = Sliders(np.ones(N), np.zeros(N))
FREE = Sliders(np.full(N, np.nan), np.full(N, np.nan))
"""Of sliders that nobody set by hand."""


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Posterior of (m, m·b): mean (20,), covariance (20, 20).

    odds : log of how much likelier the choices are with learned sliders than without; infinite
        where sliders were set by hand.
    """

    mean: np.ndarray
    covariance: np.ndarray
    odds: float = 0.0

    @classmethod
    def of(cls, choices: Iterable[Choice], by_hand: Sliders = FREE) -> Beliefs:
        """What some choices say; the prior where there are none.

        by_hand : sliders that a person set themselves, NaN elsewhere; they stay where they are.
        """
        known = [_evidence(c) for c in choices]
        fits = [_fit(known, width) for width in WIDTHS]
        without = -_missed(known, _FIRST)
        with_them = np.logaddexp.reduce([f.evidence for f in fits]) - math.log(len(fits))
        by_any = np.isfinite([by_hand.matters, by_hand.offset]).any()
        covariance = np.linalg.inv(fits[-1].precision)
        mean, covariance = _held(fits[-1].mean, (covariance + covariance.T) / 2, by_hand)
        return cls(mean, covariance, math.inf if by_any else float(with_them - without))

    @property
    def sure(self) -> bool:
        """Whether what was learned is enough to go by."""
        return self.odds >= SURE

    @property
    def sliders(self) -> Sliders:
        """The posterior mean."""
        return Sliders.of(self.mean)

    def sample(self, rng: np.random.Generator, count: int = 1) -> list[Sliders]:
        """Sliders as they might be (Thompson sampling)."""
        drawn = rng.multivariate_normal(self.mean, self.covariance, count, method="eigh")
        return [Sliders.of(d) for d in drawn]


def features(z: np.ndarray, importance: np.ndarray) -> np.ndarray:
    """(n, 20): what m and m·b are multiplied with."""
    return np.hstack([-0.5 * importance * z**2, importance * z])


def _evidence(choice: Choice) -> np.ndarray:
    """(n, 20) whose first row is the likeliest, the higher its product with the sliders."""
    seen = features(choice.options, choice.importance) / TEMPERATURE
    return seen if choice.best else -seen


_FIRST = np.r_[np.ones(N), np.zeros(N)]


class _Fit(NamedTuple):
    """mean : (20,), where the posterior is highest. precision : (20, 20) there. evidence : log of
    how likely the choices are, by Laplace's approximation.
    """

    mean: np.ndarray
    precision: np.ndarray
    evidence: float


def _missed(known: Sequence[np.ndarray], at: np.ndarray) -> float:
    """−log of how likely all choices are with sliders (20,)."""
    heights = (x @ at for x in known)
    return sum(float(np.logaddexp.reduce(u) - u[0]) for u in heights)


def _fit(known: Sequence[np.ndarray], width: float) -> _Fit:
    """The posterior with a prior of a width, by Newton's method."""
    prior = np.full(2 * N, width**-2)

    def loss(at: np.ndarray) -> float:
        return _missed(known, at) + 0.5 * float(prior @ np.square(at - _FIRST))

    at, last = _FIRST, loss(_FIRST)
    for _ in range(_ROUNDS):
        gradient, precision = prior * (_FIRST - at), np.diag(prior)
        for x in known:
            u = x @ at
            chance = np.exp(u - np.logaddexp.reduce(u))
            expected = chance @ x
            gradient = gradient + x[0] - expected
            precision = precision + (x.T * chance) @ x - np.outer(expected, expected)
        step = np.linalg.solve(precision, gradient)
        while (now := loss(at + step)) > last and np.abs(step).max() > _STILL:
            step = step / 2
        if last - now <= _STILL:
            break
        at, last = at + step, now
    volume = np.linalg.slogdet(precision)[1] - np.log(prior).sum()
    return _Fit(at, precision, float(-last - 0.5 * volume))


def _held(
    mean: np.ndarray, covariance: np.ndarray, by_hand: Sliders
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance given the sliders that are set by hand.

    Where b is set, m is what was learned of it, or set as well: m and m·b are both known then.
    """
    offset = np.isfinite(by_hand.offset)
    fixed = offset | np.isfinite(by_hand.matters)
    at = np.flatnonzero(np.r_[fixed, offset])
    if not len(at):
        return mean, covariance
    matters = np.where(np.isfinite(by_hand.matters), by_hand.matters, mean[:N])
    matters = np.clip(matters, LEAST, LARGEST)
    values = np.r_[matters, matters * by_hand.offset][at]
    pull = np.linalg.solve(covariance[np.ix_(at, at)], covariance[at]).T
    mean, covariance = mean + pull @ (values - mean[at]), covariance - pull @ covariance[at]
    mean[at], covariance[at], covariance[:, at] = values, 0.0, 0.0
    return mean, (covariance + covariance.T) / 2


def choices(
    z: np.ndarray, importance: np.ndarray, taken: Sequence[int], skipped: Sequence[int], seen: int
) -> Iterator[Choice]:
    """What one list says, by the cascade: nothing of cards beyond the last that was seen.

    z : (k, 10) of the list. taken : places that were liked or chosen. skipped : places that were
    refused. seen : how many cards were seen from the top (Craswell et al., WSDM 2008).
    """
    shown = max([seen, *(p + 1 for p in (*taken, *skipped))])
    passed = [p for p in range(min(shown, len(z))) if p not in taken and p not in skipped]
    for place in taken:
        if passed or skipped:
            yield Choice(z[[place, *passed, *skipped]], importance)
    for place in skipped:
        if passed and not taken:
            yield Choice(z[[place, *passed]], importance, best=False)
