"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from data.atomic import atomic_path, is_disk_full
from data.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_success_replaces_and_leaves_nothing_beside(tmp_path):
    target = tmp_path / "曲 目.csv"
    target.write_text("old")
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_interruption_keeps_the_old_file(tmp_path, interruption):
    target = tmp_path / "catalogue.csv"
    target.write_text("old")
    with pytest.raises(interruption), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise interruption
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot be written"),
        atomic_path(tmp_path / "file" / "out.csv"),
    ):
        pass


def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path):
    target = tmp_path / "audio.csv"
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from data.atomic import atomic_path\n"
        "with atomic_path(sys.argv[2]) as t: t.write_text('half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(ROOT), str(target)], check=False)
    assert [p.suffix for p in tmp_path.iterdir()] == [".csv"] and not target.exists()
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [target]


def test_what_another_run_is_writing_stays(tmp_path):
    target = tmp_path / "audio.csv"
    with atomic_path(target) as first:
        with atomic_path(target) as second:
            second.write_text("second")
        assert first.exists()


@pytest.mark.skipif(os.name == "nt", reason="umask is not of this system")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_files_have_the_users_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "file") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_a_full_disk_is_called_one(tmp_path):
    with (
        pytest.raises(InputError, match="the disk is full") as caught,
        atomic_path(tmp_path / "file"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.code == "files.disk_full" and list(tmp_path.iterdir()) == []


def test_a_full_disk_that_a_library_found_is_called_one(tmp_path):
    from safetensors import SafetensorError

    with pytest.raises(InputError) as caught, atomic_path(tmp_path / "model.safetensors"):
        raise SafetensorError("Error while serializing: No space left on device (os error 28)")
    assert caught.value.code == "files.disk_full" and list(tmp_path.iterdir()) == []


def test_what_else_goes_wrong_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="surprise"), atomic_path(tmp_path / "file"):
        raise RuntimeError("surprise")


@pytest.mark.parametrize(
    ("said", "full"),
    [
        ("database or disk is full", True),
        ("I/O error: No space left on device (os error 28)", True),
        ("disk I/O error", False),  # there is room here
        ("database is locked", False),
    ],
)
def test_which_errors_of_sqlite_and_others_are_a_full_disk(tmp_path, said, full):
    assert is_disk_full(tmp_path / "file", sqlite3.OperationalError(said)) is full


def test_a_folder_is_no_output(tmp_path):
    with pytest.raises(InputError, match="this is a folder"), atomic_path(tmp_path):
        pass
