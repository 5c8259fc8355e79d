"""Reasons: shares that add up, sentences that say what is so, and what would change the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.profiles import MUSIC_NAMES
from matcher.explain import FARTHEST, sentence, shares, swap, swap_sentence
from matcher.metric import RAW, distances

ONES = np.ones(10)


def vector(**values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in MUSIC_NAMES])


def test_shares_by_hand():
    share = shares(vector(arousal=3, valence=4), np.zeros(10), ONES, "euclidean")
    assert share[8:].tolist() == pytest.approx([9 / 25, 16 / 25])
    assert share[:8].tolist() == [0] * 8


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_shares_add_up_even_where_squares_leave_float32(metric):
    rng = np.random.default_rng(0)
    for size in (1e-60, 1, 1e60):
        assert shares(
            rng.normal(size=10) * size, rng.normal(size=10) * size, ONES, metric
        ).sum() == pytest.approx(1)


def test_nothing_differs_when_nothing_does():
    assert shares(ONES, ONES, ONES, "euclidean").tolist() == [0] * 10
    assert sentence(ONES, ONES, ONES, np.zeros(10), ONES) == "exactly what was asked"


def test_the_sentence_names_near_and_far():
    values, query = vector(arousal=0.1, brightness=-1, warmth=0.5, rhythm_speed=2), np.zeros(10)
    weights = vector(arousal=1, brightness=3, warmth=0.1)
    share = shares(values, query, weights, "euclidean")
    assert (
        sentence(values, query, weights, share, ONES)
        == "close in arousal; darker and a little warmer than asked"
    )
    weights = vector(rhythm_speed=1)
    assert (
        sentence(values, query, weights, shares(values, query, weights, "euclidean"), ONES)
        == "much faster than asked"
    )


def test_what_would_have_to_change_by_hand():
    first, second, query = vector(arousal=2, valence=1), vector(arousal=1, valence=3), np.zeros(10)
    change = swap(
        first, second, query, ONES, "euclidean"
    )  # 4a + v against a + 9v: equal at v = 3a/8
    assert change.dimension == "arousal" or change.dimension == "valence"
    assert change.needed == pytest.approx(8 / 3 if change.dimension == "arousal" else 3 / 8)
    text = swap_sentence(change, "Dusk")
    assert text.startswith("Dusk would come before it with the weight of ")


def test_a_track_better_in_everything_cannot_be_overtaken():
    change = swap(
        vector(arousal=1, valence=1),
        vector(arousal=2, valence=2),
        np.zeros(10),
        vector(arousal=1, valence=1),
        "euclidean",
    )
    assert change is None
    assert swap_sentence(change, "Dusk") == "no single weight would bring Dusk before it"


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(4122577)  # by cosine, both are equally near once one weight is infinite
def test_a_step_beyond_the_needed_weight_changes_the_order(metric, seed):
    rng = np.random.default_rng(seed)
    query, weights = rng.normal(size=10), rng.uniform(0.1, 2, 10)
    pair = rng.normal(size=(2, 10))
    pair = pair[np.argsort(distances(pair, query, weights, metric))]
    change = swap(*pair, query, weights, metric, RAW)
    if change is None:
        return
    j = MUSIC_NAMES.index(change.dimension)
    assert change.weight == weights[j]
    assert 0 <= change.needed <= FARTHEST * change.weight
    for step, nearer in ((1.01, 1), (0.9, 0)):  # beyond, and short of it
        tried = weights.copy()
        tried[j] = max(change.weight + (change.needed - change.weight) * step, 0)
        assert np.argmin(distances(pair, query, tried, metric)) == nearer
