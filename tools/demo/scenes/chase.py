"""Scene three: a dark, tense chase through the forest; short shots, low light, a camera that runs
along.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from tools.demo.scenes.canvas import (
    COLUMNS,
    WIDE,
    H,
    X,
    Y,
    below,
    box,
    chance,
    clouds,
    disc,
    drift,
    ease,
    glow,
    lay,
    limbs,
    ridge,
    shaken,
    sky,
    streaks,
)
from tools.demo.scenes.figures import person

INK = (0.010, 0.014, 0.022)


def _night(t: float, moon: tuple[float, float], shift: float = 0.0) -> np.ndarray:
    """A moon in fog, nearly no colour."""
    picture = sky(
        (0.0, (0.015, 0.025, 0.05)),
        (0.55, (0.05, 0.085, 0.12)),
        (0.8, (0.075, 0.115, 0.14)),
        (1.0, (0.03, 0.05, 0.06)),
    )
    glow(picture, *moon, 0.42, (0.20, 0.30, 0.36), 0.75)
    disc(picture, *moon, 0.055, (0.62, 0.72, 0.76), soft=5)
    fog = drift(clouds(17, 3.0), 0.5 * shift + 0.10 * t)
    return picture * (0.45 + 0.85 * fog[..., None])


def _trunks(
    picture: np.ndarray,
    shift: float,
    seed: int,
    spacing: float,
    thick: float,
    colour: tuple,
    blur: float = 1.0,
) -> None:
    """A row of bare trunks; the nearer the row, the wider, darker and more blurred by speed."""
    along = COLUMNS + shift
    cell = np.floor(along / spacing)
    centre = (cell + 0.25 + 0.5 * chance(cell, seed=seed)) * spacing
    half = thick * (0.5 + chance(cell, seed=seed + 1))
    lean = (chance(cell, seed=seed + 2) - 0.5) * 0.16
    offset = np.abs(along[None, :] - centre[None, :] - lean[None, :] * (0.6 - Y)) - half[
        None, :
    ] * (0.8 + 0.5 * np.clip(Y - 0.72, 0, 1) * 3)
    lay(picture, np.clip(0.5 - offset * H / blur, 0, 1).astype(np.float32), colour)


def _rain(picture: np.ndarray, t: float, slant: float, power: float = 0.30) -> None:
    drops = []
    for i in range(150):
        luck = [chance(i, seed=s).item() for s in (1, 2, 3)]
        speed, length = 2.2 + 1.3 * luck[2], 0.05 + 0.06 * luck[2]
        y = (luck[1] * 1.3 + speed * t) % 1.3 - 0.15
        x = (luck[0] * 2.2 + slant * y + 0.2 * slant * t) % 2.0 - 0.1
        drops.append((x, y, x + slant * length, y + length, 0.4 + 0.6 * luck[2]))
    streaks(picture, drops, (0.62, 0.74, 0.82), power)


def _flash(t: float, at: float) -> float:
    """How bright lightning makes the picture: two strokes just after `at` seconds."""
    after = t - at
    return 0.0 if after < 0 else math.exp(-after * 16) + 0.7 * math.exp(-abs(after - 0.16) * 30)


def forest_run(t: float, seconds: float) -> np.ndarray:
    """Alongside somebody running between the trees."""
    return _alongside(t, 1.9, 0.44, 0.86, 0.95 - 0.05 * t, 1, 0.010)


def forest_run_close(t: float, seconds: float) -> np.ndarray:
    """Nearer, and the other way."""
    return _alongside(t + 3, 2.6, 0.80, 1.16, 0.88 + 0.06 * t, -1, 0.016)


def _alongside(
    t: float, speed: float, tall: float, foot: float, x: float, facing: int, shake: float
) -> np.ndarray:
    shift = facing * speed * t
    picture = _night(t, (1.25 if facing > 0 else 0.5, 0.24), facing * 0.2 * t)
    _trunks(picture, 0.15 * shift, 3, 0.10, 0.008, (0.050, 0.078, 0.095))
    _trunks(picture, 0.35 * shift, 5, 0.17, 0.016, (0.032, 0.050, 0.064), 3)
    lay(picture, below(0.80 + 0.02 * ridge(4 * (COLUMNS + 0.6 * shift), 9)), (0.020, 0.030, 0.038))
    glow(picture, x - facing * 0.75, 0.62, 0.42, (0.55, 0.50, 0.34), 0.30 + 0.06 * math.sin(23 * t))
    person(picture, x, foot, tall, 13.5 * t, "run", INK, facing)
    _trunks(picture, 1.15 * shift, 7, 0.85, 0.040, (0.008, 0.012, 0.018), 22)
    lay(picture, below(0.93 + 0.03 * ridge(3 * (COLUMNS + 1.2 * shift), 10)), (0.008, 0.012, 0.016))
    _rain(picture, t, -0.45 * facing)
    return shaken(picture, t, shake)


def running_eyes(t: float, seconds: float) -> np.ndarray:
    """What the runner sees: trees rushing into a torch's trembling light."""
    picture = sky(
        (0.0, (0.012, 0.018, 0.032)), (0.5, (0.045, 0.065, 0.085)), (1.0, (0.015, 0.018, 0.020))
    )
    aim = (WIDE / 2 + 0.10 * math.sin(5.1 * t), 0.52 + 0.05 * math.sin(7.7 * t))
    beam = np.exp(-(((X - aim[0]) / 0.50) ** 2 + ((Y - aim[1]) / 0.42) ** 2) * 1.6)
    ground = np.clip((Y - 0.56) * 9, 0, 1) * (
        0.5 + 0.5 * np.sin(0.9 / np.maximum(Y - 0.53, 0.01) + 22 * t + 3 * np.sin(8 * X))
    )
    picture += (ground * 0.05)[..., None] * np.array([0.9, 0.9, 0.7], dtype=np.float32)
    trees = []
    for i in range(46):
        depth = (chance(i, seed=21).item() * 3.2 - 2.3 * t) % 3.2 + 0.10
        side = 1 if i % 2 else -1
        trees.append(
            (
                depth,
                side * (0.14 + 0.75 * chance(i, seed=22).item()),
                0.022 + 0.030 * chance(i, seed=23).item(),
            )
        )
    for depth, place, thick in sorted(trees, reverse=True):
        x, half, foot = WIDE / 2 + place / depth, thick / depth, 0.53 + 0.16 / depth
        left, right = (
            min(max(int((x + side * 1.15 * half) * H) + side, 0), X.shape[1]) for side in (-1, 1)
        )
        if left >= right:
            continue
        at = np.s_[: min(len(picture), int(foot * H)), left:right]
        across, y = (X[at] - x) / half, Y[at]
        bark = 0.75 + 0.25 * np.sin(
            across * 11 + 0.9 * np.sin(y * 5 * depth + place * 50)
        ) * np.sin(y * 31 * depth + 40 * place)
        tone = 0.75 * math.exp(-0.85 * depth) * np.clip(1 - across**2, 0, 1) ** 0.5 * bark
        bent = np.abs(across - 0.05 * np.sin(6 * y + place * 9))
        alpha = np.clip((1 - bent) * half * H / (1 + 1.2 / depth) + 0.5, 0, 1)
        lay(picture[at], alpha, tone[..., None] * np.array([0.80, 0.80, 0.62], dtype=np.float32))
    picture = picture * (0.20 + 1.6 * beam[..., None])
    _rain(picture, t, 0.12, 0.34)
    return shaken(picture, t, 0.020, 4)


