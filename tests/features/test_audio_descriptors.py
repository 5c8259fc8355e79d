"""Our single pass against librosa's separate functions, and cases worked by hand."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from sounds import RATE, drums, notes

from features.audio import melody, rhythm, structure, tonal
from features.audio.descriptors import describe, listen, token_means
from features.audio.fingerprint import fingerprint
from features.audio.load import from_samples
from features.audio.spectrum import FRAME_S, TIMBRE_TOP_HZ, analyse_frames, mel_db, mfcc


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return (notes([60, 64, 67, 72, 71, 67] * 3, partials=12) + drums(100, seconds=7.2)).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def spectrum(sound: np.ndarray):
    return analyse_frames(sound)


@pytest.fixture(scope="module")
def levels(sound: np.ndarray) -> np.ndarray:
    return np.abs(librosa.stft(sound))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("centroid", "spectral_centroid"),
        ("bandwidth", "spectral_bandwidth"),
        ("rolloff", "spectral_rolloff"),
    ],
)
def test_moments_are_librosas(spectrum, levels, ours: str, theirs: str):
    top = int(TIMBRE_TOP_HZ / RATE * 2048) + 1
    hz = librosa.fft_frequencies(sr=RATE, n_fft=2048)[:top]
    expected = getattr(librosa.feature, theirs)(S=levels[:top], sr=RATE, freq=hz)[0]
    np.testing.assert_allclose(spectrum[ours], expected, rtol=1e-3, atol=0.5)


def test_mel_and_mfcc_are_librosas(sound, spectrum):
    np.testing.assert_allclose(
        spectrum.mel, librosa.feature.melspectrogram(y=sound, sr=RATE).T, rtol=1e-3, atol=1e-5
    )
    np.testing.assert_allclose(
        mfcc(mel_db(spectrum.mel)), librosa.feature.mfcc(y=sound, sr=RATE).T, atol=0.02
    )


def test_onset_envelope_is_librosas(sound, spectrum):
    expected = librosa.onset.onset_strength(y=sound, sr=RATE)
    np.testing.assert_allclose(rhythm.onset_envelope(mel_db(spectrum.mel)), expected, atol=0.02)


def test_the_scale_of_onsets_is_decibels_where_it_is_loud_and_hangs_on_no_level(spectrum):
    scale = rhythm.compressed(spectrum.mel)
    np.testing.assert_allclose(rhythm.compressed(100 * spectrum.mel), scale, rtol=1e-4)
    loud = scale > 20
    decibels = 10 * np.log10(spectrum.mel[loud])
    np.testing.assert_allclose(np.diff(scale[loud]), np.diff(decibels), atol=0.05)
    assert not rhythm.compressed(np.zeros((4, 128), np.float32)).any()


def test_a_quiet_heartbeat_under_held_notes_has_its_tempo():
    seconds = np.arange(24 * RATE) / RATE
    held = sum(np.sin(2 * np.pi * hz * seconds) for hz in (440, 523, 659, 880)) / 8
    thump = np.exp(-12 * (seconds % 0.75)) * np.sin(2 * np.pi * 60 * seconds)
    wobble = 1 + 0.05 * np.sin(2 * np.pi * 0.37 * seconds)
    found = describe(listen(from_samples(held * wobble + 0.1 * thump, RATE)))
    levels = np.array([found.bpm, found.bpm_alternative])
    assert (abs(levels / 80 - 1) < 0.02).any()


def test_a_sine_has_its_level_its_pitch_and_no_width():
    t = np.arange(2 * RATE) / RATE
    spectrum = analyse_frames((0.5 * np.sin(2 * np.pi * 1000.0 * t)).astype(np.float32))
    middle = slice(20, 60)
    np.testing.assert_allclose(spectrum["rms"][middle], 0.5 / np.sqrt(2), rtol=0.001)
    np.testing.assert_allclose(spectrum.peak_hz[middle, 0], 1000, atol=0.5)
    assert spectrum["low_middle"][middle].max() < 0.001
    assert spectrum["bright"][middle].max() < 0.001


@pytest.mark.parametrize(
    ("pitches", "name"),
    [([60, 64, 67], "C major"), ([57, 60, 64], "A minor"), ([66, 70, 73], "F# major")],
)
def test_a_cadence_has_its_key(pitches: list[int], name: str):
    tonic, third, fifth = pitches
    cadence = [
        (tonic, third, fifth),
        (tonic + 5, tonic + 9 - (third - tonic == 3), tonic + 12),
        (fifth, fifth + 4, fifth + 7),
        (tonic, third, fifth),
    ]
    assert describe(listen(from_samples(notes(cadence * 2, seconds=0.7), RATE))).key == name


def test_tuning_is_found_and_taken_out():
    spectrum = analyse_frames(notes([60.3, 64.3, 67.3] * 4).astype(np.float32))
    assert tonal.tuning(spectrum.peak_hz, spectrum.peak_level) == pytest.approx(0.3, abs=0.05)
    chroma = tonal.chroma(spectrum.peak_hz, spectrum.peak_level).mean(axis=0)
    assert set(np.argsort(chroma)[-3:]) == {0, 4, 7}


def test_roughness_peaks_at_a_quarter_of_a_critical_band():
    def rough(gap_hz: float) -> float:
        return float(
            tonal.roughness(
                np.array([[500, 500 + gap_hz]], np.float32), np.ones((1, 2), np.float32)
            )[0]
        )

    assert rough(0) == pytest.approx(0, abs=1e-6)
    assert rough(30) > 4 * rough(250)
    assert rough(30) > rough(5)
    assert rough(1000) < 0.002


def test_harmonic_change_is_zero_where_nothing_changes():
    still = np.tile(np.eye(12)[0], (10, 1))
    moving = np.eye(12)[[0, 6] * 5]
    assert tonal.harmonic_change(still).max() == 0
    assert (
        tonal.harmonic_change(moving)[1:-1].max() == 0
    )  # neighbours on both sides agree: Harte's two-sided difference
    assert tonal.harmonic_change(np.repeat(moving, 2, axis=0))[1:-1].min() > 0.5


def test_the_melody_is_heard_above_a_louder_bass():
    line = [72, 74, 76, 77, 79, 77, 76, 74]
    sound = notes(line, seconds=0.5) + 2 * notes([36] * 8, seconds=0.5, partials=3)
    spectrum = analyse_frames(sound.astype(np.float32))
    heard = token_means(
        np.nan_to_num(melody.melody(spectrum.peak_hz, spectrum.peak_level), nan=0), 0.5
    )
    np.testing.assert_allclose(heard[:8], line, atol=1.5)


@pytest.mark.parametrize("slope", [-2.0, 0.0, 0.5, 3.0])
def test_trend_is_the_slope_of_a_straight_line_up_to_a_semitone_a_second(slope: float):
    pitch = 60 + slope * np.arange(400) * FRAME_S
    expected = np.clip(slope, -1, 1)
    assert melody.trend(pitch)[0] == pytest.approx(expected, rel=0.02, abs=1e-6)


def test_trend_is_not_undone_by_the_leap_back_between_phrases():
    pitch = 60 + (np.arange(1200) * FRAME_S) % 8
    assert 0.4 < melody.trend(pitch)[0] <= 1.0
    assert melody.trend(np.full(1200, np.nan)) == (0.0, 0.0)


@pytest.mark.parametrize("bpm", [80, 126])
def test_beats_fall_on_the_drums(bpm: int):
    heard = listen(from_samples(drums(bpm), RATE))
    beats = structure.beats(heard, describe(heard))
    grid = 30 / bpm
    off = np.abs(beats.times / grid - np.round(beats.times / grid)) * grid
    assert np.median(off) < 0.03
    assert beats.confidence > 0.3


def test_accents_find_the_bars_of_a_waltz():
    bar = [(36, 48, 60), (64, 67), (64, 67)]
    other = [(43, 55, 59), (62, 65), (62, 65)]
    sound = notes((bar + bar + other + other) * 4, seconds=0.45, decay=6)
    heard = listen(from_samples(sound, RATE))
    beats = structure.beats(heard, describe(heard))
    firsts = beats.times[beats.accents]
    assert np.diff(firsts) == pytest.approx(3 * 0.45, abs=0.1)
    assert beats.accent_confidence > 0.5


def test_sections_change_where_the_music_does():
    first, second = (
        notes([60, 64, 67, 64] * 13, seconds=0.4),
        notes([(49, 54, 58)] * 52, seconds=0.4, partials=20, decay=9),
    )
    sections = structure.sections(listen(from_samples(np.concatenate([first, second]), RATE)))
    assert [round(end) for _, end in sections] == [pytest.approx(21, abs=1), 42]


def test_curves_follow_a_swell():
    sound = notes([60, 67, 72, 67] * 10) + drums(150, seconds=16)
    sound *= np.linspace(0.05, 1, len(sound)) ** 2
    heard = listen(from_samples(sound, RATE))
    curves = structure.curves(heard, describe(heard), 40.0)
    assert curves.values.shape == (32, 5)
    assert np.all(np.diff(curves["loudness"][1:30:4]) > 0)
    assert curves["arousal"][-4:].mean() > curves["arousal"][:4].mean() + 15
    lower = structure.curves(heard, describe(heard), -40.0)["arousal"]
    assert np.all(lower < curves["arousal"]), "the course runs about the track's value"


def test_a_fingerprint_survives_a_gain_and_tells_tunes_apart():
    def words(sound: np.ndarray) -> np.ndarray:
        return fingerprint(listen(from_samples(sound, RATE)).db)

    def differ(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.bitwise_count(a ^ b).mean() / 32)

    one, other = notes([60, 62, 67, 69, 72] * 4), notes([58, 70, 63, 75, 66] * 4)
    assert differ(words(one), words(0.1 * one)) < 0.02
    assert differ(words(one), words(other)) > 0.35
