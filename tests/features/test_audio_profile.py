"""Known answers: what each of the ten features must say of sound that we made ourselves."""

from __future__ import annotations

import numpy as np
import pytest

from features.audio import analyze, music_profile

RATE = 22_050


def notes(pitches, seconds=0.4, partials=6, decay=3.0, loudness=0.1) -> np.ndarray:
    """A plain melody: one decaying harmonic tone per MIDI pitch (a list of pitches sounds as a chord)."""
    out = []
    t = np.arange(round(seconds * RATE)) / RATE
    for pitch in pitches:
        tone = np.zeros(len(t))
        for p in np.atleast_1d(pitch):
            f0 = 440 * 2 ** ((p - 69) / 12)
            tone += sum(np.sin(2 * np.pi * f0 * h * t) / h for h in range(1, partials + 1))
        out.append(tone * np.exp(-decay * t) * np.minimum(t / 0.005, 1))
    return loudness * np.concatenate(out)


def test_major_is_more_positive_than_minor():
    degrees = [0, 2, 4, 5, 7, 4, 0, 7, 4, 2, 0, 0]
    flat = {4: 3, 9: 8, 11: 10}
    major = music_profile(notes([60 + d for d in degrees] * 3), rate=RATE)
    minor = music_profile(notes([60 + flat.get(d, d) for d in degrees] * 3), rate=RATE)
    assert major["valence"] > minor["valence"] + 10


@pytest.mark.parametrize(("direction", "side"), [(1, 1), (-1, -1)])
def test_melody_trend_lies_on_the_side_of_the_melody(direction: int, side: int):
    rising = notes([57 + i for i in range(24)][::direction], seconds=0.35)
    assert side * (music_profile(rising, rate=RATE)["melody_trend"] - 50) > 10


def test_gain_changes_nothing_but_loudness():
    piece = notes([60, 64, 67, 72] * 8)
    loud, soft = analyze(piece, rate=RATE), analyze(piece * 0.05, rate=RATE)
    np.testing.assert_allclose(loud.profile.values, soft.profile.values, atol=1e-3)
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(20 * np.log10(20), abs=0.05)


def test_silence_is_a_result():
    silent = analyze(np.zeros(5 * RATE), rate=RATE)
    assert silent.loudness_lufs == float("-inf")
    assert silent.profile.confidence.max() == 0
    assert silent.profile["brightness"] == 50
