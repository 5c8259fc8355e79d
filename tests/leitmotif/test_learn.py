"""`leitmotif learn`: scored videos become pairs; others are named; a stopped run goes on."""

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from scored_clips import chords, scored_clip

from data.errors import Cancelled, InputError
from data.folders import cache_folder
from data.pair_curves import curves_beside, read_film_curves
from data.pairs import read_pairs, split_of
from data.words import from_record
from leitmotif.cli import main
from leitmotif.learning import scored_videos as job
from leitmotif.learning.scored_videos import (
    learn,
    learn_part,
    read_sources,
    score_file,
    video_files,
)
from leitmotif.workers.parts import Part


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two scored clips; one silent, without sound, too short, no video; and a file of text."""
    path = tmp_path_factory.mktemp("配乐 films")
    (path / "sub").mkdir()
    scored_clip(path / "a.mp4", 9, chords(9), seed=1)
    scored_clip(path / "sub" / "乙 b.mkv", 9, chords(9, level=0.05), seed=2)
    scored_clip(path / "mute.mp4", 6, None, seed=3)
    scored_clip(path / "short.mp4", 2, chords(2), seed=4)
    scored_clip(path / "silent.mp4", 6, np.zeros(6 * 22_050, np.float32), seed=5)
    (path / "broken.mp4").write_text("this is no video")
    (path / "notes.txt").write_text("nor is this")
    return path


def test_a_folder_of_scored_videos_becomes_pairs(folder, tmp_path, capsys):
    arguments = [
        "learn",
        folder,
        "-o",
        tmp_path / "pairs.csv",
        "--min-music",
        "0",
        "-j",
        "1",
        "--page",
        tmp_path / "p.html",
        "--json",
    ]
    assert main([str(a) for a in arguments]) == 0
    report = json.loads(capsys.readouterr().out)
    pairs = read_pairs(tmp_path / "pairs.csv")
    assert pairs.sources == ("a.mp4", "sub/乙 b.mkv") and pairs.splits == tuple(
        map(split_of, pairs.sources)
    )
    assert pairs.end - pairs.start == pytest.approx([9, 9], abs=0.2)
    assert np.isfinite(pairs.video).sum(1).min() >= 6 and np.isfinite(pairs.music).sum(1).min() >= 8
    assert (
        report["scenes"] == 2
        and report["files"] == 6
        and pairs.video_extractor
        and pairs.music_extractor
    )
    left = {(e["file"], e["reason"].split(";")[0]) for e in report["left_out"]}
    assert ("short.mp4", "shorter than 4 s") in left and ("silent.mp4", "silent") in left
    assert {e["file"] for e in report["left_out"]} == {
        "broken.mp4",
        "mute.mp4",
        "short.mp4",
        "silent.mp4",
    }
    assert "<svg" in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_films_with_pairs_are_kept_over_time(folder, tmp_path):
    out = tmp_path / "对 pairs.csv"
    learn(folder, min_music_share=0, jobs=1, output=out)
    films = {film.name: film for film in read_film_curves(curves_beside(out))}
    assert sorted(films) == ["a.mp4", "sub/乙 b.mkv"] and films["a.mp4"].source == "a.mp4"
    assert films["a.mp4"].values.shape == (9, 4)
    assert set(np.unique(films["a.mp4"]["cuts"])) <= {0, 1}
    softer, louder = (films[name]["loudness"] for name in ("sub/乙 b.mkv", "a.mp4"))
    np.testing.assert_allclose(softer, louder, atol=0.2)  # each relative to its own


def test_scenes_without_music_are_left_out(folder, monkeypatch):
    monkeypatch.setattr(job, "score_file", _mostly_talk)
    found = learn(folder, jobs=1)
    assert found.pairs.sources == ("a.mp4",) or found.pairs.music_share[0] >= 0.5
    assert ("mute.mp4", 0.0, "10% music") in found.left_out


def _mostly_talk(file: tuple[str, Path]) -> dict:
    if file[0] == "a.mp4":
        return score_file(file)
    scene = {"start_s": 0.0, "end_s": 6.0, "left_out": "", "music_share": 0.1}
    return {"file": file[0], "digest": "", "failed": "", "scenes": [scene]}


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not of this system")
def test_a_file_that_kills_its_process_is_named_and_the_rest_goes_on(folder, monkeypatch):
    monkeypatch.setattr(job, "score_file", _die_over_one)
    found = learn(folder, min_music_share=0, jobs=2)
    assert ("mute.mp4", None, "the decoder crashed on this file") in found.left_out
    assert len(found.pairs) == 2


def _die_over_one(file: tuple[str, Path]) -> dict:
    if file[0] == "mute.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    return score_file(file)


def test_a_surprise_in_one_file_is_its_own_failure(folder, monkeypatch):
    monkeypatch.setattr("features.video.read_timeline", _surprise)
    record = score_file(("a.mp4", folder / "a.mp4"))
    assert from_record(record["failed"]) == "ZeroDivisionError: of a decoder"


def _surprise(path):
    raise ZeroDivisionError("of a decoder")


def test_clips_of_one_film_share_a_source_and_so_a_split(folder, tmp_path):
    (tmp_path / "sources.csv").write_text(
        "file,source\na.mp4,film\nsub/乙 b.mkv,film\n", encoding="utf-8"
    )
    found = learn(folder, sources=read_sources(tmp_path / "sources.csv"), min_music_share=0, jobs=1)
    assert found.pairs.sources == ("film", "film") and len(set(found.pairs.splits)) == 1


def test_a_stopped_run_goes_on_where_it_was(folder, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("WATCHED", str(log))
    monkeypatch.setattr(job, "score_file", _logged)

    def stop(stage, done, total):
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        learn(folder, min_music_share=0, jobs=1, progress=stop)
    done = {name for name, record in job._Journal.of_folder(folder, None).records.items() if record}
    log.unlink()
    found = learn(folder, min_music_share=0, jobs=1)
    assert len(done) == 3 and done.isdisjoint(log.read_text("utf-8").split())
    assert len(found.pairs) == 2 and not list(cache_folder("learn").iterdir()), (
        "the journal goes when the folder is done"
    )


def _logged(file: tuple[str, Path]) -> dict:
    with Path(os.environ["WATCHED"]).open("a", encoding="utf-8") as log:
        log.write(f"{file[0].replace(' ', '_')}\n")
    return score_file(file)


def test_an_output_that_cannot_be_written_is_said_before_the_work(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "score_file", _surprise)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        learn(folder, jobs=1, output=tmp_path / "file" / "pairs.csv")
    with pytest.raises(InputError, match="this is a folder"):
        learn(folder, jobs=1, output=tmp_path)


def test_pairs_that_could_not_be_written_are_not_measured_again(folder, tmp_path, monkeypatch):
    output = tmp_path / "pairs.csv"

    def taken(stage, done, total):
        output.mkdir(exist_ok=True)

    with pytest.raises(InputError, match="this is a folder"):
        learn(folder, min_music_share=0, jobs=1, output=output, progress=taken)
    output.rmdir()
    monkeypatch.setattr(job, "score_file", _surprise)
    learn(folder, min_music_share=0, jobs=1, output=output)
    assert len(read_pairs(output)) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[: len(line) // 2],
        lambda line: line.replace(b"a.mp4", b"b.mp4"),
        lambda line: b"\xe4" + line,
        lambda line: b"null",
        lambda line: b'[{"file": 1}]',
        lambda line: b'{"file": "a.mp4"}',
    ],
    ids=["cut", "changed", "no text", "null", "a list", "of another shape"],
)
def test_a_damaged_line_of_the_journal_is_as_if_it_were_not_there(folder, damage):
    journal = job._Journal.of_folder(folder, None)
    journal.add({"file": "a.mp4", "digest": "00", "failed": "", "scenes": []})
    journal.add({"file": "b.mp4", "digest": "11", "failed": "", "scenes": []})
    first, second = journal.path.read_bytes().splitlines()
    journal.path.write_bytes(damage(first) + b"\n" + second + b"\n")
    try:
        assert list(job._Journal.of_folder(folder, None).records) == ["b.mp4"]
    finally:
        journal.close()


def test_processes_give_the_same_pairs_as_one(folder):
    one, two = (learn(folder, min_music_share=0, jobs=jobs).pairs for jobs in (1, 2))
    assert (
        one.sources == two.sources
        and np.array_equal(one.video, two.video, equal_nan=True)
        and np.array_equal(one.music, two.music, equal_nan=True)
    )


def test_parts_give_the_bytes_of_one_run(folder, tmp_path, monkeypatch):
    """Also on machines that share no cache, with the parts' files copied to one place."""
    whole, joined = tmp_path / "whole.csv", tmp_path / "joined" / "pairs.csv"
    learn(folder, min_music_share=0, jobs=1, output=whole)
    joined.parent.mkdir()
    scored = 0
    for n in (2, 3, 1):
        machine = tmp_path / f"machine {n}"
        machine.mkdir()
        monkeypatch.setenv("LEITMOTIF_CACHE", str(machine / "cache"))
        scored += learn_part(folder, Part(n, 3), machine / "pairs.csv", jobs=1)
        for made in machine.glob("pairs.*"):
            shutil.copy(made, joined.parent)
    assert scored == len(list(video_files(folder))) and len(list(joined.parent.iterdir())) == 3
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "no cache"))
    heard = []
    report = lambda *said: heard.append(said)  # noqa: E731
    learn(folder, min_music_share=0, jobs=1, output=joined, progress=report)
    assert joined.read_bytes() == whole.read_bytes() and not heard
    for one, other in zip(*map(read_film_curves, map(curves_beside, (joined, whole))), strict=True):
        assert one.name == other.name and (one.values == other.values).all()
    assert {p.name for p in joined.parent.iterdir()} == {"pairs.csv", curves_beside(joined).name}
    assert not list(cache_folder("learn").iterdir())


