"""What is exported is read back to the same frames, by readers that know nothing of ours."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlparse
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pycmx
import pytest
from scenedetect import FrameTimecode
from scenedetect.output import write_scene_list_edl, write_scene_list_fcpx
from xml_rules import FCPXML, XMEML, breaches

from data.errors import InputError
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.exports.clips import clips
from leitmotif.score.model import Cue, Film, HitPoint, Piece, Score, Track
from leitmotif.score.timecode import FrameRate

RATES = [
    *(FrameRate(Fraction(n, 1001)) for n in (24000, 30000, 60000)),
    *(FrameRate(Fraction(n)) for n in (24, 25, 30, 50, 60)),
    *(FrameRate(Fraction(n, 1001), drop=True) for n in (30000, 60000)),
]
NAMES = [f"{float(r.fps):.2f}{' drop' if r.drop else ''}" for r in RATES]


def track(name: str, artist: str = "Somebody") -> Track:
    return Track(name, f"/music/{name} 曲 #1.wav", Fraction(400), f"{name} & co", artist)


def two_hours(rate: FrameRate) -> Score:
    """A cue every two minutes for two hours, in three pieces each, at awkward times."""
    frames = rate.frame_at(7200)
    starts = [rate.frame_at(120 * k + Fraction(k, 7)) for k in range(60)]
    cues = []
    for k, start in enumerate(starts):
        end = rate.frame_at(120 * k + 110)
        at, parts = rate.seconds(start), []
        joins = [at, at + Fraction(100, 3), at + Fraction(200, 3), rate.seconds(end)]
        for j, (a, b) in enumerate(pairwise(joins)):
            lead = Fraction(1, 25) if j else Fraction(0)
            source = Fraction(40 * j + k, 3)
            parts.append(Piece(source - lead, source + b - a, a - lead, lead, Fraction(1, 25)))
        gain = ((start, 0.0), (start + 50, -10.0)) if k % 2 else ()
        hits = (HitPoint(start + 40, "slam"),) if k == 3 else ()
        cues.append(Cue(f"1m{k + 1:02d}", start, end, track(f"t{k}"), tuple(parts), gain, hits))
    film = Film(
        "/films/My film 电影 50%.mov", "00", rate, frames, 1920, 1080, rate.parse("01:00:00:00")
    )
    return Score(film, tuple(cues))


@pytest.fixture(params=RATES, ids=NAMES)
def score(request) -> Score:
    return two_hours(request.param)


def expected(score: Score) -> list[tuple[int, int, int]]:
    """(start, end, source) of every clip, in frames."""
    found = [(c.start, c.end, c.source) for c in clips(score)]
    assert len(found) == 180
    return found


def test_clips_cover_each_cue_without_gap_or_overlap(score: Score):
    found = clips(score)
    for cue in score.cues:
        mine = [c for c in found if c.cue is cue]
        assert mine[0].start == cue.start and mine[-1].end == cue.end
        assert all(a.end == b.start for a, b in pairwise(mine))
    for clip, piece in zip(found, (p for c in score.cues for p in c.pieces), strict=True):
        off = Fraction(clip.source - clip.start) / score.film.rate.fps
        assert abs(off - (piece.track_in - piece.film_in)) <= 1 / score.film.rate.fps


def test_edl_is_read_back_by_another_reader(score: Score, tmp_path: Path):
    path = export(score, "edl", tmp_path / "film.edl")
    with path.open(encoding="utf-8") as file:
        events = [edit for event in pycmx.parse_cmx3600(file).events for edit in event.edits]
    rate, start = score.film.rate, score.film.start
    found = [
        (rate.parse(e.record_in) - start, rate.parse(e.record_out) - start, rate.parse(e.source_in))
        for e in events
    ]
    assert found == expected(score)
    assert all(rate.parse(e.source_out) - rate.parse(e.source_in) == b - a
               for e, (a, b, _) in zip(events, found, strict=True))  # fmt: skip
    assert ("FCM: DROP FRAME" in path.read_text("utf-8")) == rate.drop


def test_otio_is_read_back_by_its_own_library(score: Score, tmp_path: Path):
    path = export(score, "otio", tmp_path / "film.otio")
    timeline = otio.adapters.read_from_file(str(path))
    found = []
    for lane in timeline.audio_tracks():
        for clip in lane.find_clips():
            placed = clip.range_in_parent()
            found.append((
                placed.start_time.to_frames(), placed.end_time_exclusive().to_frames(),
                clip.source_range.start_time.to_frames(),
            ))  # fmt: skip
    assert sorted(found) == expected(score)
    assert timeline.global_start_time.to_frames() == score.film.start


def test_fcp7_holds_the_same_frames_rate_and_files(score: Score, tmp_path: Path):
    root = ET.parse(export(score, "fcp7", tmp_path / "film.xml")).getroot()
    lanes = root.findall("sequence/media/audio/track")
    found = [
        tuple(int(item.findtext(tag)) for tag in ("start", "end", "in"))
        for lane in lanes[::2]
        for item in lane.findall("clipitem")
    ]
    assert sorted(found) == expected(score) and len(lanes) == 4
    rate = score.film.rate
    assert root.findtext("sequence/rate/timebase") == str(rate.timebase)
    assert (root.findtext("sequence/rate/ntsc") == "TRUE") == (rate.fps.denominator == 1001)
    assert root.findtext("sequence/timecode/displayformat") == ("DF" if rate.drop else "NDF")
    paths = {unquote(urlparse(e.text).path) for e in root.iter("pathurl")}
    assert paths == {score.film.path, *(c.track.path for c in score.cues)}
    assert all(int(i.findtext("out")) - int(i.findtext("in"))
               == int(i.findtext("end")) - int(i.findtext("start"))
               for i in root.iter("clipitem"))  # fmt: skip
    ids = [e.get("id") for e in root.iter("clipitem")]
    assert len(ids) == len(set(ids))


def test_fcp7_is_read_back_by_another_reader(score: Score, tmp_path: Path):
    path = export(score, "fcp7", tmp_path / "film.xml")
    (timeline,) = [otio.adapters.read_from_file(str(path), "fcp_xml")]
    placed = [(c.range_in_parent(), c.source_range) for c in timeline.find_clips()]
    found = {
        (*map(int, (at.start_time.value, at.end_time_exclusive().value)), int(own.start_time.value))
        for at, own in placed
    }
    assert found - {(0, score.film.frames, 0)} == set(expected(score))
    assert all(own.duration.value == at.duration.value for at, own in placed)
    assert timeline.global_start_time.value == score.film.start
    fps = float(score.film.rate.fps)
    assert [own.start_time.rate for _, own in placed] == [pytest.approx(fps)] * len(placed)


def test_fcp7_levels_are_keyframes_in_the_clips_own_time(score: Score):
    root = ET.fromstring(
        next(f for f in FORMATS if f.name == "fcp7").write(score).split("\n", 2)[2]
    )
    item = next(i for i in root.iter("clipitem") if i.findtext("name").startswith("1m02"))
    keys = [(int(k.findtext("when")), float(k.findtext("value"))) for k in item.iter("keyframe")]
    source = int(item.findtext("in"))
    assert keys[0] == (source, 1.0)
    assert keys[1][0] == source + 50 and keys[1][1] == pytest.approx(10 ** (-10 / 20), abs=1e-5)


def fading(score: Score) -> Score:
    """The first cue alone, with a second of fade at both ends and a film that has sound."""
    cue, second = score.cues[0], Fraction(1)
    first, *_, last = cue.pieces
    pieces = (replace(first, fade_in=second), *cue.pieces[1:-1], replace(last, fade_out=second))
    film = replace(score.film, has_sound=True)
    return replace(score, film=film, cues=(replace(cue, pieces=pieces),))


def test_fades_are_levels_in_fcp7_and_fades_in_fcpxml(score: Score, tmp_path: Path):
    mine, rate = fading(score), score.film.rate
    root = ET.parse(export(mine, "fcp7", tmp_path / "film.xml")).getroot()
    items = [i for i in root.iter("clipitem") if i.findtext("name").startswith("1m01")]
    first = [
        (int(k.findtext("when")), float(k.findtext("value"))) for k in items[0].iter("keyframe")
    ]
    start, length = int(items[0].findtext("in")), rate.frame_at(1)
    assert first[0] == (start, pytest.approx(0.001)) and first[-1][1] == pytest.approx(1)
    assert (start + length, pytest.approx(1)) in first
    root = ET.parse(export(mine, "fcpxml", tmp_path / "film.fcpxml")).getroot()
    (rise,), (fall,) = root.findall(".//fadeIn"), root.findall(".//fadeOut")
    assert Fraction(rise.get("duration")[:-1]) == length / rate.fps
    assert rise.get("duration") == fall.get("duration")


def test_the_xml_keeps_to_the_published_references(score: Score, tmp_path: Path):
    for mine in (score, fading(score)):
        xmeml = ET.parse(export(mine, "fcp7", tmp_path / "film.xml")).getroot()
        assert breaches(xmeml, XMEML) == []
        final = ET.parse(export(mine, "fcpxml", tmp_path / "film.fcpxml")).getroot()
        assert breaches(final, FCPXML) == []


def test_the_references_are_not_always_content(score: Score, tmp_path: Path):
    root = ET.parse(export(score, "fcpxml", tmp_path / "film.fcpxml")).getroot()
    clip = root.find(".//spine/asset-clip")
    clip.insert(0, ET.Element("marker", start="0s", value="too early"))
    clip.set("ref", "r999")
    clip.set("colour", "red")
    assert len(breaches(root, FCPXML)) == 3


@pytest.fixture
def faster(score: Score) -> Score:
    """The same cues, their tracks 1.25 % faster."""
    speed = Fraction(81, 80)
    cues = []
    for cue in score.cues:
        pieces = [
            replace(p, track_out=p.track_in + (p.film_out - p.film_in) * speed, speed=speed)
            for p in cue.pieces
        ]
        cues.append(replace(cue, pieces=tuple(pieces)))
    return replace(score, cues=tuple(cues))


def test_a_speed_is_told_to_every_program_that_knows_one(faster: Score, tmp_path: Path):
    """What plays at a frame of the film is the same frame of the track, in each reader's terms."""
    rate, speed, expected_clips = faster.film.rate, Fraction(81, 80), clips(faster)
    sources = [clip.source for clip in expected_clips]
    assert [(c.start, c.end) for c in expected_clips] == [(c.start, c.end) for c in clips(faster)]

    root = ET.parse(export(faster, "fcp7", tmp_path / "film.xml")).getroot()
    assert breaches(root, XMEML) == []
    items = [i for lane in root.findall("sequence/media/audio/track")[::2] for i in lane]
    items = sorted(
        (i for i in items if i.tag == "clipitem"), key=lambda i: int(i.findtext("start"))
    )
    for item, source in zip(items, sources, strict=True):
        values = {p.findtext("parameterid"): p.findtext("value") for p in item.iter("parameter")}
        assert values["speed"] == "101.25"
        assert abs(int(item.findtext("in")) * speed - source) <= 1

    root = ET.parse(export(faster, "fcpxml", tmp_path / "film.fcpxml")).getroot()
    assert breaches(root, FCPXML) == []
    found = root.findall(".//spine/asset-clip/asset-clip")
    for clip, source in zip(found, sources, strict=True):
        (_, first), (at, value) = (
            [Fraction(t.get(n).removesuffix("s")) for n in ("time", "value")]
            for t in clip.iter("timept")
        )
        assert first == 0 and value / at == speed
        start = Fraction(clip.get("start").removesuffix("s"))
        assert abs(start * speed * rate.fps - source) <= 1

    timeline = otio.adapters.read_from_file(str(export(faster, "otio", tmp_path / "film.otio")))
    for lane in timeline.audio_tracks():
        assert all(c.effects[0].time_scalar == float(speed) for c in lane.find_clips())

    path = export(faster, "edl", tmp_path / "film.edl")
    with path.open(encoding="utf-8") as file:
        events = [edit for event in pycmx.parse_cmx3600(file).events for edit in event.edits]
    length = [rate.parse(e.source_out) - rate.parse(e.source_in) for e in events]
    assert length == [round(c.frames * speed) for c in expected_clips]
    assert path.read_text("utf-8").count("\nM2   AX       ") == len(events)


