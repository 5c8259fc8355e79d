"""The summary model: which numbers of a window it reads, and how it answers."""

from __future__ import annotations

import numpy as np
import pytest

from features.video.summary import CLOSED, REACH, SummaryModel, closeness, kinds, summarise

Z = np.linspace(-1, 1, 11)


def test_the_numbers_of_a_window_by_hand():
    """Two signals and one component of the embedding: one signal rises, one is seen in two tokens
    only."""
    tokens = np.array([[-1.0, 0, 2], [-1 / 3, 4, 2], [1 / 3, 2, 2], [1, 0, 2]], dtype=np.float32)
    seen = np.array([[1, 0, 1], [1, 1, 1], [1, 1, 1], [1, 0, 1]], dtype=bool)
    numbers = summarise(Z, tokens, seen, signals=2)
    closed, mean, spread, trend, embedding = (numbers[part] for part in kinds(2, len(numbers)))
    assert np.array_equal(closed, Z)
    assert np.allclose(mean, [0, 3])
    assert np.allclose(spread, [np.sqrt(5) / 3, 1])
    assert np.allclose(trend, [3 * (5 / 9), 3 * (1 * -1 / 3 - 1 / 3) / 2])
    assert np.allclose(embedding, [2])


def test_time_reversed_is_the_opposite_trend_and_nothing_else():
    rng = np.random.default_rng(0)
    tokens, seen = rng.normal(size=(12, 5)), rng.random((12, 5)) < 0.8
    forth, back = summarise(Z, tokens, seen, 4), summarise(Z, tokens[::-1], seen[::-1], 4)
    trend = kinds(4, len(forth))[3]
    assert np.allclose(forth[trend], -back[trend]) and np.abs(forth[trend]).min() > 0
    assert np.allclose(np.delete(forth, trend), np.delete(back, trend))


def test_one_token_and_a_missing_signal_have_neither_spread_nor_trend():
    numbers = summarise(Z, np.array([[2.0, 5.0]]), np.array([[True, False]]), signals=2)
    _, mean, spread, trend = (numbers[part] for part in kinds(2, len(numbers)))
    assert mean.tolist() == [2, 0] and not spread.any() and not trend.any()


def test_without_an_embedding_there_are_four_kinds():
    assert [part.stop - part.start for part in kinds(7, 11 + 21)] == [11, 7, 7, 7]
    assert [part.stop - part.start for part in kinds(7, 11 + 21 + 8)] == [11, 7, 7, 7, 8]


def model(numbers: int = 14, windows: int = 3) -> SummaryModel:
    rng = np.random.default_rng(1)
    arrays = (
        rng.normal(size=numbers),
        rng.uniform(0.5, 1, numbers),
        rng.normal(size=(11, numbers)),
        rng.normal(size=(windows, 11)),
    )
    return SummaryModel(*arrays, rng.normal(size=(11, windows)))


def test_an_answer_is_a_line_and_what_close_windows_pull():
    m, numbers = model(), np.random.default_rng(2).normal(size=14)
    scores = (numbers - m.centre) / m.sd
    assert np.abs(scores).max() < REACH
    near = np.exp(-0.5 * np.square(scores[CLOSED] - m.known).mean(axis=1))
    assert np.allclose(m.residual(numbers[None])[0], m.slopes @ scores + m.pull @ near)


def test_far_away_the_answer_stays_what_it_was_at_the_edge():
    m = model()
    assert np.array_equal(m.residual(m.centre[None] + 1e3), m.residual(m.centre[None] + 1e6))


def test_closeness_is_one_at_the_same_place_and_falls_with_distance():
    a = np.random.default_rng(3).normal(size=(5, 4))
    k = closeness(a, a)
    assert (
        np.allclose(np.diag(k), 1) and np.allclose(k, k.T) and (np.linalg.eigvalsh(k) > -1e-9).all()
    )
    assert closeness(np.zeros((1, 4)), np.ones((1, 4)))[0, 0] == pytest.approx(np.exp(-0.5))


def test_arrays_and_back_and_arrays_that_do_not_fit():
    m = model()
    assert np.array_equal(
        SummaryModel.from_arrays(m.arrays()).residual(m.centre[None]), m.residual(m.centre[None])
    )
    with pytest.raises(ValueError, match="do not fit"):
        SummaryModel.from_arrays(m.arrays() | {"pull": np.zeros((11, 9))})
    with pytest.raises(KeyError):
        SummaryModel.from_arrays({"centre": m.centre})
