"""People, trees and houses as silhouettes. Sizes and places in picture heights (see `canvas`)."""

from __future__ import annotations

import math

import numpy as np

from tools.demo.scenes.canvas import COLUMNS, ROWS, Colour, X, Y, below, chance, disc, lay, limbs

GAITS = {
    "walk": (0.42, 0.5, 0.35, 0.02),
    "run": (0.95, 1.5, 1.0, 0.22),
    "stand": (0.05, 0.05, 0.08, 0.0),
}
"""Swing of thigh, bend of knee, swing of arm, lean of the trunk; in radians."""


def person(
    picture: np.ndarray,
    x: float,
    foot: float,
    tall: float,
    phase: float,
    gait: str = "walk",
    colour: Colour = (0, 0, 0),
    facing: int = 1,
) -> None:
    """Somebody whose feet touch `foot`; `phase` in steps' radians; `facing` 1 is to the right."""
    thigh, knee, arm, lean = GAITS[gait]
    hop = tall * 0.03 * abs(math.sin(phase)) * (gait != "stand")
    hip = (x, foot - 0.47 * tall - hop)
    neck = (x + facing * math.sin(lean) * 0.33 * tall, hip[1] - math.cos(lean) * 0.33 * tall)
    chest = (neck[0] + 0.12 * (hip[0] - neck[0]), neck[1] + 0.12 * (hip[1] - neck[1]))
    parts = [
        (*hip, *neck, 0.052 * tall),
        (*chest, (hip[0] + chest[0]) / 2, (hip[1] + chest[1]) / 2, 0.066 * tall),
    ]
    for side in (0, math.pi):
        swing = thigh * math.sin(phase + side)
        shin = swing - knee * max(0.0, math.cos(phase + side)) - 0.06
        parts += _limb(hip, swing, shin, 0.235 * tall, 0.043 * tall, facing)
        heel = parts[-1][2:4]
        parts.append(
            (
                *heel,
                heel[0] + facing * math.cos(shin) * 0.07 * tall,
                heel[1] - math.sin(shin) * 0.07 * tall,
                0.026 * tall,
            )
        )
        back = -arm * math.sin(phase + side)
        parts += _limb(neck, back, back + 0.4 + 0.7 * arm, 0.165 * tall, 0.026 * tall, facing)
    head = (neck[0] + facing * 0.02 * tall, neck[1] - 0.098 * tall)
    limbs(picture, [*parts, (*head, head[0], head[1] - 0.018 * tall, 0.058 * tall)], colour)


def dancer(
    picture: np.ndarray, x: float, foot: float, tall: float, phase: float, colour: Colour
) -> None:
    """Somebody dancing on the spot with arms up."""
    hop = tall * 0.09 * abs(math.sin(phase))
    sway = 0.06 * tall * math.sin(phase)
    hip = (x + sway, foot - 0.46 * tall - hop)
    neck = (x - 0.4 * sway, hip[1] - 0.33 * tall)
    parts = [
        (*hip, *neck, 0.056 * tall),
        (
            neck[0] - 0.035 * tall,
            neck[1] + 0.04 * tall,
            neck[0] + 0.035 * tall,
            neck[1] + 0.04 * tall,
            0.05 * tall,
        ),
    ]
    for side in (-1, 1):
        parts += _limb(
            hip,
            side * 0.22 + 0.25 * math.sin(phase),
            side * 0.1 - 0.35 * max(0, side * math.sin(phase)),
            0.24 * tall,
            0.043 * tall,
            1,
        )
        lift = math.pi - side * (0.75 + 0.4 * math.sin(phase * 2 + side))
        parts += _limb(
            (neck[0] + side * 0.05 * tall, neck[1] + 0.02 * tall),
            lift,
            lift + side * 0.5,
            0.17 * tall,
            0.027 * tall,
            1,
        )
    head = (neck[0] + 0.3 * sway, neck[1] - 0.102 * tall)
    skirt = (
        [(*hip, hip[0] + s * 0.07 * tall, hip[1] + 0.16 * tall, 0.05 * tall) for s in (-1, 0, 1)]
        if int(x * 97) % 2
        else []
    )
    limbs(picture, [*parts, *skirt, (*head, head[0], head[1] - 0.018 * tall, 0.06 * tall)], colour)


def _limb(
    joint: tuple[float, float],
    upper: float,
    lower: float,
    length: float,
    radius: float,
    facing: int,
) -> list[tuple]:
    """Two bones hanging from a joint at angles from straight down, forwards positive."""
    middle = (joint[0] + facing * math.sin(upper) * length, joint[1] + math.cos(upper) * length)
    end = (middle[0] + facing * math.sin(lower) * length, middle[1] + math.cos(lower) * length)
    return [(*joint, *middle, radius), (*middle, *end, 0.8 * radius)]


