"""A catalogue that can be asked again and again, as a map, and with weights to start from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from leitmotif.catalogue.library import QUADRANTS, Library, mood
from leitmotif.catalogue.music_map import MusicMap
from matcher import presets


def rows(n: int, **columns) -> list[dict]:
    rng = np.random.default_rng(7)
    return [
        dict(zip(MUSIC_NAMES, rng.normal(size=10).tolist(), strict=True))
        | {"track_id": f"t{i}"}
        | {k: v[i] for k, v in columns.items()}
        for i in range(n)
    ]


def library(n: int, **columns) -> Library:
    return Library(Catalogue.from_rows(rows(n, **columns)), Path())


# ------------------------------------------------------------------------------ filters


def test_filters_keep_the_rows_that_meet_all_of_them():
    found = library(
        4,
        title=["Night Drive", "night owl", "Morning", "Night"],
        artist=["Ada", "Bo", "Ada", "Ada"],
        license=["CC0", "CC BY", "CC0", ""],
        bpm=[120, 90, 100, ""],
    )
    assert found.where() is None
    assert found.where(words="NIGHT").tolist() == [True, True, False, True]
    assert found.where(words="night ada").tolist() == [True, False, False, True]
    assert found.where(licences=("CC0",)).tolist() == [True, False, True, False]
    assert found.where(bpm=(95, 130)).tolist() == [
        True,
        False,
        True,
        False,
    ]  # a row that does not say is left out
    assert found.where(words="night", bpm=(95, 130)).tolist() == [True, False, False, False]


def test_filters_by_what_is_heard():
    features = np.zeros((4, 10))
    features[:, MUSIC_NAMES.index("arousal")] = [-60, 0, 60, 60]
    columns = {"vocals": ["0.1", "0.2", "", "1"], "speech": ["0", "0.3", "", "0.2"]}
    found = Library(Catalogue(features, columns | {"track_id": list("abcd")}))
    assert found.where(energy=["calm", "peak"]).tolist() == [True, False, True, True]
    assert found.where(sung=True).tolist() == [False, True, False, True]
    assert found.where(sung=False).tolist() == [True, False, False, False]
    assert found.where(most_speech=0.2).tolist() == [True, False, False, True]


def test_licences_are_counted_with_those_that_name_none():
    assert library(4, license=["CC0", "", "CC0", "CC BY"]).licences == [
        ("CC0", 2),
        ("", 1),
        ("CC BY", 1),
    ]


def test_hours_add_up_what_is_known():
    assert library(3, duration_s=[1800, "", 1800]).hours == pytest.approx(1.0)


# ------------------------------------------------------------------------------ sound files


def test_a_catalogue_of_this_machine_finds_its_sound_files(tmp_path: Path):
    (tmp_path / "音乐").mkdir()
    for name in ("音乐/a b.ogg", "secret.txt"):
        (tmp_path / name).write_bytes(b"x")
    paths = [
        "音乐/a b.ogg",
        str(tmp_path / "音乐" / "a b.ogg"),
        "gone.ogg",
        "secret.txt",
        "",
        "a\x00.ogg",
    ]
    found = Library(Catalogue.from_rows(rows(6, path=paths)), tmp_path)
    assert [found.sound(i) is not None for i in range(6)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_table_from_somebody_else_opens_nothing(tmp_path: Path):
    (tmp_path / "a.ogg").write_bytes(b"x")
    assert Library(Catalogue.from_rows(rows(1, path=[str(tmp_path / "a.ogg")]))).sound(0) is None


# ------------------------------------------------------------------------------ moods and map


def test_moods_are_the_quadrants_of_valence_and_arousal():
    features = np.zeros((4, 10))
    features[:, MUSIC_NAMES.index("valence")] = [50, -50, -50, 50]
    features[:, MUSIC_NAMES.index("arousal")] = [50, 50, -50, -50]
    assert [QUADRANTS[i] for i in mood(features)] == ["excited", "tense", "sad", "calm"]


def test_map_keeps_two_dimensional_catalogues_as_they_are():
    rng = np.random.default_rng(0)
    features = np.zeros((200, 10))
    features[:, MUSIC_NAMES.index("valence")] = rng.normal(0, 30, 200)
    features[:, MUSIC_NAMES.index("arousal")] = rng.normal(0, 30, 200)
    made = MusicMap.of(features)
    placed = made.place(features)
    assert made.explained == pytest.approx(1.0)
    # Valence to the right, arousal upwards.
    assert np.corrcoef(placed[:, 0], features[:, MUSIC_NAMES.index("valence")])[0, 1] > 0.999
    assert np.corrcoef(placed[:, 1], features[:, MUSIC_NAMES.index("arousal")])[0, 1] > 0.999


def test_map_is_the_same_every_time_and_shows_most_of_the_variety():
    features = library(60).catalogue.features
    first, second = MusicMap.of(features), MusicMap.of(features.copy())
    np.testing.assert_array_equal(first.axes, second.axes)
    np.testing.assert_allclose(first.axes.T @ first.axes, np.eye(2), atol=1e-12)
    assert 0.2 < first.explained < 1


def test_map_of_one_track_is_a_point():
    features = library(1).catalogue.features
    assert MusicMap.of(features).place(features) == pytest.approx(np.zeros((1, 2)))


# ------------------------------------------------------------------------------ presets


def test_va_only_is_arousal_and_valence_alone():
    weights = dict(zip(MUSIC_NAMES, presets.va_only(), strict=True))
    assert {n for n, w in weights.items() if w} == {"arousal", "valence"}


def test_reliability_weighs_what_can_be_predicted():
    r2 = np.array([0.4, 0.2, 0.2, -0.3, 0.2, 0.2, np.nan, 0.2, 0.4, 0.0])
    weights = presets.by_reliability(r2)
    assert weights[0] == weights[8] == pytest.approx(2 * weights[1], abs=0.1)
    assert weights[3] == weights[9] == 0
    assert 0 < weights[6] < weights[0]
    assert weights.mean() == pytest.approx(1, abs=0.1)


def test_a_trace_of_reliability_is_none():
    """Of ten R² in the ten-thousandths, the largest must not become the heaviest weight."""
    assert presets.by_reliability(np.array([1.3e-4, 4.9e-5, *[0.0] * 8])) is None
    weights = presets.by_reliability(np.array([0.2, 0.009, *[0.0] * 8]))
    assert weights[0] > 0 and weights[1] == 0


def test_without_measured_reliability_the_default_is_equal():
    assert next(iter(presets.presets(None))) == "equal"
    assert next(iter(presets.presets(np.full(10, -1.0)))) == "equal"
    assert next(iter(presets.presets(np.full(10, 0.3)))) == "reliability"


def test_what_is_edited_counts_as_much_as_all_the_rest():
    arousal = np.isin(MUSIC_NAMES, ["arousal"])
    assert presets.lead(np.ones(10), arousal) == 9
    assert presets.lead(np.ones(10), np.isin(MUSIC_NAMES, ["arousal", "warmth"])) == 8
    assert presets.lead(presets.va_only(), arousal) == 1
    assert presets.lead(np.zeros(10), arousal) == 1, "it counts even where nothing else does"