@pytest.mark.parametrize(
    "case", ["missing", "a file", "empty", "nothing usable", "share", "jobs", "sources"]
)
def test_folders_that_cannot_be_learned_from(folder, tmp_path, case, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "wrong.csv").write_text("name,film\n")
    if case == "nothing usable":
        scored_clip(empty / "mute.mp4", 5, None)
    arguments, sentence = {
        "missing": ([tmp_path / "no"], "no such folder; give the folder that holds the videos"),
        "a file": ([tmp_path / "wrong.csv"], "not a folder; give the folder that holds the videos"),
        "empty": ([empty], "no video in this folder"),
        "nothing usable": ([empty, "-j", "1"], "no scene with music was found (mute.mp4:"),
        "share": ([folder, "--min-music", "50"], "--min-music is a share between 0 and 1"),
        "jobs": ([folder, "-j", "0"], "--jobs cannot be 0"),
        "sources": (
            [folder, "--sources", tmp_path / "wrong.csv"],
            "the columns file and source are needed",
        ),
    }[case]
    assert main(["learn", *map(str, arguments), "-o", str(tmp_path / "p.csv")]) == 2
    error = capsys.readouterr().err
    assert sentence in error and error.count("\n") == 1 and not (tmp_path / "p.csv").exists()


def test_no_such_sources_file(tmp_path):
    with pytest.raises(InputError, match="no such file; check the path"):
        read_sources(tmp_path / "none.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_which_videos_of_a_folder_are_watched(tmp_path):
    for name in ("b/clip.mp4", ".cache/clip.mp4", "#recycle/clip.mp4", "._clip.mp4", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    unusable = []
    files = list(video_files(tmp_path, lambda path, why: unusable.append((Path(path).name, why))))
    assert [name for name, _ in files] == ["b/clip.mp4"]
    assert [(n, w.code) for n, w in unusable] == [("pipe.mp4", "files.pipe_or_device")]
