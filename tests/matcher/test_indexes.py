"""Every index passes these: the same answers, the same bits, whatever holds the tracks.

A new index joins by a function in `MAKE`. What it cannot answer it leaves out of `METRICS_OF`, and
says so in one sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from matcher import Query, TrackIndex
from matcher.filters import Filter
from matcher.index import Index
from matcher.metric import METRICS, metric_of, standard_scaling
from matcher.scan import scan

N = 1200
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(0, [4] * 5 + [20] * 3 + [40] * 2, (N, 10)) + 3, 4)
X[100:300] = X[7]  # more copies than are asked for
IDS = [f"曲{i}" for i in range(N)]
TRACKS = Catalogue(
    X, {"track_id": IDS, "bpm": [str(60 + i % 120) for i in range(N)]}, source="a.csv"
)


def _milvus(folder: Path) -> Index:
    if sys.platform == "win32":
        pytest.skip("Milvus Lite has no Windows build")
    pytest.importorskip("pymilvus", reason="the Milvus client is part of leitmotif[cluster]")
    pytest.importorskip("milvus_lite", reason="Milvus Lite is part of leitmotif[cluster]")
    from matcher.milvus import MilvusIndex

    index = MilvusIndex.connect(str(folder / "tracks.db"))
    index.push(TRACKS)
    return index


def _loaded(folder: Path) -> Index:
    TrackIndex.build(X, IDS).save(folder / "a.index")
    return TrackIndex.load(folder / "a.index", patience=0)


MAKE: dict[str, Callable[[Path], Index]] = {
    "scan": lambda folder: TrackIndex.build(X, IDS, engine="scan"),
    "blocks": lambda folder: TrackIndex.build(X, IDS, engine="blocks"),
    "from a file": _loaded,
    "milvus": _milvus,
}
METRICS_OF = dict.fromkeys(MAKE, tuple(METRICS)) | {"milvus": ("euclidean",)}
CASES = [(name, metric) for name in MAKE for metric in METRICS]


@pytest.fixture(scope="module")
def indexes(tmp_path_factory):
    made: dict[str, Index] = {}

    def get(name: str, metric: str = "euclidean") -> Index:
        if metric not in METRICS_OF[name]:
            pytest.skip(f"{name} does not know {metric}")
        if name not in made:
            made[name] = MAKE[name](tmp_path_factory.mktemp("index"))
        return made[name]

    yield get
    for index in made.values():
        getattr(index, "close", lambda: None)()


def draws(n: int):
    rng = np.random.default_rng(1)
    for i in range(n):
        weights = [np.ones(10), rng.random(10), np.eye(10)[8] + np.eye(10)[9]][i % 3]
        query = X[rng.integers(N)] if i % 2 else X[7] + rng.normal(size=10) * 5
        yield query, weights, ("raw", "standard")[i % 2]


WHERE = {
    "every row": None,
    "a mask": np.arange(N) % 2 == 0,
    "most rows": np.arange(N) != 7,
    "few rows": np.array([7, 150, 3, 1199, 120]),
    "a list": [9, 100, 4],
    "no row": np.zeros(N, dtype=bool),
}


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
@pytest.mark.parametrize(("name", "metric"), CASES)
def test_ids_and_distances_are_those_of_the_scan(indexes, name, metric, where):
    index = indexes(name, metric)
    chosen = None if where is None else index.select(where)
    rows = np.arange(N) if where is None else np.flatnonzero(np.isin(np.arange(N), chosen.numbers))
    for number, (query, weights, scale) in enumerate(draws(4)):
        scaling = standard_scaling(X) if scale == "standard" else standard_scaling(X[:1] * 0)
        expected = scan(X, query, 9, weights, metric_of(metric), scaling, rows)
        ids, found = index.search(query, 9, weights, metric, scale, chosen if number % 2 else where)
        assert np.asarray(ids).tolist() == [IDS[row] for row in expected[0]]
        np.testing.assert_array_equal(found, expected[1])


@pytest.mark.parametrize("where", [None, np.arange(N) % 3 == 0])
@pytest.mark.parametrize(("name", "metric"), CASES)
def test_a_batch_answers_like_its_queries_one_by_one(indexes, name, metric, where):
    index, queries = indexes(name, metric), X[[3, 7, 9]] + 0.5
    for weights in (None, np.arange(10.0), np.arange(30.0).reshape(3, 10)):
        ids, found = index.search_batch(queries, 4, weights, metric, "standard", where)
        assert ids.shape == found.shape == (3, 4)
        for i, query in enumerate(queries):
            each = weights if weights is None or weights.ndim == 1 else weights[i]
            alone = index.search(query, 4, each, metric, "standard", where)
            assert ids[i].tolist() == np.asarray(alone[0]).tolist()
            np.testing.assert_array_equal(found[i], alone[1])


@pytest.mark.parametrize("text", ["bpm>=90, bpm<100", "track_id!=曲7", "bpm=60|61, arousal>0"])
@pytest.mark.parametrize("name", MAKE)
def test_a_whole_query_is_answered_with_rows_of_the_catalogue(indexes, name, text):
    query = Query(X[40], np.ones(10), filter=Filter.parse(text))
    rows, found = indexes(name).nearest(TRACKS, query, 6)
    expected = scan(
        X, X[40], 6, np.ones(10), METRICS["euclidean"], standard_scaling(X),
        np.flatnonzero(query.filter.mask(TRACKS)),
    )  # fmt: skip
    np.testing.assert_array_equal(rows, expected[0])
    np.testing.assert_array_equal(found, expected[1])


@pytest.mark.parametrize("name", MAKE)
def test_it_knows_what_it_holds(indexes, name):
    index, scaling = indexes(name), standard_scaling(X)
    assert len(index) == N
    np.testing.assert_array_equal(index.scaling.center, scaling.center)
    np.testing.assert_array_equal(index.scaling.sd, scaling.sd)


@pytest.mark.parametrize("name", MAKE)
def test_an_index_of_another_catalogue_is_refused(indexes, name):
    with pytest.raises(InputError, match="index:"):
        indexes(name).nearest(TRACKS.take([3, 4, 5]), Query(X[0], np.ones(10)), 2)


@pytest.mark.parametrize("name", MAKE)
def test_a_catalogue_whose_numbers_have_changed_is_refused(indexes, name):
    changed = replace(TRACKS, features=np.where(np.arange(N)[:, None] == 40, X + 0.25, X))
    with pytest.raises(InputError, match=r"index:.*other numbers"):
        indexes(name).nearest(changed, Query(X[40], np.ones(10)), 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": np.zeros(9)}, "query: shape"),
        ({"query": np.full(10, np.nan)}, "query: a number is missing"),
        ({"weights": np.zeros(10)}, "all weights are zero"),
        ({"weights": -np.ones(10)}, "negative"),
        ({"k": 0}, "k: 0 given"),
        ({"metric": "manhattan"}, "metric: 'manhattan'"),
        ({"scale": "log"}, "scale: 'log'"),
        ({"where": np.ones(3, dtype=bool)}, "where: give a boolean for each of 1200 rows"),
        ({"where": [N]}, "where"),
        ({"where": "bpm>3"}, "where"),
    ],
)
@pytest.mark.parametrize("name", MAKE)
def test_unusable_arguments_are_named(indexes, name, arguments, message):
    with pytest.raises(InputError, match=message):
        indexes(name).search(**({"query": np.zeros(10)} | arguments))
