"""Fitting the summary model: a Gaussian process whose few variances are found by maximum
likelihood.

What the calibrated curve misses, in z, is a sum of independent parts: one that is linear in each
group of a window's numbers, one that is smooth in the closed form's z, one that belongs to the clip
(windows of a clip are no independent witnesses, and what only they share says nothing of other
clips), and noise. Each part's variance maximises the marginal likelihood (Rasmussen & Williams
2006, chapter 5) under a broad prior, so that a part the ratings know nothing of fades out by
itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from features.video.summary import CLOSED, SummaryModel, closeness

PART, NOISE, DOUBT = 0.03, 0.3, 1.5
"""Prior of the log variances: 3 % of what is to be explained for each part, 30 % for noise, with a
standard deviation of 1.5 (heuristic: of six settings the best at 20 windows and within 0.002 of R²
of the best at 50 and 200, over eight rules of simulated raters of which two cannot be seen in the
picture).
"""
REACH = 5.0
"""How far a log variance may go from its prior (heuristic)."""
ENDS = 0.02
"""Ratings within this share of the end of their range count as that far, lest their z become
infinite (heuristic).
"""
MOST = 400
"""Windows from which variances are found, drawn if there are more; the fit itself takes all of them
(heuristic).
"""


class Fitted(NamedTuple):
    model: SummaryModel
    left_out: np.ndarray
    """Residuals (n, 11) of the windows learned from, each by what the other clips teach."""


def fit(
    numbers: np.ndarray, parts: list[slice], base: np.ndarray, share: np.ndarray, groups: np.ndarray
) -> Fitted:
    """Fit all fields that are rated.

    numbers (n, d) : of the windows, in groups `parts`; base (n, 11) : calibrated curve in z;
    share (n, 11) : ratings as shares of their range, NaN where there are none; groups (n,) : of the
    clips.
    """
    spread = numbers.std(axis=0)
    count, width = share.shape[1], numbers.shape[1]
    model = SummaryModel(
        numbers.mean(axis=0),
        np.where(spread > 1e-6, spread, np.inf),
        np.zeros((count, width)),
        np.zeros((len(numbers), CLOSED.stop)),
        np.zeros((count, len(numbers))),
    )
    scores = model.scores(numbers)
    model.known[:] = scores[:, CLOSED]
    kernels = _kernels(scores, parts, groups)
    rated, answers = np.isfinite(share), np.full(share.shape, np.nan)
    for i in np.flatnonzero(rated.any(axis=0)):
        rows = np.flatnonzero(rated[:, i])
        solved = _solve(
            kernels[:, rows[:, None], rows], base[rows, i], share[rows, i], groups[rows]
        )
        variances, weight, answers[rows, i] = solved
        for variance, part in zip(variances, parts, strict=False):
            model.slopes[i, part] = (
                variance / _varying(scores[:, part]) * (scores[rows, part].T @ weight)
            )
        model.pull[i, rows] = variances[len(parts)] * weight
    return Fitted(model, np.where(np.isnan(answers), model.residual(numbers), answers))


def _kernels(scores: np.ndarray, parts: list[slice], groups: np.ndarray) -> np.ndarray:
    """(parts + 2, n, n): linear in each group of numbers, smooth in the closed form, and the clip's
    own.
    """
    linear = [scores[:, part] @ scores[:, part].T / _varying(scores[:, part]) for part in parts]
    return np.array(
        [*linear, closeness(scores[:, CLOSED], scores[:, CLOSED]), groups[:, None] == groups],
        dtype=float,
    )


def _varying(scores: np.ndarray) -> int:
    return max(int(scores.any(axis=0).sum()), 1)


def _solve(
    kernels: np.ndarray, base: np.ndarray, share: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One field: variances of the parts, windows' weights, and each window's left-out answer."""
    missed = ndtri(np.clip(share, ENDS, 1 - ENDS)) - base
    noise = _noise(base, share)
    draw = np.sort(np.random.default_rng(0).permutation(len(missed))[:MOST])
    variances, level = _variances(kernels[:, draw[:, None], draw], missed[draw], noise[draw])
    covariance = np.tensordot(variances, kernels, axes=1) + np.diag(level * noise)
    inverse = cho_solve(cho_factor(covariance), np.eye(len(missed)))
    weight = inverse @ missed
    left_out = np.empty_like(missed)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        left_out[rows] = missed[rows] - np.linalg.solve(inverse[np.ix_(rows, rows)], weight[rows])
    return variances, weight, left_out


def _noise(base: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Relative noise variance of each rating in z: one point of share is more z near the ends of
    the range.
    """
    middle = ndtri(np.clip((share + ndtr(base)) / 2, ENDS, 1 - ENDS))
    slope = np.exp(-0.5 * middle**2)
    return (slope.mean() / slope) ** 2


def _variances(
    kernels: np.ndarray, missed: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, float]:
    """Variance of each part, and of the noise, at the maximum of likelihood and prior."""
    prior = np.log(np.r_[np.full(len(kernels), PART), NOISE] * (missed.var() + 1e-6))

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        covariance = np.tensordot(np.exp(logs[:-1]), kernels, axes=1) + np.diag(
            np.exp(logs[-1]) * noise
        )
        factor = cho_factor(covariance, lower=True)
        inverse = cho_solve(factor, np.eye(len(missed)))
        weight = inverse @ missed
        slope = np.outer(weight, weight) - inverse
        gradient = np.append(np.tensordot(kernels, slope, axes=2), np.diag(slope) @ noise)
        off = (logs - prior) / DOUBT
        value = 0.5 * missed @ weight + np.log(np.diag(factor[0])).sum() + 0.5 * off @ off
        return value, -0.5 * np.exp(logs) * gradient + off / DOUBT

    bounds = np.stack([prior - REACH, prior + REACH], axis=1)  # a covariance that can be factored
    found = minimize(
        loss, prior, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
    ).x
    return np.exp(found[:-1]), float(np.exp(found[-1]))
