"""Weights files: everything comes back, and files that are something else get one sentence."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from planted import linear_rule, planted
from safetensors.numpy import save_file

from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, VideoProfile
from recommender import load_recommender, prior
from recommender.fit_network import train
from recommender.forward import network_forward
from recommender.linear import fit_ridge
from recommender.lit_module import Settings
from recommender.network import Config
from recommender.predict import SHIPPED
from recommender.predictor_file import read_predictor, write_predictor
from recommender.save import reliability, save
from recommender.stretch import fit_stretch

NEUTRAL = VideoProfile(np.array([f.neutral for f in VIDEO_FIELDS]), np.ones(11), "another 2")


@pytest.fixture(scope="module")
def pairs():
    return planted(linear_rule, 300, noise=0.2)[0]


@pytest.fixture(scope="module")
def trained(pairs):
    return train(
        pairs.split("train"), pairs.split("validation"), Config(width=8), Settings(epochs=2)
    )


def test_a_network_comes_back_with_its_scalers_extractors_and_scores(tmp_path, pairs, trained):
    path = tmp_path / "权重 net.safetensors"
    save(
        path, trained, pairs, name="net-1", description="A test.", reliability=[0.5] * 9 + [np.nan]
    )
    loaded = load_recommender(path)
    regression = network_forward(trained.network)(pairs.video, pairs.video_confidence)[0]
    assert np.allclose(
        loaded.predict(pairs.video),
        fit_stretch(regression, pairs.music).apply(regression),
        atol=1e-4,
    )
    assert (loaded.name, loaded.video_extractor, loaded.music_extractor) == (
        "net-1",
        "planted video",
        "planted music",
    )
    assert loaded.reliability[:9].tolist() == [0.5] * 9 and np.isnan(loaded.reliability[9])
    assert loaded.metadata["config"]["width"] == 8 and loaded.metadata["trained_on"]["pairs"] == 300


def test_a_linear_model_comes_back(tmp_path, pairs):
    model = fit_ridge(pairs)
    save(
        tmp_path / "r.safetensors", model, pairs, name="ridge", description="A test.", stretch=False
    )
    assert np.allclose(
        load_recommender(tmp_path / "r.safetensors").predict(pairs.video),
        model.forward(pairs.video, pairs.video_confidence)[0],
    )


def test_the_prior_is_a_linear_model_like_others(tmp_path, pairs):
    save(
        tmp_path / "p.safetensors",
        prior.as_linear(),
        pairs,
        name="prior",
        description="A test.",
        stretch=False,
    )
    assert np.allclose(
        load_recommender(tmp_path / "p.safetensors").predict(pairs.video),
        load_recommender("prior").predict(pairs.video),
    )


def test_another_extractor_is_said_and_still_served(tmp_path, pairs):
    save(tmp_path / "r.safetensors", fit_ridge(pairs), pairs, name="ridge", description="A test.")
    assert load_recommender(tmp_path / "r.safetensors").predict(NEUTRAL).warnings == (
        "The picture was measured by 'another 2', but ridge learned from 'planted video'.",
    )


def other_layout(path: Path):
    write_predictor(path, "linear", {"a": np.zeros(3)}, {})
    path.write_bytes(path.read_bytes().replace(b"visual_valence", b"visual_valance"))


def flipped_bit(path: Path):
    write_predictor(path, "linear", {"a": np.zeros(3)}, {})
    path.write_bytes(path.read_bytes()[:-1] + b"\1")


def wrong_arrays(path: Path):
    write_predictor(path, "linear", {"matrix": np.zeros((3, 3))}, {"name": "x", "description": "x"})


BAD_FILES = {
    "missing": (lambda path: None, "no such weights file"),
    "pickle": (
        lambda path: path.write_bytes(pickle.dumps({"matrix": 1})),
        "a pickled checkpoint, which is never loaded",
    ),
    "torch checkpoint": (
        lambda path: torch.save({"a": torch.zeros(2)}, path),
        "a pickled checkpoint, which is never loaded",
    ),
    "text": (lambda path: path.write_text("weights"), "damaged or no safetensors file"),
    "empty": (lambda path: path.write_bytes(b""), "damaged or no safetensors file"),
    "plain safetensors": (
        lambda path: save_file({"a": np.zeros(2)}, path),
        "written by another version of Leitmotif",
    ),
    "another layout": (other_layout, "damaged, cut short, or not the file it should be"),
    "flipped bit": (flipped_bit, "damaged, cut short, or not the file it should be"),
    "arrays that do not fit": (wrong_arrays, "the weights do not fit together"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_are_no_weights(tmp_path, case):
    make, sentence = BAD_FILES[case]
    path = tmp_path / "w.safetensors"
    make(path)
    with pytest.raises(InputError, match=rf"w\.safetensors: {sentence}"):
        load_recommender(path)


def test_a_truncated_file_is_damaged(tmp_path, pairs):
    path = tmp_path / "w.safetensors"
    save(path, fit_ridge(pairs), pairs, name="ridge", description="A test.")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="damaged or no safetensors file"):
        load_recommender(path)


def test_numbers_that_are_not_finite_travel_as_null(tmp_path):
    write_predictor(
        tmp_path / "w.safetensors",
        "linear",
        {},
        {"scores": {"r2": np.array([1.0, np.nan])}, "n": np.int64(3)},
    )
    assert read_predictor(tmp_path / "w.safetensors")[0]["scores"] == {"r2": [1.0, None]}


def correlations(*r):
    return {str(i): {"r": x} for i, x in enumerate(r)}


def test_reliability_believes_correlations_as_far_as_the_films_allow():
    few = reliability(correlations(0.3, 0.1, -0.1, 0.2, np.nan), sources=10)
    assert few[:4] == pytest.approx([0.125**2] * 4) and np.isnan(few[4]), (
        "all of the spread can be chance: the mean for all"
    )
    many = reliability(correlations(0.6, 0.0, -0.6), sources=100_000)
    assert many == pytest.approx([0.36, 0, 0], abs=1e-3)
    between = reliability(correlations(0.6, 0.0), sources=30)
    assert 0.3**2 < between[0] < 0.6**2 and between[1] > 0


def test_what_ships_is_the_prior_and_the_music_video_network_loads():
    rng = np.random.default_rng(0)
    pictures = np.array([f.low for f in VIDEO_FIELDS]) + rng.random((20, 11)) * np.array(
        [f.high - f.low for f in VIDEO_FIELDS]
    )
    shipped = load_recommender()
    assert shipped.name == prior.NAME and np.allclose(
        shipped.predict(pictures), load_recommender("prior").predict(pictures)
    )
    assert (
        shipped.predict(NEUTRAL).warnings == ()
        and len(shipped.reliability) == 10
        and shipped.metadata["evaluation"]["scores"]
    )
    network = load_recommender(SHIPPED.with_name("recommender_music_videos.safetensors"))
    music = network.predict(NEUTRAL)
    assert "muvi_sync-1" in music.warnings[0]
    assert [n for n, c in zip(MUSIC_NAMES, music.confidence, strict=True) if c == 0] == [
        "rhythm",
        "warmth",
        "brightness",
        "melody_trend",
    ]
