"""A project goes to another machine as one file, and its films and music are found by content."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.catalogue import Catalogue
from data.checksums import seal
from data.errors import InputError
from leitmotif.cli import main
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.model import Cue, Film, Piece, Score, Track
from leitmotif.score.timecode import FrameRate
from leitmotif.sessions.desk import OWN, Desk, Desks, Listed, owner_of
from leitmotif.sessions.parcel import read_parcel, write_parcel
from leitmotif.sessions.projects import Projects
from leitmotif.sessions.relink import missing_media, relink
from leitmotif.sessions.workspace import Kept, content_key
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO
from leitmotif.taste import Diary

OWNER = owner_of(OWN)
NO_KILLS = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
WITHOUT_PATHS = {"markers", "cuesheet", "audacity", "reaper", "chapters"}
"""Exports that name no file: the same bytes on any machine. The others name films and tracks."""


class Machine:
    """A data folder and a folder of media."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.media = folder, folder / "data", folder / "media"
        self.media.mkdir(parents=True, exist_ok=True)
        self.desks = Desks(self.data, lambda session: True, parent=folder)
        self.own = self.data / "desks" / OWNER

    @property
    def projects(self) -> Projects:
        return self.desks.projects

    def desk(self, project: int | None = None) -> Desk:
        return self.desks.of(OWN, "tab", project=project)


@pytest.fixture
def machines(tmp_path: Path):
    made = []

    def machine(name: str) -> Machine:
        made.append(Machine(tmp_path / name))
        return made[-1]

    yield machine
    for one in made:
        one.desks.workspaces.close()


def scored(machine: Machine) -> Desk:
    """A desk with a film, a catalogue in the data folder, and a score of a track of it."""
    film = Path(shutil.copy(DEMO_VIDEO, machine.media / "film.mp4"))
    music = machine.media / "music"
    music.mkdir()
    demo = Catalogue.read(DEMO_CATALOGUE)
    for name in ("carousel.opus", "iron-march.opus"):
        shutil.copy(DEMO_CATALOGUE.parent / "demo" / "tracks" / name, music / name)
    rows = [demo.track_ids.index(name) for name in ("carousel.opus", "iron-march.opus")]
    columns = {
        "track_id": [demo.track_ids[r] for r in rows],
        "path": [str(music / demo.track_ids[r]) for r in rows],
        "content_sha256": [content_key(music / demo.track_ids[r]) for r in rows],
    }
    desk = machine.desk()
    table = desk.folder / "built-1.csv"
    Catalogue(demo.features[rows], columns).write(table)
    key = content_key(film)
    desk.open_film(Kept(key, "film.mp4", film))
    desk.list_catalogue("mine", Listed("My music", table, True))
    desk.choose({"language": "zh", "turns": {"film": key}})
    desk.keep_score(key, plan(film, key, music / "carousel.opus").to_dict())
    return desk


def plan(film: Path, key: str, sound: Path) -> Score:
    track = Track("carousel.opus", str(sound), Fraction(22), "Carousel", "Leitmotif")
    shown = Film(str(film), key, FrameRate(Fraction(25)), 750, 320, 180, has_sound=True)
    cues = (
        Cue(f"1m0{n + 1}", 250 * n, 250 * n + 250, track, (Piece(Fraction(1), Fraction(11), at),))
        for n in range(3)
        for at in [Fraction(10 * n)]
    )
    return Score(shown, tuple(cues))


def score_of(desk: Desk) -> Score:
    return Score.from_dict(next(iter(desk.scores.values())))


MADE_AND_KILLED = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from leitmotif.sessions.later import AFTER_S
from test_project_files import Machine, scored
scored(Machine(Path(sys.argv[2])))
time.sleep(2 * AFTER_S)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=NO_KILLS)])
def test_another_machine_opens_the_same_project(machines, tmp_path: Path, killed: bool):
    if killed:
        arguments = str(Path(__file__).parent), str(tmp_path / "here")
        done = subprocess.run([sys.executable, "-c", MADE_AND_KILLED, *arguments])
        assert done.returncode == -signal.SIGKILL
    here, there = machines("here"), machines("there")
    desk = here.desk() if killed else scored(here)
    parcel = tmp_path / "p.leitmotif"
    write_parcel(here.projects, desk.project, here.own, parcel)
    before = {f.name: export(score_of(desk), f.name, tmp_path / f"a.{f.name}") for f in FORMATS}
    text = {name: path.read_text("utf-8") for name, path in before.items()}
    shutil.move(here.media, there.media / "elsewhere")

    made = read_parcel(there.projects, OWNER, there.own, parcel)
    assert len(missing_media(there.projects, made)) == 1  # the film; the catalogue came along
    found = relink(there.projects, made, [there.media], there.own)
    assert found.missing == () and len(found.found) == 2
    other = there.desk(made.id)
    assert other.choices == desk.choices and list(other.films) == list(desk.films)
    assert [f.kept.path for f in other.films.values()] == [there.media / "elsewhere" / "film.mp4"]
    moved = json.loads(
        json.dumps(desk.scores).replace(str(here.media), str(there.media / "elsewhere"))
    )
    assert other.scores == moved
    catalogue = Catalogue.read(other.catalogues["mine"].path)
    assert all(Path(path).is_file() for path in catalogue.text("path"))
    for form in FORMATS:
        again = export(score_of(other), form.name, tmp_path / f"b.{form.name}").read_text("utf-8")
        new, old = str(there.media / "elsewhere"), str(here.media)
        same = again == text[form.name]
        assert same if form.name in WITHOUT_PATHS else again.replace(new, old) == text[form.name]


