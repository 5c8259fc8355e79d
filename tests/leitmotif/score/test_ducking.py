"""Music gives way to speech by as much as was asked, and what it does is measured."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from features.audio.soundtrack import Soundtrack
from leitmotif.score.ducking import DEEPEST_DB, clashes, duck, measure, passages, report
from leitmotif.score.model import DUCKINGS, Cue, Ducking, Film, Piece, Score, Track
from leitmotif.score.sound import SAMPLE_RATE, cue_sound, powers
from leitmotif.score.timecode import FrameRate

PAL = FrameRate(Fraction(25))
FILM = Film("film.mp4", "00", PAL, frames=1500, has_sound=True)
WHOLE = (Piece(Fraction(0), Fraction(40), Fraction(0)),)
CUE = Cue("1m01", 0, 1000, Track("t", "t.wav", Fraction(40)), WHOLE)


def level(lufs: float, seconds: float) -> np.ndarray:
    """K-weighted powers of a steady sound."""
    return np.full(round(seconds * 10), 10 ** ((lufs + 0.691) / 10))


OWN = Soundtrack(level(-23, 60))


def ducked(speech, music=-20.0, ducking=None, cue=CUE) -> Cue:
    score = Score(FILM, (cue,), speech=speech, ducking=ducking or Ducking())
    return duck(score, OWN, lambda c: level(music, c.frames / 25)).cues[0]


def test_music_comes_ten_lu_under_speech_and_back_again():
    gain = ducked(((250, 500),)).gain
    frames = [frame for frame, _ in gain]
    assert frames == [0, 250 - 3 - 7, 250 - 3, 500 + 3, 500 + 3 + 20, 999]
    assert [round(db, 6) for _, db in gain] == [0, 0, -13, -13, 0, 0]


@pytest.mark.parametrize(("music", "depth"), [(-33, 0), (-40, 0), (-30, -3), (30, DEEPEST_DB)])
def test_music_is_never_raised_and_never_lowered_without_end(music: float, depth: float):
    cue = ducked(((250, 500),), music)
    assert float(cue.gains(300)) == pytest.approx(depth, abs=1e-9)


def test_a_dip_is_as_deep_as_it_says_whatever_plays():
    for name, depth in (("light", -4), ("medium", -8), ("deep", -14), ("off", 0)):
        assert ducked(((250, 500),), ducking=DUCKINGS[name]).gains(400) == depth


def test_attack_and_release_are_as_long_as_set():
    slow = ducked(((500, 600),), ducking=Ducking("dip", 10, attack_s=2.0, release_s=4.0))
    assert [frame for frame, _ in slow.gain] == [0, 447, 497, 603, 703, 999]


def test_a_short_pause_keeps_the_music_down():
    joined = passages([(100, 200), (220, 300), (400, 420)], PAL, Ducking())
    assert joined == [(100, 300), (400, 420)]


def test_speech_over_a_cues_edge_begins_low():
    cue = replace(CUE, start=100, end=400)
    gain = ducked(((50, 150), (390, 500)), cue=cue).gain
    assert gain[0] == (100, -13.0) and gain[-1] == (399, -13.0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1400), st.integers(1, 100)), max_size=12),
    st.sampled_from(sorted(DUCKINGS)),
)
def test_keyframes_rise_and_stay_inside_the_cue(found, name: str):
    speech = tuple(sorted((a, min(a + n, 1500)) for a, n in found))
    gain = ducked(speech, ducking=DUCKINGS[name]).gain
    frames = [frame for frame, _ in gain]
    assert frames == sorted(set(frames)) and all(0 <= f < 1000 for f in frames)
    assert all(DEEPEST_DB <= db <= 0 for _, db in gain)


class TestMeasured:
    """Real samples: noise that swells under noise that speaks in its place."""

    @pytest.fixture(scope="class")
    @classmethod
    def rendered(cls, tmp_path_factory):
        noise = np.random.default_rng(0).normal(0, 0.1, (40 * SAMPLE_RATE, 2))
        swell = 10 ** (np.sin(np.arange(len(noise)) / SAMPLE_RATE) * 0.4)
        path = tmp_path_factory.mktemp("music") / "t.wav"
        soundfile.write(path, noise * swell[:, None], SAMPLE_RATE)
        cue = replace(CUE, track=Track("t", str(path), Fraction(40)))
        speech = ((40, 60), (150, 300), (340, 350), (500, 900))
        own = Soundtrack(level(-26, 60))
        score = Score(FILM, (cue,), speech=speech)
        score = duck(score, own, lambda c: powers(cue_sound(c, PAL)))
        return score, own, powers(cue_sound(score.cues[0], PAL))

    def test_every_passage_lies_as_far_under_as_asked(self, rendered):
        found = measure(*rendered)
        assert len(found) == 4 and report(rendered[0], found) == []
        assert all(p.difference == pytest.approx(10, abs=1) for p in found)

    def test_a_passage_that_misses_is_told(self, rendered):
        score, own, bed = rendered
        (first, *rest) = report(score, measure(score, own, 4 * bed))
        assert len(rest) == 3
        assert first.startswith("cue 1m01, 00:00:01:15 to 00:00:02:10: the music lies 4.0 LU")


def test_music_over_music_is_told():
    score = Score(FILM, (CUE,), own_music=((100, 110), (900, 1200)))
    (said,) = clashes(score)
    assert said.startswith("Two songs at once: cue 1m01") and "00:00:36:00 to 00:00:40:00" in said
    assert clashes(Score(FILM, (replace(CUE, muted=True),), own_music=((0, 900),))) == []


def test_a_soundtrack_measures_its_own_stretches(tmp_path: Path):
    quiet_then_loud = Soundtrack(np.concatenate([level(-40, 5), level(-20, 5)]))
    assert quiet_then_loud.lufs(0, 5) == pytest.approx(-40)
    assert quiet_then_loud.lufs(5, 10) == pytest.approx(-20)
    assert quiet_then_loud.lufs(20, 21) == float("-inf") == Soundtrack().lufs(0, 1)
