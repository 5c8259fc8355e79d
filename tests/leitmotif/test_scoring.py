"""What a person does to a score: operation by operation, undone, kept, and made to sound."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from leitmotif.score.model import DUCKINGS, Candidate, Cue, Film, HitPoint, Score, Track
from leitmotif.score.timecode import FrameRate
from leitmotif.sessions import films
from leitmotif.sessions.desk import OWN, Desks
from leitmotif.sessions.history import MOST_STEPS
from leitmotif.sessions.scoring import Scoring, prepare, sound_name
from leitmotif.sessions.workspace import Kept

RATE = FrameRate(Fraction(25))


def tone(path: Path, seconds: float = 12.0) -> Path:
    """A pulse of two beats a second."""
    t = np.arange(int(seconds * 8000)) / 8000
    sound = (0.3 * np.sin(2 * np.pi * 220 * t) * np.exp(-6 * (t % 0.5)) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sound.tobytes())
    return path


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    opened = Desks(tmp_path / "data", lambda session: True, 120.0, tmp_path)
    yield opened
    opened.workspaces.close()


@pytest.fixture
def scoring(tmp_path: Path, desks: Desks) -> Scoring:
    """Two cues of four seconds, the first with two tracks to choose from."""
    tracks = [
        Track(name, str(tone(tmp_path / f"{name}.wav")), Fraction(12), name.title())
        for name in ("one", "two", "three")
    ]
    cues = (
        Cue("1m01", 0, 100, tracks[0], candidates=tuple(map(Candidate, tracks[:2]))),
        Cue("1m02", 100, 200, tracks[2], candidates=(Candidate(tracks[2]),)),
    )
    film = films.Film(Kept("film", "film.mp4", tmp_path / "film.mp4"))
    scoring = Scoring(film, desks.of(OWN, "tab"))
    scoring.change(Score(Film(str(tmp_path / "film.mp4"), "ab", RATE, 200), cues))
    return scoring


def spans(scoring: Scoring) -> list[tuple[str, int, int]]:
    return [(c.number, c.start, c.end) for c in scoring.score.cues]


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        (
            {"do": "move", "cue": "1m01", "start": 0, "end": 120},
            [("1m01", 0, 120), ("1m02", 120, 200)],
        ),
        (
            {"do": "split", "cue": "1m02", "at": 150},
            [("1m01", 0, 100), ("1m02", 100, 150), ("1m03", 150, 200)],
        ),
        ({"do": "join", "cue": "1m01", "other": "1m02"}, [("1m01", 0, 200)]),
    ],
)
def test_operations_move_ends_and_can_be_undone(scoring: Scoring, operation, found):
    before = spans(scoring)
    scoring.act([operation])
    assert spans(scoring) == found and scoring.said is None
    scoring.act([{"do": "undo"}])
    assert spans(scoring) == before and scoring.steps == (0, 1)
    scoring.act([{"do": "redo"}])
    assert spans(scoring) == found and scoring.steps == (1, 0)


def test_operations_set_what_a_cue_is(scoring: Scoring):
    scoring.act([
        {"do": "lock", "cue": "1m01", "on": True},
        {"do": "mute", "cue": "1m02", "on": True},
        {"do": "take", "cue": "1m01", "track": "two"},
        {"do": "hit", "cue": "1m01", "frames": [50]},
    ])  # fmt: skip
    first, second = scoring.score.cues
    assert first.locked and second.muted and first.title == "Two"
    assert first.hits == (HitPoint(50),)
    scoring.act([{"do": "compare", "cue": "1m01", "track": "one"}])
    assert scoring.other().track.track_id == "one" and scoring.score.cues[0].title == "Two"


def test_what_cannot_be_done_is_said_and_changes_nothing(scoring: Scoring):
    scoring.act([{"do": "lock", "cue": "1m02", "on": True}])
    before = scoring.score
    scoring.act([{"do": "move", "cue": "1m01", "start": 0, "end": 150}, {"do": "undo"}])
    assert scoring.score is before and "begins before cue 1m01 ends" in str(scoring.said)


@pytest.mark.parametrize(
    "operation",
    [{}, {"do": "shout"}, {"do": "move", "cue": "1m01"}, {"do": "hit", "cue": 7, "frames": "x"}, 5],
)
def test_operations_of_no_page_of_ours_are_passed_over(scoring: Scoring, operation):
    before = scoring.score
    scoring.act([operation])
    assert scoring.score is before


def test_the_score_is_there_after_a_restart(scoring: Scoring, desks: Desks, tmp_path: Path):
    scoring.act([{"do": "move", "cue": "1m01", "start": 0, "end": 90}])
    later = Desks(tmp_path / "data", lambda session: True, 120.0, tmp_path)
    again = Scoring(scoring.film, later.of(OWN, "tab"))
    later.workspaces.close()
    assert again.score == scoring.score


def test_what_can_be_undone_is_there_after_a_restart(
    scoring: Scoring, desks: Desks, tmp_path: Path
):
    first = scoring.score
    scoring.act([{"do": "move", "cue": "1m01", "start": 0, "end": 90}])
    moved = scoring.score
    scoring.act([{"do": "lock", "cue": "1m02", "on": True}, {"do": "undo"}])
    assert scoring.score == moved and scoring.steps == (1, 1)
    later = Desks(tmp_path / "data", lambda session: True, 120.0, tmp_path)
    again = Scoring(scoring.film, later.of(OWN, "tab"))
    assert again.steps == (1, 1)
    again.act([{"do": "undo"}])
    assert again.score == first and again.steps == (0, 2)
    again.act([{"do": "redo"}, {"do": "redo"}])
    assert again.score.cue("1m02").locked and again.steps == (2, 0)
    again.act([{"do": "undo"}, {"do": "mute", "cue": "1m02", "on": True}])
    assert Scoring(scoring.film, later.of(OWN, "tab")).steps == (2, 0)
    again.desk.remove_film("film")
    assert Scoring(scoring.film, later.of(OWN, "tab")).steps == (0, 0)
    later.workspaces.close()


def test_steps_are_not_kept_for_ever_and_damaged_ones_are_passed_over(
    scoring: Scoring, desks: Desks
):
    for frame in range(MOST_STEPS + 20):
        scoring.act([{"do": "hit", "cue": "1m01", "frames": [frame % 90 + 1]}])
    assert scoring.steps == (MOST_STEPS, 0)
    with scoring.desk.projects.database.write() as connection:
        connection.execute("UPDATE score_step SET document = '{}' WHERE id % 2")
    assert Scoring(scoring.film, scoring.desk).steps == (MOST_STEPS // 2, 0)


def test_an_uploaded_film_leaves_under_its_own_name(scoring: Scoring):
    assert scoring.outward is scoring.score  # a file of this machine
    uploaded = Kept("film", "My film.mov", scoring.desk.folder / "0f3a.mov")
    scoring.film.kept = uploaded
    assert scoring.outward.film.path == "My film.mov"
    assert scoring.outward.cues == scoring.score.cues


def test_what_another_process_wrote_is_taken_over(scoring: Scoring, monkeypatch):
    monkeypatch.setattr(Scoring, "_wanted", lambda self: [])
    before = scoring.score
    scoring.look()
    assert scoring.score is before  # what we wrote ourselves is no news
    other = before.move("1m01", 0, 50)
    scoring.desk.keep_score("film", other.to_dict())
    scoring.look()
    assert scoring.score == other
    scoring.act([{"do": "undo"}])
    assert scoring.score == before


def test_cues_are_fitted_and_heard_to_the_sample(scoring: Scoring, tmp_path: Path):
    score, told = scoring.score, []
    fits = prepare(score, score.cues, tmp_path, progress=lambda *at: told.append(at))
    assert not fits.troubles and told[0] == ("score", 0.0, 8.0)
    for cue in fits.made[0]:
        heard, rate = soundfile.read(tmp_path / f"{sound_name(cue, RATE)}.flac")
        assert rate == 48_000 and heard.shape == (4 * 48_000, 2) and np.abs(heard).max() > 0.05
        levels = (tmp_path / f"{sound_name(cue, RATE)}.levels").read_bytes()
        assert len(levels) == 80 and max(levels) > 50


def test_a_track_that_is_no_sound_costs_its_cue_alone(scoring: Scoring, tmp_path: Path):
    Path(scoring.score.cues[0].track.path).write_bytes(b"RIFF, but nothing of the kind")
    fits = prepare(scoring.score, scoring.score.cues, tmp_path, progress=lambda *_: None)
    assert [bool(cue.pieces) for cue in fits.made[0]] == [False, True]
    assert len(fits.troubles) == 1


def test_a_track_that_has_vanished_is_named_and_the_rest_settles(scoring: Scoring, tmp_path: Path):
    fits = prepare(scoring.score, scoring.score.cues, tmp_path, progress=lambda *_: None)
    Path(scoring.score.cues[0].track.path).unlink()
    second = fits.made[0][1]
    scoring.change(replace(scoring.score, cues=(scoring.score.cues[0], second)))
    said = str(scoring.trouble(scoring.score.cues[0]))
    assert said.startswith("One: its file is gone (") and scoring.settled


def test_another_ducking_is_an_operation(scoring: Scoring, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Scoring, "look", lambda self: None)
    scoring.duck("deep")
    assert scoring.score.ducking == DUCKINGS["deep"]
    scoring.act([{"do": "undo"}])
    assert scoring.score.ducking == DUCKINGS["below"]
