"""Brush and paint: drawing on a picture with numpy alone.

Conventions: a picture is float32 (H, W, 3), RGB, 0–1 as displayed, lights may exceed 1 until
`develop`. Coordinates are in picture heights: x from 0 to `WIDE` rightwards, y from 0 to 1
downwards. Whatever is drawn is a function of time alone, so that any frame can be drawn without
those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from scipy import ndimage

H, W = 432, 768
WIDE = W / H
Y, X = ((np.mgrid[0:H, 0:W] + 0.5) / H).astype(np.float32)
COLUMNS = X[0]
ROWS = Y[:, 0]
_CORNER = (((X - WIDE / 2) / WIDE) ** 2 + (Y - 0.5) ** 2) ** 1.3
Colour = tuple[float, float, float]
Segment = tuple[float, float, float, float, float]
"""A limb: from x, y to x, y with a radius."""


def ease(t: float, seconds: float = 1.0) -> float:
    """0 to 1 with a soft start and a soft stop."""
    u = min(max(t / seconds, 0.0), 1.0)
    return u * u * (3 - 2 * u)


def chance(*cells: np.ndarray | float, seed: float = 0.0) -> np.ndarray:
    """A number in [0, 1) for every cell of a grid, always the same one."""
    mixed = (
        sum(
            np.asarray(c, dtype=np.float64) * k
            for c, k in zip(cells, (127.1, 311.7, 74.7), strict=False)
        )
        + seed * 53.3
    )
    return (np.sin(mixed) * 43758.5453) % 1.0


def ridge(x: np.ndarray, seed: int, rough: float = 0.5) -> np.ndarray:
    """A smooth mountain line over x, about −1 to 1: sines of doubling frequency."""
    rng = np.random.default_rng(seed)
    out = np.zeros_like(x)
    for octave in range(7):
        out = out + rough**octave * np.sin(
            x * (1.7 + 0.6 * rng.random()) * 2**octave + rng.random() * 6.28
        )
    return out * (1 - rough)


@lru_cache(maxsize=8)
def clouds(seed: int, stretch: float = 3.0) -> np.ndarray:
    """Fractal noise (H, 2W) in [0, 1] that repeats sideways; `stretch` draws it out in x."""
    rng = np.random.default_rng(seed)
    out = np.zeros((H, 2 * W))
    for octave in range(1, 7):
        rows, columns = 3 * 2**octave // 2, max(2, round(3 * 2**octave / stretch))
        layer = rng.standard_normal((rows, columns))
        at = np.mgrid[0:H, 0 : 2 * W] * np.array([rows / H, columns / (2 * W)])[:, None, None]
        out += ndimage.map_coordinates(layer, at, order=3, mode="grid-wrap") * 0.6**octave
    out = (out - out.mean()) / out.std()
    return (0.5 + 0.5 * np.tanh(0.8 * out)).astype(np.float32)


def drift(texture: np.ndarray, shift: float) -> np.ndarray:
    """The picture-wide part of a sideways texture, moved left by `shift` heights."""
    at = shift * H
    whole, part = int(np.floor(at)), at - np.floor(at)
    columns = (np.arange(W + 1) + whole) % texture.shape[1]
    piece = texture[:, columns]
    return piece[:, :-1] * (1 - part) + piece[:, 1:] * part


# ------------------------------------------------------------------------------ paint


def sky(*stops: tuple[float, Colour]) -> np.ndarray:
    """A vertical gradient through (y, colour)."""
    heights = [y for y, _ in stops]
    rows = np.stack([np.interp(ROWS, heights, [c[i] for _, c in stops]) for i in range(3)], axis=-1)
    return np.repeat(rows[:, None, :], W, axis=1).astype(np.float32)


def lay(picture: np.ndarray, alpha: np.ndarray, colour: Colour | np.ndarray) -> None:
    """Paint `colour` over the picture where `alpha` (H, W) is 1."""
    rows = np.flatnonzero(alpha.any(axis=1))
    if not len(rows):
        return
    at = slice(rows[0], rows[-1] + 1)
    colour = np.asarray(colour, dtype=np.float32)
    region, part = picture[at], alpha[at].astype(np.float32, copy=False)
    for channel in range(3):
        old = region[..., channel]
        old += part * ((colour[at, :, channel] if colour.ndim == 3 else colour[channel]) - old)


def below(line: np.ndarray) -> np.ndarray:
    """Alpha (H, W) of everything under a line given per column."""
    return np.clip((Y - line[None, :]) * H + 0.5, 0, 1)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """Alpha (H, W) of an upright rectangle."""
    across = np.clip((COLUMNS - left) * H + 0.5, 0, 1) * np.clip((right - COLUMNS) * H + 0.5, 0, 1)
    down = np.clip((ROWS - top) * H + 0.5, 0, 1) * np.clip((bottom - ROWS) * H + 0.5, 0, 1)
    return down[:, None] * across[None, :]


def window(x: float, y: float, reach: float, reach_y: float | None = None) -> tuple[slice, slice]:
    """The part of the picture within `reach` of a point; may be empty."""
    reach_y = reach if reach_y is None else reach_y
    top, bottom = (min(max(round((y + s * reach_y) * H) + (s > 0), 0), H) for s in (-1, 1))
    left, right = (min(max(round((x + s * reach) * H) + (s > 0), 0), W) for s in (-1, 1))
    return slice(top, bottom), slice(left, right)


def glow(
    picture: np.ndarray,
    x: float,
    y: float,
    radius: float,
    colour: Colour,
    power: float = 1.0,
    flat: float = 1.0,
) -> None:
    """Add a soft light; `flat` > 1 squeezes it vertically."""
    at = window(x, y, 2.6 * radius, 2.6 * radius / flat)
    distance = ((X[at] - x) ** 2 + ((Y[at] - y) * flat) ** 2) / radius**2
    picture[at] += power * np.exp(-distance)[..., None] * np.asarray(colour, dtype=np.float32)


def disc(
    picture: np.ndarray,
    x: float,
    y: float,
    radius: float,
    colour: Colour,
    opacity: float = 1.0,
    soft: float = 1.0,
) -> None:
    """A filled circle with an edge `soft` pixels wide."""
    at = window(x, y, radius + soft / H + 0.004)
    distance = np.sqrt((X[at] - x) ** 2 + (Y[at] - y) ** 2)
    alpha = np.clip((radius - distance) * H / soft + 0.5, 0, 1) * opacity
    picture[at] += alpha[..., None] * (np.asarray(colour, dtype=np.float32) - picture[at])


def limbs(
    picture: np.ndarray, segments: Sequence[Segment], colour: Colour, opacity: float = 1.0
) -> None:
    """Round-ended strokes joined into one silhouette."""
    ends = np.array(segments)
    reach = ends[:, 4].max() + 0.005
    low, high = ends[:, [0, 2]].min() - reach, ends[:, [0, 2]].max() + reach
    top, bottom = ends[:, [1, 3]].min() - reach, ends[:, [1, 3]].max() + reach
    at = window((low + high) / 2, (top + bottom) / 2, (high - low) / 2, (bottom - top) / 2)
    x, y = X[at], Y[at]
    if x.size == 0:
        return
    nearest = np.full(x.shape, 9.0, dtype=np.float32)
    for x0, y0, x1, y1, radius in segments:
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - x0 - along * dx, y - y0 - along * dy) - radius)
    alpha = np.clip(0.5 - nearest * H, 0, 1) * opacity
    picture[at] += alpha[..., None] * (np.asarray(colour, dtype=np.float32) - picture[at])


def polygon(
    picture: np.ndarray,
    corners: Sequence[tuple[float, float]],
    colour: Colour,
    opacity: float = 1.0,
) -> None:
    """A filled convex shape, corners clockwise as seen."""
    xs, ys = np.array(corners).T
    at = window(
        (xs.min() + xs.max()) / 2,
        (ys.min() + ys.max()) / 2,
        np.ptp(xs) / 2 + 0.004,
        np.ptp(ys) / 2 + 0.004,
    )
    x, y = X[at], Y[at]
    inside = np.full(x.shape, 9.0, dtype=np.float32)
    for i in range(len(xs)):
        dx, dy = xs[i] - xs[i - 1], ys[i] - ys[i - 1]
        inside = np.minimum(
            inside, ((y - ys[i]) * dx - (x - xs[i]) * dy) / max(np.hypot(dx, dy), 1e-6)
        )
    alpha = np.clip(inside * H + 0.5, 0, 1) * opacity
    picture[at] += alpha[..., None] * (np.asarray(colour, dtype=np.float32) - picture[at])


def streaks(picture: np.ndarray, lines: Iterable[Segment], colour: Colour, power: float) -> None:
    """Add thin light strokes, such as rain or sparks, that fade towards their start."""
    for x0, y0, x1, y1, width in lines:
        n = max(2, int(np.hypot(x1 - x0, y1 - y0) * H))
        u = np.linspace(0, 1, n)
        xs, ys = ((x0 + (x1 - x0) * u) * H).astype(int), ((y0 + (y1 - y0) * u) * H).astype(int)
        inside = (xs >= 0) & (xs < W) & (ys >= 0) & (ys < H)
        np.add.at(
            picture,
            (ys[inside], xs[inside]),
            (power * width * u[inside, None]) * np.asarray(colour, dtype=np.float32),
        )


# ------------------------------------------------------------------------------ finishing


def shaken(picture: np.ndarray, t: float, strength: float, seed: int = 0) -> np.ndarray:
    """The picture as a running camera sees it: moved up to `strength` heights, edges mirrored."""
    picture = picture.astype(np.float32, copy=False)
    for axis, (a, b) in enumerate(((37, 61), (31, 47))):
        at = strength * H * (np.sin(t * a + seed) + 0.6 * np.sin(t * b + 2 * seed)) / 1.6
        whole, part = int(np.floor(at)), np.float32(at - np.floor(at))
        size = picture.shape[axis]
        near = np.abs((np.arange(size) + whole + size - 1) % (2 * size - 2) - (size - 1))
        further = np.clip(near + 1, 0, size - 1)
        picture = (
            picture.take(near, axis=axis) * (1 - part) + picture.take(further, axis=axis) * part
        )
    return picture


def _stretch(size: int, by: int) -> np.ndarray:
    """Matrix (size · by, size) of linear interpolation to a grid `by` times as fine."""
    at = np.clip((np.arange(size * by) + 0.5) / by - 0.5, 0, size - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(size)[None, :]), 0).astype(np.float32)


_TALLER, _WIDER = _stretch(H // 4, 4), _stretch(W // 4, 4)


def develop(
    picture: np.ndarray,
    frame: int,
    bloom: float = 0.35,
    vignette: float = 0.35,
    grain: float = 0.005,
) -> np.ndarray:
    """Bloom, highlights rolled off, vignette, a little film grain; returns uint8 (H, W, 3)."""
    picture = picture.astype(np.float32, copy=False)
    small = picture.reshape(H // 4, 4, W // 4, 4, 3).mean(axis=(1, 3))
    bright = np.maximum(small - 0.75, 0)
    if bright.max() > 0.01:
        spread = sum(
            ndimage.gaussian_filter(bright, (s, s, 0), truncate=3) for s in (3, 9)
        ) * np.float32(bloom)
        taller = np.tensordot(_TALLER, spread, axes=1)
        picture = picture + np.matmul(_WIDER[None], taller)
    hot = picture > 0.8
    picture[hot] = 0.8 + 0.2 * np.tanh((picture[hot] - 0.8) / 0.4)
    noise = (
        np.random.default_rng(frame)
        .standard_normal((H // 2, W // 2), dtype=np.float32)
        .repeat(2, axis=0)
        .repeat(2, axis=1)
    )
    picture *= (1 - np.float32(2 * vignette) * _CORNER)[..., None]
    picture += (np.float32(grain) * noise)[..., None]
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)
