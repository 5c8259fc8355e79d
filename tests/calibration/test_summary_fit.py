"""The summary model finds what is linear, is judged on other clips, and is quiet about noise."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from features.video.summary import kinds
from leitmotif.calibration.summary import fit

SIGNALS, WIDTH = 6, 11 + 18
PARTS = kinds(SIGNALS, WIDTH)
GROUPS = np.repeat(np.arange(40), 4)


def windows(seed: int, count: int = 160) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, WIDTH))


def ratings(z: np.ndarray, field: int = 3) -> np.ndarray:
    share = np.full((len(z), 11), np.nan)
    share[:, field] = np.clip(ndtr(z), 0, 1)
    return share


def explained(truth: np.ndarray, answer: np.ndarray) -> float:
    return 1 - np.square(truth - answer).mean() / truth.var()


def test_a_trend_that_raters_follow_is_found():
    """A field without a closed form: half a signal's trend, noise of a fifth of its variance."""
    rule = lambda numbers: 0.5 * numbers[:, PARTS[3]][:, 2]  # noqa: E731
    numbers, fresh = windows(0), windows(1, 300)
    noise = np.random.default_rng(2).normal(0, 0.25, 160)
    model, left_out = fit(
        numbers, PARTS, np.zeros((160, 11)), ratings(rule(numbers) + noise), GROUPS
    )
    assert explained(rule(fresh), model.residual(fresh)[:, 3]) > 0.8
    assert explained(rule(numbers), left_out[:, 3]) > 0.7
    assert not np.delete(model.residual(fresh), 3, axis=1).any()  # fields that nobody rated


def test_what_bends_in_the_closed_form_is_found():
    rule = lambda numbers: 0.6 * np.tanh(2 * numbers[:, 0]) * (numbers[:, 1] > 0)  # noqa: E731
    numbers, fresh = windows(3, 400), windows(4, 400)
    model, _ = fit(numbers, PARTS, np.zeros((400, 11)), ratings(rule(numbers)), np.arange(400))
    straight = fit(
        numbers, PARTS, np.zeros((400, 11)), ratings(rule(numbers)), np.arange(400)
    ).model
    straight.pull[:] = 0
    assert explained(rule(fresh), model.residual(fresh)[:, 3]) > explained(
        rule(fresh), straight.residual(fresh)[:, 3]
    )


def test_left_out_answers_are_those_of_a_fit_without_the_clip():
    """With all windows' variances, leaving a clip out by formula is leaving it out."""
    from leitmotif.calibration import summary

    numbers, share = (
        windows(5),
        ratings(0.4 * windows(5)[:, 14] + np.random.default_rng(6).normal(0, 0.2, 160)),
    )
    whole = fit(numbers, PARTS, np.zeros((160, 11)), share, GROUPS)
    scores = whole.model.scores(numbers)
    kernels, noise = (
        summary._kernels(scores, PARTS, GROUPS),
        summary._noise(np.zeros(160), share[:, 3]),
    )
    from scipy.special import ndtri

    missed = ndtri(np.clip(share[:, 3], 0.02, 0.98))
    variances, level = summary._variances(kernels, missed, noise)
    k = np.tensordot(variances, kernels, axes=1)
    out = GROUPS == 7
    expected = k[out][:, ~out] @ np.linalg.solve(
        (k + np.diag(level * noise))[~out][:, ~out], missed[~out]
    )
    assert np.allclose(whole.left_out[out, 3], expected, atol=1e-8)


def test_noise_is_hardly_followed():
    numbers = windows(7)
    noise = np.random.default_rng(8).normal(0, 0.8, 160)
    model, _ = fit(numbers, PARTS, np.zeros((160, 11)), ratings(noise), GROUPS)
    assert model.residual(windows(9, 300))[:, 3].std() < 0.3 * noise.std()


def test_what_a_clip_has_of_its_own_is_not_taken_for_a_rule():
    """Sixteen windows of each of ten clips, rated by clip alone: nothing carries over to others."""
    groups = np.repeat(np.arange(10), 16)
    numbers = windows(10) * 0.1 + windows(11, 10)[groups]
    own = np.random.default_rng(12).normal(0, 0.7, 10)[groups]
    model, _ = fit(numbers, PARTS, np.zeros((160, 11)), ratings(own), groups)
    assert model.residual(windows(13, 300))[:, 3].std() < 0.6 * own.std()


def test_fields_are_fitted_to_the_windows_that_were_rated():
    numbers = windows(14)
    share = ratings(0.5 * numbers[:, 12])
    share[::2, 3] = np.nan
    half = fit(numbers, PARTS, np.zeros((160, 11)), share, GROUPS)
    assert not half.model.pull[3, ::2].any() and half.model.pull[3, 1::2].all()
    assert explained(0.5 * numbers[::2, 12], half.left_out[::2, 3]) > 0.7
