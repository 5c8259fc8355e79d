"""Which files of a folder are listened to, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.errors import InputError
from data.media import AUDIO_SUFFIXES, check_regular
from leitmotif.catalogue.files import list_files


def names(folder: Path) -> list[str]:
    return [file.track_id for file in list_files([folder])[0]]


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize("suffix", [".dsf", ".dff", ".w64", ".ac3", ".au", ".m4r", ".mp4", ".MP3"])
def test_every_kind_of_sound_is_listed(tmp_path: Path, suffix: str):
    touch(tmp_path / f"track{suffix}")
    assert names(tmp_path) == [f"track{suffix}"]
    assert {".mp3", ".flac", ".opus"} <= AUDIO_SUFFIXES


@pytest.mark.parametrize(
    "hidden", [".Trash-1000", ".stversions", ".AppleDouble", "#recycle", "$RECYCLE.BIN", "@Recycle"]
)
def test_what_was_deleted_or_hidden_stays_out(tmp_path: Path, hidden: str):
    touch(tmp_path / "kept.mp3", tmp_path / hidden / "files" / "gone.mp3", tmp_path / "._kept.mp3")
    assert names(tmp_path) == ["kept.mp3"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on this system")
class TestLinks:
    def test_linked_albums_are_listened_to(self, tmp_path: Path):
        touch(tmp_path / "store" / "album" / "one.mp3")
        (tmp_path / "library").mkdir()
        (tmp_path / "library" / "linked").symlink_to(tmp_path / "store" / "album")
        assert names(tmp_path / "library") == ["linked/one.mp3"]

    def test_a_loop_ends(self, tmp_path: Path):
        touch(tmp_path / "a" / "one.mp3")
        (tmp_path / "a" / "round").symlink_to(tmp_path)
        assert names(tmp_path) == ["a/one.mp3"]

    def test_a_folder_that_is_there_itself_comes_before_a_link_to_it(self, tmp_path: Path):
        touch(tmp_path / "z" / "one.mp3")
        (tmp_path / "a").symlink_to(tmp_path / "z")
        assert names(tmp_path) == ["z/one.mp3"]

    def test_a_dangling_link_is_named(self, tmp_path: Path):
        (tmp_path / "gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
        listed, unusable = list_files([tmp_path])
        assert listed == [] and "cannot be opened" in unusable[0][1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes on this system")
def test_a_named_pipe_is_refused_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.mp3")
    with pytest.raises(InputError, match="pipe, socket or device"):
        check_regular(tmp_path / "pipe.mp3")
    listed, unusable = list_files([tmp_path])
    assert listed == [] and "pipe, socket or device" in unusable[0][1]


@pytest.mark.parametrize("name", ["no/such.mp3", "nul\0.mp3"])
def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="no such file"):
        check_regular(tmp_path / name)
