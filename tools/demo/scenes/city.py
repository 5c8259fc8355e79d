"""Scene two: a city wakes and hurries; the shots get shorter."""

from __future__ import annotations

import numpy as np

from tools.demo.scenes.canvas import (
    COLUMNS,
    WIDE,
    H,
    X,
    Y,
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
    sky,
)
from tools.demo.scenes.figures import houses, person

STEEL = (0.16, 0.20, 0.27)


def _daylight(t: float, shift: float = 0.0) -> np.ndarray:
    picture = sky(
        (0.0, (0.30, 0.55, 0.78)),
        (0.45, (0.66, 0.80, 0.88)),
        (0.75, (0.93, 0.90, 0.82)),
        (1.0, (0.93, 0.90, 0.82)),
    )
    lay(
        picture,
        np.clip(drift(clouds(8, 2.5), shift + 0.02 * t) * 2 - 1.05, 0, 1)
        * 0.8
        * np.clip(1.3 - Y * 1.5, 0, 1),
        (0.97, 0.96, 0.94),
    )
    return picture


def _skyline(picture: np.ndarray, shift: float, base: float = 0.78) -> None:
    """Three rows of towers, the far ones pale."""
    houses(
        picture,
        0.25 * shift,
        31,
        0.075,
        base,
        (0.16, 0.46),
        (0.62, 0.72, 0.80),
        (0.10, 0.09, 0.05),
        0.5,
    )
    houses(
        picture,
        0.50 * shift,
        35,
        0.115,
        base,
        (0.12, 0.40),
        (0.43, 0.54, 0.64),
        (0.22, 0.19, 0.10),
        0.4,
    )
    houses(
        picture,
        1.00 * shift,
        39,
        0.170,
        base,
        (0.06, 0.30),
        (0.25, 0.34, 0.44),
        (0.55, 0.45, 0.22),
        0.35,
    )


def viaduct(t: float, seconds: float) -> np.ndarray:
    """A train crosses the viaduct in front of the skyline, gathering speed."""
    pan = 0.10 * t
    picture = _daylight(t)
    _skyline(picture, 0.6 + pan, 0.90)
    along = COLUMNS + 2.2 * pan
    arch = 0.30
    u = (along / arch) % 1 - 0.5
    opening = np.sqrt(np.clip(0.38**2 - u**2, 0, 1)) * arch
    deck = 0.70
    stone = np.clip((Y - deck) * H + 0.5, 0, 1) * (
        1 - np.clip((Y - (0.86 - opening[None, :])) * H, 0, 1) * (np.abs(u) < 0.38)[None, :]
    )
    courses = 0.92 + 0.08 * np.sign(np.sin(Y * 240)) * (
        0.5 + 0.5 * chance(np.floor(Y * 38), np.floor(along[None, :] * 22), seed=2)
    )
    lay(
        picture,
        stone,
        np.array([0.42, 0.33, 0.30], dtype=np.float32) * courses[..., None].astype(np.float32),
    )
    lay(picture, box(0, deck - 0.012, WIDE, deck + 0.006), (0.27, 0.21, 0.20))
    front = -0.35 + 0.55 * t + 0.16 * t * t
    for car in range(7):
        _carriage(picture, front - car * 0.395, deck - 0.012, t)
    for mast in np.arange(-1, 4) * 0.62 - (2.2 * pan) % 0.62:
        lay(picture, box(mast, 0.47, mast + 0.007, deck), STEEL)
        lay(picture, box(mast, 0.47, mast + 0.09, 0.476), STEEL)
    lay(picture, box(0, 0.492, WIDE, 0.4945), (0.25, 0.28, 0.33))
    return picture


