"""What was watched is kept by content and extractor, and survives being kept by two at once."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from video_files import encode, texture

from data.errors import InputError
from data.words import Sentence
from features.video import extract, read_timeline, store
from features.video.timeline import Timeline

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "timelines"


@pytest.fixture
def video(tmp_path):
    return encode(tmp_path / "片 one.mp4", [texture(90, 160, k // 20) for k in range(40)])


@pytest.fixture
def watched(monkeypatch):
    """The paths that were really watched."""
    paths, watch = [], extract.read_timeline
    monkeypatch.setattr(
        extract,
        "read_timeline",
        lambda path, progress=None: (paths.append(path), watch(path, progress=progress))[1],
    )
    return paths


def test_the_same_content_is_watched_once(cache, video, watched, tmp_path):
    first = read_timeline(video)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(video.read_bytes())
    second = read_timeline(copy)
    assert watched == [video]
    assert np.array_equal(first.values, second.values, equal_nan=True)
    read_timeline(video, cache=False)
    assert watched == [video, video]


def test_another_extractor_watches_anew(cache, video, watched, monkeypatch):
    read_timeline(video)
    monkeypatch.setattr(extract, "VERSION", "leitmotif-video 0")
    read_timeline(video)
    assert len(watched) == 2 and len(list(cache.iterdir())) == 2


def test_a_damaged_entry_is_replaced(cache, video, watched):
    read_timeline(video)
    entry = next(cache.iterdir())
    entry.write_bytes(entry.read_bytes()[:100])
    read_timeline(video)
    assert len(watched) == 2
    read_timeline(video)
    assert len(watched) == 2


@pytest.mark.parametrize("place", [0.0005, 0.1, 0.5, 0.99])
def test_one_flipped_bit_makes_the_entry_anew(cache, video, watched, place):
    first = read_timeline(video)
    entry = next(cache.iterdir())
    raw = bytearray(entry.read_bytes())
    raw[int(place * len(raw))] ^= 16
    entry.write_bytes(raw)
    assert np.array_equal(read_timeline(video).values, first.values, equal_nan=True)
    assert len(watched) == 2


def test_an_entry_of_another_version_is_made_anew(cache, video, watched, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr("features.video.timeline._FILE", ("timeline", 1))
        read_timeline(video)
    read_timeline(video)
    assert len(watched) == 2


def test_warnings_come_back_from_the_cache_in_any_language(tmp_path):
    missing = Sentence("video.no_models")
    said = Sentence("video.not_looked_at", lost=[Sentence("video.no_faces")], why=missing)
    cut = Sentence("video.cut_off", done=1.0, total=2.5)
    timeline = Timeline(
        np.zeros(1),
        np.zeros((1, 1)),
        ("seconds",),
        [(0.0, 0.5)],
        0.5,
        np.zeros((1, 36), np.float32),
        warnings=(said, cut),
    )
    timeline.save(tmp_path / "t.npz")
    found = Timeline.load(tmp_path / "t.npz").warnings
    assert found == (said, cut)
    assert [w.into("zh") for w in found] == [said.into("zh"), cut.into("zh")]


def test_the_folder_keeps_to_its_size_and_loses_what_was_not_asked_for(
    cache, watched, monkeypatch, tmp_path
):
    videos = [encode(tmp_path / f"{k}.mp4", [texture(90, 160, k)] * 10) for k in range(4)]
    for age, video in zip((300, 200, 100), videos, strict=False):
        known = set(cache.iterdir()) if cache.exists() else set()
        read_timeline(video)
        (entry,) = set(cache.iterdir()) - known
        os.utime(entry, (time.time() - age,) * 2)
    read_timeline(videos[0])  # asked for again: now the second is the oldest
    monkeypatch.setattr(
        store, "MOST_BYTES", int(3.5 * max(p.stat().st_size for p in cache.iterdir()))
    )
    read_timeline(videos[3])
    assert len(list(cache.iterdir())) == 3
    watched.clear()
    for video in (videos[0], videos[2], videos[3], videos[1]):
        read_timeline(video)
    assert watched == [videos[1]]


def test_a_timeline_larger_than_the_folder_may_be_is_still_kept(cache, video, watched, monkeypatch):
    monkeypatch.setattr(store, "MOST_BYTES", 1)
    read_timeline(video)
    read_timeline(video)
    assert watched == [video]


def test_two_processes_at_once_leave_one_good_entry(cache, video):
    code = f"from features.video import read_timeline; print(len(read_timeline({str(video)!r})))"
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [p.communicate()[0].strip() for p in both] == ["4", "4"]
    assert [p.suffix for p in cache.iterdir()] == [".npz"]


def test_bad_files_are_not_kept(cache, tmp_path):
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match="empty"):
        read_timeline(tmp_path / "empty.mp4")
    assert not cache.exists() or not list(cache.iterdir())


def test_analyze_writes_curves_and_a_page(cache, video, tmp_path, capsys):
    import pyarrow.parquet as pq

    from data.profiles import VIDEO_NAMES
    from leitmotif.cli import main

    table, page, text = tmp_path / "曲线.parquet", tmp_path / "page.png", tmp_path / "curves.csv"
    assert (
        main(["analyze", str(video), "--curves", str(table), "--plot", str(page), "--quiet"]) == 0
    )
    assert main(["analyze", str(video), "--curves", str(text), "--json", "--quiet"]) == 0
    assert pq.read_table(table).column_names == ["time_s", *VIDEO_NAMES]
    assert pq.read_table(table).num_rows == 4
    assert text.read_text(encoding="utf-8").splitlines()[0] == ",".join(["time_s", *VIDEO_NAMES])
    assert page.read_bytes()[:4] == b"\x89PNG"
    assert main(["analyze", str(video), "--curves", "curves.doc", "--quiet"]) == 2
    assert "curves.doc" in capsys.readouterr().err


def test_models_are_listed(models, capsys):
    from leitmotif.cli import main

    assert main(["models", "list", "--json"]) == 0
    assert str(models / "yamnet.tflite").replace("\\", "\\\\") in capsys.readouterr().out


def test_without_weights_one_sentence_says_what_is_lost(cache, video, monkeypatch):
    from features.video import score
    from features.video.signals import networks

    monkeypatch.setattr(networks, "locate", lambda name: None)
    timeline = read_timeline(video)
    assert len(timeline.warnings) == 1
    assert "character tension" in timeline.warnings[0] and "models pull" in timeline.warnings[0]
    assert timeline.extractor == "leitmotif-video 5 cuts+motion+colour"
    profile = score(timeline)
    assert (profile["character_tension"], profile.confidence[0], profile.confidence[4]) == (
        50,
        0,
        0,
    )


def test_without_system_libraries_they_are_named(cache, video, monkeypatch, models):
    from features.video.signals import networks

    def refuse(name, path):
        raise networks.Unavailable(
            Sentence("video.no_mediapipe", why="libEGL.so.1", libraries=networks.LIBRARIES)
        )

    monkeypatch.setattr(networks, "_open", refuse)
    monkeypatch.setattr(networks, "_idle", {})
    timeline = read_timeline(video)
    assert len(timeline.warnings) == 1 and "libegl1" in timeline.warnings[0]