@pytest.mark.parametrize("rate", [r for r in RATES if not r.drop], ids=lambda r: f"{r.fps}")
def test_cuts_are_written_as_pyscenedetect_writes_them(rate: FrameRate, tmp_path: Path):
    """Frame by frame the same rational times in FCPXML, and timecodes in the EDL at whole rates."""
    cuts = [0, 1, 1001, 2997, 86_399, 107_893, 172_800]
    film = Film("/films/film.mov", "00", rate, cuts[-1], 640, 360)
    cues = []
    for k, (start, end) in enumerate(pairwise(cuts)):
        at, length = rate.seconds(start), rate.seconds(end - start)
        cues.append(Cue(f"1m{k + 1:02d}", start, end, track("t"), (Piece(at, at + length, at),)))
    scenes = [(FrameTimecode(a, rate.fps), FrameTimecode(b, rate.fps)) for a, b in pairwise(cuts)]
    write_scene_list_fcpx(tmp_path / "theirs.fcpxml", scenes, film.path, rate.fps, (640, 360))
    theirs = ET.parse(tmp_path / "theirs.fcpxml").getroot()
    ours = ET.parse(export(Score(film, tuple(cues)), "fcpxml", tmp_path / "ours.fcpxml")).getroot()
    names = ("offset", "start", "duration")
    found = [[c.get(n) for n in names] for c in ours.findall(".//spine/asset-clip/asset-clip")]
    assert found == [[c.get(n) for n in names] for c in theirs.findall(".//spine/asset-clip")]
    assert ours.find(".//format").get("frameDuration") == theirs.find(".//format").get(
        "frameDuration"
    )
    if rate.fps.denominator == 1:
        write_scene_list_edl(tmp_path / "theirs.edl", scenes)
        export(Score(film, tuple(cues)), "edl", tmp_path / "ours.edl")
        times = r"(\d\d:\d\d:\d\d:\d\d) (\d\d:\d\d:\d\d:\d\d)$"
        both = [(tmp_path / f"{who}.edl").read_text("utf-8") for who in ("ours", "theirs")]
        mine, other = (re.findall(times, text, re.MULTILINE) for text in both)
        assert mine == other and len(mine) == 6


