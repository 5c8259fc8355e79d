"""The file that bends the profile: what it keeps, what it leaves alone, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES
from features.video import score
from features.video.profile_coefficients import ProfileCoefficients, from_z, to_z
from features.video.signals import COLUMNS
from features.video.summary import SummaryModel
from features.video.temporal import TemporalSettings, TemporalTransformer
from features.video.timeline import Timeline
from features.video.tokens import TokenScale

GRID = np.linspace(-2.5758, 2.5758, 33)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    """A minute of drifting signals, without faces or embedding."""
    rng, count = np.random.default_rng(0), 120
    values = np.full((count, len(COLUMNS)), np.nan)
    for i, name in enumerate(COLUMNS):
        if not name.startswith("face") and name not in (
            "happy",
            "surprised",
            "angry",
            "afraid",
            "disgusted",
            "sad",
            "novelty",
        ):
            values[:, i] = np.abs(np.cumsum(rng.normal(0, 0.05, count))) + 0.02
    values[:, COLUMNS.index("seconds")] = 0.5
    values[:, COLUMNS.index("flow_valid")] = 1
    palette = rng.dirichlet(np.ones(36), count).astype(np.float32)
    return Timeline(
        np.arange(count) * 0.5,
        values,
        COLUMNS,
        [(0.0, 25.0), (25.0, 60.0)],
        60.0,
        palette,
        extractor="test 1",
    )


@pytest.fixture(scope="module")
def weights(timeline) -> ProfileCoefficients:
    """Scene tension calibrated, image affinity by the summary model, visual arousal by the
    Transformer, all else closed."""
    torch.manual_seed(0)
    scale = TokenScale.fit([timeline])
    network = TemporalTransformer(TemporalSettings(inputs=scale.width)).eval()
    torch.nn.init.normal_(network.head.weight, std=0.05)
    models = dict.fromkeys(VIDEO_NAMES, "closed") | {
        "scene_tension": "calibrated",
        "image_affinity": "summary",
        "visual_arousal": "transformer",
    }
    curves = np.repeat(np.stack([GRID, 0.3 + 0.5 * GRID])[None], 11, axis=0)
    reliability = np.where(np.isin(list(models.values()), ("summary", "transformer")), 0.6, 0.0)
    summary = some_summary_model(11 + 3 * len(scale.names) + len(scale.axes))
    return ProfileCoefficients(
        tuple(models.values()),
        curves,
        "test 1",
        10.0,
        scale,
        summary,
        network,
        reliability,
        {"windows": 3},
    )


def some_summary_model(numbers: int) -> SummaryModel:
    rng = np.random.default_rng(0)
    return SummaryModel(
        rng.normal(size=numbers),
        rng.uniform(0.5, 2, numbers),
        rng.normal(scale=0.02, size=(11, numbers)),
        rng.normal(size=(7, 11)),
        rng.normal(scale=0.1, size=(11, 7)),
    )


@settings(deadline=None)
@given(st.floats(0.006, 0.994))
def test_z_and_back(share):
    low, high = np.array([f.low for f in VIDEO_FIELDS]), np.array([f.high for f in VIDEO_FIELDS])
    values = low + share * (high - low)
    assert np.allclose(from_z(to_z(values)), values, atol=1e-6)
    assert np.isfinite(to_z(low)).all() and np.isfinite(to_z(high)).all()


def test_fields_that_keep_the_closed_form_are_untouched(weights, timeline):
    closed, bent = score(timeline), weights.score(timeline)
    changed = closed.values != bent.values
    assert changed.tolist() == [m != "closed" for m in weights.models]
    assert np.array_equal(closed.curves.values[:, ~changed], bent.curves.values[:, ~changed])


def test_a_calibrated_field_follows_its_curve(weights, timeline):
    closed, bent = score(timeline), weights.score(timeline)
    i = VIDEO_NAMES.index("scene_tension")
    assert to_z(bent.values)[i] == pytest.approx(0.3 + 0.5 * to_z(closed.values)[i], abs=1e-6)


def test_the_network_adds_its_residual_in_z(weights, timeline):
    i = VIDEO_NAMES.index("visual_arousal")
    without = replace(
        weights, models=tuple("calibrated" if m == "transformer" else m for m in weights.models)
    )
    _, residual = weights.residuals(timeline, score(timeline))
    assert residual.shape == (6, 11)  # a minute in pieces of ten seconds
    difference = to_z(weights.score(timeline).values) - to_z(without.score(timeline).values)
    assert difference[i] == pytest.approx(residual[:, i].mean(), abs=1e-6)
    assert abs(difference[i]) > 1e-3


def test_the_summary_model_adds_its_residual_and_the_network_comes_on_top(weights, timeline):
    affinity, arousal = VIDEO_NAMES.index("image_affinity"), VIDEO_NAMES.index("visual_arousal")
    without = replace(
        weights,
        models=tuple("summary" if m == "transformer" else m for m in weights.models),
        network=None,
    )
    _, both = weights.residuals(timeline, score(timeline))
    _, alone = without.residuals(timeline, score(timeline))
    assert np.array_equal(both[:, affinity], alone[:, affinity])
    assert np.abs(both[:, arousal] - alone[:, arousal]).max() > 1e-3
    bent = to_z(without.score(timeline).values)[affinity]
    assert bent == pytest.approx(
        0.3 + 0.5 * to_z(score(timeline).values)[affinity] + alone[:, affinity].mean(), abs=1e-6
    )


def test_what_was_learned_from_the_picture_is_as_sure_as_its_held_out_score(weights, timeline):
    sure, closed = weights.score(timeline, 0, 1).confidence, score(timeline, 0, 1).confidence
    learned = [VIDEO_NAMES.index("image_affinity"), VIDEO_NAMES.index("visual_arousal")]
    assert (sure[learned] == 0.6).all() and (closed[learned] < 0.6).all()
    assert np.array_equal(np.delete(sure, learned), np.delete(closed, learned))


def test_every_bent_value_stays_in_range(weights, timeline):
    extreme = weights.network.state_dict()
    network = TemporalTransformer(weights.network.settings)
    network.load_state_dict(extreme | {"head.weight": 1e3 * extreme["head.weight"]})
    values = replace(weights, network=network, models=("transformer",) * 11).score(timeline).values
    assert all(f.low <= v <= f.high for f, v in zip(VIDEO_FIELDS, values, strict=True))


def test_a_saved_file_says_the_same(weights, timeline, tmp_path):
    path = tmp_path / "我的 weights.safetensors"
    saved = weights.save(path)
    loaded = ProfileCoefficients.load(path)
    assert np.array_equal(loaded.score(timeline).values, weights.score(timeline).values)
    assert loaded.digest == saved.digest and len(loaded.digest) == 8
    assert loaded.score(timeline).extractor == f"test 1 + ratings {loaded.digest}"
    assert loaded.report == {"windows": 3}


def test_a_file_without_a_network_needs_no_torch(weights, timeline, tmp_path):
    plain = replace(weights, models=("summary",) * 11, network=None)
    plain.save(tmp_path / "w.safetensors")
    loaded = ProfileCoefficients.load(tmp_path / "w.safetensors")
    assert loaded.network is None and np.array_equal(
        loaded.score(timeline).values, plain.score(timeline).values
    )


def test_another_extractor_is_refused(weights, timeline):
    with pytest.raises(
        InputError,
        match="learned on pictures measured by 'test 1', this video was measured by 'test 2'",
    ):
        weights.score(replace(timeline, extractor="test 2"))


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "foreign"])
def test_anything_else_is_refused(weights, tmp_path, damage):
    path = tmp_path / "w.safetensors"
    weights.save(path)
    raw = path.read_bytes()
    from safetensors.numpy import save

    foreign = save({"x": np.zeros(3)}, metadata={"leitmotif": '{"format": "another"}'})
    path.write_bytes(
        {"empty": b"", "text": b"hello", "cut": raw[: len(raw) // 2], "foreign": foreign}[damage]
    )
    with pytest.raises(InputError, match="leitmotif calibrate"):
        ProfileCoefficients.load(path)


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.9])
def test_one_flipped_bit_is_noticed(weights, tmp_path, place):
    path = tmp_path / "w.safetensors"
    weights.save(path)
    raw = bytearray(path.read_bytes())
    raw[int(place * len(raw))] ^= 4
    path.write_bytes(raw)
    with pytest.raises(InputError, match="leitmotif calibrate"):
        ProfileCoefficients.load(path)


def test_a_missing_file_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        ProfileCoefficients.load(tmp_path / "none.safetensors")