def splashing_feet(t: float, seconds: float) -> np.ndarray:
    """Boots through puddles, very near the ground."""
    picture = _night(t, (0.45, 0.30), -t)
    _trunks(picture, 1.1 * t, 31, 0.22, 0.03, (0.022, 0.034, 0.044), 8)
    glow(picture, 0.30, 0.62, 0.48, (0.62, 0.55, 0.36), 0.45)
    picture[Y > 0.78] *= np.array([0.55, 0.6, 0.7], dtype=np.float32)
    shine = np.exp(-(((Y - 0.80) / 0.05) ** 2)) * (
        0.6 + 0.4 * np.sin(60 * X + 25 * t) * np.sin(90 * Y - 14 * t)
    )
    picture += (0.10 * shine)[..., None] * np.array([0.9, 0.9, 0.8], dtype=np.float32)
    phase = 13.5 * t
    person(picture, 0.72 + 0.18 * t, 0.90, 1.35, phase, "run", INK)
    step = (phase % math.pi) / 13.5
    drops = []
    for i in range(60):
        angle, force = (
            math.pi * (0.12 + 0.76 * chance(i, seed=33).item()),
            0.5 + 1.6 * chance(i, seed=34).item(),
        )
        dx, dy = math.cos(angle) * force, -math.sin(angle) * force
        x, y = 0.80 + 0.18 * t + dx * step, 0.85 + dy * step + 3.2 * step * step
        drops.append((x - dx * 0.02, y - (dy + 6.4 * step) * 0.02, x, y, 1.2 * math.exp(-4 * step)))
    streaks(picture, drops, (0.75, 0.80, 0.80), 0.8)
    _rain(picture, t, -0.4, 0.4)
    return shaken(picture, t, 0.018, 2)