def test_an_uploaded_film_is_looked_for_by_its_own_name(score: Score, tmp_path: Path):
    mine = score.named("Mein Film #2.mov")
    text = export(mine, "fcpxml", tmp_path / "film.fcpxml").read_text("utf-8")
    assert 'src="Mein%20Film%20%232.mov"' in text and "/films/" not in text
    timeline = otio.adapters.read_from_file(str(export(mine, "otio", tmp_path / "film.otio")))
    clip = timeline.video_tracks()[0].find_clips()[0]
    assert clip.media_reference.target_url == "Mein%20Film%20%232.mov"
    clip = timeline.audio_tracks()[0].find_clips()[0]
    assert clip.metadata["leitmotif"]["relative_url"].startswith("file:///music/")


def test_the_films_own_sound_lies_beside_the_music(score: Score, tmp_path: Path):
    mine = fading(score)
    root = ET.parse(export(mine, "fcp7", tmp_path / "film.xml")).getroot()
    own = [i for i in root.findall("sequence/media/audio/track/clipitem") if "film-" in i.get("id")]
    assert [int(i.findtext("end")) for i in own] == [score.film.frames] * 2
    timeline = otio.adapters.read_from_file(str(export(mine, "otio", tmp_path / "film.otio")))
    assert [t.name for t in timeline.audio_tracks()] == ["Film sound", "Music 1", "Music 2"]