def _carriage(picture: np.ndarray, right: float, rail: float, t: float) -> None:
    left, top = right - 0.385, rail - 0.135
    if right < -0.05 or left > WIDE + 0.05:
        return
    for x in (0.06, 0.11, 0.275, 0.325):
        disc(picture, left + x, rail - 0.010, 0.014, (0.12, 0.12, 0.14))
    lay(picture, box(left, top, right, rail - 0.014), (0.80, 0.22, 0.17))
    lay(picture, box(left, top, right, top + 0.022), (0.88, 0.87, 0.84))
    lay(picture, box(left, rail - 0.045, right, rail - 0.036), (0.95, 0.84, 0.60))
    for i in range(6):
        x = left + 0.025 + i * 0.059
        lay(picture, box(x, top + 0.034, x + 0.044, top + 0.076), (1.0, 0.90, 0.62))
        disc(picture, x + 0.022, top + 0.066, 0.011, (0.45, 0.32, 0.25), 0.9)


def train_window(t: float, seconds: float) -> np.ndarray:
    """Out of the train's window: masts and walls fly by, the skyline follows slowly."""
    shift = 0.75 * t + 0.14 * t * t
    picture = _daylight(t, 2)
    _skyline(picture, 3 + shift * 0.9, 0.83)
    along = COLUMNS + 3.4 * shift
    hedge = 0.83 - 0.05 * chance(np.floor(along / 0.21), seed=4) - 0.018 * np.sin(along * 19)
    lay(picture, np.clip((Y - hedge[None, :]) * H / 6 + 0.5, 0, 1), (0.20, 0.30, 0.22))
    for mast in np.arange(-1, 3) * 0.95 - (6.5 * shift) % 0.95:
        blur = np.clip(1 - np.abs(X - mast) / 0.035, 0, 1) * 0.75
        lay(picture, blur.astype(np.float32), (0.14, 0.16, 0.20))
    for wire in (0.17, 0.24):
        sag = wire + 0.045 * (((COLUMNS + 6.5 * shift) / 0.95 % 1) - 0.5) ** 2 * 4
        lay(picture, np.clip(1.5 - np.abs(Y - sag[None, :]) * H, 0, 1) * 0.8, (0.16, 0.18, 0.22))
    inside = np.maximum(np.abs(X - WIDE / 2) - (WIDE / 2 - 0.09), np.abs(Y - 0.44) - 0.36)
    frame = np.clip(inside * H + 0.5, 0, 1)
    lay(picture, np.clip(1 - np.abs(inside) / 0.016, 0, 1) * 0.9, (0.38, 0.40, 0.43))
    lay(picture, frame, (0.13, 0.12, 0.14))
    gleam = np.clip(1 - np.abs((X - 0.5 * Y - 0.42 - 0.02 * np.sin(3 * t)) / 0.10), 0, 1) * (
        1 - frame
    )
    picture += (0.10 * gleam)[..., None]
    bump = 0.006 * np.sin(17 * t)
    shoulders, neck = (
        (1.42, 0.80 + bump, 1.42, 1.1, 0.15),
        (1.41, 0.66 + bump, 1.41, 0.75 + bump, 0.045),
    )
    face, hair = (
        (1.405, 0.555 + bump, 1.41, 0.60 + bump, 0.072),
        (1.43, 0.54 + bump, 1.45, 0.64 + bump, 0.06),
    )
    limbs(picture, [shoulders, neck, face, hair], (0.07, 0.06, 0.08))
    return picture


