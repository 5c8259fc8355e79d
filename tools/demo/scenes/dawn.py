"""Scene one: a calm, warm dawn. Two long shots."""

from __future__ import annotations

import numpy as np

from tools.demo.scenes.canvas import (
    COLUMNS,
    WIDE,
    X,
    Y,
    below,
    clouds,
    disc,
    drift,
    ease,
    glow,
    lay,
    limbs,
    polygon,
    ridge,
    sky,
)
from tools.demo.scenes.figures import bird, person, tree

HORIZON = 0.60


def _morning(t: float, pan: float, sun: tuple[float, float]) -> np.ndarray:
    """The sky at sunrise, with clouds lit from below."""
    up = ease(t, 8)
    picture = sky(
        (0.0, (0.25 + 0.06 * up, 0.38 + 0.06 * up, 0.62)),
        (0.30, (0.62, 0.58, 0.68)),
        (0.48, (0.98, 0.70, 0.52)),
        (HORIZON, (1.0, 0.83, 0.56)),
        (1.0, (1.0, 0.83, 0.56)),
    )
    cover = np.clip(drift(clouds(3, 6.0), pan * 0.3 + t * 0.006) * 1.9 - 0.85, 0, 1) * np.clip(
        1.25 - Y / HORIZON, 0, 1
    )
    near_sun = np.exp(-((X - sun[0]) ** 2 + (Y - sun[1]) ** 2) / 0.35)[..., None]
    lay(
        picture,
        0.75 * cover,
        np.array([0.80, 0.56, 0.60], dtype=np.float32) * (1 - near_sun)
        + np.array([1.15, 0.80, 0.55]) * near_sun,
    )
    for radius, power in ((0.75, 0.14), (0.28, 0.16), (0.10, 0.30)):
        glow(picture, *sun, radius, (1.0, 0.72, 0.40), power)
    disc(picture, *sun, 0.05, (1.6, 1.4, 1.05), soft=2.5)
    return picture


def sea(t: float, seconds: float) -> np.ndarray:
    """The sun climbs out of the sea; a sail, birds, headlands; the camera pans slowly right."""
    pan = 0.16 * t / seconds
    sun = (1.12 - 0.25 * pan, HORIZON + 0.02 - 0.020 * t)
    picture = _morning(t, pan, sun)
    for depth, (base, tall, seed, tint) in enumerate(
        ((0.595, 0.055, 11, (0.80, 0.60, 0.58)), (0.60, 0.085, 12, (0.58, 0.44, 0.50)))
    ):
        x = COLUMNS + pan * (0.5 + 0.4 * depth)
        away = np.clip(1.15 - x * (0.95 + 0.25 * depth), 0, 1) + np.clip(x - 1.62, 0, 1) * 2 * (
            depth == 0
        )
        lay(
            picture,
            below(base - tall * away * (0.8 + 0.5 * ridge(x * 3, seed, 0.45))) * (Y < HORIZON),
            tint,
        )
    _water(picture, t, sun)
    at = 0.62 - pan + 0.016 * t
    rock = 0.006 * np.sin(1.3 * t)
    polygon(
        picture, [(at + rock, 0.535), (at + 0.045, 0.652), (at + 0.002, 0.656)], (0.93, 0.66, 0.52)
    )
    polygon(
        picture,
        [(at - 0.004 + rock, 0.548), (at - 0.003, 0.655), (at - 0.032, 0.650)],
        (0.72, 0.47, 0.43),
    )
    polygon(
        picture,
        [(at - 0.040, 0.660), (at + 0.052, 0.658), (at + 0.036, 0.674), (at - 0.030, 0.674)],
        (0.20, 0.14, 0.20),
    )
    for i in range(5):
        bird(
            picture,
            0.35 + 0.05 * t + 0.075 * i - pan,
            0.26 - 0.012 * t + 0.03 * abs(i - 2),
            0.018,
            7.5 * t + 1.3 * i,
            (0.30, 0.24, 0.32),
        )
    x = COLUMNS + 1.6 * pan
    lay(
        picture,
        below(0.97 - 0.42 * np.clip(0.42 - x, 0, 1) ** 0.8 + 0.018 * ridge(9 * x, 14)),
        (0.16, 0.11, 0.15),
    )
    return picture


def _water(picture: np.ndarray, t: float, sun: tuple[float, float]) -> None:
    """Sea under the horizon: the sky mirrored, ripples in perspective, the sun's road."""
    rows = len(picture) - int(HORIZON * len(picture))
    first = len(picture) - rows
    mirrored = picture[first - 1 : first - 1 - rows : -1][:rows]
    depth = (Y[first:] - HORIZON + 0.012) / 0.4
    far = 1 / depth
    wave = np.sin(6 * far + 3.2 * t + 2.5 * np.sin(X[first:] * far * 0.9 + 0.7 * t)) + np.sin(
        17 * X[first:] + 23 * np.sqrt(depth) * 4 - 2.1 * t
    )
    wave = wave + 0.8 * np.sin(41 * X[first:] * (1 - 0.4 * depth) + 60 * np.sqrt(depth) - 3.3 * t)
    water = (
        mirrored * (0.78 - 0.25 * depth[..., None]) * np.array([0.80, 0.88, 1.0], dtype=np.float32)
    )
    water = water * (1 + 0.07 * wave[..., None])
    road = (
        np.exp(-(((X[first:] - sun[0]) / (0.035 + 0.24 * depth)) ** 2))
        * np.clip(wave + 0.5, 0, 3)
        * 0.42
    )
    picture[first:] = water + road[..., None] * np.array([1.0, 0.74, 0.42], dtype=np.float32)
    picture[first : first + 6] += (
        np.array([0.25, 0.17, 0.10], dtype=np.float32) * np.linspace(1, 0, 6)[:, None, None]
    )


