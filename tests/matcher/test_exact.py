"""Every engine gives ids and distances of a float64 reference, ties by row, whatever is asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import InputError
from matcher import TrackIndex

EXAMPLES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def reference(features, query, k, weights, metric="euclidean", scale="raw", where=None):
    """The definition, written down once more: every distance, sorted by (distance, row)."""
    x, q = np.asarray(features, dtype=np.float64), np.asarray(query, dtype=np.float64)
    if scale == "standard":
        center, spread = x.mean(axis=0), x.std(axis=0)
        spread[(x.min(axis=0) == x.max(axis=0)) | (spread == 0)] = 1
    else:
        center, spread = np.zeros(10), np.ones(10)
    total = np.zeros(len(x))
    if metric == "euclidean":
        for j in np.flatnonzero(weights):
            t = (x[:, j] - q[j]) / spread[j]
            total += weights[j] * (t * t)
        total = np.sqrt(total)
    else:
        u, v = (np.sqrt(weights) * ((m - center) / spread) for m in (x, q[None]))
        u, v = (m / np.where((n := _length(m)) == 0, 1, n)[:, None] for m in (u, v))
        for j in range(10):
            total += (u[:, j] - v[0, j]) ** 2 * 0.5
        total[~u.any(axis=1) | ~v.any()] = 1
    rows = np.arange(len(x)) if where is None else np.flatnonzero(where)
    best = rows[np.lexsort((rows, total[rows]))][:k]
    return best, total[best]


def _length(m):
    squares = np.zeros(len(m))
    for j in range(10):
        squares += m[:, j] * m[:, j]
    return np.sqrt(squares)


@st.composite
def catalogues(draw):
    """Up to 3000 rows: clouds, near-duplicates, copies, constant columns, wild scales, offsets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.sampled_from([1, 2, 17, 64, 65, 500, 1025, 3000]))
    x = (
        rng.normal(size=(n, 10))
        if draw(st.booleans())
        else rng.integers(-2, 3, size=(n, 10)).astype(float)
    )
    if draw(st.booleans()):
        clusters = x[rng.integers(0, n, max(n // 50, 1))]
        x = clusters[rng.integers(0, len(clusters), n)] + rng.normal(size=(n, 10)) * draw(
            st.sampled_from([0, 1e-15, 1e-9, 1e-4])
        )
    scales = draw(st.sampled_from([0, 3, 8, 14]))
    x *= 10 ** rng.uniform(-scales, scales, 10)
    if draw(st.booleans()):
        x += rng.normal(size=10) * 10 ** rng.uniform(-2, 8, 10)
    for j in draw(st.lists(st.integers(0, 9), max_size=3)):
        x[:, j] = draw(st.sampled_from([0.0, 0.1, -7e5]))
    return x.astype(np.float32) if draw(st.booleans()) else x


@st.composite
def questions(draw):
    """A catalogue, a query near it, far from it or in it, weights from 1e-6 to 1e6, any subset."""
    x = draw(catalogues())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    inside, spread = x[rng.integers(len(x))].astype(float), x.std(axis=0, dtype=float)
    query = draw(
        st.sampled_from(
            [
                inside,
                inside + rng.normal(size=10) * spread,
                inside * 1e4,
                -inside,
                np.zeros(10),
                x.mean(axis=0, dtype=float),
            ]
        )
    )
    kinds = [
        np.ones(10),
        rng.uniform(0, 2, 10),
        10 ** rng.uniform(-6, 6, 10),
        np.eye(10)[8] + np.eye(10)[9],
        np.eye(10)[rng.integers(10)],
    ]
    weights = draw(st.sampled_from(kinds))
    if draw(st.booleans()):
        weights = weights * (rng.random(10) < 0.5)
        weights[rng.integers(10)] = 1
    where = draw(st.sampled_from([None, rng.random(len(x)) < 0.5, rng.random(len(x)) < 0.02]))
    return x, query, weights, where, draw(st.sampled_from([1, 2, 5, 40]))


@pytest.mark.parametrize("engine", ["scan", "blocks"])
@pytest.mark.parametrize("scale", ["raw", "standard"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@EXAMPLES
@given(questions())
def test_ids_and_distances_equal_the_reference(metric, scale, engine, question):
    x, query, weights, where, k = question
    index = TrackIndex.build(x, engine=engine)
    ids, found = index.search(query, k, weights, metric, scale, where)
    expected = reference(x, query, k, weights, metric, scale, where)
    np.testing.assert_array_equal(ids, expected[0])
    np.testing.assert_array_equal(found, expected[1])
    if where is not None:
        np.testing.assert_array_equal(
            index.search(query, k, weights, metric, scale, np.flatnonzero(where)[::-1])[0], ids
        )


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("scale", ["raw", "standard"])
def test_a_batch_answers_like_its_queries_one_by_one(metric, scale):
    rng = np.random.default_rng(5)
    x = rng.normal(2, 3, (20_000, 10))
    x[500:900] = x[3]
    queries = np.concatenate([x[[3, 4]], rng.normal(2, 3, (30, 10))])
    weights = rng.uniform(0, 1, (32, 10)) * (rng.random((32, 10)) < 0.7) + 1e-9
    weights[::5, :8] = 0
    index = TrackIndex.build(x, engine="blocks")
    for where in (None, rng.random(len(x)) < 0.4, rng.random(len(x)) < 0.01):
        ids, found = index.search_batch(queries, 7, weights, metric, scale, where)
        for i, query in enumerate(queries):
            expected = reference(x, query, 7, weights[i], metric, scale, where)
            np.testing.assert_array_equal(ids[i], expected[0])
            np.testing.assert_array_equal(found[i], expected[1])


def test_the_block_index_looks_at_few_rows_and_still_answers_all_k():
    x = np.random.default_rng(0).uniform(size=(5000, 10))
    index = TrackIndex.build(x, engine="blocks")
    for k in (1, 499, 501, 5000, 9999):
        ids, found = index.search(x[0], k)
        expected = reference(x, x[0], k, np.ones(10))
        np.testing.assert_array_equal(ids, expected[0])
        np.testing.assert_array_equal(found, expected[1])


@pytest.mark.parametrize("engine", ["scan", "blocks"])
@pytest.mark.parametrize("exponents", [(-1070, 300), (-700, -500), (-1070, -1040), (-60, 60)])
def test_cosine_is_exact_for_rows_of_any_length(engine, exponents):
    """A power of two changes no digit of a row, and so must not change its cosine."""
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, (2500, 10)).astype(float)
    x[:40] = 0
    stretched = np.ldexp(x, rng.integers(*exponents, (len(x), 1)))
    index = TrackIndex.build(stretched, engine=engine)
    for i in range(20):
        query = x[rng.integers(len(x))] + rng.normal(size=10)
        weights = rng.uniform(0, 1, 10) * (rng.random(10) < 0.7) + 1e-3
        ids, found = index.search(np.ldexp(query, -900 * (i % 2)), 7, weights, "cosine")
        expected = reference(x, query, 7, weights, "cosine")
        np.testing.assert_array_equal(ids, expected[0])
        np.testing.assert_array_equal(found, expected[1])


def test_ids_are_answered_in_place_of_rows():
    x = np.eye(10) * 3
    ids, found = TrackIndex.build(x, ids=[f"t{i}" for i in range(10)]).search(np.eye(10)[4], 2)
    assert ids.tolist() == ["t4", "t0"]
    assert found.tolist() == [2.0, np.sqrt(10)]


def test_a_filter_that_keeps_nothing_answers_nothing():
    index = TrackIndex.build(np.eye(10))
    ids, found = index.search(np.zeros(10), 3, where=np.zeros(10, dtype=bool))
    assert ids.size == found.size == 0
    assert index.search_batch(np.zeros((2, 10)), 3, where=[])[0].shape == (2, 0)


def test_a_selection_can_be_used_again():
    x = np.random.default_rng(1).normal(size=(3000, 10))
    index = TrackIndex.build(x)
    even = index.select(np.arange(3000) % 2 == 0)
    for query in x[:5]:
        assert (index.search(query, 9, where=even)[0] % 2 == 0).all()


def test_numbers_that_float32_cannot_hold_are_scanned():
    x = np.random.default_rng(2).normal(size=(2000, 10))
    x[7, 3] = 1e90
    index = TrackIndex.build(x, engine="blocks")
    for scale in ("raw", "standard"):
        np.testing.assert_array_equal(
            index.search(x[5], 4, scale=scale)[0],
            reference(x, x[5], 4, np.ones(10), scale=scale)[0],
        )
    far = np.full(10, 1e60)
    np.testing.assert_array_equal(index.search(far, 4)[1], reference(x, far, 4, np.ones(10))[1])


@pytest.mark.parametrize("engine", ["scan", "blocks"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": np.zeros(9)}, "query: shape"),
        ({"query": np.full(10, np.nan)}, "query: a number is missing"),
        ({"query": "loud"}, "query"),
        ({"weights": np.zeros(10)}, "all weights are zero"),
        ({"weights": -np.ones(10)}, "negative"),
        ({"weights": np.full(10, np.inf)}, "finite"),
        ({"weights": np.ones(3)}, "weights: shape"),
        ({"k": 0}, "k: 0 given"),
        ({"k": 2.5}, "k: 2.5 given"),
        ({"metric": "manhattan"}, "metric: 'manhattan'"),
        ({"scale": "log"}, "scale: 'log'"),
        ({"where": np.ones(3, dtype=bool)}, "where"),
        ({"where": [5000]}, "where"),
        ({"where": [0.5]}, "where"),
    ],
)
def test_unusable_arguments_are_named(engine, arguments, message):
    index = TrackIndex.build(np.random.default_rng(0).normal(size=(2000, 10)), engine=engine)
    with pytest.raises(InputError, match=message):
        index.search(**({"query": np.zeros(10)} | arguments))


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((0, 10)), "at least one row"),
        (np.zeros((4, 9)), r"\(N, 10\)"),
        (np.full((4, 10), np.nan), "not finite.*richness of row 0"),
        (np.full((4, 10), 1e200), "beyond"),
    ],
)
def test_unusable_features_are_named(features, message):
    with pytest.raises(InputError, match=message):
        TrackIndex.build(features)


def test_memory_beside_the_numbers():
    x = np.random.default_rng(0).normal(size=(100_000, 10)).astype(np.float32)
    index = TrackIndex.build(x, engine="blocks")
    assert index.nbytes <= 1.2 * x.nbytes
    main = index.nbytes
    index.search(x[0], weights=np.eye(10)[8])
    assert main < index.nbytes <= main + 0.35 * x.nbytes
