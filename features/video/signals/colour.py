"""Colour: CIELAB statistics, and how warm, heavy and active colours feel.

CIELAB is D65 with L* 0–100. The scales of Ou, Luo, Woodcock & Wright (2004, Color Research and
Application 29, 232–240, and part III 381–389) are taken per pixel and then averaged; their angles
are degrees.
"""

from __future__ import annotations

import cv2
import numpy as np

from features.video.timeline import COLOUR_COLUMNS

RATE = 10.0
"""Pictures per second of media time."""
NAMES = COLOUR_COLUMNS
_SIDE = 128
"""Statistics are of a picture this large, so that they do not depend on the file's resolution."""

PALETTE_SHAPE = (4, 3, 3)
"""Cells of L*, a* and b*."""
_LIGHT_EDGES = (25.0, 50.0, 75.0)
_TINT_EDGES = (-8.0, 8.0)
"""Within 8 of the axis a tint is hardly seen. Ours."""


def update(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row of `NAMES`, palette (36,)) of BGR uint8 `image`."""
    scale = min(_SIDE / max(image.shape[:2]), 1.0)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    pixels = small.astype(np.float32) / 255.0
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2Lab).reshape(-1, 3)
    light, a, b = lab.T
    value = pixels.max(axis=2).ravel()
    low = pixels.min(axis=2).ravel()
    saturation = np.divide(value - low, value, out=np.zeros_like(value), where=value > 0)
    brightness = float(value.mean())
    row = np.array(
        [
            light.mean(),
            np.hypot(a, b).mean(),
            a.mean(),
            b.mean(),
            saturation.mean(),
            brightness,
            light.std(),
            brightness * value.std(),
            colourfulness(pixels),
            heat(lab).mean(),
            weight(lab).mean(),
            activity(lab).mean(),
        ]
    )
    return row, palette(lab)


def heat(lab: np.ndarray) -> np.ndarray:
    """Cool (−) to warm (+) of CIELAB colours (…, 3): −0.5 + 0.02·C*^1.07·cos(h − 50°)."""
    chroma, hue = _polar(lab)
    return -0.5 + 0.02 * chroma**1.07 * np.cos(hue - np.deg2rad(50))


def weight(lab: np.ndarray) -> np.ndarray:
    """Light (−) to heavy (+): −1.8 + 0.04·(100 − L*) + 0.45·cos(h − 100°)."""
    _, hue = _polar(lab)
    return -1.8 + 0.04 * (100 - lab[..., 0]) + 0.45 * np.cos(hue - np.deg2rad(100))


def activity(lab: np.ndarray) -> np.ndarray:
    """Passive (−) to active (+): −2.1 + 0.06·√((L*−50)² + (a*−3)² + ((b*−17)/1.4)²)."""
    light, a, b = lab[..., 0] - 50, lab[..., 1] - 3, (lab[..., 2] - 17) / 1.4
    return -2.1 + 0.06 * np.sqrt(light**2 + a**2 + b**2)


def _polar(lab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.hypot(lab[..., 1], lab[..., 2]), np.arctan2(lab[..., 2], lab[..., 1])


def colourfulness(pixels: np.ndarray) -> float:
    """Hasler & Süsstrunk (2003) on BGR 0–1: σ + 0.3·μ of the opponent axes, in their 8-bit unit."""
    blue, green, red = cv2.split(pixels)
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(255 * (spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean())))


def palette(lab: np.ndarray) -> np.ndarray:
    """Share of the pixels (n, 3) in each cell of the coarse CIELAB grid, shape (36,)."""
    light = np.searchsorted(_LIGHT_EDGES, lab[:, 0])
    a, b = (np.searchsorted(_TINT_EDGES, lab[:, i]) for i in (1, 2))
    counts = np.bincount((light * 3 + a) * 3 + b, minlength=int(np.prod(PALETTE_SHAPE)))
    return counts / len(lab)
