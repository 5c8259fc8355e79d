"""Masked ridge regression from pictures to music: a baseline, and where the network starts.

Arithmetic is on standardised units (`recommender.units`). An input that was not measured counts as
its mean; an unmeasured target row is left out of that output's fit; confidence weighs both. With a
prior, coefficients are pulled towards it instead of towards zero, and an output or input that no
pair measured keeps the prior's coefficients exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from recommender.units import from_units, to_units

PENALTIES = tuple(float(p) for p in 10.0 ** np.arange(0, 5.5, 0.5))
UNIFORM_SD = 3**-0.5
"""Standard deviation in units of a percentile score: that of a uniform variable on [−1, 1]."""


@dataclass(frozen=True, eq=False)
class Linear:
    """y = matrix · x + bias, on standardised units.

    in_mean, in_scale : (11,) in units.
    out_mean, out_scale : (10,) in units.
    matrix : (10, 11), on standardised inputs and outputs.
    measured : (10,) whether any pair measured the output (or a prior stands in).
    """

    in_mean: np.ndarray
    in_scale: np.ndarray
    out_mean: np.ndarray
    out_scale: np.ndarray
    matrix: np.ndarray
    measured: np.ndarray

    def forward(self, values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 11) values and confidences to (n, 10) values and confidences; unmeasured outputs are
        neutral at confidence 0.
        """
        known = np.where(np.isfinite(values), confidence, 0.0)
        units = self.out_mean + self.out_scale * (
            standardise(values, confidence, self) @ self.matrix.T
        )
        size = np.abs(self.matrix)
        evidence = known @ size.T / np.maximum(size.sum(1), 1e-12)
        return from_units(np.where(self.measured, units, 0.0), MUSIC_FIELDS), np.where(
            self.measured, evidence, 0.0
        )


def standardise(values: np.ndarray, confidence: np.ndarray, scaler: Linear) -> np.ndarray:
    """(n, 11) field units to standardised units times confidence; 0 where not measured."""
    known = np.where(np.isfinite(values), confidence, 0.0)
    return known * np.nan_to_num(
        (to_units(values, VIDEO_FIELDS) - scaler.in_mean) / scaler.in_scale
    )


def fit_scaler(pairs: Pairs, prior: np.ndarray | None = None) -> Linear:
    """Means and spreads of the measured values, and the prior's matrix (or zeros).

    A field that no pair measured keeps its neutral middle and the standard deviation of a
    percentile score.
    """
    in_mean, in_scale = _moments(to_units(pairs.video, VIDEO_FIELDS))
    out_mean, out_scale = _moments(to_units(pairs.music, MUSIC_FIELDS))
    measured = np.isfinite(pairs.music).any(0)
    matrix = np.zeros((len(MUSIC_FIELDS), len(VIDEO_FIELDS)))
    if prior is not None:
        matrix, measured = prior * in_scale / out_scale[:, None], np.ones_like(measured)
    return Linear(in_mean, in_scale, out_mean, out_scale, matrix, measured)


def fit_ridge(
    pairs: Pairs,
    penalty: float | None = None,
    prior: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> Linear:
    """Ridge regression of the pairs.

    penalty : strength; None chooses it by five-fold cross-validation over sources.
    prior : (10, 11) coefficients in units to be pulled towards (zero if None).
    mask : (10, 11) True where a coefficient may differ from zero.
    """
    if penalty is None:
        penalty = choose_penalty(pairs, prior, mask)
    scaler = fit_scaler(pairs, prior)
    x = standardise(pairs.video, pairs.video_confidence, scaler)
    y, weight = targets(pairs, scaler)
    matrix = np.zeros_like(scaler.matrix)
    for j in range(len(matrix)):
        free = np.arange(len(VIDEO_FIELDS)) if mask is None else np.flatnonzero(mask[j])
        start, inputs, w = scaler.matrix[j, free], x[:, free], weight[:, j]
        left = inputs.T @ (w[:, None] * inputs) + penalty * np.eye(len(free))
        matrix[j, free] = start + np.linalg.solve(left, inputs.T @ (w * (y[:, j] - inputs @ start)))
    return replace(scaler, matrix=matrix)


def targets(pairs: Pairs, scaler: Linear) -> tuple[np.ndarray, np.ndarray]:
    """Standardised music (n, 10), 0 where not measured, and its weights (n, 10)."""
    y = (to_units(pairs.music, MUSIC_FIELDS) - scaler.out_mean) / scaler.out_scale
    return np.nan_to_num(y), np.where(np.isfinite(y), pairs.music_confidence, 0.0)


def choose_penalty(
    pairs: Pairs,
    prior: np.ndarray | None,
    mask: np.ndarray | None,
    penalties: Sequence[float] = PENALTIES,
) -> float:
    """The penalty of least squared error over five folds of sources; the strongest where there are
    too few sources.
    """
    groups = pairs.groups()
    folds = min(5, groups.max() + 1)
    if folds < 2:
        return max(penalties)
    error = np.zeros(len(penalties))
    for fold in range(folds):
        held = groups % folds == fold
        train, test = pairs.take(~held), pairs.take(held)
        for i, penalty in enumerate(penalties):
            model = fit_ridge(train, penalty, prior, mask)
            y, weight = targets(test, model)
            predicted = standardise(test.video, test.video_confidence, model) @ model.matrix.T
            error[i] += (weight * (predicted - y) ** 2).sum()
    return float(penalties[int(error.argmin())])


def _moments(units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(units)
    count = known.sum(0)
    mean = np.where(known, units, 0.0).sum(0) / np.maximum(count, 1)
    sd = np.sqrt((np.where(known, units - mean, 0.0) ** 2).sum(0) / np.maximum(count, 1))
    return np.where(count > 0, mean, 0.0), np.where((count > 1) & (sd > 1e-9), sd, UNIFORM_SD)