def test_levels_stand_in_an_edl_as_comments(score: Score, tmp_path: Path):
    text = export(score, "edl", tmp_path / "film.edl").read_text("utf-8")
    found = re.findall(r"\* AUDIO LEVEL AT (\S+) IS (\S+) DB  \(REEL AX (\S+)\)", text)
    at, db, channel = found[1]
    assert score.film.rate.parse(at) - score.film.start == score.cues[1].start + 50
    assert (float(db), channel) == (-10.0, "AA")


def test_an_edl_never_leaves_events_out_in_silence(score: Score, tmp_path: Path):
    cue = score.cues[0]
    step = score.film.rate.fps.numerator // score.film.rate.fps.denominator
    many = [
        replace(cue, number=f"1m{k}", start=3 * k * step, end=(3 * k + 3) * step, gain=())
        for k in range(334)
    ]
    with pytest.raises(InputError, match="at most 999 events, this score has 1002"):
        export(replace(score, cues=tuple(many)), "edl", tmp_path / "film.edl")


def test_tracks_are_found_from_the_films_folder_too(score: Score, tmp_path: Path):
    timeline = otio.adapters.read_from_file(str(export(score, "otio", tmp_path / "film.otio")))
    clip = timeline.audio_tracks()[0].find_clips()[0]
    assert clip.metadata["leitmotif"]["relative_url"] == "../music/t0%20%E6%9B%B2%20%231.wav"


