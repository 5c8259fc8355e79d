"""A session's files: kept under their content, shown by their name, gone with the session."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import (
    VIDEO_SUFFIXES,
    Workspace,
    Workspaces,
    local_file,
    receive,
    remove_left_behind,
    shown_name,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "session")


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.mp4",
        "..\\..\\evil.mp4",
        "/etc/evil.mp4",
        "C:\\evil.mp4",
        "a\x00b\n.mp4",
        "电影 片段.mp4",
    ],
)
def test_a_name_is_never_a_path(workspace: Workspace, tmp_path: Path, name: str):
    before = {f for f in tmp_path.rglob("*") if f.is_file()}
    kept = receive(workspace.folder, name, io.BytesIO(b"content"), VIDEO_SUFFIXES, 1)
    assert kept.path.parent == workspace.folder
    assert {f for f in tmp_path.rglob("*") if f.is_file()} - before == {kept.path}
    assert "/" not in kept.name and "\\" not in kept.name and kept.name.isprintable()


@given(st.text())
def test_shown_names_are_printable_and_short(name: str):
    shown = shown_name(name)
    assert len(shown) <= 80 and shown.isprintable() and "/" not in shown


def test_the_same_content_is_kept_once(workspace: Workspace):
    first = receive(workspace.folder, "a.mp4", io.BytesIO(b"x" * 5000), VIDEO_SUFFIXES, 1)
    second = receive(workspace.folder, "b.mp4", io.BytesIO(b"x" * 5000), VIDEO_SUFFIXES, 1)
    assert first.key == second.key and first.path == second.path
    assert [f.name for f in workspace.folder.iterdir()] == [first.path.name]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.mp4", b"", "empty"),
        ("big.mp4", b"x" * ((1 << 20) + 1), "larger than the 1 MB"),
        ("script.sh", b"echo", "not read here"),
        ("", b"x", "not read here"),
    ],
)
def test_what_cannot_be_kept_leaves_nothing(
    workspace: Workspace, name: str, content: bytes, reason: str
):
    with pytest.raises(InputError, match=reason):
        receive(workspace.folder, name, io.BytesIO(content), VIDEO_SUFFIXES, 1)
    assert list(workspace.folder.iterdir()) == []


def test_exactly_the_limit_is_taken(workspace: Workspace):
    assert (
        receive(workspace.folder, "a.mp4", io.BytesIO(b"x" * (1 << 20)), VIDEO_SUFFIXES, 1)
        .path.stat()
        .st_size
        == 1 << 20
    )


def test_removing_spares_files_that_are_not_ours(workspace: Workspace, tmp_path: Path):
    (tmp_path / "my film.mp4").write_bytes(b"x")
    own = local_file(str(tmp_path / "my film.mp4"), VIDEO_SUFFIXES)
    kept = receive(workspace.folder, "a.mp4", io.BytesIO(b"x"), VIDEO_SUFFIXES, 1)
    workspace.remove(own)
    workspace.remove(kept)
    assert own.path.is_file() and not kept.path.exists()


@pytest.mark.parametrize("text", ["", "no such thing.mp4", "~/nobody/film.mp4", "a\x00b.mp4"])
def test_a_path_that_is_not_there_is_named(text: str):
    with pytest.raises(InputError, match="no such file"):
        local_file(text, VIDEO_SUFFIXES)


def test_a_path_may_stand_in_quotes_and_only_names_videos(tmp_path: Path):
    (tmp_path / "film.MP4").write_bytes(b"x")
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    assert local_file(f'"{tmp_path / "film.MP4"}"', VIDEO_SUFFIXES).name == "film.MP4"
    with pytest.raises(InputError, match="not read here"):
        local_file(str(tmp_path / "secret.txt"), VIDEO_SUFFIXES)


def test_a_session_that_has_gone_takes_its_folder_and_its_work_along(tmp_path: Path):
    alive = {"one", "two"}
    spaces = Workspaces(alive.__contains__, grace_s=0.0, parent=tmp_path)
    one, two = spaces.of("one"), spaces.of("two")
    assert one.folder != two.folder

    def endless(progress):
        while True:
            progress("working", 0, None)

    job = one.start(endless)
    spaces.sweep()
    assert one.folder.is_dir() and two.folder.is_dir()
    alive.remove("one")
    spaces.sweep()
    assert not one.folder.exists() and two.folder.is_dir()
    assert job.wait(5) and job.state == "cancelled"
    spaces.close()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_died_is_tidied_up_after_and_a_living_one_left_alone(tmp_path: Path):
    living = Workspaces(lambda _: True, parent=tmp_path)
    (tmp_path / "leitmotif-page-dead").mkdir()
    (tmp_path / "leitmotif-page-dead" / "film.mp4").write_bytes(b"x")
    remove_left_behind(tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == [living.root.name]
    living.close()


def test_a_job_reports_and_keeps_its_result():
    def work(progress):
        progress("counting", 3, 12)
        return 42

    job = Job(work)
    assert job.wait(5)
    assert (job.state, job.result, job.stage.name, job.stage.share) == (
        "done",
        42,
        "counting",
        0.25,
    )


def test_a_job_keeps_the_sentence_of_a_bad_file_and_hides_our_mistakes(
    capsys: pytest.CaptureFixture,
):
    bad_file = InputError("video.is_folder", file="film.mp4")

    def bad(progress):
        raise bad_file

    def ours(progress):
        raise ZeroDivisionError

    bad_job, our_job = Job(bad), Job(ours)
    assert bad_job.wait(5) and our_job.wait(5)
    assert (bad_job.state, str(bad_job.error)) == ("failed", str(bad_file))
    assert (our_job.state, our_job.error) == ("failed", None)
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_job_that_waits_for_a_slot_can_be_cancelled():
    import threading

    release = threading.Event()
    busy = [Job(lambda progress: release.wait(10)) for _ in range(2)]
    waiting = Job(lambda progress: pytest.fail("it was cancelled"))
    waiting.cancel()
    assert waiting.wait(5) and waiting.state == "cancelled"
    release.set()
    assert all(job.wait(5) for job in busy)
