"""Weights, scaling and distances, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from matcher import Query, TrackIndex, rank
from matcher.importance import check_weights, parse_features, parse_weights
from matcher.metric import COSINE, EUCLIDEAN, METRICS, Metric, standard_scaling

ONES = np.ones(10)


def vector(**values: float) -> np.ndarray:
    return np.array([values.get(name, 0.0) for name in MUSIC_NAMES])


def test_named_weights_leave_the_others_at_one():
    assert dict(
        zip(MUSIC_NAMES, parse_weights("valence=2, arousal = 0.5"), strict=True)
    ) == dict.fromkeys(MUSIC_NAMES, 1.0) | {
        "valence": 2.0,
        "arousal": 0.5,
    }


@pytest.mark.parametrize(
    "name", ["brightness", "Brightness", "brightness_score", "明亮度", " BRIGHTNESS SCORE "]
)
def test_weights_know_every_spelling_of_a_field(name):
    assert parse_weights(f"{name}=3")[5] == 3


def test_several_texts_add_up():
    weights = parse_weights(["1 2 3 4 5 6 7 8 9 10", "valence=0", "richness=4, valence=3"])
    assert weights.tolist() == [4, 2, 3, 4, 5, 6, 7, 8, 9, 3]


def test_ten_weights_set_all():
    assert parse_weights("1 2 3 4 5 6 7 8 9 10").tolist() == list(range(1, 11))


@pytest.mark.parametrize(
    "text",
    [
        "valence",
        "valence=",
        "=2",
        "valence=x",
        "1,2,3",
        "",
        "loudness=1",
        "valence=-1",
        "valence=nan",
    ],
)
def test_unusable_weights(text):
    with pytest.raises(InputError, match="--weights"):
        parse_weights(text)


def test_weights_that_cannot_measure():
    with pytest.raises(InputError, match="all weights are zero"):
        check_weights(np.zeros(10))
    with pytest.raises(InputError, match="weight of variation is negative"):
        check_weights([1, -0.5, *[1] * 8])
    with pytest.raises(InputError, match="shape"):
        check_weights([1, 2])


def test_features_as_words():
    assert parse_features("all").sum() == 10
    assert np.flatnonzero(parse_features("VA")).tolist() == [8, 9]
    assert np.flatnonzero(parse_features("音乐效价, richness")).tolist() == [0, 9]


def test_euclidean_by_hand():
    track, query = vector(arousal=3, valence=-1), vector(arousal=0, valence=3)
    assert EUCLIDEAN.distances(track[None], query, ONES) == pytest.approx([5.0])
    assert EUCLIDEAN.distances(track[None], query, vector(arousal=4, valence=0)) == pytest.approx(
        [6.0]
    )


def test_cosine_by_hand():
    track, query = vector(arousal=1, valence=1), vector(arousal=2)
    assert COSINE.distances(track[None], query, ONES) == pytest.approx([1 - math.sqrt(0.5)])
    assert COSINE.distances(-query[None], query, ONES) == pytest.approx([2.0])
    weights = vector(arousal=1, valence=3)
    assert COSINE.distances(track[None], query, weights) == pytest.approx([0.5])


def test_cosine_keeps_its_digits_near_zero():
    track, query = vector(arousal=1, valence=1e-9), vector(arousal=1)
    assert COSINE.distances(track[None], query, ONES) == pytest.approx([5e-19], rel=1e-6)


@pytest.mark.parametrize("exponent", [-1060, -600, -170, 300])
def test_cosine_does_not_know_how_long_a_vector_is(exponent):
    """Squares of such numbers leave float64; a power of two changes no digit of the numbers."""
    rng = np.random.default_rng(0)
    rows, query = rng.integers(-9, 10, (50, 10)).astype(float), rng.normal(size=10)
    weights = rng.uniform(0, 3, 10)
    small = COSINE.distances(np.ldexp(rows, exponent), query, weights)
    np.testing.assert_array_equal(small, COSINE.distances(rows, query, weights))


def test_a_vector_without_direction_is_at_cosine_distance_one():
    rows = np.array([vector(), vector(arousal=1)])
    assert COSINE.distances(rows, vector(arousal=1), ONES).tolist() == [1.0, 0.0]
    assert COSINE.distances(rows, vector(), ONES).tolist() == [1.0, 1.0]


class Manhattan(Metric):
    """A metric as somebody might add one: d = Σ w |x − q| / s."""

    name = "manhattan"

    def parts(self, features, query, importance, scaling):
        for j in np.flatnonzero(importance):
            yield j, importance[j] * np.abs(features[:, j] - query[j]) / scaling.sd[j]

    def finish(self, total):
        return total

    def break_even(self, a, b, query, importance, j):
        gain = abs(a[j] - query[j]) - abs(b[j] - query[j])
        behind = (importance * (np.abs(b - query) - np.abs(a - query))).sum()
        return [importance[j] + behind / gain] if gain else []


def test_a_third_metric_is_one_class(monkeypatch):
    monkeypatch.setitem(METRICS, "manhattan", Manhattan())
    x = np.random.default_rng(0).normal(size=(2000, 10))
    catalogue = Catalogue(x, {"track_id": [str(i) for i in range(2000)]})
    weights = np.arange(10.0)
    total = (np.abs(x - x[7]) / x.std(axis=0) * weights).sum(axis=1)
    for index in (TrackIndex.build(x, engine=e) for e in ("scan", "blocks")):
        found = rank(catalogue, Query(x[7], weights, metric="manhattan", k=4), index)
        assert [m.row for m in found] == np.argsort(total)[:4].tolist()
        assert [m.distance for m in found] == pytest.approx(np.sort(total)[:4].tolist())
        change = found[1].next_wins.change
        moved = weights + (np.array(MUSIC_NAMES) == change.dimension) * (
            1.001 * (change.needed - change.weight)
        )
        after = Manhattan().distances(x[[found[1].row, found[2].row]], x[7], moved, index.scaling)
        assert after[1] < after[0]


def test_standard_scale_measures_in_deviations_of_the_catalogue():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(500, 10)) * np.geomspace(1e-3, 1e3, 10) + 7
    features[:, 4] = 0.1  # a constant column, whose mean is not exactly 0.1
    scaling = standard_scaling(features)
    assert scaling.sd[4] == 1
    query = features[0] + features.std(axis=0)
    assert EUCLIDEAN.distances(features[:1], query, ONES, scaling) == pytest.approx([3.0])


def test_large_catalogues_scale_the_same(monkeypatch):
    features = np.random.default_rng(1).normal(3, 2, (1000, 10))
    whole = standard_scaling(features)
    monkeypatch.setattr("matcher.metric._AT_ONCE", 100)
    monkeypatch.setattr("matcher.metric._CHUNK", 64)
    pieces = standard_scaling(features)
    np.testing.assert_allclose(pieces.center, whole.center, rtol=1e-13)
    np.testing.assert_allclose(pieces.sd, whole.sd, rtol=1e-13)