def test_fcpxml_times_are_whole_frames_and_the_same(score: Score, tmp_path: Path):
    root = ET.parse(export(score, "fcpxml", tmp_path / "film.fcpxml")).getroot()
    rate = score.film.rate

    def frames(text: str) -> int:
        value = Fraction(text.removesuffix("s")) * rate.fps
        assert value.denominator == 1, text
        return int(value)

    body = root.find(".//spine/asset-clip")
    found = []
    for clip in body.findall("asset-clip"):
        start = frames(clip.get("offset")) - score.film.start
        found.append((start, start + frames(clip.get("duration")), frames(clip.get("start"))))
    assert found == expected(score)
    assert frames(root.find(".//sequence").get("duration")) == score.film.frames
    assert Fraction(root.find(".//format").get("frameDuration")[:-1]) == 1 / rate.fps
    refs = {clip.get("ref") for clip in root.iter("asset-clip")}
    assert refs == {asset.get("id") for asset in root.iter("asset")}


def test_markers_carry_every_cue_and_hit(score: Score, tmp_path: Path):
    text = export(score, "markers", tmp_path / "m.edl").read_text("utf-8")
    rate = score.film.rate
    marks = re.findall(r"V     C        (\S+) (\S+).*\n \|C:(\w+) \|M:(.*) \|D:(\d+)", text)
    assert len(marks) == 61
    frames = [(rate.parse(a) - score.film.start, int(length)) for a, _, _, _, length in marks]
    assert [m for m in frames if m[1] > 1] == [(c.start, c.frames) for c in score.cues]
    assert (score.cues[3].hits[0].frame, 1) in frames


