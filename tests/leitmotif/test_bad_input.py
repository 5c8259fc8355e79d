"""Bad input: one sentence on stderr with the file and the cure, exit code 2, no traceback."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from leitmotif.cli import main
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO


def run(capsys: pytest.CaptureFixture[str], *arguments: str | os.PathLike) -> tuple[int, str, str]:
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def refuse(capsys: pytest.CaptureFixture[str], *arguments: str | os.PathLike) -> str:
    """The one sentence with which a command refuses its arguments."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1, err
    return err


# ---------------------------------------------------------------------------------------- videos


def missing(folder: Path) -> Path:
    return folder / "没有 such.mp4"


def empty(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def text(folder: Path) -> Path:
    (folder / "text.mp4").write_text("INT. KITCHEN. NIGHT.\n" * 50)
    return folder / "text.mp4"


def audio_only(folder: Path) -> Path:
    track = next((DEMO_CATALOGUE.parent / "demo" / "tracks").glob("*.o*"))
    return Path(shutil.copy(track, folder / f"song{track.suffix}"))


def image_only(folder: Path) -> Path:
    import cv2

    (folder / "still.png").write_bytes(
        cv2.imencode(".png", np.full((90, 160, 3), 99, np.uint8))[1].tobytes()
    )
    return folder / "still.png"


def headless(folder: Path) -> Path:
    """An MP4 cut off so early that its index is missing or its frames are."""
    (folder / "cut.mp4").write_bytes(DEMO_VIDEO.read_bytes()[:2000])
    return folder / "cut.mp4"


def a_folder(folder: Path) -> Path:
    (folder / "clips").mkdir()
    return folder / "clips"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (missing, "no such file"),
        (empty, "the file is empty (0 bytes)"),
        (text, "this is a text file, not a video"),
        (audio_only, "there is sound in this file but no video"),
        (image_only, "this is a picture, not a video"),
        (headless, "not one frame can be decoded|cannot be opened as a video"),
        (a_folder, "this is a folder|no video in this folder"),
    ],
)
@pytest.mark.parametrize("command", ["analyze", "recommend"])
def test_a_file_that_is_no_video(capsys, tmp_path, command, make, sentence):
    path = make(tmp_path)
    message = refuse(capsys, command, path)
    assert path.name in message
    assert any(words in message.lower() for words in sentence.lower().split("|")), message


@pytest.mark.skipif(
    not hasattr(os, "geteuid"), reason="file permissions of this kind are a POSIX matter"
)
@pytest.mark.parametrize("of_the_folder", [False, True])
def test_a_video_without_permission(capsys, tmp_path, of_the_folder):
    locked = Path(shutil.copy(DEMO_VIDEO, tmp_path / "locked.mp4"))
    locked.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    if of_the_folder:
        tmp_path.chmod(0)
    run(
        capsys, "analyze", DEMO_VIDEO
    )  # whoever may not read root's files may not import them later, either
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)  # root may read everything; nobody may not
    try:
        message = refuse(capsys, "analyze", locked)
    finally:
        os.seteuid(was)
    assert "locked.mp4" in message and "permission" in message.lower()


