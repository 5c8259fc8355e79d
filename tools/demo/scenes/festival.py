"""Scene four: the festival. Balloons, dancing, fireworks; bright and many-coloured."""

from __future__ import annotations

import math

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
    polygon,
    ridge,
    sky,
)
from tools.demo.scenes.figures import dancer, lantern, person

BUNTING = (
    (0.96, 0.27, 0.25),
    (1.0, 0.76, 0.20),
    (0.20, 0.70, 0.55),
    (0.20, 0.52, 0.92),
    (0.90, 0.38, 0.72),
)


def balloons(t: float, seconds: float) -> np.ndarray:
    """Hot-air balloons rise over a lake in the morning; the camera climbs with them."""
    rise = 0.05 * t
    picture = sky(
        (0.0, (0.24, 0.62, 0.95)),
        (0.35, (0.58, 0.82, 0.98)),
        (0.62, (1.0, 0.90, 0.70)),
        (1.0, (1.0, 0.88, 0.65)),
    )
    lay(
        picture,
        np.clip(drift(clouds(23, 2.2), 0.03 * t) * 2.1 - 1.1, 0, 1) * np.clip(1.4 - 1.7 * Y, 0, 1),
        (1.0, 0.98, 0.95),
    )
    glow(picture, 1.45, 0.38 + rise, 0.5, (1.0, 0.86, 0.55), 0.45)
    horizon = 0.70 + rise
    for depth, (tall, seed, tint) in enumerate(
        (
            (0.14, 71, (0.56, 0.72, 0.86)),
            (0.09, 72, (0.36, 0.62, 0.60)),
            (0.05, 73, (0.26, 0.55, 0.36)),
        )
    ):
        lay(
            picture,
            below(horizon - tall * (0.6 + 0.4 * ridge(2.2 * COLUMNS + depth, seed, 0.4))),
            tint,
        )
    first = int(horizon * H)
    depth = len(picture) - first
    mirrored = picture[first - 1 : first - 1 - depth : -1]
    ripple = np.sin(
        70 * np.sqrt(Y[first:] - horizon + 0.01) * 4 - 3 * t + 2 * np.sin(9 * X[first:])
    )
    picture[first:] = (
        mirrored
        * np.array([0.80, 0.92, 1.0], dtype=np.float32)
        * (0.93 + 0.06 * ripple[..., None]).astype(np.float32)
    )
    fleet = [(chance(i, seed=91).item(), i) for i in range(11)]
    for near, i in sorted(fleet):
        size = 0.045 + 0.13 * near**1.6
        x = (0.10 + 0.165 * i + 0.02 * t * (0.4 + near)) % (WIDE + 0.3) - 0.08
        y = 0.62 - 0.46 * chance(i, seed=92).item() - (0.03 + 0.075 * near) * t + 0.25 * near
        _balloon(picture, x + 0.006 * math.sin(1.7 * t + i), y, size, i, t)
    return picture


def _balloon(picture: np.ndarray, x: float, y: float, size: float, number: int, t: float) -> None:
    """A striped envelope shaded from the sun's side, ropes, a basket, now and then the burner."""
    first, second = (
        BUNTING[number % 5],
        BUNTING[(number + 2) % 5] if number % 3 else (1.0, 0.96, 0.88),
    )
    top, bottom = max(0, int((y - 1.2 * size) * H)), max(0, min(H, int((y + 1.5 * size) * H)))
    left, right = max(0, int((x - 1.2 * size) * H)), max(0, int((x + 1.2 * size) * H))
    at = np.s_[top:bottom, left:right]
    u, v = (X[at] - x) / size, (Y[at] - y) / size
    girth = np.where(
        v < 0,
        np.sqrt(np.clip(1 - v * v, 0, 1)),
        np.clip(1 - 0.55 * np.clip(v, 0, 2) ** 1.7, 0.0, 1),
    )
    alpha = (
        np.clip((girth - np.abs(u)) * size * H + 0.5, 0, 1)
        * np.clip((1.18 - v) * size * H + 0.5, 0, 1)
        * (v > -1.02)
    )
    across = np.arcsin(np.clip(u / np.maximum(girth, 1e-3), -1, 1)) / math.pi
    stripe = (np.floor((across + 0.5 + 0.02 * t) * 9) % 2)[..., None]
    band = (np.abs(v - 0.15) < 0.12)[..., None]
    colour = (
        np.where(band, second, np.where(stripe > 0, first, second))
        * (0.80 + 0.34 * np.clip(0.5 + 0.7 * u - 0.3 * v, 0, 1))[..., None]
    )
    picture[at] += alpha[..., None] * (colour.astype(np.float32) - picture[at])
    basket = y + 1.42 * size
    ropes = [
        (x + s * 0.22 * size, y + 1.1 * size, x + s * 0.10 * size, basket, 0.0009) for s in (-1, 1)
    ]
    limbs(picture, ropes, (0.35, 0.25, 0.20))
    lay(
        picture,
        box(x - 0.13 * size, basket, x + 0.13 * size, basket + 0.17 * size),
        (0.50, 0.32, 0.18),
    )
    glow(
        picture,
        x,
        y + 1.12 * size,
        0.16 * size,
        (1.0, 0.7, 0.3),
        0.8 * max(0.0, math.sin(2.3 * t + 1.9 * number)),
    )


