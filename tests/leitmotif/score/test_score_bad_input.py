"""Films and tracks as they come: each gives a score, and a sentence on what is odd about it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.words import Sentence
from features.audio.load import load
from leitmotif import cli
from leitmotif.render import ffmpeg
from leitmotif.score.compose import fit_all, score
from leitmotif.score.exports import export
from leitmotif.score.model import Cue, Film, Score, Track
from leitmotif.score.render import render_film, write_bed
from leitmotif.score.sound import cue_sound
from leitmotif.score.timecode import FrameRate
from leitmotif.settings import DEMO_CATALOGUE

PAL = FrameRate(Fraction(25))


def make(path: Path, *options: str, sound: str = "", seconds: int = 9) -> Path:
    """A film of moving bars; sound : a source of ffmpeg's, or none."""
    inputs = ["-f", "lavfi", "-i", f"testsrc=s=160x90:r=25:d={seconds}"]
    inputs += ["-f", "lavfi", "-i", sound] if sound else []
    command = [ffmpeg.executable(), "-v", "error", "-y", *inputs, *options, "-pix_fmt", "yuv420p"]
    subprocess.run([*command, str(path)], check=True)
    return path


def test_a_film_in_which_nobody_speaks(tmp_path: Path):
    plan = score(make(tmp_path / "a.mp4", sound="sine=f=330:d=9"), DEMO_CATALOGUE)
    assert "Nobody speaks in the film: no music is ducked." in plan.notes
    assert plan.film.has_sound and plan.speech == () and all(not c.gain for c in plan.cues)


