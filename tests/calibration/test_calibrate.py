"""From ratings to profile weights: what is kept, what is refused, and that a stop costs nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.errors import Cancelled, InputError
from data.profiles import VIDEO_NAMES
from features.video import score
from features.video.signals import COLUMNS
from features.video.timeline import Timeline
from leitmotif.calibration import crossval
from leitmotif.calibration.calibrate import calibrate, compare
from leitmotif.calibration.crossval import Answers, Rated
from leitmotif.calibration.ratings import Ratings, Window
from leitmotif.calibration.residual import Examples, TrainSettings, train

TENSION, WARMTH = VIDEO_NAMES.index("scene_tension"), VIDEO_NAMES.index("color_warmth")
QUICK = TrainSettings(epochs=3, steps=3, batch_size=16)


def clip(seed: int, seconds: int = 8) -> Timeline:
    """Signals that wander, without faces or embedding."""
    rng, count = np.random.default_rng(seed), 2 * seconds
    values = np.full((count, len(COLUMNS)), np.nan)
    for name in (
        "motion",
        "steady_motion",
        "residual_energy",
        "lightness",
        "contrast",
        "heat",
        "weight",
        "lighting_key",
        "brightness",
        "saturation",
    ):
        values[:, COLUMNS.index(name)] = np.exp(
            rng.normal(-2, 1) + np.cumsum(rng.normal(0, 0.1, count))
        )
    for name, value in (
        ("seconds", 0.5),
        ("cuts", 0.0),
        ("flow_valid", 1.0),
        ("own_colour", 12.0),
        ("hues", 15.0),
    ):
        values[:, COLUMNS.index(name)] = value
    palette = rng.dirichlet(np.ones(36), count).astype(np.float32)
    return Timeline(
        np.arange(count) * 0.5,
        values,
        COLUMNS,
        [(0.0, float(seconds))],
        float(seconds),
        palette,
        extractor="test 1",
    )


CLIPS = {Path(f"clip {i}.mp4"): clip(i) for i in range(40)}


def rated(count: int, values: dict[int, np.ndarray], clips: int = 40) -> Ratings:
    """One window per clip in turn, `values` by field."""
    paths = [list(CLIPS)[i % clips] for i in range(count)]
    windows = tuple(Window(path, 0.0, 8.0 - i // clips, path.name) for i, path in enumerate(paths))
    array = np.full((count, 11), np.nan)
    for field, column in values.items():
        array[:, field] = column
    counts = np.isfinite(array).astype(int)
    return Ratings(windows, array, counts, np.full(array.shape, np.nan), source="table.csv")


def closed(count: int, field: int) -> np.ndarray:
    return np.array(
        [
            score(CLIPS[w.clip], w.start, w.end).values[field]
            for w in rated(count, {0: np.zeros(count)}).windows
        ]
    )


def test_ratings_that_a_curve_explains_get_a_curve(tmp_path):
    rng = np.random.default_rng(0)
    tension = np.clip(30 + 0.5 * closed(40, TENSION) + rng.normal(0, 1, 40), 0, 100)
    found = calibrate(rated(40, {TENSION: tension}), tmp_path, settings=QUICK, read=CLIPS.get)
    (row,) = found.fields
    assert (row.name, row.kept, row.windows, row.groups) == ("scene_tension", "calibrated", 40, 40)
    assert row.scores["calibrated"].r2 > 0.9 > row.scores["closed"].r2
    assert found.weights.models.count("closed") == 10 and found.weights.network is None
    bent = [
        found.weights.score(CLIPS[w.clip], w.start, w.end)["scene_tension"]
        for w in rated(40, {0: np.zeros(40)}).windows
    ]
    assert np.abs(np.array(bent) - tension).mean() < 2


def test_ratings_that_agree_with_the_closed_form_keep_it(tmp_path):
    rng = np.random.default_rng(1)
    warmth = np.clip(closed(40, WARMTH) + rng.normal(0, 0.05, 40), 0, 1)
    found = calibrate(rated(40, {WARMTH: warmth}), tmp_path, settings=QUICK, read=CLIPS.get)
    assert found.fields[0].kept == "closed" and set(found.weights.models) == {"closed"}
    path = next(iter(CLIPS))
    assert np.array_equal(found.weights.score(CLIPS[path]).values, score(CLIPS[path]).values)


def test_a_field_keeps_the_simplest_model_that_wins():
    """Answers of four models that get better and better, or do not."""
    rng = np.random.default_rng(0)
    truth, noise = rng.uniform(20, 80, 60), rng.normal(0, 10, 60)

    def kept(errors: tuple[float, float, float, float], epochs: int = 3) -> str:
        given = [np.full((60, 11), np.nan) for _ in errors]
        for array, error in zip(given, errors, strict=True):
            array[:, TENSION] = truth + error * noise
        values = np.full((60, 11), np.nan)
        values[:, TENSION] = truth
        watched = Rated([], [], np.arange(60), given[0], given[0], values, np.arange(60) // 2)
        (row,) = compare(watched, Answers(*given, epochs, np.ones(11)), np.full(11, np.nan))
        return row.kept

    assert kept((1, 1, 1, 1)) == kept((0.1, 1, 1, 1)) == "closed"
    assert kept((1, 0.5, 0.5, 0.5)) == "calibrated"
    assert kept((1, 1, 0.5, 0.6)) == kept((1, 0.5, 0.1, 0.1)) == "summary"
    assert kept((1, 0.5, 0.4, 0.1)) == kept((0.5, 1, 0.8, 0.1)) == "transformer"
    assert kept((1, 0.5, 0.4, 0.1), epochs=0) == "summary"


def test_noise_never_costs_held_out_agreement(tmp_path):
    """Ratings without a rule: what is kept is no worse than the closed form on held-out clips."""
    noise = np.random.default_rng(2).uniform(0, 100, 20)
    found = calibrate(rated(20, {TENSION: noise}), tmp_path, settings=QUICK, read=CLIPS.get)
    (row,) = found.fields
    assert row.scores[row.kept].r2 >= row.scores["closed"].r2


def test_the_same_seed_gives_the_same_file_and_a_second_run_takes_up_the_first(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(crossval, "NETWORK_FROM", 24)
    ratings = rated(24, {TENSION: np.linspace(5, 95, 24)})
    first, again = (
        calibrate(ratings, tmp_path / name, settings=QUICK, read=CLIPS.get) for name in "ab"
    )
    assert list((tmp_path / "a").rglob("metrics.csv"))
    assert first.to_dict() == again.to_dict()
    epochs = []
    calibrate(
        ratings,
        tmp_path / "a",
        settings=QUICK,
        read=CLIPS.get,
        progress=lambda stage, done, total: epochs.append(stage),
    )
    assert "watching" in epochs and "learning" not in epochs


def test_few_ratings_train_no_network(tmp_path):
    found = calibrate(rated(24, {TENSION: np.linspace(5, 95, 24)}), tmp_path, read=CLIPS.get)
    (row,) = found.fields
    assert row.scores["transformer"] == row.scores["summary"] and row.kept != "transformer"
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (
            rated(19, {TENSION: np.arange(19.0)}),
            r"scene_tension keeps the closed form: 19 rated windows of 19 clips, at least 20 of 5",
        ),
        (
            rated(30, {TENSION: np.arange(30.0)}, clips=1),
            "30 rated windows of one clip, at least 20 of 5 clips are needed",
        ),
        (rated(30, {TENSION: np.full(30, 50.0)}), "all 30 ratings are 50"),
    ],
)
def test_too_little_to_learn_from_says_so(tmp_path, ratings, message):
    with pytest.raises(InputError, match=message) as raised:
        calibrate(ratings, tmp_path, read=CLIPS.get)
    assert str(raised.value).startswith("table.csv: too little to learn from")


def test_a_column_that_cannot_be_used_does_not_cost_the_others(tmp_path):
    ratings = rated(24, {TENSION: np.linspace(5, 95, 24), WARMTH: np.full(24, 0.5)})
    found = calibrate(ratings, tmp_path, settings=QUICK, read=CLIPS.get)
    assert [f.name for f in found.fields] == ["scene_tension"]
    assert found.notes == ("color_warmth keeps the closed form: all 24 ratings are 0.5.",)


def test_clips_that_cannot_be_read_and_windows_outside_are_left_out_and_named(tmp_path):
    ratings = rated(30, {TENSION: np.linspace(5, 95, 30)})
    outside = replace(
        ratings,
        windows=(*ratings.windows[:-1], ratings.windows[-1]._replace(start=500.0, end=600.0)),
    )

    def read(path):
        if path.name == "clip 3.mp4":
            raise InputError("video.is_folder", file=path)
        return CLIPS[path]

    found = calibrate(outside, tmp_path, settings=QUICK, read=read)
    assert (found.windows, found.clips) == (28, 28)
    assert found.notes[0] == f"left out: {InputError('video.is_folder', file='clip 3.mp4')}"
    assert "clip 29.mp4, window 500–600 s: nothing of the video lies in it" in found.notes[1]


def test_mixed_extractors_are_refused(tmp_path):
    ratings = rated(24, {TENSION: np.linspace(5, 95, 24)})
    with pytest.raises(InputError, match=r"different extractors \(test 1, test 2\)"):
        calibrate(
            ratings,
            tmp_path,
            read=lambda path: replace(
                CLIPS[path], extractor="test 2" if "3" in path.name else "test 1"
            ),
        )


# ------------------------------------------------------------------------------------ training


def examples(count: int, seed: int) -> Examples:
    rng = np.random.default_rng(seed)
    tokens = [
        (rng.normal(size=(int(t), 5)).astype(np.float32), np.ones((int(t), 5), bool))
        for t in rng.integers(4, 12, count)
    ]
    share = np.full((count, 11), np.nan)
    share[:, 2] = [1 / (1 + np.exp(-t[:, 0].mean() * 3)) for t, _ in tokens]
    return Examples(tokens, np.zeros((count, 11)), share)


def test_training_learns_a_simple_rule(tmp_path):
    held_out = examples(40, 1)
    found = train(examples(120, 0), held_out, tmp_path, TrainSettings(epochs=12))
    from scipy.special import ndtr

    wrong = [np.square(ndtr(a[:, 2]) - held_out.share[:, 2]).mean() for a in found.answers]
    assert wrong[-1] < 0.4 * held_out.share[:, 2].var()
    assert (found.answers[:, :, [0, 10]] == 0).all()  # fields that nobody rated stay as they are


def test_an_interrupted_training_goes_on_to_the_same_network(tmp_path):
    data, held_out = examples(40, 0), examples(10, 1)
    whole = train(data, held_out, tmp_path / "whole", QUICK)

    def stop(epoch: int) -> None:
        if epoch == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(data, held_out, tmp_path / "stopped", QUICK, report=stop)
    begun = []
    resumed = train(data, held_out, tmp_path / "stopped", QUICK, report=begun.append)
    assert begun == [2]
    assert np.array_equal(whole.answers, resumed.answers)
    for name, tensor in whole.network.state_dict().items():
        assert (tensor == resumed.network.state_dict()[name]).all(), name


def test_ctrl_c_stays_ctrl_c(tmp_path):
    import signal

    def stop(epoch: int) -> None:
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(examples(20, 0), None, tmp_path, QUICK, epochs=2, report=stop)
    assert signal.getsignal(signal.SIGINT) is before


def test_training_logs_to_csv(tmp_path):
    train(examples(20, 0), examples(10, 1), tmp_path, QUICK)
    lines = (tmp_path / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert {"epoch", "train_loss", "held_out_loss"} <= set(lines[0].split(",")) and len(
        lines
    ) == 1 + QUICK.epochs