def avenue(t: float, seconds: float) -> np.ndarray:
    """Down the avenue at dusk: headlights come, tail-lights go."""
    start = 9 + 3.2 * t
    picture = sky(
        (0.0, (0.16, 0.22, 0.42)),
        (0.34, (0.62, 0.42, 0.50)),
        (0.50, (1.0, 0.66, 0.40)),
        (1.0, (1.0, 0.66, 0.40)),
    )
    vanish = (WIDE / 2, 0.50)
    glow(picture, *vanish, 0.32, (1.0, 0.62, 0.30), 0.5)
    away = np.abs(X - vanish[0])
    for side in (-1, 1):
        depth = 0.42 / np.maximum(side * (X - vanish[0]), 1e-3)
        block = np.floor((depth + start) / 0.9)
        tall = 0.30 + 0.75 * chance(block, seed=6 + side)
        wall = (
            (side * (X - vanish[0]) > 0.025)
            & (vanish[1] - tall / depth < Y)
            & (vanish[1] + 0.16 / depth > Y)
        )
        tone = (0.25 + 0.5 * chance(block, seed=9 + side)) * np.clip(1.2 - 0.22 * depth, 0.25, 1)
        haze = np.clip(depth / 9, 0, 1)[..., None]
        colour = tone[..., None] * np.array([0.30, 0.30, 0.44]) * (1 - haze) + haze * np.array(
            [0.80, 0.52, 0.42]
        )
        rows, columns = (Y - vanish[1]) * depth / 0.075, (depth + start) / 0.16
        lit = (
            (chance(np.floor(rows), np.floor(columns), seed=12 + side) < 0.45)
            & (rows % 1 > 0.35)
            & (columns % 1 > 0.35)
            & (rows < 0.5)
        )
        colour = (
            colour
            + lit[..., None]
            * np.array([0.85, 0.62, 0.30])
            * np.clip(1.1 - 0.16 * depth, 0, 1)[..., None]
        )
        lay(picture, wall.astype(np.float32), colour.astype(np.float32))
    far = 0.16 / np.maximum(Y - vanish[1], 1e-3)
    road = (vanish[1] < Y) & (away < 0.42 / far)
    asphalt = np.array([0.13, 0.13, 0.18]) + np.clip(far / 9, 0, 1)[..., None] * np.array(
        [0.55, 0.32, 0.20]
    )
    lay(picture, road.astype(np.float32), asphalt.astype(np.float32))
    lane = (np.abs(away * far - 0.14) < 0.006) & ((far + start) % 0.6 < 0.3) & road
    lay(picture, lane.astype(np.float32), (0.85, 0.80, 0.70))
    _traffic(picture, t, vanish)
    return picture


def _traffic(picture: np.ndarray, t: float, vanish: tuple[float, float]) -> None:
    """Pairs of lamps on four lanes, the far ones first."""
    cars = []
    for i in range(34):
        lane = (-0.27, -0.08, 0.08, 0.27)[i % 4]
        speed = 5.5 if lane < 0 else -2.6
        depth = (chance(i, seed=3).item() * 9 - speed * t) % 9 + 0.22
        cars.append((depth, lane))
    for depth, lane in sorted(cars, reverse=True):
        x, y = vanish[0] + lane / depth, vanish[1] + 0.145 / depth
        half, colour = 0.042 / depth, (1.0, 0.92, 0.72) if lane < 0 else (1.0, 0.10, 0.06)
        polygon(
            picture,
            [
                (x - 1.2 * half, y - 0.9 * half),
                (x - 0.8 * half, y - 1.9 * half),
                (x + 0.8 * half, y - 1.9 * half),
                (x + 1.2 * half, y - 0.9 * half),
                (x + 1.25 * half, y + 0.5 * half),
                (x - 1.25 * half, y + 0.5 * half),
            ],
            (0.06, 0.06, 0.09),
        )
        for side in (-1, 1):
            glow(picture, x + side * half, y - 0.3 * half, 0.30 * half + 0.002, colour, 1.6)
            glow(picture, x + side * half, y - 0.3 * half, 1.1 * half, colour, 0.35)
            glow(picture, x + side * half, y + 1.3 * half, 0.8 * half, colour, 0.22, flat=0.5)


