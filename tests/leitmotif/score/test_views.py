"""Waveforms of cues follow the edit; a film gives its strip from key frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from features.video.strip import film_strip
from leitmotif.score.model import Cue, Piece, Track
from leitmotif.score.timecode import FrameRate
from leitmotif.score.views import PER_SECOND, waveform
from leitmotif.settings import DEMO_VIDEO

PAL = FrameRate(Fraction(25))


@pytest.fixture
def cue(tmp_path: Path) -> Cue:
    """Two seconds of a tone, then two of one half as loud; the cue plays the second half first."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(96_000) / 48_000)
    soundfile.write(tmp_path / "t.wav", np.concatenate([tone, tone / 2]), 48_000)
    track = Track("t", str(tmp_path / "t.wav"), Fraction(4))
    pieces = (
        Piece(Fraction(2), Fraction(4), Fraction(10)),
        Piece(Fraction(0), Fraction(2), Fraction(12)),
    )
    return Cue("1m01", 250, 350, track, pieces)


def test_a_waveform_shows_the_edit_in_the_films_time(cue: Cue):
    shown = waveform(cue, PAL)
    assert shown.shape == (4 * PER_SECOND,)
    assert np.allclose(shown[2:38], 0.25 / np.sqrt(2), rtol=0.02)
    assert np.allclose(shown[42:78], 0.5 / np.sqrt(2), rtol=0.02)


def test_gains_are_in_it_and_silence_is_silent(cue: Cue):
    ducked = waveform(replace(cue, gain=((250, -20.0), (350, -20.0))), PAL)
    assert np.allclose(ducked, waveform(cue, PAL) / 10)
    assert not waveform(replace(cue, muted=True), PAL).any()
    gone = replace(cue.track, path="/nowhere.wav")
    assert not waveform(replace(cue, track=gone), PAL).any()


def test_a_strip_has_as_many_pictures_as_asked_in_order():
    strip = film_strip(DEMO_VIDEO, 8)
    times = [time for time, _ in strip]
    assert len(strip) == 8 and times == sorted(times) and times[0] == pytest.approx(34.04 / 16, 0.1)
    shapes = {cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1).shape for _, jpeg in strip}
    assert shapes == {(72, 128, 3)}
