"""Scores against hand-worked numbers, the bootstrap against its promises, curves known before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from leitmotif.calibration import fit, measures


def test_scores_by_hand():
    rated, answer = np.array([1.0, 2, 3, 4]), np.array([2.0, 2, 4, 4])
    assert measures.r_squared(rated, answer) == pytest.approx(1 - 2 / 5)
    assert measures.pearson(rated, answer) == pytest.approx(4 / np.sqrt(5 * 4))
    assert measures.concordance(rated, answer) == pytest.approx(2 * 1 / (1.25 + 1 + 0.25))


def test_a_constant_answer_scores_nothing():
    rated = np.array([1.0, 2, 3])
    assert measures.r_squared(rated, np.full(3, 2.0)) == 0
    assert measures.pearson(rated, np.full(3, 7.0)) == 0
    assert measures.concordance(rated, np.full(3, 7.0)) == 0


def test_concordance_punishes_level_and_spread():
    rated = np.linspace(0, 1, 50)
    assert measures.concordance(rated, rated) == pytest.approx(1)
    assert measures.concordance(rated, rated + 1) < measures.concordance(rated, 2 * rated - 0.5) < 1


def test_the_interval_of_no_gain_holds_zero_as_often_as_it_says():
    """Answers of equal worth, 12 clips of 4 windows: about 5 % of 95 % intervals exclude zero."""
    rng, false = np.random.default_rng(0), 0
    groups = np.repeat(np.arange(12), 4)
    for _ in range(400):
        rated = rng.normal(size=12)[groups] + rng.normal(size=48)
        before, after = (
            rated + rng.normal(size=12)[groups] + rng.normal(size=48) for _ in range(2)
        )
        found = measures.gain(rated, before, after, groups, draws=400)
        false += not found.low <= 0 <= found.high
    assert false / 400 < 0.075


def test_windows_of_one_clip_are_no_independent_witnesses():
    rng = np.random.default_rng(1)
    saved = np.repeat(rng.normal(0.3, 1, 10), 12)
    rated = rng.normal(size=120)
    before = rated + np.sqrt(5 + saved)
    grouped = measures.gain(rated, before, rated + np.sqrt(5.0), np.repeat(np.arange(10), 12))
    separate = measures.gain(rated, before, rated + np.sqrt(5.0), np.arange(120))
    assert grouped.value == separate.value
    assert grouped.high - grouped.low > 2 * (separate.high - separate.low)


def test_the_affine_curve_is_found_through_noise():
    rng = np.random.default_rng(0)
    z = rng.normal(size=2000)
    share = np.clip(ndtr(0.4 + 0.6 * z) + rng.normal(0, 0.05, 2000), 0, 1)
    grid, bent = fit.affine(z, share)
    assert np.allclose(bent, 0.4 + 0.6 * grid, atol=0.06)


def test_ratings_that_run_against_the_closed_form_give_a_level_curve():
    z = np.linspace(-2, 2, 60)
    _, bent = fit.affine(z, ndtr(0.3 - z))
    assert np.ptp(bent) < 1e-3


def test_the_isotonic_curve_rises_and_finds_a_step():
    z = np.linspace(-2.5, 2.5, 400)
    _, bent = fit.isotonic(z, np.where(z > 0.5, 0.9, 0.2))
    assert (np.diff(bent) >= 0).all()
    assert np.allclose(ndtr(bent[[0, -1]]), [0.2, 0.9])


def test_few_ratings_get_an_affine_curve():
    rng = np.random.default_rng(0)
    z = rng.normal(size=fit.ISOTONIC_FROM)
    share = np.clip(ndtr(z) + rng.normal(0, 0.1, len(z)), 0, 1)
    straight = lambda curve: np.allclose(np.diff(curve[1], 2), 0, atol=1e-9)  # noqa: E731
    assert straight(fit.curve(z[:-1], share[:-1]))
    assert not straight(fit.curve(z, share))
