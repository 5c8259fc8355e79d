"""The linear prior: follows the picture, stays in range, and lets what was not measured move
nothing.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.profiles import (
    MUSIC_FIELDS,
    MUSIC_NAMES,
    VIDEO_FIELDS,
    VIDEO_NAMES,
    MusicProfile,
    VideoProfile,
)
from recommender import load_recommender, prior
from recommender.predict import linear_prior

ROOT = Path(__file__).resolve().parents[2]
NEUTRAL = np.array([f.neutral for f in VIDEO_FIELDS])
MUSIC_NEUTRAL = np.array([f.neutral for f in MUSIC_FIELDS])
WORKED = np.array([60.75, 66.2, 54.0, 56.8, -16.5, 66.8, 0.38, 0.97, 0.29, 67.14, -29.29])


def profile(values=NEUTRAL, confidence=None) -> VideoProfile:
    return VideoProfile(values, np.ones(11) if confidence is None else confidence, "test 1")


def test_a_neutral_picture_asks_for_neutral_music():
    assert np.allclose(linear_prior().predict(profile()).values, MUSIC_NEUTRAL)


def test_one_output_by_hand():
    # harmony: −.5·(66.2−50)/50 − .2·(60.75−50)/50 + .3·(−29.29/100), times 10
    expected = 10 * (-0.5 * 16.2 / 50 - 0.2 * 10.75 / 50 + 0.3 * -0.2929)
    assert linear_prior().predict(WORKED)["harmony"] == pytest.approx(expected)


def test_a_tense_fast_unhappy_picture_gets_fast_exciting_unhappy_dissonant_music():
    music = linear_prior().predict(WORKED)
    assert (
        music["arousal"] > 0
        and music["rhythm_speed"] > 50
        and music["valence"] < 0
        and music["harmony"] < 0
    )


@given(st.integers(0, 10), st.sampled_from([0.0, 1.0]))
def test_an_input_without_evidence_moves_nothing(field, end):
    values, confidence = WORKED.copy(), np.ones(11)
    confidence[field] = 0
    before = linear_prior().predict(profile(values, confidence)).values
    values[field] = VIDEO_FIELDS[field].low + end * (
        VIDEO_FIELDS[field].high - VIDEO_FIELDS[field].low
    )
    assert np.array_equal(before, linear_prior().predict(profile(values, confidence)).values)


def test_no_evidence_at_all_is_the_neutral_profile_at_confidence_0():
    music = linear_prior().predict(profile(WORKED, np.zeros(11)))
    assert np.allclose(music.values, MUSIC_NEUTRAL) and not music.confidence.any()


def test_confidence_is_the_share_of_weights_with_evidence():
    confidence = np.ones(11)
    confidence[VIDEO_NAMES.index("color_warmth")] = 0.5
    music = linear_prior().predict(profile(WORKED, confidence))
    share = dict(zip(MUSIC_NAMES, music.confidence, strict=True))
    assert share["warmth"] == pytest.approx(0.75) and share["arousal"] == 1
    assert share["melody_trend"] == 0 and music["melody_trend"] == 50, (
        "nothing is known of melodies, and nothing is claimed"
    )


@settings(max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=11, max_size=11))
def test_outputs_never_leave_their_ranges(units):
    values = [
        (f.low + f.high) / 2 + u * (f.high - f.low) / 2
        for f, u in zip(VIDEO_FIELDS, units, strict=True)
    ]
    music = linear_prior().predict(np.array(values)).values
    assert all(f.low <= v <= f.high for f, v in zip(MUSIC_FIELDS, music, strict=True))


def test_no_output_follows_its_inputs_by_more_than_their_own_size():
    assert np.abs(prior.matrix()).sum(1).max() <= 1 + 1e-12
    assert np.count_nonzero(prior.matrix()) == len(prior.WEIGHTS), "each coefficient is named once"
    assert all(w.source.startswith(("heuristic", "fitted")) for w in prior.WEIGHTS)


def test_rows_and_single_vectors_agree_and_nan_means_not_measured():
    rows = np.stack([WORKED, NEUTRAL, WORKED])
    rows[2, 7] = np.nan
    batch = load_recommender().predict(rows)
    assert batch.shape == (3, 10)
    one = load_recommender().predict(rows[2])
    assert isinstance(one, MusicProfile) and np.allclose(one.values, batch[2])
    assert one.confidence[MUSIC_NAMES.index("warmth")] < 1


@pytest.mark.parametrize(
    ("video", "sentence"),
    [
        (np.zeros(9), r"shape \(9,\) given; \(11,\) or \(rows, 11\) is needed"),
        (np.full(11, np.inf), "character_tension is inf; it must lie between 0 and 100"),
        (
            np.where(np.arange(11) == 6, 38, NEUTRAL),
            "color_weight is 38; it must lie between 0 and 1",
        ),
        (["a"] * 11, "numbers are needed"),
    ],
)
def test_bad_input_is_one_sentence(video, sentence):
    with pytest.raises(InputError, match=sentence):
        load_recommender().predict(video)


def test_the_prior_needs_no_torch():
    code = """
import sys
from recommender.predict import linear_prior
linear_prior().predict([50] * 4 + [0, 50] + [0.5] * 3 + [0, 0])
sys.exit("torch" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
