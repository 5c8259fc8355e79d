"""`leitmotif index`: an index file, a Milvus collection, the range of a catalogue."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from leitmotif.cli import main
from matcher import TrackIndex

X = np.random.default_rng(0).normal(size=(40, 10))


@pytest.fixture
def table(tmp_path):
    rows = [
        {"track_id": f"t{i}", "title": f"曲 {i}"} | dict(zip(MUSIC_NAMES, x, strict=True))
        for i, x in enumerate(X)
    ]
    Catalogue.from_rows(rows).write(tmp_path / "音乐.csv")
    return tmp_path / "音乐.csv"


def test_build_writes_a_file_that_answers(table, capsys):
    assert main(["index", "build", str(table)]) == 0
    assert "40 tracks" in capsys.readouterr().out
    assert TrackIndex.load(table.with_name("音乐.csv.index")).search(X[3], 1)[0] == 3


def test_range_begins_with_the_most_ordinary_track(table, capsys):
    assert main(["index", "range", str(table), "-k", "4", "--json"]) == 0
    names = [t["track_id"] for t in json.loads(capsys.readouterr().out)["tracks"]]
    y = (X - X.mean(axis=0)) / X.std(axis=0)
    assert names[0] == f"t{np.argmin(np.linalg.norm(y, axis=1))}"
    assert len(set(names)) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Milvus Lite has no Windows build")
def test_push_fills_a_milvus_file(table, tmp_path, capsys):
    pytest.importorskip("milvus_lite", reason="Milvus Lite is part of leitmotif[cluster]")
    assert (
        main(["index", "push", str(table), "--uri", str(tmp_path / "a.db"), "--json", "--quiet"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["tracks"] == 40


def test_a_missing_catalogue_is_said_so(tmp_path, capsys):
    assert main(["index", "build", str(tmp_path / "none.csv")]) == 2
    assert "no such catalogue file" in capsys.readouterr().err
