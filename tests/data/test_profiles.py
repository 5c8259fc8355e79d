"""The two vectors: their order is fixed for ever, and they survive every way of writing them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from data.profiles import (
    MUSIC_FIELDS,
    VIDEO_FIELDS,
    Curves,
    MusicProfile,
    VideoProfile,
    column_key,
    field_lookup,
    parse_vector,
)

USERS_COLUMNS = [
    "Richness",
    "Variation",
    "Rhythm",
    "Warmth",
    "Harmony",
    "brightness_score",
    "Melody Trend Score",
    "Rhythm speed score",
    "音乐唤醒度",
    "音乐效价",
]
WORKED_EXAMPLE = [
    -0.8372,
    2.8622,
    -3.8342,
    -5.1344,
    -4.2335,
    22.4444,
    50.9279,
    76.1797,
    56.2267,
    -20.4412,
]

finite = st.floats(allow_nan=False, allow_infinity=False)
profiles = st.builds(
    MusicProfile,
    st.tuples(*(st.floats(f.low, f.high) for f in MUSIC_FIELDS)),
    st.lists(st.floats(0, 1), min_size=10, max_size=10),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=30),
)


def test_order_of_the_video_profile():
    assert VideoProfile.names() == (
        "character_tension", "scene_tension", "narrative_pacing", "narrative_content",
        "image_affinity", "action_energy",
        "color_weight", "color_warmth", "motion_amplitude", "visual_arousal", "visual_valence",
    )  # fmt: skip


def test_order_of_the_music_profile():
    assert MusicProfile.names() == (
        "richness", "variation", "rhythm", "warmth", "harmony", "brightness",
        "melody_trend", "rhythm_speed",
        "arousal", "valence",
    )  # fmt: skip


@pytest.mark.parametrize("fields", [VIDEO_FIELDS, MUSIC_FIELDS])
def test_neutral_is_the_middle_of_every_range(fields):
    assert all(f.neutral == (f.low + f.high) / 2 for f in fields)


def test_our_users_column_names_are_known_in_their_order():
    lookup = field_lookup(MUSIC_FIELDS)
    assert [lookup[column_key(name)] for name in USERS_COLUMNS] == list(range(10))
    assert [lookup[column_key(name.upper().replace(" ", "_"))] for name in USERS_COLUMNS] == list(
        range(10)
    )


@given(profiles)
def test_json_round_trip(profile):
    assert MusicProfile.from_json(profile.to_json()) == profile


@given(profiles)
def test_csv_round_trip(profile):
    assert MusicProfile.from_csv(profile.to_csv()) == profile


def test_a_row_in_the_users_own_names_is_read():
    profile = MusicProfile.from_csv(
        ",".join(USERS_COLUMNS) + "\n" + ",".join(map(str, WORKED_EXAMPLE))
    )
    assert profile.values.tolist() == WORKED_EXAMPLE
    assert profile["arousal"] == 56.2267
    assert profile.confidence.tolist() == [1.0] * 10


def test_a_profile_cannot_be_changed_behind_its_back():
    source = np.zeros(10)
    profile = MusicProfile(source, source)
    source[0] = 7
    assert profile["richness"] == 0
    with pytest.raises(ValueError, match="read-only"):
        profile.values[0] = 7


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0] * 9, r"shape \(9,\), \(10,\) is needed"),
        ([0.0] * 9 + [np.nan], "valence is not a finite number"),
    ],
)
def test_wrong_vectors_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        MusicProfile(values, [1.0] * 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "object is needed"),
        ("{", "not valid JSON"),
        ('{"richness": 1}', "missing variation, rhythm"),
    ],
)
def test_wrong_json_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        MusicProfile.from_json(text)


def test_curves_are_read_by_name():
    curves = Curves(
        np.array([0.0, 0.5]), np.array([[1.0, 2.0], [3.0, 4.0]]), ("arousal", "loudness")
    )
    assert curves["loudness"].tolist() == [2.0, 4.0]


@given(
    st.lists(finite, min_size=10, max_size=10),
    st.sampled_from([",", ", ", " ", ";", "，", "、", "\t"]),
)
def test_ten_numbers_in_any_separator(numbers, separator):
    assert (
        parse_vector(
            "[" + separator.join(map(repr, numbers)) + "]", MUSIC_FIELDS, "--pred_feat"
        ).tolist()
        == numbers
    )


@pytest.mark.parametrize(
    "text",
    ["−1,5; 2;3;4;5,0;6;7;8;9;−0,25", "−1.5 2 3 4 5 6 7 8 9 −0.25", "[-1.5;2;3;4;5;6;7;8;9;-.25]"],
)
def test_numbers_as_other_countries_and_typesetters_write_them(text):
    expected = [-1.5, 2, 3, 4, 5, 6, 7, 8, 9, -0.25]
    assert parse_vector(text, MUSIC_FIELDS, "--pred_feat").tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2;3;4;5;6;7;8;9;10;11;12", "--pred_feat: 12 numbers given, 10 needed"),
        ("1,2,3,4,5,6,7,8,9", "--pred_feat: 9 numbers given, 10 needed"),
        ("1,2,3,4,5,6,7,8,9,warm", "--pred_feat: 'warm' is not a number"),
        ("1,2,3,4,5,6,7,8,9,nan", "--pred_feat: the value of valence is not a finite number"),
        ("", "--pred_feat: 0 numbers given"),
    ],
)
def test_typed_vectors_that_cannot_be_used(text, message):
    with pytest.raises(InputError, match=message):
        parse_vector(text, MUSIC_FIELDS, "--pred_feat")


@given(st.text(max_size=60))
def test_any_text_is_a_vector_or_one_sentence(text):
    try:
        assert parse_vector(text, MUSIC_FIELDS, "--pred_feat").shape == (10,)
    except InputError as error:
        assert str(error).startswith("--pred_feat: ")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "[" * 100_000,
        lambda text: text.replace("0.5", "9" * 5000, 1),
        lambda text: text.replace("0.5", "1" + "0" * 400, 1),
        lambda text: text.replace('"warnings": []', '"warnings": 3'),
        lambda text: text.replace(
            '"confidence": {"richness": 0.25', '"confidence": {"richness": 7'
        ),
        lambda text: text.replace('"confidence": {', '"confidence": null, "x": {"y": {')[:-3],
        lambda text: text.replace('"values": {', '"values": [{'),
        lambda text: text.replace("0.5", "NaN", 1),
    ],
    ids=["deep", "digits", "huge", "warnings", "confidence", "cut", "list", "NaN"],
)
def test_damaged_json_is_one_sentence(change):
    text = MusicProfile(np.full(10, 0.5), np.full(10, 0.25)).to_json()
    assert change(text) != text
    with pytest.raises(InputError, match="MusicProfile: "):
        MusicProfile.from_json(change(text))


def test_decimal_commas_and_the_minus_of_type():
    for typed in ("−5,5; 3,25; 1", "-5,5 3,25 1", "-5,5, 3,25, 1"):
        values = parse_vector(typed, MUSIC_FIELDS[:3], "--pred_feat")
        assert values.tolist() == [-5.5, 3.25, 1.0]


@pytest.mark.parametrize("value", [-1, 100.1, 1e308])
def test_a_value_outside_its_range_is_refused(value: float):
    record = VideoProfile.neutral().to_dict()
    record["values"]["action_energy"] = value
    with pytest.raises(InputError, match=r"action_energy is .* between 0 and 100"):
        VideoProfile.from_json(json.dumps(record))
