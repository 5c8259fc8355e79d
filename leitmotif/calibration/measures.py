"""How well answers agree with ratings: R², r, CCC, and the paired bootstrap that says what is
noise.

All functions take ratings and answers of the same shape (m,), without NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


def r_squared(rated: np.ndarray, answer: np.ndarray) -> float:
    """Share of the ratings' variance that the answers explain; negative if none."""
    return float(1 - np.square(rated - answer).sum() / np.square(rated - rated.mean()).sum())


def pearson(rated: np.ndarray, answer: np.ndarray) -> float:
    """Correlation; 0 for constant answers."""
    return (
        float(np.corrcoef(rated, answer)[0, 1])
        if answer.std() > 1e-9 * (1 + abs(answer.mean()))
        else 0.0
    )


def concordance(rated: np.ndarray, answer: np.ndarray) -> float:
    """Lin's (1989) concordance correlation: agreement in level and spread as well as in order."""
    covariance = np.mean((rated - rated.mean()) * (answer - answer.mean()))
    return float(
        2 * covariance / (rated.var() + answer.var() + (rated.mean() - answer.mean()) ** 2)
    )


class Gain(NamedTuple):
    """Difference in R² between two answers, with its 95 % interval."""

    value: float
    low: float
    high: float


def gain(
    rated: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    groups: np.ndarray,
    *,
    draws: int = 2000,
    seed: int = 0,
) -> Gain:
    """How much R² `after` adds to `before`, bootstrapped over groups.

    Groups are drawn whole, because windows of one clip are no independent witnesses; both answers
    meet the same draw. The variance to explain is that of all ratings, in every draw. With few
    groups the percentile interval is too narrow; it is widened as Student's interval is against the
    normal one (Hesterberg 2015).
    """
    from scipy.stats import t

    saved = np.square(rated - before) - np.square(rated - after)
    total = np.square(rated - rated.mean()).mean()
    _, which = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(which, saved), np.bincount(which)
    rows = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    drawn = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1) / total
    value, few = saved.mean() / total, len(sums) - 1
    wider = t.ppf(0.975, few) / 1.96 * np.sqrt(len(sums) / few)
    low, high = value + wider * (np.quantile(drawn, [0.025, 0.975]) - value)
    return Gain(float(value), float(low), float(high))