def meadow(t: float, seconds: float) -> np.ndarray:
    """Somebody walks along a hill past an old tree, seeds float in the light; the camera comes
    closer.
    """
    zoom = 1 + 0.10 * ease(t, seconds)
    sun = (0.50, 0.40 - 0.008 * t)
    picture = _morning(t + 4, 0.3, sun)
    layers = (
        (0.55, 0.060, 21, (0.93, 0.72, 0.56)),
        (0.62, 0.070, 22, (0.76, 0.58, 0.44)),
        (0.70, 0.060, 23, (0.52, 0.45, 0.30)),
    )
    for depth, (base, tall, seed, tint) in enumerate(layers):
        scale = 1 + (zoom - 1) * (0.3 + 0.3 * depth)
        x = (COLUMNS - WIDE / 2) / scale + WIDE / 2
        line = (base - tall * ridge(1.6 * x, seed, 0.35) - 0.5) * scale + 0.5
        lay(picture, below(line), tint)
        mist = np.clip(1 - np.abs(Y - line[None, :] - 0.07) / 0.09, 0, 1) * 0.22
        lay(picture, mist, (1.0, 0.84, 0.62))
    brow = _brow((COLUMNS - WIDE / 2) / zoom + WIDE / 2, zoom)
    at = (1.30 - WIDE / 2) * zoom + WIDE / 2
    tree(
        picture,
        at,
        _brow(np.array([1.30]), zoom)[0] + 0.01,
        0.46 * zoom,
        (0.20, 0.15, 0.10),
        0.012 * np.sin(1.1 * t),
    )
    walker = 0.60 + 0.055 * t
    foot = _brow(np.array([walker]), zoom)[0] + 0.004
    person(
        picture,
        (walker - WIDE / 2) * zoom + WIDE / 2,
        foot,
        0.115 * zoom,
        4.4 * t,
        "walk",
        (0.16, 0.11, 0.10),
    )
    lay(picture, below(brow), (0.33, 0.31, 0.15))
    rim = np.clip(1 - np.abs(Y - brow[None, :] - 0.006) / 0.010, 0, 1) * 0.5
    lay(picture, rim, (0.95, 0.72, 0.36))
    _grass(picture, t, zoom)
    rng = np.random.default_rng(4)
    for _ in range(46):
        x, y, speed, size = (
            rng.random() * 2,
            rng.random() * 0.75 + 0.2,
            rng.uniform(0.01, 0.05),
            rng.uniform(0.0018, 0.006),
        )
        glow(
            picture,
            (x + speed * t) % 1.9 - 0.05,
            y - 0.5 * speed * t + 0.01 * np.sin(2 * t + 9 * x),
            size,
            (1.0, 0.86, 0.55),
            0.9,
        )
    rays = np.clip(np.sin(9 * np.arctan2(Y - sun[1], X - sun[0]) + 0.15 * t), 0, 1) ** 2 * np.exp(
        -((X - sun[0]) ** 2 + (Y - sun[1]) ** 2) * 3
    )
    picture += (0.10 * rays)[..., None] * np.array([1.0, 0.8, 0.5], dtype=np.float32)
    return picture


def _brow(x: np.ndarray, zoom: float) -> np.ndarray:
    """The line of the nearest hill."""
    return (0.80 - 0.05 * np.sin(1.9 * x - 0.4) - 0.012 * np.sin(5 * x) - 0.5) * zoom + 0.5


def _grass(picture: np.ndarray, t: float, zoom: float) -> None:
    """Blades in the foreground, bending in one slow wind."""
    rng = np.random.default_rng(6)
    for _ in range(150):
        x, tall, lean = (
            rng.uniform(-0.05, WIDE + 0.05),
            rng.uniform(0.06, 0.19),
            rng.uniform(-0.03, 0.03),
        )
        bend = lean + 0.022 * np.sin(1.6 * t + 3 * x) + 0.008 * np.sin(3.7 * t + 11 * x)
        x = (x - WIDE / 2) * zoom + WIDE / 2
        knee = (x + 0.4 * bend, 1.02 - 0.55 * tall)
        blade = [(x, 1.02, *knee, 0.0032), (*knee, x + bend, 1.02 - tall, 0.0018)]
        limbs(picture, blade, (0.15 + 0.1 * tall, 0.14, 0.07))