def pursuers(t: float, seconds: float) -> np.ndarray:
    """Three torches come through the fog, straight at us."""
    picture = _night(t, (0.35, 0.16), 0.2) * 0.8
    _trunks(picture, 0.3 + 0.04 * t, 41, 0.14, 0.012, (0.030, 0.046, 0.056))
    lay(picture, below(0.80 + 0.012 * ridge(5 * COLUMNS, 12)), (0.014, 0.020, 0.026))
    near = 1 + 0.30 * t
    for i, (x, size) in enumerate(((0.50, 0.34), (1.30, 0.38), (0.90, 0.47))):
        x, tall = WIDE / 2 + (x - WIDE / 2) * near, size * near
        person(
            picture,
            x + 0.012 * math.sin(11 * t + i),
            0.80 + 0.16 * (size - 0.2) * near,
            tall,
            11 * t + 2 * i,
            "run",
            INK,
            1 if i % 2 else -1,
        )
        lamp = (x + 0.05 * tall, 0.80 + 0.16 * (size - 0.2) * near - 0.55 * tall)
        swing = 0.5 * math.sin(6.3 * t + 2.1 * i)
        angle = np.arctan2(Y - lamp[1], X - lamp[0])
        for centre in (math.pi / 2 + 0.55 + swing, math.pi / 2 - 0.75 + swing):
            cone = np.exp(-((np.angle(np.exp(1j * (angle - centre))) / 0.17) ** 2)) * np.exp(
                -np.hypot(X - lamp[0], Y - lamp[1]) * 2.3
            )
            picture += (0.30 * cone)[..., None].astype(np.float32) * np.array(
                [0.85, 0.88, 0.75], dtype=np.float32
            )
        glow(picture, *lamp, 0.020 * near, (1.5, 1.45, 1.2), 1.3)
        glow(picture, *lamp, 0.11 * near, (0.7, 0.7, 0.55), 0.45)
    _trunks(picture, 0.22 + 0.10 * t, 47, 0.75, 0.045, (0.006, 0.009, 0.013), 6)
    _rain(picture, t, 0.15)
    return shaken(picture, t, 0.008, 6)


