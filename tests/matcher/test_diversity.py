"""Re-ranking and sampling, where the right answer can be drawn on paper."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from data.errors import InputError
from matcher.diversity import check_diversity, far_apart, first_of_each, rerank, unlike
from matcher.metric import EUCLIDEAN, RAW, standard_scaling

ONES = np.ones(10)


def on_a_line(*places: float) -> np.ndarray:
    x = np.zeros((len(places), 10))
    x[:, 8] = places
    return x


def test_without_diversity_the_order_is_that_of_distance():
    x = on_a_line(1, 2, 3, 4)
    assert rerank(x, np.array([1.0, 2, 3, 4]), 3, 0.0, ONES, EUCLIDEAN, RAW).tolist() == [0, 1, 2]


def test_a_near_copy_gives_way_to_something_else():
    x = on_a_line(1.0, 1.01, 1.02, -1.3, 5)
    found = np.abs(x[:, 8])
    assert rerank(x, found, 3, 0.3, ONES, EUCLIDEAN, RAW).tolist() == [0, 3, 1]


def test_every_step_minimises_the_stated_score():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 10))
    found = EUCLIDEAN.distances(x, np.zeros(10), ONES)
    order = np.argsort(found)
    x, found = x[order], found[order]
    chosen = rerank(x, found, 8, 0.4, ONES, EUCLIDEAN, RAW).tolist()
    assert chosen[0] == 0
    for step in range(1, 8):
        score = [
            0.6 * found[i] - 0.4 * min(np.linalg.norm(x[i] - x[c]) for c in chosen[:step])
            for i in range(40)
        ]
        open_ = [i for i in range(40) if i not in chosen[:step]]
        assert score[chosen[step]] == pytest.approx(min(score[i] for i in open_))


def test_copies_share_one_place():
    assert first_of_each(["a", "b", "a", "", "", "b"]).tolist() == [0, 1, 3, 4]


def test_the_range_of_a_catalogue_covers_it():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 10))
    scaling = standard_scaling(x)
    chosen = far_apart(x, 12, scaling)
    assert len(set(chosen.tolist())) == 12
    y = (x - scaling.center) / scaling.sd
    apart = np.linalg.norm(y[chosen][:, None] - y[chosen], axis=2)[np.triu_indices(12, 1)].min()
    covered = np.linalg.norm(y[:, None] - y[chosen], axis=2).min(axis=1).max()
    assert covered <= apart


def test_equal_tracks_are_not_sampled_twice():
    assert far_apart(np.ones((5, 10)), 3, standard_scaling(np.ones((5, 10)))).tolist() == [0]


@pytest.mark.parametrize("amount", [-0.1, 1, "much", float("nan")])
def test_unusable_amounts(amount):
    with pytest.raises(InputError, match="diverse"):
        check_diversity(amount)


def test_a_fair_sample_has_its_sets_as_often_as_their_determinants_say():
    x = on_a_line(0.0, 0.4, 2.0, 3.5)
    scaling = standard_scaling(x)
    y = ((x - scaling.center) / scaling.sd)[:, 8]
    apart = np.square(y[:, None] - y)
    kernel = np.exp(-apart / np.median(apart))
    pairs = list(combinations(range(4), 2))
    expected = np.array([np.linalg.det(kernel[np.ix_(p, p)]) for p in pairs])
    drawn = [tuple(sorted(unlike(x, 2, scaling, seed).tolist())) for seed in range(3000)]
    found = np.array([drawn.count(p) for p in pairs]) / len(drawn)
    assert found == pytest.approx(expected / expected.sum(), abs=0.03)


def test_a_fair_sample_is_wider_than_chance_and_holds_no_track_twice():
    x = np.random.default_rng(0).normal(size=(300, 10))
    scaling = standard_scaling(x)

    def nearest(rows: np.ndarray) -> float:
        y = x[rows]
        return np.linalg.norm(y[:, None] - y, axis=2)[np.triu_indices(len(y), 1)].min()

    drawn = [unlike(x, 50, scaling, seed) for seed in range(5)]
    assert all(len(set(rows.tolist())) == 50 for rows in drawn)
    plain = [np.random.default_rng(seed).choice(300, 50, replace=False) for seed in range(5)]
    assert np.mean(list(map(nearest, drawn))) > np.mean(list(map(nearest, plain)))


def test_equal_tracks_and_large_catalogues_are_sampled():
    assert len(unlike(np.ones((5, 10)), 3, standard_scaling(np.ones((5, 10))))) == 1
    assert sorted(unlike(on_a_line(0, 3), 9, standard_scaling(on_a_line(0, 3))).tolist()) == [0, 1]
    x = np.random.default_rng(0).normal(size=(2500, 10))
    rows = unlike(x, 20, standard_scaling(x))
    assert len(set(rows.tolist())) == 20 and rows.max() > 2000