def test_without_yamnet_nobody_claims_that_the_film_has_no_music(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("features.audio.tags._classifier", lambda: None)
    plan = score(make(tmp_path / "b.mp4", sound="sine=f=440:d=9"), DEMO_CATALOGUE)
    assert plan.own_music == () and any("music of its own is not known" in n for n in plan.notes)


def test_a_film_whose_sound_ends_before_its_picture(tmp_path: Path):
    plan = score(make(tmp_path / "a.mp4", sound="sine=f=330:d=4"), DEMO_CATALOGUE)
    (said,) = [note for note in plan.notes if "before its picture" in note]
    assert said.startswith(("The film's sound ends 5.0 s", "The film's sound ends 4.9 s"))
    written = render_film(plan, tmp_path / "scored.mp4")
    assert load(written).duration_s == pytest.approx(9, abs=0.1)


def test_a_film_of_varying_rate_says_its_rate_and_error_also_when_exported(tmp_path, capsys):
    thinned = "select='if(lt(t,4),1,not(mod(n,3)))'"
    film = make(tmp_path / "a.mp4", "-vf", thinned, "-fps_mode", "vfr")
    plan = score(film, DEMO_CATALOGUE)
    (said,) = [note for note in plan.notes if "varies" in note]
    assert plan.film.rate_error_s > 0.04 and f"{plan.film.rate_error_s:.3f} s" in said
    assert plan.film.rate.seconds(plan.film.frames) == pytest.approx(9, abs=0.2)
    plan.write(tmp_path / "a.score.json")
    assert cli.main(["score", "export", str(tmp_path / "a.score.json"), "--format", "edl"]) == 0
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.fixture
def jingle(tmp_path: Path) -> Track:
    """Three seconds of four notes."""
    times = np.arange(3 * 48_000) / 48_000
    notes = np.sin(2 * np.pi * 220 * 2 ** (np.floor(times / 0.75) / 4) * times)
    soundfile.write(tmp_path / "jingle.wav", 0.3 * notes * np.exp(-3 * (times % 0.75)), 48_000)
    return Track("jingle", str(tmp_path / "jingle.wav"), Fraction(3), "Jingle")


def planned(track: Track, frames: int) -> Cue:
    film = Film("film.mp4", "00", PAL, frames)
    return fit_all(Score(film, (Cue("1m01", 0, frames, track),))).cues[0]


def test_a_jingle_of_three_seconds_in_a_cue_of_eighty(jingle: Track):
    cue = planned(jingle, 80 * 25)
    assert cue.pieces[-1].film_out == 80
    assert cue.note.startswith("goes round: the track lasts 3.0 s, the cue 80.0 s")
    sound = cue_sound(cue, PAL)
    assert len(sound) == 80 * 48_000
    assert (np.abs(sound.reshape(80, -1)).max(axis=1) > 0.01).all()


def test_a_cue_shorter_than_a_bar(jingle: Track):
    cue = planned(jingle, 12)
    assert len(cue.pieces) == 1 and cue.pieces[0].film_out == Fraction(12, 25)
    assert len(cue_sound(cue, PAL)) == 12 * 1920


def test_a_track_without_beats(tmp_path: Path):
    times = np.arange(20 * 48_000) / 48_000
    swell = np.sin(2 * np.pi * 110 * times) * (1 + np.sin(2 * np.pi * times / 7)) * 0.1
    soundfile.write(tmp_path / "drone.wav", swell, 48_000)
    for frames in (200, 1100):
        cue = planned(Track("drone", str(tmp_path / "drone.wav"), Fraction(20)), frames)
        assert cue.pieces[-1].film_out == Fraction(frames, 25)
        assert len(cue_sound(cue, PAL)) == frames * 1920


def test_a_track_that_has_vanished_stays_in_the_score_and_is_named(jingle: Track, tmp_path, capsys):
    lost = replace(jingle, path=str(tmp_path / "gone.wav"))
    cue = planned(lost, 100)
    assert cue.track == lost and cue.pieces == () and isinstance(cue.note, Sentence)
    assert "its file is gone" in cue.note
    plan = Score(Film("film.mp4", "00", PAL, 100), (planned(jingle, 100),))
    (tmp_path / "jingle.wav").unlink()
    plan.write(tmp_path / "a.score.json")
    assert cli.main(["score", "export", str(tmp_path / "a.score.json"), "--format", "otio"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "Jingle: its file is gone" in said and "The film is gone (film.mp4)" in said
    assert cli.main(["score", "render", str(tmp_path / "a.score.json"), "--stem", "music"]) == 2
    assert "no such file any more" in capsys.readouterr().err


def test_a_score_in_which_nothing_plays_renders_silence_and_exports(jingle: Track, tmp_path: Path):
    muted = replace(planned(jingle, 100), muted=True)
    plan = Score(Film("film.mp4", "00", PAL, 100), (muted,))
    sound, _ = soundfile.read(write_bed(plan, tmp_path / "bed.wav"))
    assert len(sound) == 4 * 48_000 and not sound.any()
    for name in ("otio", "fcp7", "fcpxml", "edl", "markers", "cuesheet", "rapidcue", "m3u8"):
        assert export(plan, name, tmp_path / name).stat().st_size > 0


def test_a_score_by_hand_with_overlapping_cues_is_refused_and_stays_as_it_is(
    jingle: Track, tmp_path: Path, capsys
):
    cues = (planned(jingle, 100), Cue("1m02", 100, 200))
    given = Score(Film("film.mp4", "00", PAL, 200), cues).to_dict()
    given["cues"][1]["start"] = 90
    text = json.dumps(given)
    (tmp_path / "a.score.json").write_text(text, encoding="utf-8")
    for words in (
        ["export", str(tmp_path / "a.score.json")],
        ["render", str(tmp_path / "a.score.json")],
    ):
        assert cli.main(["score", *words]) == 2
        said = " ".join(capsys.readouterr().err.split())
        assert "1m02" in said and "begins before cue 1m01 ends" in said
    assert (tmp_path / "a.score.json").read_text(encoding="utf-8") == text
    assert [f.name for f in tmp_path.iterdir() if "score" in f.name] == ["a.score.json"]