def dancing(t: float, seconds: float) -> np.ndarray:
    """People dance in the square under bunting and confetti."""
    beat = 2 * math.pi * t
    picture = sky(
        (0.0, (0.98, 0.55, 0.42)),
        (0.35, (1.0, 0.74, 0.44)),
        (0.75, (1.0, 0.92, 0.66)),
        (1.0, (1.0, 0.86, 0.55)),
    )
    angle = np.arctan2(Y - 0.62, X - WIDE / 2)
    picture += (0.07 * np.sign(np.sin(14 * angle + 0.5 * t)))[..., None] * np.array(
        [1.0, 0.85, 0.5], dtype=np.float32
    )
    glow(picture, WIDE / 2, 0.62, 0.45, (1.0, 0.95, 0.75), 0.35)
    for i in range(26):
        x = 0.07 * i + 0.02 * chance(i, seed=95).item()
        person(
            picture,
            x,
            0.87 + 0.012 * math.sin(beat + i),
            0.26 + 0.05 * chance(i, seed=96).item(),
            beat + i,
            "stand",
            (0.88, 0.56, 0.36),
        )
    lay(picture, (Y > 0.86).astype(np.float32) * np.clip((Y - 0.86) * 12, 0, 1), (0.93, 0.62, 0.34))
    for i, (x, tall) in enumerate(
        ((0.20, 0.50), (0.56, 0.58), (0.92, 0.54), (1.26, 0.60), (1.60, 0.52))
    ):
        colour = tuple(0.62 * c + 0.02 for c in BUNTING[(i + 3) % 5])
        disc(picture, x, 0.955, 0.11, (0.80, 0.48, 0.25), 0.25, soft=20)
        dancer(
            picture,
            x + 0.03 * math.sin(0.5 * beat + i),
            0.955,
            tall,
            beat + (i % 2) * math.pi / 2,
            colour,
        )
    for row, (y, sag, seed) in enumerate(((0.03, 0.16, 1), (0.12, 0.13, 2), (-0.03, 0.26, 3))):
        _bunting(picture, y, sag, seed, t, 1.15 - 0.2 * row)
    for i in range(150):
        luck = [chance(i, seed=s).item() for s in (101, 102, 103)]
        y = (luck[1] * 1.15 + (0.18 + 0.16 * luck[2]) * t) % 1.15 - 0.06
        x = luck[0] * 1.9 - 0.05 + 0.03 * math.sin(3 * t + 20 * luck[2])
        turn, size = math.cos(9 * t * (0.5 + luck[0]) + 12 * luck[1]), 0.006 + 0.006 * luck[2]
        limbs(
            picture,
            [
                (
                    x - size * turn,
                    y - 0.4 * size,
                    x + size * turn,
                    y + 0.4 * size,
                    0.0022 + 0.0018 * luck[1],
                )
            ],
            BUNTING[i % 5],
        )
    return picture


def _bunting(picture: np.ndarray, y: float, sag: float, seed: int, t: float, size: float) -> None:
    xs = np.linspace(-0.05, WIDE + 0.05, 24)
    ys = y + sag * np.sin(math.pi * (xs / WIDE)) + 0.006 * np.sin(2 * t + 5 * xs + seed)
    limbs(
        picture,
        [(xs[i - 1], ys[i - 1], xs[i], ys[i], 0.0012) for i in range(1, len(xs))],
        (0.45, 0.25, 0.22),
    )
    for i in range(1, len(xs)):
        x0, y0, x1, y1 = xs[i - 1] + 0.008, ys[i - 1], xs[i] - 0.008, ys[i]
        tip = ((x0 + x1) / 2 + 0.012 * math.sin(3.1 * t + i), (y0 + y1) / 2 + 0.062 * size)
        polygon(picture, [(x0, y0), (x1, y1), tip], BUNTING[(i + seed) % 5])


BURSTS = (
    (0.10, 0.50, 0.27, 0.25, 0),
    (0.55, 1.28, 0.22, 0.30, 1),
    (1.05, 0.86, 0.30, 0.34, 3),
    (1.45, 0.30, 0.34, 0.22, 4),
    (1.75, 1.48, 0.36, 0.24, 2),
    (2.10, 0.72, 0.20, 0.30, 1),
    (2.35, 1.12, 0.28, 0.34, 0),
    (2.70, 0.40, 0.22, 0.28, 3),
    (2.90, 1.40, 0.20, 0.30, 4),
)
"""Fireworks: second, x, y, radius, colour."""