def test_the_same_project_makes_the_same_bytes(machines, tmp_path: Path):
    here, there = machines("here"), machines("there")
    desk = scored(here)
    for name in ("a", "b"):
        write_parcel(here.projects, desk.project, here.own, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    made = read_parcel(there.projects, OWNER, there.own, tmp_path / "a")
    assert made.name == "Project 1"
    assert read_parcel(there.projects, OWNER, there.own, tmp_path / "a").name == "Project 1 2"


def test_what_was_made_of_tracks_goes_along_and_counts_once(machines, tmp_path: Path):
    here, there = machines("here"), machines("there")
    desk, mine = scored(here), Diary(here.projects.database)
    mine.answer("like", "one")
    mine.answer("never", "two")
    for name in ("a", "b"):
        write_parcel(here.projects, desk.project, here.own, tmp_path / name, mine)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    theirs = Diary(there.projects.database)
    theirs.answer("skip", "three")
    for _ in range(2):
        read_parcel(there.projects, OWNER, there.own, tmp_path / "a", theirs)
    assert [e.kind for e in theirs.events()] == ["skip", "like", "never"]
    assert theirs.never() == {"two"}


def test_choices_that_the_page_cannot_hold_are_one_sentence(machines, tmp_path: Path):
    here = machines("here")
    desk = scored(here)
    desk.choose({"remembered": {"k": 500}})
    write_parcel(here.projects, desk.project, here.own, tmp_path / "p.leitmotif")
    with pytest.raises(InputError, match=r"the choice k in it is 500, which"):
        read_parcel(here.projects, OWNER, here.own, tmp_path / "p.leitmotif")
    assert [p.name for p in here.projects.of(OWNER)] == [desk.project.name]


def test_music_that_moved_is_found_by_what_the_catalogue_says(machines):
    here = machines("here")
    desk = scored(here)
    (here.media / "music").rename(here.media / "other")
    found = relink(here.projects, desk.project, [here.media], here.own)
    assert list(found.found.values()) == [str(here.media / "other" / "carousel.opus")]
    desk.refresh()
    assert score_of(desk).cues[0].track.path == str(here.media / "other" / "carousel.opus")
    assert relink(here.projects, desk.project, [here.media], here.own).found == {}


def test_a_catalogue_that_moved_brings_its_tracks_along(machines):
    here = machines("here")
    desk = scored(here)
    music = here.media / "music"
    catalogue = Catalogue.read(desk.folder / "built-1.csv")
    table = music / "own.csv"
    columns = {**catalogue.columns, "path": catalogue.track_ids}
    Catalogue(catalogue.features, columns).write(table)
    desk.list_catalogue("mine", Listed("My music", table, True))
    music.rename(here.media / "other")
    found = relink(here.projects, desk.project, [here.media], here.own)
    assert found.found == {
        str(table): str(here.media / "other" / "own.csv"),
        str(music / "carousel.opus"): str(here.media / "other" / "carousel.opus"),
    }


def test_what_is_nowhere_is_named_and_another_file_is_not_taken_for_it(machines, tmp_path: Path):
    here = machines("here")
    desk = scored(here)
    (here.media / "film.mp4").rename(tmp_path / "gone.mp4")
    (here.media / "film.mp4.mp4").write_bytes(b"another film" + bytes(DEMO_VIDEO.stat().st_size))
    found = relink(here.projects, desk.project, [here.media], here.own)
    assert found.found == {} and found.missing == (str(here.media / "film.mp4"),)
    with pytest.raises(InputError, match="no such folder"):
        relink(here.projects, desk.project, [tmp_path / "nowhere"], here.own)


# ---------------------------------------------------------------- files from outside


def zipped(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def document(*parts: dict, **more: object) -> bytes:
    record = {"name": "P", "parts": parts, "media": {}, **more}
    return json.dumps(seal("project", 1, record)).encode()


FILM = {"kind": "film", "key": "a" * 64, "document": {"name": "../f", "path": "/f", "size": 1}}
TABLE = {
    "kind": "catalogue",
    "key": "c",
    "document": {
        "name": "c",
        "path": "/c",
        "followed": True,
        "sha256": "b" * 64,
        "size": 1,
        "packed": True,
    },
}


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"project.json": b"{}"},
        {"project.json": document(), "../escape.csv": b"x"},
        {"project.json": document(), "catalogues/../../escape.csv": b"x"},
        {"project.json": document(), "/etc/escape": b"x"},
        {"project.json": document({**FILM, "key": "../x"})},
        {"project.json": document({**FILM, "kind": "other"})},
        {"project.json": document({**FILM, "document": []})},
        {"project.json": document({"kind": "score", "key": "a" * 64, "document": {}})},
        {"project.json": document(TABLE)},
        {"project.json": document(TABLE), f"catalogues/{'b' * 64}.csv": b"another content"},
        {"project.json": document(name="\0")},
        {"project.json": document(media={"/x": {"sha256": "?", "size": 1}})},
        {"project.json": b"[" * 100_000},
    ],
)
def test_a_file_that_is_no_project_is_one_sentence_and_leaves_nothing(
    machines, tmp_path: Path, entries: dict[str, bytes]
):
    here = machines("here")
    parcel = zipped(tmp_path / "bad.leitmotif", **entries)
    with pytest.raises(InputError):
        read_parcel(here.projects, OWNER, here.own, parcel)
    assert here.projects.of(OWNER) == [] and not list(tmp_path.rglob("*escape*"))
    assert not [f for f in here.own.glob("*") if f.is_file()]


