"""Reasons: shares that add up, sentences that say what is so, and what would change the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.profiles import MUSIC_NAMES
from matcher.explain import FARTHEST, Difference, NextWins, Reason, contributions, reason, swap
from matcher.metric import COSINE, EUCLIDEAN, METRICS

ONES = np.ones(10)


def vector(**values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in MUSIC_NAMES])


def test_contributions_by_hand():
    found = contributions(vector(arousal=3, valence=4), np.zeros(10), ONES, EUCLIDEAN)
    assert found[8:].tolist() == pytest.approx([9 / 25, 16 / 25])
    assert found[:8].tolist() == [0] * 8


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize("size", [1e-170, 1e-60, 1, 1e60])
def test_contributions_add_up_even_where_squares_leave_float32(metric, size):
    rng = np.random.default_rng(0)
    found = contributions(rng.normal(size=10) * size, rng.normal(size=10), ONES, metric)
    assert found.sum() == pytest.approx(1)


def test_nothing_differs_when_nothing_does():
    assert contributions(ONES, ONES, ONES, EUCLIDEAN).tolist() == [0] * 10
    exact = reason(ONES, ONES, ONES, np.zeros(10), ONES)
    assert exact == Reason()
    assert (exact.into("en"), exact.into("zh")) == ("exactly what was asked", "完全符合要求")


def explained(values: np.ndarray, weights: np.ndarray) -> Reason:
    found = contributions(values, np.zeros(10), weights, EUCLIDEAN)
    return reason(values, np.zeros(10), weights, found, ONES)


def test_a_reason_names_near_and_far():
    values = vector(arousal=0.1, brightness=-1, warmth=0.5, rhythm_speed=2)
    found = explained(values, vector(arousal=1, brightness=3, warmth=0.1))
    assert found == Reason(("arousal",), (Difference("brightness", -1), Difference("warmth", 0.5)))
    assert found.into("en") == "close in arousal; darker and a little warmer than asked"
    assert found.into("zh") == "音乐唤醒度接近；比要求更暗、稍微更温暖"
    assert explained(values, vector(rhythm_speed=1)).into("en") == "much faster than asked"


def test_what_would_have_to_change_by_hand():
    first, second, query = vector(arousal=2, valence=1), vector(arousal=1, valence=3), np.zeros(10)
    change = swap(first, second, query, ONES, EUCLIDEAN)  # 4a + v against a + 9v: equal at v = 3a/8
    assert change.dimension == "arousal" or change.dimension == "valence"
    assert change.needed == pytest.approx(8 / 3 if change.dimension == "arousal" else 3 / 8)
    above = change.dimension == "arousal"
    assert NextWins("Dusk", change).into() == (
        f"Dusk would come before it with the weight of {change.dimension} "
        f"{'above 2.67' if above else 'below 0.375'} (now 1)"
    )
    assert NextWins("Dusk", change).into("zh").endswith("时，Dusk 会排到它前面")


def test_a_track_better_in_everything_cannot_be_overtaken():
    change = swap(
        vector(arousal=1, valence=1),
        vector(arousal=2, valence=2),
        np.zeros(10),
        vector(arousal=1, valence=1),
        EUCLIDEAN,
    )
    assert change is None
    assert NextWins("Dusk", change).into() == "no single weight would bring Dusk before it"


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(4122577)  # by cosine, both are equally near once one weight is infinite
def test_a_step_beyond_the_needed_weight_changes_the_order(metric, seed):
    rng = np.random.default_rng(seed)
    query, weights = rng.normal(size=10), rng.uniform(0.1, 2, 10)
    pair = rng.normal(size=(2, 10))
    pair = pair[np.argsort(metric.distances(pair, query, weights))]
    change = swap(*pair, query, weights, metric)
    if change is None:
        return
    j = MUSIC_NAMES.index(change.dimension)
    assert change.weight == weights[j]
    assert 0 <= change.needed <= FARTHEST * change.weight
    for step, nearer in ((1.01, 1), (0.9, 0)):  # beyond, and short of it
        tried = weights.copy()
        tried[j] = max(change.weight + (change.needed - change.weight) * step, 0)
        assert np.argmin(metric.distances(pair, query, tried)) == nearer


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-170, 1e100])
def test_numbers_of_any_size_have_a_change_or_none(size):
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second, query = rng.integers(-3, 4, (3, 10)) * size
        weights = 10 ** rng.uniform(-300, 99, 10)
        change = swap(first, second, query, weights, COSINE)
        assert change is None or np.isfinite(change.needed)
