"""Everything the network has to beat, each fitted on pairs and predicting (n, 10) music.

A predictor leaves NaN where it says nothing of an output; that output is then not compared.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

import numpy as np

from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS
from recommender import prior
from recommender.forward import Forward
from recommender.linear import choose_penalty, fit_ridge, fit_scaler, standardise, targets
from recommender.tasks import VA_INPUTS, VA_OUTPUTS
from recommender.units import from_units

Predict = Callable[[Pairs], np.ndarray]
"""Pairs (their pictures alone are looked at) to (n, 10) music in field units."""

NEIGHBOURS = 25
COMPONENTS = 3
"""Heuristic: k of k-NN and the components of PLS and CCA were not tuned."""


def mean_profile(train: Pairs) -> Predict:
    """The same average music for every picture."""
    mean = np.where(
        np.isfinite(train.music).any(0),
        from_units(fit_scaler(train).out_mean, MUSIC_FIELDS),
        np.nan,
    )
    return lambda pairs: np.tile(mean, (len(pairs), 1))


def va_only(train: Pairs | None = None) -> Predict:
    """Musical arousal and valence equal to the picture's; nothing is said of the rest."""

    def predict(pairs: Pairs) -> np.ndarray:
        music = np.full(pairs.music.shape, np.nan)
        music[:, VA_OUTPUTS] = pairs.video[:, VA_INPUTS]
        return music

    return predict


def linear_prior(train: Pairs | None = None) -> Predict:
    """`recommender.prior`, which learned from nothing."""
    return lambda pairs: prior.forward(pairs.video, pairs.video_confidence)[0]


def ridge(train: Pairs) -> Predict:
    """Ridge regression, its penalty chosen by cross-validation over the training sources."""
    return measured_only(train, fit_ridge(train).forward)


def ridge_around_prior(train: Pairs) -> Predict:
    """Ridge regression pulled towards the prior's coefficients instead of towards zero."""
    model = fit_ridge(train, prior=prior.matrix())
    return lambda pairs: model.forward(pairs.video, pairs.video_confidence)[0]


def nearest_neighbours(train: Pairs, k: int = NEIGHBOURS) -> Predict:
    """Mean music of the k scenes with the most similar pictures."""
    from sklearn.neighbors import NearestNeighbors

    scaler = fit_scaler(train)
    y, weight = targets(train, scaler)
    index = NearestNeighbors(n_neighbors=min(k, len(train))).fit(
        standardise(train.video, train.video_confidence, scaler)
    )

    def forward(values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        near = index.kneighbors(standardise(values, confidence, scaler), return_distance=False)
        total = weight[near].sum(1)
        mean = (weight[near] * y[near]).sum(1) / np.maximum(total, 1e-9)
        return from_units(scaler.out_mean + scaler.out_scale * mean, MUSIC_FIELDS), total

    return measured_only(train, forward)


def partial_least_squares(train: Pairs, components: int = COMPONENTS) -> Predict:
    """PLS regression on complete standardised rows (unmeasured cells count as the mean)."""
    from sklearn.cross_decomposition import PLSRegression

    return _on_complete_rows(
        train,
        lambda x, y: (
            PLSRegression(min(components, x.shape[1], y.shape[1]), scale=False).fit(x, y).predict
        ),
    )


def canonical_correlation(train: Pairs, components: int = COMPONENTS) -> Predict:
    """Regression of the music on the picture's canonical variates, on complete standardised rows.

    Over few scenes plain CCA finds high correlations in anything, so both sides are
    ridge-regularised (Vinod 1976, *J. Econometrics* 4) by the penalty that ridge regression chooses
    for these pairs.
    """
    from sklearn.cross_decomposition import CCA
    from sklearn.linear_model import LinearRegression

    penalty = choose_penalty(train, None, None)

    def fit(x: np.ndarray, y: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        variates = CCA(min(components, x.shape[1], y.shape[1]), scale=False, max_iter=5000)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # directions of equal correlation turn for ever, and any of them will do
            variates.fit(*_penalised(x, y, penalty))
        regression = LinearRegression().fit(variates.transform(x), y)
        return lambda pictures: regression.predict(variates.transform(pictures))

    return _on_complete_rows(train, fit)


def _penalised(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Both with rows added that put `penalty` on each side's sum of squares and nothing on what
    they share.
    """
    added = [
        np.sqrt(penalty / 2) * np.vstack([np.eye(n), -np.eye(n)]) for n in (x.shape[1], y.shape[1])
    ]
    still = [np.zeros((len(added[1]), x.shape[1])), np.zeros((len(added[0]), y.shape[1]))]
    return np.vstack([x, added[0], still[0]]), np.vstack([y, still[1], added[1]])


def _on_complete_rows(
    train: Pairs, fit: Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
) -> Predict:
    """For methods that know no masks: standardised columns that were measured at all, unmeasured
    cells at their mean.

    fit : pictures (n, ≤ 11) and music (n, ≤ 10) to a function of pictures.
    """
    scaler = fit_scaler(train)
    inputs, outputs = np.isfinite(train.video).any(0), np.isfinite(train.music).any(0)
    y, _ = targets(train, scaler)
    predict = fit(
        standardise(train.video, train.video_confidence, scaler)[:, inputs], y[:, outputs]
    )

    def forward(values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        music = np.zeros((len(values), len(MUSIC_FIELDS)))
        music[:, outputs] = predict(standardise(values, confidence, scaler)[:, inputs]).reshape(
            len(values), -1
        )
        return from_units(scaler.out_mean + scaler.out_scale * music, MUSIC_FIELDS), music

    return measured_only(train, forward)


BASELINES: Mapping[str, Callable[[Pairs], Predict]] = {
    "mean profile": mean_profile,
    "VA only": va_only,
    "linear prior": linear_prior,
    "ridge, unstretched": ridge,
    "ridge": ridge,
    "ridge around prior": ridge_around_prior,
    "k-NN": nearest_neighbours,
    "PLS": partial_least_squares,
    "CCA": canonical_correlation,
}
"""In the order of the table. The network comes last, from `recommender.fit_network`."""
UNSTRETCHED = ("mean profile", "VA only", "linear prior", "ridge, unstretched")
"""Predictors whose query is the prediction itself, see `recommender.stretch`."""


def measured_only(train: Pairs, forward: Forward) -> Predict:
    """NaN for outputs that no training pair measured."""
    measured = np.isfinite(train.music).any(0)
    return lambda pairs: np.where(measured, forward(pairs.video, pairs.video_confidence)[0], np.nan)
