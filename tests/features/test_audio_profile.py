"""Known answers: what each of the ten features must say of sound that we made ourselves."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sounds import RATE, drums, low_passed, notes

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES
from features.audio import EXTRACTOR, WITH_YAMNET, analyze, music_profile

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
SCALE = {"major": [0, 2, 4, 5, 7, 9, 11], "minor": [0, 2, 3, 5, 7, 8, 10]}
TUNE = [0, 2, 4, 2, 0, 4, 5, 4, 2, 4, 0, 0, 4, 2, 1, 0]


def profile(sound: np.ndarray, rate: int = RATE):
    """Without YAMNet, whose coarse scores turn rounding errors into some points of valence."""
    return analyze(sound, sample_rate=rate).profile


def tune(mode: str = "major", tonic: int = 60, repeats: int = 2, **tone) -> np.ndarray:
    """A melody over its tonic and fifth."""
    return notes([(tonic + SCALE[mode][d], tonic - 12, tonic - 5) for d in TUNE] * repeats, **tone)


# --------------------------------------------------------------------------------- single features


@pytest.mark.parametrize("tonic", [57, 60, 65])
def test_major_is_more_positive_than_minor(tonic: int):
    assert profile(tune("major", tonic))["valence"] > profile(tune("minor", tonic))["valence"] + 10


def test_a_low_pass_takes_brightness_adds_warmth_and_leaves_arousal():
    sound = tune(partials=20) + drums(120, seconds=12.8)
    bright, dull = profile(sound), profile(low_passed(sound, 1200))
    assert dull["brightness"] < bright["brightness"] - 20
    assert abs(dull["arousal"] - bright["arousal"]) < 15
    assert dull["warmth"] > bright["warmth"] + 2


def test_melody_trend_lies_on_the_side_of_the_melody():
    line = [57 + i for i in range(24)]
    rising, falling = (profile(notes(p, seconds=0.35))["melody_trend"] for p in (line, line[::-1]))
    assert rising > 60 and falling < 40
    assert rising + falling == pytest.approx(100, abs=8)


def test_faster_harder_played_versions_of_a_piece_are_more_arousing():
    calm = profile(tune(seconds=0.6, attack_s=0.08, partials=4, decay=9.0))
    faster = profile(tune(seconds=0.3, attack_s=0.08, partials=4, decay=14.0, repeats=4))
    harder = profile(
        tune(seconds=0.3, attack_s=0.003, partials=16, decay=5.0, repeats=4)
        + 0.3 * drums(200, seconds=19.2)
    )
    assert calm["arousal"] < faster["arousal"] < harder["arousal"]


def test_a_loop_varies_less_than_music_that_goes_on():
    rng = np.random.default_rng(5)
    bar = [(60, 64, 67)] * 4
    loop = profile(np.concatenate([notes(bar, seconds=0.5)] * 10))
    pieces = [
        notes(
            [tuple(rng.integers(45, 85, 3)) for _ in range(4)],
            seconds=0.5,
            partials=int(rng.integers(1, 14)),
            decay=float(rng.uniform(0.5, 9)),
        )
        for _ in range(10)
    ]
    assert profile(np.concatenate(pieces))["variation"] > loop["variation"] + 5


def test_drums_have_rhythm_and_a_drone_has_none():
    drone = notes([(40, 47, 52)], seconds=12, decay=0.01, attack_s=2)
    assert profile(drums(110))["rhythm"] > 5
    assert profile(drone)["rhythm"] < -5


def test_chords_are_harmonious_and_clusters_are_not():
    triads = notes([(60, 64, 67), (65, 69, 72), (67, 71, 74), (60, 64, 67)] * 4, seconds=0.6)
    clusters = notes(
        [(60, 61, 62, 63), (64, 65, 66, 67), (71, 72, 73, 74), (60, 61, 62, 63)] * 4, seconds=0.6
    )
    assert profile(triads)["harmony"] > profile(clusters)["harmony"] + 8


# ------------------------------------------------------------------------------------------- tempo


@pytest.mark.parametrize("bpm", [60, 73, 90, 104, 120, 137, 150, 165, 180])
def test_tempo_is_right_within_two_percent_up_to_a_factor_of_two(bpm: int):
    found = analyze(drums(bpm), sample_rate=RATE).bpm
    assert min(abs(found / bpm / factor - 1) for factor in (0.5, 1, 2)) < 0.02


def test_rhythm_speed_rises_with_tempo_whatever_octave_is_heard():
    speeds = [profile(drums(bpm))["rhythm_speed"] for bpm in range(60, 181, 15)]
    assert np.all(np.diff(speeds) > 0), speeds


# ------------------------------------------------------------------------------------- any input


def test_gain_changes_nothing_but_loudness():
    loud, soft = analyze(tune(), sample_rate=RATE), analyze(tune() * 0.01, sample_rate=RATE)
    np.testing.assert_allclose(loud.profile.values, soft.profile.values, atol=1e-3)
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(40, abs=0.05)


def test_stereo_is_heard_as_mono():
    mono = tune()
    both = profile(np.column_stack([mono, mono]))
    np.testing.assert_allclose(both.values, profile(mono).values, atol=1e-3)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(5 * RATE), np.full(5 * RATE, 0.5), np.array([0.7])],
    ids=["silence", "offset", "one sample"],
)
def test_nothing_to_hear_is_neutral_with_no_confidence(sound: np.ndarray):
    heard = analyze(sound, sample_rate=RATE)
    assert heard.profile.values.tolist() == [f.neutral for f in MUSIC_FIELDS]
    assert heard.profile.confidence.max() == 0
    assert heard.profile.warnings == ("there is nothing to hear",)
    assert heard.loudness_lufs == float("-inf")


def test_a_jingle_says_more_of_its_arousal_than_of_its_valence():
    jingle, piece = tune()[: 3 * RATE], tune(repeats=4)
    short, long = music_profile(jingle, sample_rate=RATE), music_profile(piece, sample_rate=RATE)
    at = MUSIC_NAMES.index
    assert short.confidence[at("valence")] < 0.3 * long.confidence[at("valence")]
    assert short.confidence[at("arousal")] > 0.8 * long.confidence[at("arousal")]


def test_a_click_is_described_with_little_confidence():
    click = np.zeros(5 * RATE)
    click[2 * RATE] = 0.9
    assert profile(click).confidence.max() < 0.1


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
def test_any_sample_rate(rate: int):
    sound = tune(partials=3)
    at = np.linspace(0, len(sound) - 1, round(len(sound) / RATE * rate))
    resampled = np.interp(at, np.arange(len(sound)), sound)
    heard, reference = profile(resampled, rate), profile(sound)
    np.testing.assert_allclose(heard["valence"], reference["valence"], atol=6)
    np.testing.assert_allclose(heard["rhythm_speed"], reference["rhythm_speed"], atol=6)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(0), RATE, "not a single sample"),
        (np.array([0.1, np.nan]), RATE, "NaN"),
        (np.zeros(10), None, "sample rate"),
    ],
)
def test_samples_that_cannot_be_used(samples: np.ndarray, rate: int | None, message: str):
    with pytest.raises(InputError, match=message):
        music_profile(samples, sample_rate=rate)


# --------------------------------------------------------------------- the demo, composed by us


@pytest.fixture(scope="module")
def demo() -> list[tuple[dict, object]]:
    """Every second demo track: what was written, what is heard."""
    with (DEMO / "tracks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    files = [DEMO / "tracks" / f"{row['track_id']}.opus" for row in rows[::2]]
    return [(row, analyze(file, tags=True)) for row, file in zip(rows[::2], files, strict=True)]


def test_demo_keys_are_heard(demo):
    heard = [(row["track_id"], row["key"], _short(a.key)) for row, a in demo if row["key"]]
    assert [h for h in heard if h[1] != h[2]] == []


def _short(key: str) -> str:
    tonic, mode = key.split()
    return tonic + "m" * (mode == "minor")


def test_demo_tempo_is_one_of_the_two_levels_heard(demo):
    for row, heard in demo:
        levels = np.array([heard.bpm, heard.bpm_alternative])
        off = np.abs(levels / float(row["tempo_bpm"]) - 1)
        assert off.min() < 0.02, row["track_id"]


def test_demo_melodies_go_where_they_were_written(demo):
    for row, heard in demo:
        if row["contour"] in ("rising", "falling"):
            assert (heard.profile["melody_trend"] > 50) == (row["contour"] == "rising"), row[
                "track_id"
            ]


def test_demo_speed_and_brightness_follow_what_was_set(demo):
    onsets = [float(row["onsets_per_s"]) for row, _ in demo]
    assert spearmanr(onsets, [a.profile["rhythm_speed"] for _, a in demo])[0] > 0.85
    order = {"dark": 0, "neutral": 1, "bright": 2}
    assert (
        spearmanr(
            [order[row["brightness"]] for row, _ in demo],
            [a.profile["brightness"] for _, a in demo],
        )[0]
        > 0.85
    )


def test_the_shipped_catalogue_is_what_this_extractor_measures(demo):
    shipped = Catalogue.read(DEMO.parent / "audio_features.csv")
    at = {Path(path).stem: row for row, path in enumerate(shipped.text("path"))}
    with_yamnet = demo[0][1].profile.extractor == WITH_YAMNET
    fields = len(MUSIC_NAMES) if with_yamnet else MUSIC_NAMES.index("arousal")
    for row, heard in demo:
        np.testing.assert_allclose(
            shipped.features[at[row["track_id"]]][:fields],
            heard.profile.values[:fields],
            atol=3,
            err_msg=row["track_id"],
        )
    assert shipped.extractors == (WITH_YAMNET,)


def test_a_profile_compares_with_a_catalogue(models: Path):
    """One file, by itself and as a build hears it: the same numbers by the same extractor."""
    file = DEMO / "tracks" / "market-day.opus"
    alone, built = music_profile(file), analyze(file, tags=True).profile
    assert alone.extractor == built.extractor == WITH_YAMNET
    np.testing.assert_array_equal(alone.values, built.values)


def test_without_yamnet_arousal_and_valence_are_less_sure(models: Path):
    file = DEMO / "tracks" / "market-day.opus"
    sure, less = (analyze(file, tags=tags).profile for tags in (True, False))
    assert (sure.extractor, less.extractor) == (WITH_YAMNET, EXTRACTOR)
    lower = [MUSIC_NAMES[i] for i in np.flatnonzero(less.confidence < sure.confidence)]
    assert lower == ["arousal", "valence"]
    np.testing.assert_array_equal(less.values[:-2], sure.values[:-2])


def test_the_curve_of_arousal_runs_about_the_tracks_value(demo):
    values = np.array([
        (heard.profile["arousal"], np.median(heard.profile.curves["arousal"])) for _, heard in demo
    ])  # fmt: skip
    assert np.abs(values[:, 0] - values[:, 1]).max() < 30
    assert spearmanr(*values.T)[0] > 0.95
