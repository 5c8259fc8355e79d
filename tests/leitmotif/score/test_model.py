"""A score is plain data: it comes back from its file, and says what is wrong with a bad one."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.words import Sentence
from leitmotif.score.model import Candidate, Cue, Ducking, Film, HitPoint, Piece, Score, Track
from leitmotif.score.timecode import COMMON, FrameRate

FILM = Film("film 电影.mp4", "ab", FrameRate(Fraction(24000, 1001)), 2400, 1920, 1080, start=86400)
TRACK = Track("t1", "music/first.opus", Fraction(241, 7), "First", "Somebody", {"license": "CC0"})
PIECE = Piece(Fraction(1, 3), Fraction(31, 3), Fraction(0), Fraction(1, 100), Fraction(1))
CUE = Cue("1m01", 0, 240, TRACK, (PIECE,), ((0, 0.0), (24, -8.5)), (HitPoint(100, "slam", -1),))
OTHER = Track("t2", "music/second.opus", Fraction(30))
CUE = replace(CUE, candidates=(Candidate(TRACK), Candidate(OTHER, Fraction(7, 3))))
SCORE = Score(FILM, (CUE, Cue("1m02", 240, 480), Cue("1m03", 600, 700, muted=True)), ("a note",))
SCORE = replace(SCORE, speech=((10, 50),), own_music=((300, 400),), ducking=Ducking("dip", 8.0))


def test_a_score_comes_back_from_its_file(tmp_path: Path):
    SCORE.write(tmp_path / "film.score.json")
    assert Score.read(tmp_path / "film.score.json") == SCORE


@settings(deadline=None)
@given(st.sampled_from(COMMON), st.lists(st.fractions(0, 10**4, max_denominator=10**6), min_size=3))
def test_times_survive_exactly(tmp_path_factory, fps: Fraction, times: list[Fraction]):
    path = tmp_path_factory.mktemp("score") / "film.json"
    piece = Piece(times[0], times[0] + times[1], times[2])
    film = replace(FILM, rate=FrameRate(fps))
    before = Score(film, (replace(CUE, pieces=(piece,)),))
    before.write(path)
    assert Score.read(path) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["cues"][1].update(start=200), "1m02.*begins before cue 1m01 ends"),
        (lambda d: d["cues"][0].update(end=9999), "lies outside the film of 2400 frames"),
        (lambda d: d["cues"][1].update(number="1m01"), "another cue has this number"),
        (lambda d: d.update(leitmotif_score=99), "a score of version 99"),
        (lambda d: d.pop("film"), "something in this score is missing"),
        (lambda d: d["cues"][0].update(pieces=7), "something in this score is missing"),
        (lambda d: d["film"]["rate"].update(fps="1/0"), "something in this score is missing"),
        (lambda d: d["cues"][0].update(hits=[{"frame": k} for k in range(4)]), "at most 3"),
        (lambda d: d["cues"][0]["hits"][0].update(frame=240), "hit point at .* lies outside"),
        (lambda d: d["ducking"].update(amount=-3), "-3 is no mode"),
        (lambda d: d["speech"].append([1]), "something in this score is missing"),
        (lambda d: d.pop("leitmotif_score"), "this is no score"),
    ],
)
def test_a_score_written_by_hand_is_told_what_is_wrong(tmp_path: Path, change, said: str):
    given = SCORE.to_dict()
    change(given)
    (tmp_path / "mine.json").write_text(json.dumps(given), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        Score.read(tmp_path / "mine.json")


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '{"a": 1}'])
def test_another_file_is_no_score(tmp_path: Path, content: str):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(InputError, match="this is no score"):
        Score.read(tmp_path / "other.json")


class TestWhatAPersonDoes:
    def test_moving_a_cue_makes_its_neighbours_give_way(self):
        moved = SCORE.move("1m02", 200, 650)
        assert [(c.number, c.start, c.end) for c in moved.cues] == [
            *(("1m01", 0, 200), ("1m02", 200, 650), ("1m03", 650, 700))
        ]
        assert moved.cue("1m02").locked and not moved.cue("1m01").pieces

    def test_a_cue_that_is_covered_goes(self):
        assert [c.number for c in SCORE.move("1m01", 0, 500).cues] == ["1m01", "1m03"]

    def test_two_locked_cues_cannot_overlap(self):
        locked = SCORE.mute("1m03")
        with pytest.raises(InputError, match="move one of them"):
            locked.move("1m02", 240, 650)

    def test_an_out_point_moves_alone_and_hits_outside_go(self):
        moved = SCORE.move("1m01", end=101)
        assert (moved.cues[0].start, moved.cues[0].end) == (0, 101)
        assert moved.cues[0].hits == (HitPoint(100, "slam"),)
        assert SCORE.move("1m01", end=100).cues[0].hits == ()

    def test_split_and_join_undo_each_other(self):
        halves = SCORE.split("1m01", 120)
        assert [(c.start, c.end) for c in halves.cues[:2]] == [(0, 120), (120, 240)]
        again = halves.join("1m01", halves.cues[1].number)
        assert (again.cues[0].start, again.cues[0].end) == (0, 240)
        assert again.cues[0].hits == (HitPoint(100, "slam"),) and again.cues[0].track == TRACK

    def test_the_second_half_takes_a_candidate_that_plays_nowhere(self):
        second = SCORE.split("1m01", 120).cues[1]
        assert (second.track, second.in_point) == (OTHER, Fraction(7, 3))
        taken = replace(SCORE, cues=(*SCORE.cues[:2], replace(SCORE.cues[2], track=OTHER)))
        assert taken.split("1m01", 120).cues[1].track is None

    def test_another_candidate_begins_at_its_own_place_and_is_fitted_again(self):
        cue = SCORE.take("1m01", "t2").cues[0]
        assert (cue.track, cue.in_point, cue.locked) == (OTHER, Fraction(7, 3), True)
        assert cue.pieces == () and cue.gain == () and cue.hits[0].miss is None
        assert cue.candidates == CUE.candidates
        with pytest.raises(InputError, match="none of its tracks; choose among t1, t2"):
            SCORE.take("1m01", "t9")

    def test_hit_points_are_set_and_taken_away(self):
        marked = SCORE.hit("1m02", [300, HitPoint(250, "door", 3)])
        assert marked.cue("1m02").hits == (HitPoint(250, "door"), HitPoint(300))
        assert marked.hit("1m02", []).cue("1m02").hits == ()
        with pytest.raises(InputError, match="lies outside"):
            SCORE.hit("1m02", [100])

    def test_a_lock_goes_on_and_off_and_changes_nothing_else(self):
        locked = SCORE.lock("1m01")
        assert locked.cues[0] == replace(CUE, locked=True)
        assert locked.lock("1m01", False) == SCORE

    def test_a_split_outside_and_a_join_of_strangers_are_refused(self):
        with pytest.raises(InputError, match="cannot be split"):
            SCORE.split("1m01", 240)
        with pytest.raises(InputError, match="not neighbours"):
            SCORE.join("1m01", "1m03")
        with pytest.raises(InputError, match="there is none of this number"):
            SCORE.mute("9m99")


def test_sentences_of_a_file_can_be_said_in_either_language(tmp_path: Path):
    told = Sentence("score.goes_round", track="3.0", cue="80.0")
    silent = Sentence("score.no_film_sound")
    mine = replace(SCORE, notes=(silent,), cues=(replace(CUE, note=told), *SCORE.cues[1:]))
    mine.write(path := tmp_path / "a.json")
    again = Score.read(path)
    assert again == mine
    assert again.notes[0].into("zh") == silent.into("zh") != silent
    assert again.cues[0].note.into("zh") == told.into("zh") != told


def test_a_file_of_the_version_before_is_read(tmp_path: Path):
    given = SCORE.to_dict() | {"leitmotif_score": 2, "notes": ["As it was."]}
    for cue in given["cues"]:
        del cue["stretch"]
        for piece in cue["pieces"]:
            del piece["speed"]
    (tmp_path / "a.json").write_text(json.dumps(given), encoding="utf-8")
    assert Score.read(tmp_path / "a.json") == replace(SCORE, notes=("As it was.",))


@pytest.mark.parametrize("speed", ["0/1", "-1/1", "3/1", "x"])
def test_no_speed_is_refused(speed: str):
    given = SCORE.to_dict()
    given["cues"][0]["pieces"] = [
        dict.fromkeys(("track_in", "film_in", "fade_in", "fade_out"), "0/1")
        | {"track_out": "4/1", "speed": speed}
    ]
    with pytest.raises(InputError, match="missing or of another kind"):
        Score.from_dict(given)


@pytest.mark.parametrize("length", ["1e999999999", 1e400, "[" * 5000])
def test_a_file_that_is_no_score_is_refused(tmp_path, length):
    SCORE.write(path := tmp_path / "a.json")
    text = path.read_text(encoding="utf-8")
    as_written = json.dumps(SCORE.to_dict()["cues"][0]["track"]["duration"])
    assert as_written in text
    path.write_text(text.replace(as_written, length if "[" in str(length) else json.dumps(length)))
    with pytest.raises(InputError):
        Score.read(path)