def test_names_in_a_project_are_only_shown(machines, tmp_path: Path):
    here = machines("here")
    made = read_parcel(
        here.projects,
        OWNER,
        here.own,
        zipped(tmp_path / "p", **{"project.json": document(FILM)}),
    )
    assert [f.kept.name for f in here.desk(made.id).films.values()] == ["f"]


def test_a_bomb_is_refused_before_it_is_unpacked(machines, tmp_path: Path):
    here = machines("here")
    bomb = tmp_path / "bomb.leitmotif"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("project.json", "w", force_zip64=True) as entry,
    ):
        for _ in range(257):
            entry.write(bytes(1 << 20))
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(InputError, match="unpack to more"):
        read_parcel(here.projects, OWNER, here.own, bomb)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.booleans())
def test_damage_is_one_sentence_or_changes_nothing(damaged_parcel, at: int, bit: int, cut: bool):
    machine, whole, file = damaged_parcel
    content = bytearray(whole)
    if cut:
        del content[at % len(content) :]
    else:
        content[at % len(content)] ^= 1 << bit
    file.write_bytes(bytes(content))
    try:
        made = read_parcel(machine.projects, OWNER, machine.own, file)
    except InputError:
        return
    parts = machine.projects.parts(made.id)[0]
    assert [(p.kind, p.key) for p in parts][:2] == [("film", "a" * 64), ("choices", "")]
    machine.projects.delete(made.id)


@pytest.fixture
def damaged_parcel(machines, tmp_path: Path):
    machine = machines("here")
    choices = {"kind": "choices", "key": "", "document": {"turns": {"film": "x"}}}
    file = zipped(tmp_path / "p.leitmotif", **{"project.json": document(FILM, choices)})
    return machine, file.read_bytes(), file


# ---------------------------------------------------------------- the command


def test_the_command_lists_exports_imports_relinks_and_deletes(
    machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    here, there = machines("here"), machines("there")
    scored(here)
    monkeypatch.setenv("LEITMOTIF_DATA", str(here.data))
    monkeypatch.chdir(tmp_path)
    assert main(["project", "export", "Project 1"]) == 0
    assert capsys.readouterr().out.strip() == "Project 1.leitmotif"

    monkeypatch.setenv("LEITMOTIF_DATA", str(there.data))
    (here.media / "film.mp4").rename(there.media / "moved.mp4")
    assert main(["project", "import", "Project 1.leitmotif", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["missing"] == [str(here.media / "film.mp4")]
    assert main(["project", "relink", "Project 1", str(there.media), "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == []
    assert main(["project", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["films"], listed["catalogues"], listed["scores"]) == (1, 1, 1)
    assert main(["project", "delete", "Project 1"]) == 0
    assert there.projects.of(OWNER) == [] and not list(there.own.glob("*.csv"))
    assert (there.media / "moved.mp4").is_file()
    capsys.readouterr()
    assert main(["project", "export", "nobody"]) == 2
    assert "no project named nobody" in capsys.readouterr().err