class TestLists:
    @pytest.fixture(scope="class")
    @classmethod
    def score(cls) -> Score:
        return two_hours(RATES[3])

    def write(self, name: str, score: Score) -> str:
        return next(f for f in FORMATS if f.name == name).write(score)

    def test_cue_sheet_has_a_row_a_cue_with_exact_lengths(self, score: Score):
        rows = list(
            csv.DictReader(io.StringIO(self.write("cuesheet", score).removeprefix("\ufeff")))
        )
        assert [row["cue"] for row in rows] == [c.number for c in score.cues]
        assert rows[0]["in"] == "01:00:00:00" and rows[0]["duration_s"] == "110.000"

    def test_a_title_that_is_a_formula_stays_text(self, score: Score):
        evil = Track("x", "/x.wav", Fraction(9), "=HYPERLINK(1)", "@me")
        cue = Cue("1m01", 0, 200, evil, score.cues[0].pieces)
        rows = list(csv.reader(io.StringIO(self.write("cuesheet", Score(score.film, (cue,))))))
        assert rows[1][1:3] == ["'=HYPERLINK(1)", "'@me"]

    def test_rapidcue_has_every_cue_with_who_wrote_it(self, score: Score):
        written_by = {"composer": "Jane Doe (BMI 60%); J. Roe", "publisher": "Low & Sons / X (40%)"}
        cues = [replace(c, track=replace(c.track, facts=written_by)) for c in score.cues]
        text = self.write("rapidcue", replace(score, cues=tuple(cues)))
        root = ET.fromstring(text.split("\n", 1)[1])
        assert root.findtext("Production/Length") == "120:00"
        found = root.findall("Cues/Cue")
        assert [c.findtext("CueNumber") for c in found] == [c.number for c in score.cues]
        assert (found[0].findtext("In"), found[0].findtext("Duration")) == ("01:00:00:00", "01:50")
        who = [
            (p.get("role"), p[0].text, p.findtext("Affiliation") or "", p.findtext("Share") or "")
            for p in found[0].findall("InterestedParty")
        ]
        assert who == [
            *(("C", "Jane Doe", "BMI", "60"), ("C", "J. Roe", "", "")),
            *(("E", "Low & Sons", "", ""), ("E", "X", "", "40")),
        ]

    def test_rapidcue_guesses_nothing_and_takes_any_title(self, score: Score):
        track = replace(score.cues[0].track, title="a \x00<b> & 曲", facts={})
        mine = replace(score, cues=(replace(score.cues[0], track=track),))
        root = ET.fromstring(self.write("rapidcue", mine).split("\n", 1)[1])
        assert root.findtext("Cues/Cue/Title") == "a <b> & 曲"
        assert root.findall(".//InterestedParty") == []

    def test_audacity_and_reaper_agree_in_seconds(self, score: Score):
        labels = [line.split("\t") for line in self.write("audacity", score).splitlines()]
        regions = [r for r in csv.DictReader(io.StringIO(self.write("reaper", score))) if r["End"]]
        assert [(a, b) for a, b, _ in labels] == [(r["Start"], r["End"]) for r in regions]
        assert float(labels[1][0]) == pytest.approx(120 + 1 / 7, abs=0.5 / 24)

    def test_chapters_begin_at_zero_and_rise(self, score: Score):
        lines = self.write("chapters", score).splitlines()
        assert lines[0].startswith("0:00 ") and lines[-1].startswith("1:58:")
        assert len(lines) == 60

    def test_too_few_chapters_are_refused_in_a_sentence(self, score: Score):
        with pytest.raises(InputError, match="at least 3 of 10 s or more"):
            self.write("chapters", Score(score.film, score.cues[:2]))

    def test_playlist_names_every_track_once_a_cue(self, score: Score):
        lines = self.write("m3u8", score).splitlines()
        assert lines[0] == "#EXTM3U" and len(lines) == 1 + 2 * 60
        assert lines[1] == "#EXTINF:400,Somebody - t0 & co"


def test_an_unknown_format_names_the_known_ones(tmp_path: Path):
    with pytest.raises(InputError, match="'aaf' is not known; choose among otio, fcp7"):
        export(two_hours(RATES[4]), "aaf", tmp_path / "x")
