"""Pairs with a known truth: pictures drawn at random, music from a rule, and noise."""

from collections.abc import Callable

import numpy as np

from data.pairs import SPLITS, Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from recommender.comparison import Prediction
from recommender.stretch import fit_stretch
from recommender.units import from_units


def linear_rule(x: np.ndarray) -> np.ndarray:
    """Each output follows two inputs of its own task."""
    y = np.empty((len(x), 10))
    for j in range(8):
        y[:, j] = 0.6 * x[:, j] - 0.4 * x[:, (j + 1) % 9]
    y[:, 8:] = 0.7 * x[:, 9:] + 0.3 * x[:, [10, 9]]
    return y


def curved_rule(x: np.ndarray) -> np.ndarray:
    """Hinges, squares, waves and a product: a straight line sees little of them."""
    y = np.empty((len(x), 10))
    for j in range(8):
        a, b = x[:, j], x[:, (j + 1) % 9]
        y[:, j] = (
            1.6 * np.abs(a) - 0.8 + 0.3 * b,
            0.8 * np.sin(3 * a),
            1.8 * a**2 - 0.6 + 0.3 * b,
            1.5 * a * b,
        )[j % 4]
    y[:, 8] = np.abs(x[:, 9]) * 1.4 - 0.7 + 0.2 * x[:, 10]
    y[:, 9] = 1.5 * x[:, 9] * x[:, 10]
    return y


def rippled_rule(x: np.ndarray) -> np.ndarray:
    """Every output waves with two inputs of its own task, more than once over their range."""
    a, b = np.hstack([x[:, :8], x[:, 9:]]), np.hstack([x[:, 1:9], x[:, [10, 9]]])
    return 0.6 * np.sin(4 * a) + 0.3 * np.cos(4 * b)


def planted(
    rule,
    scenes: int = 2000,
    per_source: int = 4,
    noise: float = 0.15,
    seed: int = 0,
    missing: float = 0.0,
    name: str = "film",
) -> tuple[Pairs, np.ndarray]:
    """Pairs and the rule's music without noise (n, 10), in field units.

    Sources take the splits in turn: three in five train, one validation, one test.
    missing : share of the pictures' values that were not measured.
    name : what the sources' names begin with.
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (scenes, 11))
    truth = rule(x)
    music = from_units(truth + noise * rng.standard_normal(truth.shape), MUSIC_FIELDS)
    video = from_units(x, VIDEO_FIELDS)
    video[rng.random(video.shape) < missing] = np.nan
    numbers = np.arange(scenes) // per_source
    turns = (SPLITS[0], SPLITS[0], SPLITS[0], SPLITS[1], SPLITS[2])
    pairs = Pairs(
        sources=tuple(f"{name}-{i}" for i in numbers),
        start=np.arange(scenes) % per_source * 10.0,
        end=np.arange(scenes) % per_source * 10.0 + 10,
        video=video,
        video_confidence=np.isfinite(video).astype(float),
        music=music,
        music_confidence=np.ones_like(music),
        music_share=np.ones(scenes),
        splits=tuple(turns[i % 5] for i in numbers),
        video_extractors=("planted video",) * scenes,
        music_extractors=("planted music",) * scenes,
        origin="planted",
    )
    return pairs, from_units(truth, MUSIC_FIELDS)


def the_rule(truth: np.ndarray, pairs: Pairs) -> Callable[[Pairs], Prediction]:
    """The best that a predictor can do for `pairs`, whose music without noise is `truth`."""
    query = fit_stretch(truth, pairs.music).apply(truth)
    return lambda _: Prediction(truth, query)
