"""What is on a desk is there again: after a restart, in another tab, and for nobody else."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

from data.checksums import write_json
from leitmotif.sessions.desk import (
    OWN,
    Desk,
    Desks,
    Listed,
    delete_project,
    name_from,
    new_name,
    owner_of,
)
from leitmotif.sessions.later import flush
from leitmotif.sessions.workspace import VIDEO_SUFFIXES, Kept, content_key, receive
from leitmotif.settings import DEMO_VIDEO
from leitmotif.store.database import NAME


@pytest.fixture
def desks(tmp_path: Path):
    opened = []

    def server(*alive: str, grace_s: float = 120.0) -> Desks:
        made = Desks(tmp_path / "data", lambda s: s in alive, grace_s, tmp_path)
        opened.append(made)
        return made

    yield server
    for made in opened:
        made.workspaces.close()


def with_film(desk: Desk) -> str:
    kept = receive(desk.folder, "a.mp4", io.BytesIO(DEMO_VIDEO.read_bytes()), VIDEO_SUFFIXES, 99)
    desk.open_film(kept)
    return kept.key


def test_everything_is_there_after_a_restart(desks, tmp_path: Path):
    table = tmp_path / "mine.csv"
    table.write_text("x")
    first = desks("tab")
    desk = first.of(OWN, "tab")
    key = with_film(desk)
    desk.list_catalogue("mine", Listed("mine.csv", table, True))
    desk.choose({"language": "zh", "turns": {"film": key}})
    desk.keep_score(key, {"leitmotif_score": 1, "cues": []})
    first.workspaces.close()

    again = desks("other").of(OWN, "other")
    assert [f.kept.name for f in again.films.values()] == ["a.mp4"]
    assert again.films[key].kept.path.is_file() and again.films[key].job is None
    assert again.catalogues == {"mine": Listed("mine.csv", table, True)}
    assert again.choices == {"language": "zh", "turns": {"film": key}}
    assert again.scores == {key: {"leitmotif_score": 1, "cues": []}}


def test_two_tabs_share_one_desk_and_visitors_have_their_own(desks):
    server = desks("one", "two", "guest")
    assert server.of(OWN, "one") is server.of(OWN, "two")
    with_film(server.of(OWN, "one"))
    assert server.of(OWN, "guest", visitor=True).films == {}
    assert server.of(new_name(), "guest", visitor=True).films == {}


def test_two_servers_see_what_the_other_wrote(desks, tmp_path: Path):
    table = tmp_path / "mine.csv"
    table.write_text("x")
    one, two = desks("a"), desks("b")
    two.of(OWN, "b")
    one.of(OWN, "a").list_catalogue("mine", Listed("mine.csv", table, False))
    assert list(two.of(OWN, "b").catalogues) == ["mine"]


def test_a_removed_film_is_gone_from_the_disk_too(desks):
    desk = desks("tab").of(OWN, "tab")
    key = with_film(desk)
    path = desk.films[key].kept.path
    desk.keep_score(key, {"leitmotif_score": 1})
    desk.remove_film(key)
    assert not path.exists() and desk.films == {} and desk.scores == {}


def test_a_removed_catalogue_is_off_the_list_and_only_our_copy_of_it_is_gone(desks, tmp_path):
    desk = desks("tab").of(OWN, "tab")
    own, copy = tmp_path / "own.csv", desk.folder / "copy.csv"
    for path in (own, copy):
        path.write_text("x")
        desk.list_catalogue(path.name, Listed(path.name, path, True))
    for path in (own, copy):
        desk.remove_catalogue(path.name)
    assert desk.catalogues == {} and own.is_file() and not copy.exists()
    assert desks("other").of(OWN, "other").catalogues == {}


def test_projects_of_one_person_do_not_meet(desks):
    server = desks("tab")
    first = server.of(OWN, "tab")
    with_film(first)
    second = server.projects.make(first.project.owner, "Trailer")
    other = server.of(OWN, "tab", project=second.id)
    assert other.films == {} and other.project.name == "Trailer"
    assert list(server.of(OWN, "new tab").films) == []  # the one opened last
    assert len(server.of(OWN, "tab", project=first.project.id).films) == 1


def test_a_deleted_project_gives_way_to_the_one_opened_last(desks):
    server = desks("tab")
    first = server.of(OWN, "tab")
    second = server.of(OWN, "tab", project=server.projects.make(first.project.owner, "B").id)
    server.projects.delete(second.project.id)
    assert server.of(OWN, "tab", project=second.project.id) is first


def test_a_file_of_ours_stays_while_another_project_needs_it(desks):
    server = desks("tab")
    first = server.of(OWN, "tab")
    key = with_film(first)
    path = first.films[key].kept.path
    made = server.projects.make(first.project.owner, "B")
    second = server.of(OWN, "tab", project=made.id)
    second.open_film(first.films[key].kept)
    first.remove_film(key)
    assert path.is_file()
    delete_project(server.projects, made, second.folder)
    assert not path.exists()


def test_a_desk_of_an_earlier_version_is_taken_over_once(desks, tmp_path: Path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"pictures")
    folder = tmp_path / "data" / "desks" / owner_of(OWN)
    folder.mkdir(parents=True)
    old, new = "a" * 64, content_key(film)
    record = {
        "films": [{"key": old, "name": "film.mp4", "path": str(film)}],
        "catalogues": [{"key": "x", "name": "x.csv", "path": str(film), "followed": True}],
        "choices": {"turns": {"film": old, f"scene|{old}": 2}},
        "scores": {old: {"leitmotif_score": 1}},
    }
    write_json(folder / "desk.json", "desk", 1, record)
    desk = desks("tab").of(OWN, "tab")
    assert desk.films[new].kept == Kept(new, "film.mp4", film)
    assert desk.choices == {"turns": {"film": new, f"scene|{new}": 2}}
    assert desk.scores == {new: {"leitmotif_score": 1}} and list(desk.catalogues) == ["x"]
    assert not (folder / "desk.json").exists()


@pytest.mark.parametrize("at", [0, 40, -20])
def test_a_damaged_desk_of_an_earlier_version_is_set_aside_and_said(desks, tmp_path, at: int):
    folder = tmp_path / "data" / "desks" / owner_of(OWN)
    write_json(folder / "desk.json", "desk", 1, {"films": [], "catalogues": [], "choices": {}})
    content = bytearray((folder / "desk.json").read_bytes())
    content[at] ^= 4
    (folder / "desk.json").write_bytes(bytes(content))
    fresh = desks("tab").of(OWN, "tab")
    assert fresh.choices == {}
    assert fresh.troubles[0].code == "session.memory_damaged"
    assert Path(str(fresh.troubles[0].values["file"])).read_bytes() == bytes(content)


def test_a_damaged_part_is_left_out_and_said_and_the_rest_is_there(desks):
    desk = desks("tab").of(OWN, "tab")
    key = with_film(desk)
    desk.choose({"language": "en"})
    flush()
    with desk.projects.database.write() as connection:
        query = "UPDATE project_part SET document = replace(document, 'en', 'zh') WHERE key = ''"
        connection.execute(query)
    fresh = desks("tab").of(OWN, "tab")
    assert list(fresh.films) == [key] and fresh.choices == {}
    assert fresh.troubles[0].code == "project.damaged_part"


def test_a_damaged_file_of_projects_is_set_aside_and_said(desks, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / NAME).write_bytes(b"no database" * 100)
    fresh = desks("tab").of(OWN, "tab")
    assert fresh.troubles[0].code == "session.memory_damaged"
    assert Path(str(fresh.troubles[0].values["file"])).read_bytes() == b"no database" * 100


def test_a_visitor_who_has_gone_leaves_no_work_and_no_temporary_files(desks):
    server = desks(grace_s=0.0)
    desk = server.of("token", "gone", visitor=True)

    def endless(progress):
        while True:
            progress("working", 0, None)

    job = desk.workspace.start(endless)
    server.workspaces.sweep()
    assert job.wait(5) and job.state == "cancelled" and not desk.workspace.folder.exists()
    assert desk.folder.is_dir()


def test_work_goes_on_for_whoever_sits_here(desks):
    server = desks(grace_s=0.0)
    desk = server.of(OWN, "gone")
    release = threading.Event()
    job = desk.workspace.start(lambda progress: release.wait(10))
    server.workspaces.sweep()
    assert not job.ended and desk.workspace.folder.is_dir()
    release.set()
    assert job.wait(5)


def test_a_visitors_desk_is_kept_for_a_day_and_ones_own_for_good(desks):
    server = desks("tab")
    folders = [server.of("token", "tab", visitor=True).folder, server.of(OWN, "tab").folder]
    with server.projects.database.write() as connection:
        connection.execute("UPDATE project SET opened = ?", [time.time() - 90_000])
    server.workspaces.close()
    desks()
    assert [folder.is_dir() for folder in folders] == [False, True]


def test_names_are_names():
    assert name_from("a-B_3") == "a-B_3" and name_from(new_name())
    assert [name_from(bad) for bad in (None, "", "../a", "a b", "x" * 65)] == [None] * 5


def test_only_its_owner_can_look_into_a_desk(desks):
    folder = desks("tab").of(OWN, "tab").folder
    assert folder.stat().st_mode & 0o077 == 0
