"""A library of films: what is read once stays, and a picture of it is found again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from small_films import SHOT_S, film, shot

from data.errors import InputError
from features.video.encoder import Encoder, Network
from features.video.pictures import mirrored, read_picture, without_bars
from leitmotif.scenes.find import find
from leitmotif.scenes.library import Library


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three films of three shots each."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(("One/S01E01", "One/S01E02", "Two")):
        film(folder / f"{name}.mp4", [10 * number + k for k in range(3)])
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is done in this process: starting another with its network takes seconds."""
    monkeypatch.setattr(
        "leitmotif.scenes.library.run_each",
        lambda function, items, jobs: ((item, function(item)) for item in items),
    )


@pytest.fixture(scope="module")
def library(films: Path, tmp_path_factory: pytest.TempPathFactory):
    with Library.open(tmp_path_factory.mktemp("library")) as opened:
        done = opened.add([films], jobs=1)
        assert len(done.added) == 3 and not done.failed
        yield opened


def test_films_say_what_they_are(library: Library):
    assert [(f.title, f.season, f.episode) for f in library.films] == [
        ("One", 1, 1),
        ("One", 1, 2),
        ("Two", None, None),
    ]
    first = library.films[0]
    assert first.name == "One S01E01" and first.rate == 10
    assert first.duration == pytest.approx(3 * SHOT_S, abs=0.11)
    assert library.film(first.id) == first


def test_frames_are_those_that_differ(library: Library):
    for one in library.films:
        frames = library.frames(one)
        # each shot stands still: one frame of it is kept, and goes on until the next
        assert len(frames.times) == 3
        assert frames.times == pytest.approx([0, SHOT_S, 2 * SHOT_S], abs=0.51)
        assert (frames.until[:-1] == frames.times[1:]).all()
        assert frames.layout.shape == (3, 12) and frames.layout.dtype == np.uint8
        assert np.linalg.norm(frames.vectors, axis=1) == pytest.approx(1.0, abs=1e-3)
        assert (frames.marks == 0).all()


@pytest.mark.parametrize("change", ["as it is", "mirrored", "cropped", "recoded", "barred"])
def test_a_picture_is_found_in_its_film_and_shot(library: Library, change: str):
    picture = shot(11)
    match change:
        case "mirrored":
            picture = mirrored(picture)
        case "cropped":
            picture = np.ascontiguousarray(picture[10:80, 20:140])
        case "recoded":
            code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 20])[1]
            picture = cv2.imdecode(code, cv2.IMREAD_COLOR_BGR)
        case "barred":
            bars = cv2.copyMakeBorder(picture, 20, 20, 0, 0, cv2.BORDER_CONSTANT)
            picture = without_bars(bars)
            assert picture.shape[0] <= 90
    hit = find(library, picture, k=3)[0]
    assert hit.film.name == "One S01E02"
    assert hit.start <= 1.5 * SHOT_S <= hit.end + 0.6
    assert hit.start - 0.6 <= hit.at <= hit.end
    assert hit.known


def test_hits_of_a_film_lie_more_than_a_second_apart(library: Library):
    hits = find(library, shot(11), k=9)
    assert len(hits) == 9
    for one, other in combinations(hits, 2):
        assert one.film.id != other.film.id or abs(one.at - other.at) > 1
    assert [h.similarity for h in hits] == sorted((h.similarity for h in hits), reverse=True)


@pytest.mark.usefixtures("here")
def test_only_what_is_new_is_read(films: Path, tmp_path: Path):
    folder = tmp_path / "films"
    shutil.copytree(films, folder)
    with Library.open(tmp_path / "library") as library:
        library.add([folder], jobs=1)
        film(folder / "One" / "S01E00.mp4", [50, 51])
        (folder / "Two.mp4").rename(folder / "Three.mp4")
        (folder / "text.mp4").write_text("no film\n" * 100)
        done = library.add([folder], jobs=1)
        assert len(done.added) == 1 and done.unchanged == 2 and done.moved == 1
        assert [Path(path).name for path, _ in done.failed] == ["text.mp4"]
        assert done.failed[0][1].code == "video.text_file"
        assert [f.name for f in library.films] == [
            "One S01E00",
            "One S01E01",
            "One S01E02",
            "Three",
        ]
        assert find(library, shot(51))[0].film.name == "One S01E00"
        again = library.add([folder], jobs=1)
        assert not again.added and again.unchanged == 4 and len(again.failed) == 1