def lightning(t: float, seconds: float) -> np.ndarray:
    """From afar: a bare ridge, the runner tiny on it, lightning over it."""
    strike = _flash(t, 0.22)
    picture = _night(t + 8, (0.3, 0.12), 1.0) * 0.65
    picture += (0.55 * strike * (0.35 + 0.65 * drift(clouds(17, 3.0), 0.8)))[..., None] * np.array(
        [0.62, 0.70, 0.90], dtype=np.float32
    )
    if strike > 0.05:
        rng = np.random.default_rng(7)
        points = [(1.18, -0.02)]
        while points[-1][1] < 0.60:
            points.append(
                (points[-1][0] + rng.normal(-0.008, 0.026), points[-1][1] + rng.uniform(0.02, 0.05))
            )
        for (x0, y0), (x1, y1) in pairwise(points):
            limbs(picture, [(x0, y0, x1, y1, 0.0022)], (1.6, 1.6, 1.8), min(1.0, strike))
            glow(picture, x1, y1, 0.035, (0.5, 0.55, 0.9), 0.35 * strike)
    line = 0.70 - 0.10 * np.exp(-(((COLUMNS - 1.0) / 0.45) ** 2)) + 0.016 * ridge(3 * COLUMNS, 19)
    x = 0.70 + 0.13 * t
    person(picture, x, float(np.interp(x, COLUMNS, line)) + 0.004, 0.085, 14 * t, "run", INK)
    lay(picture, below(line.astype(np.float32)), INK)
    for i in range(14):
        tx = 0.13 * i + 0.05 * chance(i, seed=51).item()
        foot = float(np.interp(tx, COLUMNS, line)) + 0.02
        high = 0.10 + 0.16 * chance(i, seed=52).item()
        if abs(tx - 0.78) > 0.2:
            boughs = [
                (tx, foot - high * k, tx + s * 0.05 * (1.1 - k), foot - high * k - 0.03, 0.0018)
                for k in (0.45, 0.6, 0.75, 0.9)
                for s in (-1, 1)
            ]
            limbs(picture, [(tx, foot, tx, foot - high, 0.0042), *boughs], INK)
    _rain(picture, t, -0.25, 0.22 + 0.3 * strike)
    return shaken(picture, t, 0.006, 9)


def the_door(t: float, seconds: float) -> np.ndarray:
    """A wall, a door left ajar, warm light behind it; the runner reaches for it."""
    picture = sky((0.0, (0.020, 0.024, 0.034)), (1.0, (0.036, 0.034, 0.036)))
    brick = 0.8 + 0.2 * chance(
        np.floor(Y * 26), np.floor(X * 11 + 0.5 * (np.floor(Y * 26) % 2)), seed=61
    )
    picture = (picture * brick[..., None]).astype(np.float32)
    wide = 0.02 + 0.17 * ease(t, seconds * 1.1)
    door = (1.20, 0.26, 1.20 + wide, 0.80)
    reach = np.exp(-np.hypot((X - 1.22) * 1.2, Y - 0.55) * 2.2)
    picture += (reach * (0.15 + 0.9 * wide))[..., None].astype(np.float32) * np.array(
        [0.85, 0.50, 0.22], dtype=np.float32
    )
    lay(picture, box(1.17, 0.23, 1.43, 0.80), (0.03, 0.022, 0.020))
    lay(picture, box(*door), (1.35, 1.02, 0.62))
    spill = np.clip(
        1 - np.abs(X - 1.22 - (0.80 - Y) * 1.6) / (wide * (1 + 4 * np.clip(Y - 0.80, 0, 1)) + 0.02),
        0,
        1,
    ) * (Y > 0.80)
    lay(picture, (Y > 0.80).astype(np.float32), (0.022, 0.020, 0.022))
    picture += (0.65 * spill)[..., None].astype(np.float32) * np.array(
        [0.9, 0.58, 0.28], dtype=np.float32
    )
    person(picture, 0.45 + 0.72 * ease(t, seconds * 1.15), 0.90, 0.52, 13.5 * t, "run", INK)
    _rain(picture, t, -0.2, 0.2)
    return shaken(picture, t, 0.009, 12)
