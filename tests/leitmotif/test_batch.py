"""Folders of films: a file each and a table, resumed where it stopped, in parts as in one run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from scored_clips import chords, scored_clip

from leitmotif.cli import main
from leitmotif.commands import recommend as command


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two films and one that is none."""
    folder = tmp_path_factory.mktemp("影片 films")
    (folder / "sub").mkdir()
    scored_clip(folder / "a.mp4", 9, chords(9), seed=1)
    scored_clip(folder / "sub" / "b.mp4", 9, None, seed=2)
    (folder / "broken.mp4").write_text("no video")
    return folder


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments] + ["--quiet", "--json"])


def written(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes()
        for f in folder.rglob("*")
        if f.is_file() and ".leitmotif" not in f.parts
    }


def test_a_file_for_each_film_a_table_of_all_and_a_line_for_the_bad_one(films, tmp_path, capsys):
    assert run("recommend", films, "-o", tmp_path / "out", "--top-k", 2) == 2
    said = capsys.readouterr()
    assert [row["film"] for row in json.loads(said.out)] == ["a.mp4", "broken.mp4", "sub/b.mp4"]
    assert said.err.count("leitmotif: broken.mp4: ") == 1 and "Traceback" not in said.err
    with (tmp_path / "out" / "recommendations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["film", "track 1", "track 2", "why"]
    assert bool(rows[1]["why"]) and not rows[0]["why"] and rows[0]["track 1"]
    record = json.loads((tmp_path / "out" / "sub" / "b.mp4.music.json").read_text("utf-8"))
    assert record["video"] == str(films / "sub" / "b.mp4")
    assert [m["track"]["title"] for m in record["recommendations"][0]["matches"]] == [
        rows[2]["track 1"],
        rows[2]["track 2"],
    ]


def test_what_is_done_is_not_done_again_unless_something_changed(films, tmp_path, capsys):
    out = tmp_path / "out"
    run("recommend", films, "-o", out)
    first = written(out)
    capsys.readouterr()
    run("recommend", films, "-o", out)
    assert "2 of them before" in capsys.readouterr().err and written(out) == first
    (out / "a.mp4.music.json").unlink()
    run("recommend", films, "-o", out)
    assert "1 of them before" in capsys.readouterr().err and written(out) == first
    run("recommend", films, "-o", out, "--va-only")
    assert "0 of them before" in capsys.readouterr().err and written(out) != first


@pytest.mark.parametrize("action", ["recommend", "score"])
def test_parts_give_the_bytes_of_one_run(films, tmp_path, action, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    run(action, films, "-o", whole)
    for part in (3, 1, 2):
        run(action, films, "-o", parts, "--part", part, "--of", 3)
    assert not list(parts.glob("*.csv"))
    capsys.readouterr()
    run(action, films, "-o", parts)
    assert "2 of them before" in capsys.readouterr().err
    assert written(parts) == written(whole) and len(written(whole)) == 3


def test_a_folder_without_films_and_an_output_for_one_film_are_sentences(tmp_path, films, capsys):
    (tmp_path / "empty").mkdir()
    assert run("recommend", tmp_path / "empty") == 2
    assert run("recommend", films / "a.mp4", "-o", tmp_path) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "--output is for a folder" in said[1]


def test_the_work_is_one_that_a_worker_can_import():
    assert command.recommend_film.__module__ == "leitmotif.commands.recommend"