def fireworks(t: float, seconds: float) -> np.ndarray:
    """Fireworks and lanterns over the water, everybody watches and cheers."""
    picture = sky(
        (0.0, (0.33, 0.22, 0.62)),
        (0.35, (0.72, 0.36, 0.70)),
        (0.60, (1.0, 0.60, 0.55)),
        (0.72, (1.0, 0.82, 0.55)),
        (1.0, (1.0, 0.8, 0.5)),
    )
    lay(
        picture,
        np.clip(drift(clouds(29, 4.0), 0.02 * t) * 1.8 - 0.9, 0, 1)
        * 0.5
        * np.clip(1.3 - 1.8 * Y, 0, 1),
        (1.0, 0.62, 0.66),
    )
    for number, (start, x, y, radius, colour) in enumerate(BURSTS):
        _burst(picture, t - start, x, y, radius, BUNTING[colour], number)
    lay(
        picture,
        below(0.72 - 0.06 * (0.6 + 0.4 * ridge(2.6 * COLUMNS, 77, 0.4))) * (Y < 0.72),
        (0.52, 0.32, 0.52),
    )
    for i in range(26):
        luck = [chance(i, seed=s).item() for s in (111, 112, 113)]
        size = 0.010 + 0.028 * luck[2] ** 2
        y = 0.78 - 0.85 * luck[1] + 0.30 - (0.05 + 2.2 * size) * t
        if y < 0.70:
            x = luck[0] * WIDE + 0.015 * math.sin(1.3 * t + 9 * luck[1])
            glow(picture, x, y, 2.6 * size, (1.0, 0.55, 0.2), 0.30)
            lantern(picture, x, y, size, 1.05 + 0.08 * math.sin(9 * t + i))
    first = int(0.72 * H)
    depth = len(picture) - first
    shimmer = (np.sin(np.arange(depth) * 0.75 - 5 * t) * np.linspace(1, 5, depth)).astype(int)
    rows = np.clip(first - 1 - np.arange(depth) * 2 + shimmer, 0, first - 1)
    picture[first:] = picture[rows] * np.array([0.80, 0.72, 0.86], dtype=np.float32)
    crowd = 0.93 + 0.012 * ridge(9 * COLUMNS, 79, 0.6)
    for i in range(24):
        x, tall = (
            0.078 * i + 0.03 * chance(i, seed=121).item(),
            0.20 + 0.09 * chance(i, seed=122).item(),
        )
        cheer = 2 * math.pi * 1.1 * t + 6 * chance(i, seed=123).item()
        (dancer if i % 3 else person)(
            picture,
            x,
            1.03,
            tall,
            cheer,
            *(((0.16, 0.07, 0.18),) if i % 3 else ("stand", (0.16, 0.07, 0.18))),
        )
    lay(picture, below(crowd + 0.045), (0.16, 0.07, 0.18))
    return picture * (1 - ease(t - seconds + 0.5, 0.5))


def _burst(
    picture: np.ndarray, age: float, x: float, y: float, radius: float, colour: tuple, number: int
) -> None:
    """A rocket's trail, then stars that fly out, slow down, sink and go out."""
    if -0.45 < age < 0:
        climb = 0.72 + (y - 0.72) * (1 + age / 0.45)
        limbs(picture, [(x, climb, x, climb + 0.05, 0.0016)], (1.3, 1.1, 0.8), 0.8)
    if not 0 <= age < 1.6:
        return
    spread, fading = radius * (1 - math.exp(-3.6 * age)), math.exp(-1.7 * age)
    glow(picture, x, y, 0.5 * radius + 0.05, colour, 0.8 * math.exp(-7 * age))
    for i in range(64):
        turn, tilt = (
            2 * math.pi * chance(i, seed=131 + number).item(),
            chance(i, seed=151 + number).item() ** 0.5,
        )
        far = spread * (0.45 + 0.55 * tilt)
        sx, sy = x + far * math.cos(turn), y + far * math.sin(turn) + 0.07 * age * age
        back = 0.80 - 0.12 * age
        tail = (
            x + far * back * math.cos(turn),
            y + far * back * math.sin(turn) + 0.07 * (age * 0.9) ** 2,
        )
        spark = tuple(0.35 + 0.9 * c for c in colour)
        limbs(picture, [(*tail, sx, sy, 0.0018)], spark, min(1.0, 1.3 * fading))
        glow(picture, sx, sy, 0.0050, spark, 1.6 * fading)
        glow(picture, sx, sy, 0.016, colour, 0.35 * fading)
        if age > 0.6 and chance(i, int(age * 14), seed=5) > 0.8:
            glow(picture, sx, sy, 0.006, (1.4, 1.4, 1.2), 0.9)
