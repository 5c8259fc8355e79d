"""Milvus Lite gives what the exact index gives: any weights, filters, copies, deletions."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.errors import InputError
from matcher import Query, TrackIndex, rank
from matcher.filters import Filter, parse_filter
from matcher.index import open_index
from matcher.milvus import MilvusIndex
from matcher.milvus_filter import to_expression

if sys.platform == "win32":
    pytest.skip("Milvus Lite has no Windows build", allow_module_level=True)
pytest.importorskip("pymilvus", reason="the Milvus client is part of leitmotif[cluster]")
pytest.importorskip("milvus_lite", reason="Milvus Lite is part of leitmotif[cluster]")

N = 2500
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(0, [4] * 5 + [20] * 3 + [40] * 2, (N, 10)) + 3, 4)
X[100:400] = X[7]  # more copies than are fetched at first
X[400:500] = X[8] + RNG.normal(size=(100, 10)) * 1e-5


def catalogue() -> Catalogue:
    return Catalogue(
        X,
        {
            "track_id": [f"曲{i}" for i in range(N)],
            "title": [f"Piece no. {i % 50}" for i in range(N)],
            "license": ["CC0", "cc-by 4.0", "", "own"] * (N // 4),
            "bpm": [str(60 + i % 120) if i % 7 else "" for i in range(N)],
            "人声": ["no"] * N,
        },
        source="demo.csv",
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    found = MilvusIndex.connect(str(tmp_path_factory.mktemp("milvus") / "tracks.db"))
    found.push(catalogue())
    yield found
    found.close()


def draws(n: int):
    rng = np.random.default_rng(1)
    for i in range(n):
        weights = [
            np.ones(10),
            rng.random(10),
            10 ** rng.uniform(-4, 4, 10),
            np.eye(10)[8] + np.eye(10)[9],
        ][i % 4]
        weights = weights * (rng.random(10) < 0.6) if i % 5 == 0 else weights
        query = X[rng.integers(N)] if i % 3 else X[rng.integers(N)] + rng.normal(size=10) * 5
        yield query, weights if weights.any() else np.ones(10), ("raw", "standard")[i % 2]


def test_ids_and_distances_are_those_of_the_exact_index(index):
    exact = TrackIndex.build(X, [f"曲{i}" for i in range(N)], engine="scan")
    for query, weights, scale in draws(30):
        ids, found = index.search(query, 7, weights, scale=scale)
        expected = exact.search(query, 7, weights, scale=scale)
        assert ids.tolist() == expected[0].tolist()
        np.testing.assert_array_equal(found, expected[1])


FILTERS = (
    *("bpm>=90, bpm<100", "bpm!=60|61", "license=CC0", "license=cc*", "license!=own", "bpm<70"),
    *("license~by", "title=Piece no. 4*", "bpm=100..110, arousal>0", "track_id!=曲7|曲100"),
    "license!=cc*|own",
)


@pytest.mark.parametrize("text", FILTERS)
def test_milvus_filters_as_we_do(index, text):
    tracks = catalogue()
    exact = TrackIndex.build(X, engine="scan")
    for query, weights, scale in draws(3):
        asked = Query(query, weights, scale=scale, filter=Filter.parse(text))
        np.testing.assert_array_equal(
            index.nearest(tracks, asked, 9)[0], exact.nearest(tracks, asked, 9)[0]
        )


@pytest.mark.parametrize("where", ["bpm>100", np.arange(N) % 3 == 0, [1200, 8, 7, 1]])
def test_rank_explains_what_milvus_found(index, where):
    asked = Query(X[1200], k=4, filter=Filter.of(where))
    mine, plain = rank(catalogue(), asked, index), rank(catalogue(), asked)
    assert [(m.row, m.reason, m.next_wins) for m in mine] == [
        (m.row, m.reason, m.next_wins) for m in plain
    ]


@pytest.mark.parametrize("strange", ["it's", "back\\slash", 'quo"te', "line\nbreak", "%_", "曲"])
def test_any_id_can_leave_the_collection(tmp_path, strange):
    tracks = catalogue().take(range(3))
    before = replace(tracks, columns=tracks.columns | {"track_id": ["a", strange, "b"]})
    index = open_index_pushed(str(tmp_path / "few.db"), before)
    assert index.search(X[1], 1)[0].tolist() == [strange]
    index.push(before.take([0, 2]))
    assert sorted(index.search(X[1], 3)[0]) == ["a", "b"]
    index.close()


def test_tracks_come_and_go(tmp_path):
    uri = str(tmp_path / "few.db")
    tracks = catalogue().take(range(30))
    index = open_index_pushed(uri, tracks)
    assert len(index) == 30
    index.delete([tracks.track_ids[3], "not there"])
    assert len(index) == 29
    assert tracks.track_ids[3] not in index.search(X[3], 29)[0]
    index.push(tracks.take(range(10)))
    assert sorted(index.search(X[3], 50)[0]) == sorted(tracks.track_ids[:10])
    index.close()
    again = open_index(uri, tracks)
    assert len(again) == 10
    assert again.search(X[5], 1)[0].tolist() == [tracks.track_ids[5]]
    again.close()


def open_index_pushed(uri: str, tracks: Catalogue) -> MilvusIndex:
    index = MilvusIndex.connect(uri)
    index.push(tracks)
    return index


def test_what_milvus_cannot_do_is_refused_with_the_reason(index):
    with pytest.raises(InputError, match="cosine is not to be had from Milvus"):
        index.search(X[0], metric="cosine")

    def filtered(text: str) -> None:
        index.nearest(catalogue(), Query(X[0], np.ones(10), filter=Filter.parse(text)), 5)

    with pytest.raises(InputError, match="no column 'mood'"):
        filtered("mood=sad")
    with pytest.raises(InputError, match="column 'title' holds text"):
        filtered("title>3")
    with pytest.raises(InputError, match="give the whole text"):
        to_expression(parse_filter("title~100%"), {"title": False})


def test_energy_is_asked_of_milvus_as_arousal():
    found = to_expression(parse_filter("energy=calm|groove"), {})
    assert found == "(arousal < -33.0 or (arousal >= -33.0 and arousal <= 33.0))"
    assert to_expression(parse_filter("energy!=peak"), {}) == "not (arousal > 33.0)"


def test_an_empty_file_says_how_to_fill_it(tmp_path):
    empty = MilvusIndex.connect(str(tmp_path / "empty.db"))
    with pytest.raises(InputError, match="fill it with `leitmotif index push`"):
        empty.search(X[0])
    empty.close()


@pytest.mark.parametrize("name", ["http://[bad", "x://y", "no folder/a.db", "file.db", "a\0b.db"])
def test_an_address_that_cannot_be_opened(tmp_path, monkeypatch, capfd, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.db").write_text("a file of somebody's")
    with pytest.raises(InputError, match="Milvus refuses"):
        open_index(name, catalogue())
    assert capfd.readouterr().err == ""


def test_a_server_that_is_down_gets_one_sentence_after_a_few_attempts(monkeypatch):
    waits = []
    monkeypatch.setattr("matcher.milvus.time.sleep", waits.append)
    with pytest.raises(InputError, match=r"http://127.0.0.1:9: no Milvus server answers here"):
        MilvusIndex.connect("http://127.0.0.1:9", timeout=2)
    assert waits == [0.5, 1.0, 2.0]