@pytest.mark.usefixtures("here")
def test_a_changed_file_is_another_film(films: Path, tmp_path: Path):
    path = tmp_path / "a.mp4"
    shutil.copy(films / "Two.mp4", path)
    with Library.open(tmp_path / "library") as library:
        library.add([path], jobs=1)
        film(path, [70, 71])
        library.add([path], jobs=1)
        assert len(library.films) == 1 and len(library.vectors) == 2
        assert find(library, shot(70))[0].similarity > 0.9


@pytest.mark.usefixtures("here")
def test_killed_at_any_moment_nothing_is_lost(films: Path, tmp_path: Path):
    folder = tmp_path / "library"
    command = [
        *(sys.executable, "-m", "leitmotif", "scenes", "add", str(films)),
        *("--library", str(folder), "-j", "1", "--quiet"),
    ]
    held = 0
    for wait in (1.0, 5.0):
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with Library.open(folder) as library:
            assert len(library.films) >= held
            held = len(library.films)
    with Library.open(folder) as library:
        done = library.add([films], jobs=1)
        assert len(done.added) == 3 - held and done.unchanged == held
        assert [f.name for f in library.films] == ["One S01E01", "One S01E02", "Two"]
        assert find(library, shot(21))[0].film.name == "Two"


@pytest.mark.usefixtures("here")
def test_a_lost_or_damaged_index_is_made_again(films: Path, tmp_path: Path):
    with Library.open(tmp_path) as library:
        library.add([films], jobs=1)
        assert len(library.vectors) == 9
    index = tmp_path / "scenes.usearch"
    for content in (b"", b"other" * 1000, None):
        index.unlink() if content is None else index.write_bytes(content)
        with Library.open(tmp_path) as library:
            assert len(library.vectors) == 9
            assert find(library, shot(21))[0].film.name == "Two"


def test_a_cluster_reads_the_same(films: Path, library: Library, tmp_path: Path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster,
        Library.open(tmp_path) as other,
    ):
        other.add([films / "Two.mp4"], cluster=cluster.scheduler_address)
        (film_there,) = other.films
        assert np.array_equal(
            other.frames(film_there).vectors, library.frames(film_there.id).vectors
        )


def test_what_cannot_be_done_is_said(tmp_path: Path):
    with Library.open(tmp_path / "library") as library:
        for sources, code in (([tmp_path], "scenes.no_films"), ([tmp_path / "x"], "files.missing")):
            with pytest.raises(InputError) as caught:
                library.add(sources, jobs=1)
            assert caught.value.code == code
        with pytest.raises(InputError) as caught:
            library.film("0123456789abcdef")
        assert caught.value.code == "scenes.no_film"
    text = tmp_path / "picture.png"
    text.write_text("no picture")
    with pytest.raises(InputError) as caught:
        read_picture(text)
    assert caught.value.code == "scenes.no_picture"


@pytest.mark.usefixtures("here")
def test_films_read_with_another_encoder_are_refused_until_they_are_read_again(tmp_path: Path):
    film(tmp_path / "films" / "One.mp4", [1, 2])
    with Library.open(tmp_path / "library") as library:
        library.add([tmp_path / "films"])
        assert find(library, shot(1))
    torch.manual_seed(0)
    Encoder(Network(), "another", 0.9).save(tmp_path / "library" / "encoder.safetensors")
    with Library.open(tmp_path / "library") as library:
        with pytest.raises(InputError) as caught:
            find(library, shot(1))
        assert caught.value.code == "scenes.other_encoder"
        assert str(tmp_path / "films") in str(caught.value)
        assert len(library.add([tmp_path / "films"]).added) == 1
        assert find(library, shot(1))
    shutil.rmtree(tmp_path / "films")
    (tmp_path / "library" / "encoder.safetensors").unlink()
    with Library.open(tmp_path / "library") as library:
        # what cannot be read again stands in nobody's way
        assert find(library, shot(1)) == []