def test_a_truncated_video_is_served_with_a_warning(capsys, tmp_path):
    """Half of the demo film, whose index stands first, so that half of it can be read."""
    whole = DEMO_VIDEO.read_bytes()
    half = tmp_path / "半部.mp4"
    half.write_bytes(whole[: len(whole) // 2])
    code, out, err = run(capsys, "recommend", half, "--json")
    assert code == 0
    assert len(json.loads(out)["recommendations"][0]["matches"]) == 5
    assert "半部.mp4" in err


# -------------------------------------------------------------------------------- catalogues

HEADER = ",".join(["track_id", *MUSIC_NAMES])
GOOD = ["1,2,3,4,5,60,50,70,10,-10", "0,1,0,1,0,40,55,30,-20,30", "5,4,3,2,1,20,45,90,80,-60"]


def table(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    (folder / "曲库.csv").write_text("\n".join(lines) + "\n", encoding=encoding)
    return folder / "曲库.csv"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ((), "empty"),
        ((HEADER,), "no usable track"),
        (("track_id,richness,arousal", "a,1,2"), "no column for variation, rhythm"),
        ((HEADER, "a,1,2,3,4,5,60,50,70,nan,0"), "line 2: arousal is not a finite number"),
        (("name;mood", "a;happy"), "not a music catalogue"),
    ],
)
@pytest.mark.parametrize(
    "command", [["recommend", str(DEMO_VIDEO), "--catalogue"], ["catalogue", "check"]]
)
def test_a_catalogue_that_cannot_be_used(capsys, tmp_path, command, lines, sentence):
    path = table(tmp_path, *lines)
    message = refuse(capsys, *command, path)
    assert "曲库.csv" in message and sentence in message


def test_a_catalogue_that_is_not_there(capsys, tmp_path):
    assert "no such catalogue file" in refuse(
        capsys, "recommend", DEMO_VIDEO, "--catalogue", tmp_path / "none.csv"
    )


def test_good_rows_are_served_and_bad_ones_counted(capsys, tmp_path):
    rows = [f"t{i},{line}" for i, line in enumerate(GOOD)]
    path = table(tmp_path, HEADER, *rows, "t0," + GOOD[0], "t8,1,2,3", "t9,1,2,3,4,5,60,50,70,,0")
    code, out, err = run(capsys, "recommend", DEMO_VIDEO, "--catalogue", path, "--json")
    assert code == 0
    assert {m["track_id"] for m in json.loads(out)["recommendations"][0]["matches"]} == {
        "t0",
        "t1",
        "t2",
    }
    assert "3 rows skipped" in err


def test_catalogue_check_names_every_bad_row(capsys, tmp_path):
    path = table(
        tmp_path,
        HEADER,
        "a," + GOOD[0],
        "a," + GOOD[1],
        "b,1,2,3",
        "c,1,2,3,4,5,60,50,70,,0",
        "d," + GOOD[2],
    )
    code, out, err = run(capsys, "catalogue", "check", path)
    assert code == 0
    for words in (
        "line 3",
        "'a' is there already",
        "line 4",
        "4 columns where the header has 11",
        "line 5",
        "arousal is missing",
    ):
        assert words in out + err, words


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_catalogue_in_another_encoding(capsys, tmp_path, encoding):
    path = table(
        tmp_path, HEADER, *(f"曲{i},{line}" for i, line in enumerate(GOOD)), encoding=encoding
    )
    code, out, _ = run(
        capsys, "recommend", DEMO_VIDEO, "--catalogue", path, "--json", "--top-k", "1"
    )
    assert code == 0
    assert json.loads(out)["recommendations"][0]["matches"][0]["track_id"].startswith("曲")


def test_rows_of_two_extractors_are_not_mixed(capsys, tmp_path):
    catalogue = Catalogue.from_rows(
        {"track_id": str(i), "extractor": f"ear/{i}"}
        | dict(zip(MUSIC_NAMES, map(float, line.split(",")), strict=True))
        for i, line in enumerate(GOOD)
    )
    catalogue.write(tmp_path / "mixed.csv")
    message = refuse(capsys, "recommend", DEMO_VIDEO, "--catalogue", tmp_path / "mixed.csv")
    assert "mixed.csv" in message and "3 different extractors" in message


# ---------------------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ("0,0,0,0,0,0,0,0,0,0", "all zero|every weight is zero|at least one"),
        ("valence=-1", "negative"),
        ("loudness=2", "loudness"),
        ("valence=much", "much"),
        ("1,2,3", "3"),
    ],
)
def test_weights_that_cannot_be_used(capsys, weights, sentence):
    message = refuse(capsys, "recommend", DEMO_VIDEO, "--weights", weights)
    assert "weights" in message
    assert any(words in message.lower() for words in sentence.split("|")), message


def test_more_tracks_than_the_catalogue_has(capsys, tmp_path):
    path = table(tmp_path, HEADER, *(f"t{i},{line}" for i, line in enumerate(GOOD)))
    code, out, err = run(
        capsys, "recommend", DEMO_VIDEO, "--catalogue", path, "--json", "--top-k", "50"
    )
    assert code == 0
    assert len(json.loads(out)["recommendations"][0]["matches"]) == 3
    assert "50 tracks asked for, the catalogue has 3" in err


def test_tracks_whose_files_are_gone_are_not_counted_as_shown(capsys, tmp_path):
    rows = (f"t{i},{line},{'missing' if i else ''}" for i, line in enumerate(GOOD))
    path = table(tmp_path, f"{HEADER},status", *rows)
    code, out, err = run(
        capsys, "recommend", DEMO_VIDEO, "--catalogue", path, "--json", "--top-k", "3"
    )
    assert code == 0
    assert len(json.loads(out)["recommendations"][0]["matches"]) == 1
    assert "3 tracks asked for, 1 of the catalogue's 3 shown" in err


def test_no_track_at_all(capsys):
    assert "a whole number from 1 up" in refuse(capsys, "recommend", DEMO_VIDEO, "--top-k", "0")


@pytest.mark.parametrize(
    "command",
    [["app", "--no-browser"], ["analyze", str(DEMO_VIDEO)], ["recommend", str(DEMO_VIDEO)]],
)
def test_profile_weights_that_are_none(capsys, tmp_path, command):
    (tmp_path / "mine.safetensors").write_bytes(b"\x80\x04pickle")
    assert "mine.safetensors" in refuse(
        capsys, *command, "--profile-weights", tmp_path / "mine.safetensors"
    )


@pytest.mark.parametrize("size", ["lots", "0", "-5"])
def test_a_size_limit_that_is_none(capsys, monkeypatch, size):
    monkeypatch.setenv("LEITMOTIF_MAX_UPLOAD_MB", size)
    said = refuse(capsys, "app", "--no-browser")
    assert "LEITMOTIF_MAX_UPLOAD_MB" in said and "megabytes" in said