def tree(
    picture: np.ndarray, x: float, foot: float, tall: float, colour: Colour, sway: float = 0.0
) -> None:
    """A broad old tree; `sway` moves its crown."""
    trunk = [(x, foot, x + 0.02 * tall, foot - 0.45 * tall, 0.035 * tall)]
    boughs = [
        (
            x + 0.02 * tall,
            foot - (0.3 + 0.05 * i) * tall,
            x + s * tall,
            foot - h * tall,
            0.016 * tall,
        )
        for i, (s, h) in enumerate(((-0.3, 0.6), (0.32, 0.62), (-0.14, 0.78), (0.2, 0.8)))
    ]
    limbs(picture, trunk + boughs, colour)
    rng = np.random.default_rng(5)
    for i in range(230):
        angle, far = rng.uniform(0, 2 * math.pi), 1.05 * math.sqrt(rng.random())
        lobe = 0.86 + 0.14 * math.sin(3 * angle + 1) + 0.08 * math.sin(7 * angle)
        cx, cy = 0.44 * far * lobe * math.cos(angle), 0.25 * far * lobe * math.sin(angle)
        leaf = rng.uniform(0.02, 0.055) * tall * (1.25 - 0.45 * far)
        shade = 1 + 0.35 * max(0.0, -cx - cy) * (i % 3)
        disc(
            picture,
            x + (cx + 0.02) * tall + sway * (0.5 - cy),
            foot - (0.72 - cy) * tall,
            leaf,
            tuple(c * shade for c in colour),
            soft=1.5,
        )


def houses(
    picture: np.ndarray,
    shift: float,
    seed: int,
    width: float,
    base: float,
    tall: tuple[float, float],
    colour: Colour,
    lit: Colour,
    share: float = 0.35,
    twinkle: float = 0.0,
) -> None:
    """A row of towers whose windows are lit; `shift` moves it left, `twinkle` is the time for
    switching lights.
    """
    along = COLUMNS + shift
    cell = np.floor(along / width)
    height = tall[0] + (tall[1] - tall[0]) * chance(cell, seed=seed) ** 1.5
    narrow = 0.04 + 0.12 * chance(cell, seed=seed + 1)
    across = along / width - cell
    roof = np.where((across > narrow) & (across < 1 - 0.5 * narrow), base - height, base)
    alpha = below(roof.astype(np.float32))
    lay(picture, alpha, colour)
    grid_x, grid_y = width / 7, width / 4.5
    u, v = along / grid_x, ROWS / grid_y
    glass = (
        (_bump(u % 1)[None, :] * _bump(v % 1)[:, None])
        * (across > narrow + 0.06)
        * (across < 0.94 - 0.5 * narrow)
    )
    luck = chance(np.floor(u)[None, :], np.floor(v)[:, None], seed=seed + 2)
    luck = (luck + 0.06 * np.floor(twinkle * 2 + luck * 9)) % 1 if twinkle else luck
    under_roof = (roof[None, :] + 0.5 * grid_y < Y) & (base > Y)
    power = glass * (luck < share) * under_roof * alpha * (0.5 + 0.9 * luck / share)
    picture += power[..., None].astype(np.float32) * np.asarray(lit, dtype=np.float32)


def _bump(u: np.ndarray) -> np.ndarray:
    return np.clip(5 * (0.32 - np.abs(u - 0.5)), 0, 1)


def bird(
    picture: np.ndarray, x: float, y: float, size: float, phase: float, colour: Colour
) -> None:
    lift = 0.5 * size * math.sin(phase)
    limbs(
        picture,
        [(x, y, x + s * 0.55 * size, y - 0.25 * size - 0.6 * lift, 0.0016) for s in (-1, 1)]
        + [
            (x + s * 0.55 * size, y - 0.25 * size - 0.6 * lift, x + s * size, y - lift, 0.0012)
            for s in (-1, 1)
        ],
        colour,
    )


def lantern(picture: np.ndarray, x: float, y: float, size: float, glow_power: float) -> None:
    """A paper lantern with a flame inside."""
    at = np.s_[max(0, int((y - 3 * size) * len(ROWS))) : max(0, int((y + 3 * size) * len(ROWS))), :]
    px, py = X[at], Y[at]
    half = size * (0.62 + 0.25 * np.clip((y - py) / size, -1, 1))
    inside = np.clip((half - np.abs(px - x)) * len(ROWS) + 0.5, 0, 1) * np.clip(
        (size - np.abs(py - y)) * len(ROWS) + 0.5, 0, 1
    )
    heat = np.clip(0.55 + 0.5 * (py - y) / size, 0, 1)[..., None]
    paper = (
        np.array([1.0, 0.42, 0.12], dtype=np.float32) * (1 - heat)
        + np.array([1.25, 0.95, 0.5], dtype=np.float32) * heat
    )
    picture[at] += inside[..., None] * (paper * glow_power - picture[at])