def crossing(t: float, seconds: float) -> np.ndarray:
    """People hurry across in both directions against the low sun."""
    picture = sky(
        (0.0, (0.50, 0.42, 0.50)),
        (0.40, (0.95, 0.66, 0.42)),
        (0.70, (1.0, 0.84, 0.58)),
        (1.0, (0.8, 0.6, 0.45)),
    )
    houses(picture, 5.0, 51, 0.21, 0.72, (0.2, 0.62), (0.78, 0.55, 0.42), (0.12, 0.10, 0.05), 0.4)
    houses(
        picture,
        7.3 + 0.1 * t,
        55,
        0.33,
        0.74,
        (0.1, 0.42),
        (0.52, 0.36, 0.33),
        (0.45, 0.35, 0.16),
        0.35,
    )
    glow(picture, 0.95, 0.42, 0.35, (1.0, 0.80, 0.48), 0.65)
    disc(picture, 0.95, 0.42, 0.05, (1.5, 1.3, 0.9), soft=4)
    lay(picture, box(0, 0.72, WIDE, 1), (0.34, 0.25, 0.25))
    for i in range(-6, 12):
        x, spread = 0.16 * i, 0.35
        polygon(
            picture,
            [
                (x + 0.3, 0.74),
                (x + 0.38, 0.74),
                (WIDE / 2 + (x + 0.38 - WIDE / 2) * (1 + spread * 2), 1.01),
                (WIDE / 2 + (x + 0.3 - WIDE / 2) * (1 + spread * 2), 1.01),
            ],
            (0.80, 0.66, 0.52),
            0.8,
        )
    for i in range(22):
        luck = [chance(i, seed=s).item() for s in (61, 62, 63)]
        depth = i / 21
        facing = 1 if luck[0] > 0.5 else -1
        tall, foot = 0.26 + 0.42 * depth, 0.76 + 0.25 * depth
        speed = (0.28 + 0.16 * luck[1]) * (0.6 + 0.7 * depth)
        x = (luck[2] * 2.4 + facing * speed * t) % 2.4 - 0.3
        tone = 0.34 * (1 - depth) + 0.03
        person(
            picture,
            x,
            foot,
            tall,
            9.5 * t * (0.9 + 0.3 * luck[1]) + 6 * luck[2],
            "walk",
            (tone * 1.2, tone * 0.85, tone * 0.8),
            facing,
        )
    return picture


def rush(t: float, seconds: float) -> np.ndarray:
    """The city at night seen from a tower, in time-lapse: ribbons of light, windows going on and
    off.
    """
    picture = sky((0.0, (0.05, 0.07, 0.20)), (0.5, (0.20, 0.18, 0.42)), (1.0, (0.32, 0.22, 0.40)))
    shift = 0.25 * ease(t, 2 * seconds)
    houses(
        picture,
        11 + shift * 0.4,
        71,
        0.085,
        0.86,
        (0.22, 0.60),
        (0.14, 0.15, 0.32),
        (0.55, 0.48, 0.34),
        0.45,
        3 * t + 1,
    )
    houses(
        picture,
        12 + shift * 0.8,
        75,
        0.150,
        0.90,
        (0.14, 0.52),
        (0.08, 0.09, 0.20),
        (0.95, 0.72, 0.36),
        0.42,
        3 * t + 1,
    )
    lay(picture, np.clip((Y - 0.86) * 14, 0, 1), (0.05, 0.05, 0.11))
    for i in range(16):
        luck = [chance(i, seed=s).item() for s in (81, 82, 83)]
        path = (
            0.90
            + 0.006 * i
            - 0.10 * np.sin((COLUMNS - 0.2) * 1.4 + 0.15 * luck[0]) * (0.25 + i / 26)
        )
        pulse = np.clip(
            np.sin(9 * (COLUMNS * (1 if i % 2 else -1) - (2.4 + luck[1]) * t + 7 * luck[2])) * 1.6
            - 0.2,
            0,
            1,
        )
        ribbon = np.exp(-(((Y - path[None, :]) / 0.0032) ** 2)) * pulse[None, :]
        halo = np.exp(-(((Y - path[None, :]) / 0.014) ** 2)) * pulse[None, :] * 0.22
        picture += (
            (ribbon + halo)[..., None]
            * np.array((1.0, 0.20, 0.10) if i % 2 else (1.0, 0.86, 0.60), dtype=np.float32)
            * 0.8
        )
    return picture
