"""An edit cut from two films, with a shot of a third that the library does not have."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import opentimelineio as otio
import pycmx
import pytest

from data.errors import InputError
from features.video.frames import VideoReader
from features.video.shot_pictures import read_grid
from features.video.stretch import read_stretch
from leitmotif.scenes.candidates import windows
from leitmotif.scenes.conform import conform
from leitmotif.scenes.conformed import Conformed, report
from leitmotif.scenes.edit_lists import edl, export, fcp7, otio_json, table
from leitmotif.scenes.joining import Run, Strand, join
from leitmotif.scenes.library import Library
from leitmotif.scenes.nearest import Near
from leitmotif.scenes.rebuild import rebuild
from tests.features.video_files import dance, encode, texture

FPS = 25
SHOTS = (  # film, frame in, frames, speed, mirrored
    ("a", 30, 35, 1.0, False),
    ("b", 60, 30, 1.0, True),
    ("c", 20, 30, 1.0, False),
    ("a", 5, 40, 1.08, False),
    ("a", 90, 25, 1.0, False),
)


def film(seed: int) -> list[np.ndarray]:
    """Six seconds: a camera moves over a picture, and something moves across it."""
    ground = texture(400, 700, seed)
    frames = []
    for k in range(150):
        x, y = 20 + 2 * k % 300, 10 + k
        picture = ground[y : y + 180, x : x + 320].copy()
        cv2.circle(picture, (40 + (5 * k) % 240, 90), 20, (0, 0, 255), -1)
        frames.append(picture)
    return frames


@pytest.fixture(scope="module")
def films() -> dict[str, list[np.ndarray]]:
    return {name: film(seed) for name, seed in zip("abc", (1, 2, 3), strict=True)}


@pytest.fixture(scope="module")
def place(tmp_path_factory, films) -> Path:
    folder = tmp_path_factory.mktemp("conform")
    for name, frames in films.items():
        encode(folder / f"{name}.mp4", frames, FPS)
    shown = []
    for name, start, count, speed, mirrored in SHOTS:
        for k in range(count):
            picture = films[name][int(start + k * speed + 1e-6)]
            shown.append(picture[:, ::-1] if mirrored else picture)
    encode(folder / "edit.mp4", shown, FPS)
    with Library.open(folder / "library") as library:
        library.add([folder / "a.mp4", folder / "b.mp4"], jobs=1)
    return folder


@pytest.fixture(scope="module")
def found(place: Path) -> Conformed:
    with Library.open(place / "library") as library:
        return conform(library, place / "edit.mp4")


def test_every_shot_is_found_to_the_frame(found: Conformed):
    assert len(found.shots) == len(SHOTS)
    record = 0
    for shot, (name, start, count, speed, mirrored) in zip(found.shots, SHOTS, strict=True):
        assert abs(shot.record_in - record) <= 1
        record += count
        if name == "c":
            assert shot.place is None
            continue
        assert shot.place
        assert Path(shot.place.source.path).stem == name
        assert shot.place.mirrored == mirrored
        assert abs(shot.place.source_in - start) <= 1
        assert abs(shot.place.source_out - (int(start + (count - 1) * speed) + 1)) <= 1
        assert abs(float(shot.place.speed) - speed) < 0.03
        assert shot.confidence > 0.9


def test_shots_follow_each_other_without_gap(found: Conformed):
    edges = [(shot.record_in, shot.record_out) for shot in found.shots]
    assert [a for a, _ in edges[1:]] == [b for _, b in edges[:-1]]
    assert (edges[0][0], edges[-1][1]) == (0, found.edit.frames)


def test_the_edl_says_the_same_to_another_reader(found: Conformed, tmp_path: Path):
    path = tmp_path / "edit.edl"
    path.write_text(edl(found))
    with path.open() as file:
        events = [edit for event in pycmx.parse_cmx3600(file).events for edit in event.edits]
    assert len(events) == len(found.shots)
    for event, shot in zip(events, found.shots, strict=True):
        assert event.record_in == found.edit.rate.timecode(shot.record_in)
        assert event.record_out == found.edit.rate.timecode(shot.record_out)
        if shot.place:
            assert event.source_in == found.edit.rate.timecode(shot.place.source_in)


def test_the_otio_timeline_has_the_speeds(found: Conformed):
    timeline = otio.adapters.read_from_string(otio_json(found), "otio_json")
    clips = list(timeline.tracks[0])
    assert [int(c.source_range.duration.value) for c in clips] == [s.frames for s in found.shots]
    fast = clips[3]
    assert fast.effects[0].time_scalar == pytest.approx(1.08, abs=0.03)
    assert clips[1].metadata["leitmotif"]["mirrored"] is True
    assert clips[2].metadata["leitmotif"]["in_library"] is False


def test_the_xml_keeps_step(found: Conformed):
    from xml.etree import ElementTree as ET

    items = ET.fromstring(fcp7(found).split("\n", 2)[2]).findall(".//video/track/clipitem")
    for item, shot in zip(items, found.shots, strict=True):
        start, end, first, last = (
            int(item.findtext(tag) or -1) for tag in ("start", "end", "in", "out")
        )
        assert (start, end) == (shot.record_in, shot.record_out)
        assert last - first == end - start
    assert items[1].find(".//effectid").text == "Flop"  # type: ignore[union-attr]


def test_the_table_has_a_line_a_shot(found: Conformed):
    lines = table(found).splitlines()
    assert len(lines) == 1 + len(found.shots)
    assert lines[0].startswith("shot,record_in")


def test_the_report_is_plain_json(found: Conformed):
    record = json.loads(json.dumps(report(found)))
    assert [shot["in_library"] for shot in record["shots"]] == [True, True, False, True, True]
    assert Fraction(record["shots"][0]["place"]["speed"]) == 1


def test_the_edit_rebuilt_shows_the_same_frames(found: Conformed, place: Path, tmp_path: Path):
    path = rebuild(found, tmp_path / "again.mp4")
    with VideoReader(path) as again, VideoReader(place / "edit.mp4") as edit:
        pairs = list(zip(again, edit, strict=True))
    assert len(pairs) == found.edit.frames
    apart = [np.abs(a.small.astype(int) - b.small).mean() for a, b in pairs]
    assert np.percentile(apart, 90) < 4
    assert max(apart) < 30


def test_a_flash_of_black_does_not_part_a_shot(place: Path, films, tmp_path: Path):
    shown = [films["b"][k] for k in range(20, 90)]
    for k in (30, 31, 32, 33, 34, 38, 39, 40, 41):
        shown[k] = np.zeros_like(shown[k])
    encode(tmp_path / "flash.mp4", shown, FPS)
    with Library.open(place / "library") as library:
        found = conform(library, tmp_path / "flash.mp4")
    assert [(shot.record_in, shot.record_out) for shot in found.shots] == [(0, 70)]
    only = found.shots[0].place
    assert only and (only.source_in, only.source_out, only.speed) == (20, 90, 1)


def test_a_cut_seen_in_a_slow_take_does_not_part_it(place: Path, films, tmp_path, monkeypatch):
    """Both parts run on lines of their own where hardly anything moves."""
    wall = texture(400, 700, 9)
    frames = []
    for k in range(150):
        scale = 0.5 * 1.0007**k
        matrix = np.array([[scale, 0, 160 - 350 * scale], [0, scale, 90 - 200 * scale]])
        frames.append(cv2.warpAffine(wall, matrix, (320, 180), flags=cv2.INTER_AREA))
    (tmp_path / "films").mkdir()
    encode(tmp_path / "films" / "wall.mp4", frames, FPS)
    encode(tmp_path / "edit.mp4", films["c"][:30] + frames[30:110] + films["c"][60:90], FPS)

    def seen(path, progress=None):
        grid = read_grid(path, progress)
        return replace(grid, cuts=(30, 62, 75, 110))

    monkeypatch.setattr("leitmotif.scenes.conform.read_grid", seen)
    with Library.open(tmp_path / "library") as library:
        library.add([tmp_path / "films"], jobs=1)
        found = conform(library, tmp_path / "edit.mp4")
    assert [(s.record_in, s.record_out) for s in found.shots if s.place] == [(30, 110)]
    only = next(s.place for s in found.shots if s.place)
    assert abs(only.source_in - 30) <= 1
    assert abs(only.source_out - 110) <= 1


def test_two_moments_on_one_stage_are_told_apart(tmp_path, monkeypatch):
    """No cut is seen between them, and neither line explains both."""
    frames = list(np.repeat(dance(1)[..., None], 3, axis=3))
    (tmp_path / "films").mkdir()
    encode(tmp_path / "films" / "dance.mp4", frames, FPS)
    encode(tmp_path / "edit.mp4", frames[10:55] + frames[90:140], FPS)
    monkeypatch.setattr(
        "leitmotif.scenes.conform.read_grid", lambda path, _: replace(read_grid(path), cuts=())
    )
    with Library.open(tmp_path / "library") as library:
        library.add([tmp_path / "films"], jobs=1)
        found = conform(library, tmp_path / "edit.mp4")
    ends = [(s.place.source_in, s.place.source_out) for s in found.shots if s.place]
    assert np.abs(np.array(ends) - [(10, 55), (90, 140)]).max() <= 1
    assert np.abs(np.array([s.record_out for s in found.shots]) - [45, 95]).max() <= 1


def test_a_still_goes_with_what_it_stands_beside(place: Path, films, tmp_path: Path):
    """A card is shown twice in a film; which of both it is, what follows it says."""
    card = [texture(180, 320, 11)] * 25
    film = card + films["a"][:60] + films["b"][:40] + card + films["c"][:60]
    (tmp_path / "films").mkdir()
    encode(tmp_path / "films" / "cards.mp4", film, FPS)
    with Library.open(tmp_path / "library") as library:
        library.add([tmp_path / "films"], jobs=1)
        for start in (5, 130):
            encode(tmp_path / "edit.mp4", film[start : start + 60], FPS)
            found = conform(library, tmp_path / "edit.mp4")
            assert [(s.record_in, s.record_out) for s in found.shots] == [(0, 60)]
            only = found.shots[0].place
            assert only
            assert abs(only.source_in - start) <= 1
            assert abs(only.source_out - (start + 60)) <= 1


@pytest.mark.parametrize(("other", "pictures"), [(0.5, 3), (0.85, 6)])
def test_what_is_clear_is_asked_with_half_of_the_pictures(
    place, films, monkeypatch, other, pictures
):
    asked = []

    def said(library, picture, count):
        asked.append(picture)
        likes = {"a": 0.9, "b": other}
        return [Near(likes[Path(f.path).stem], f, 1, False, b"") for f in library.films]

    monkeypatch.setattr("leitmotif.scenes.candidates.nearest", said)
    with Library.open(place / "library") as library:
        found = windows(library, films["a"][30:90:6], 6)
    assert len(asked) == pictures
    assert [(Path(w.film.path).stem, round(w.votes, 3)) for w in found] == [
        ("a", 0.9),
        ("b", other),
    ]
    assert len(found[0].hints) == pictures
    shares = [share for share, _ in found[0].hints]
    assert shares == sorted(shares)
    assert (shares[0] < 0.3, shares[-1]) == (True, 1.0)


def test_a_source_that_is_gone_is_named(found: Conformed, place: Path, tmp_path: Path):
    (place / "a.mp4").rename(tmp_path / "a.mp4")
    try:
        with pytest.raises(InputError, match=r"a\.mp4.*put it back"):
            rebuild(found, tmp_path / "again.mp4")
        with Library.open(place / "library") as library:
            notes = conform(library, place / "edit.mp4").notes
        assert any("a.mp4" in note for note in notes)
    finally:
        (tmp_path / "a.mp4").rename(place / "a.mp4")


def test_an_empty_library_is_said(place: Path, tmp_path: Path):
    with Library.open(tmp_path / "none") as library, pytest.raises(InputError, match="no film yet"):
        conform(library, place / "edit.mp4")


def test_an_unknown_format_is_said(found: Conformed, tmp_path: Path):
    with pytest.raises(InputError, match="aaf"):
        export(found, tmp_path / "edit", ["aaf"])


def test_a_stretch_is_the_part_of_the_film(place: Path, films):
    part = read_stretch(place / "a.mp4", 2.0, 3.0, 320)
    assert part.first == 50
    assert len(part.times) == 25
    wanted = cv2.cvtColor(films["a"][50], cv2.COLOR_BGR2GRAY)
    assert np.abs(part.pictures[0].astype(int) - wanted).mean() < 3


def test_joining_finds_the_cut_that_nothing_showed():
    a = np.r_[np.full(10, 0.95), np.full(10, 0.8)]
    strands = [Strand(0, a, np.full(20, 60.0)), Strand(0, a[::-1], np.full(20, 60.0))]
    assert join(strands, 20, []) == [Run(0, 10, 0), Run(10, 20, 1)]


def test_joining_calls_foreign_what_nothing_agrees_with():
    strand = Strand(0, np.r_[np.full(10, 0.9), np.full(10, 0.1)], np.full(20, 60.0))
    assert join([strand], 20, [10]) == [Run(0, 10, 0), Run(10, 20, -1)]


def test_joining_stays_where_nothing_can_be_seen():
    each = np.r_[np.full(10, 0.9), np.full(3, -0.2), np.full(10, 0.9)]
    weight = np.r_[np.full(10, 60.0), np.zeros(3), np.full(10, 60.0)]
    assert join([Strand(0, each, weight)], 23, []) == [Run(0, 23, 0)]
