"""Colour: CIELAB statistics, and how warm, heavy and active colours feel.

CIELAB is D65 with L* 0–100. The scales of Ou, Luo, Woodcock & Wright (2004, Color Research and
Application 29, 232–240, and part III 381–389) are taken per pixel and then averaged; their angles
are degrees.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from features.video.frames import Frame
from features.video.signals.contract import Signal, hold, per_token

NAMES = (
    "lightness",  # mean CIELAB L*, 0–100
    "chroma",  # mean C*
    "green_red",  # mean a*
    "blue_yellow",  # mean b*
    "saturation",  # mean HSV saturation, 0–1
    "brightness",  # mean HSV value, 0–1
    "contrast",  # standard deviation of L*
    "lighting_key",  # mean × standard deviation of HSV value (Rasheed, Sheikh & Shah 2005)
    "colourfulness",  # Hasler & Süsstrunk 2003
    "heat",  # Ou et al. 2004, mean over pixels
    "weight",
    "activity",
    "own_colour",  # spread of a* and b* that neither a tint nor the light explains
    "hues",  # how many hues that spread has, 0–36
)

SEEN = 2.3
"""Difference in CIELAB that is just noticed (Mahy, Van Eycken & Oosterlinck 1994)."""

PALETTE_SHAPE = (4, 3, 3)
"""Cells of L* (quarters), a* and b* (below −8, between, above 8: within 8 a tint is hardly seen).
Heuristic."""


class ColourSignal(Signal):
    """Ten pictures per second of media time."""

    name = "colour"
    columns = NAMES
    rate = 10.0

    def update(self, frame: Frame) -> np.ndarray:
        """`NAMES`, then the palette's 36 cells."""
        return np.concatenate(measure(frame.small))

    def finish(self) -> np.ndarray:
        looked = hold(per_token(self.rows.times, self.rows.values, self.seen.tokens))
        self._palette = looked[:, len(NAMES) :].astype(np.float32)
        return looked[:, : len(NAMES)]

    def fields(self) -> dict[str, Any]:
        """`palette`: share of the picture in each cell, float32 (T, 36)."""
        return {"palette": self._palette}


def measure(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row of `NAMES`, palette (36,)) of BGR uint8 `image`, always of about one size (160 px).

    Every second pixel of every second row is enough: each already stands for a patch of the frame.
    """
    pixels = image[::2, ::2].astype(np.float32) / 255.0
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2Lab).reshape(-1, 3)
    blue, green, red = cv2.split(pixels)
    value, low = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    (brightness, value_sd), (lightness, contrast) = (
        _mean_and_sd(value),
        _mean_and_sd(lab[:, 0]),
    )
    row = np.array(
        [
            lightness,
            np.hypot(lab[:, 1], lab[:, 2]).mean(),
            lab[:, 1].mean(),
            lab[:, 2].mean(),
            ((value - low) / np.maximum(value, 1 / 255)).mean(),
            brightness,
            contrast,
            brightness * value_sd,
            colourfulness(red, green, blue),
            heat(lab).mean(),
            weight(lab).mean(),
            activity(lab).mean(),
            *own_colour(lab),
        ]
    )
    return row, palette(lab)


def heat(lab: np.ndarray) -> np.ndarray:
    """Cool (−) to warm (+) of CIELAB colours (…, 3): −0.5 + 0.02·C*^1.07·cos(h − 50°)."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return -0.5 + 0.02 * chroma**1.07 * _cos_from(lab, chroma, 50)


def weight(lab: np.ndarray) -> np.ndarray:
    """Light (−) to heavy (+): −1.8 + 0.04·(100 − L*) + 0.45·cos(h − 100°)."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return -1.8 + 0.04 * (100 - lab[..., 0]) + 0.45 * _cos_from(lab, chroma, 100)


def activity(lab: np.ndarray) -> np.ndarray:
    """Passive (−) to active (+): −2.1 + 0.06·√((L*−50)² + (a*−3)² + ((b*−17)/1.4)²)."""
    light, a, b = lab[..., 0] - 50, lab[..., 1] - 3, (lab[..., 2] - 17) / 1.4
    return -2.1 + 0.06 * np.sqrt(light**2 + a**2 + b**2)


def _cos_from(lab: np.ndarray, chroma: np.ndarray, degrees: float) -> np.ndarray:
    """Cosine of the angle between the hue and `degrees`; 0 for greys, which have no hue."""
    x, y = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return (lab[..., 1] * x + lab[..., 2] * y) / np.maximum(chroma, 1e-6)


def own_colour(lab: np.ndarray) -> tuple[float, float]:
    """The colours of the things in a picture: their spread, and in how many hues.

    A tint over all of it, coloured light and toned film move a* and b* by a constant or in
    proportion to L*; what a straight line over L* leaves is the things' own. Black-and-white film
    has none, whatever it is toned with. Hues are those of 36 that hold at least .05 of what the
    fullest one holds (Ke, Tang & Jing 2006), among pixels two just noticed differences from grey.
    """
    off = lab - lab.mean(axis=0)
    light = off[:, 0]
    slope = light @ off[:, 1:] / max(float(light @ light), 1e-6)
    own = off[:, 1:] - light[:, None] * slope
    squares = np.square(own).sum(axis=1)
    coloured = own[squares > (2 * SEEN) ** 2]
    bins = ((np.arctan2(coloured[:, 1], coloured[:, 0]) / np.pi + 1) * 18).astype(int) % 36
    counts = np.bincount(bins, minlength=36)
    hues = int((counts > 0.05 * counts.max()).sum()) if len(coloured) else 0
    return float(np.sqrt(squares.mean())), float(hues)


def colourfulness(red: np.ndarray, green: np.ndarray, blue: np.ndarray) -> float:
    """Hasler & Süsstrunk (2003) on planes of 0–1: σ + 0.3·μ of the opponent axes, in their 8-bit
    unit."""
    (rg, rg_sd), (yb, yb_sd) = (
        _mean_and_sd(red - green),
        _mean_and_sd(0.5 * (red + green) - blue),
    )
    return 255 * (np.hypot(rg_sd, yb_sd) + 0.3 * np.hypot(rg, yb))


def _mean_and_sd(plane: np.ndarray) -> tuple[float, float]:
    mean, sd = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(sd[0, 0])


def palette(lab: np.ndarray) -> np.ndarray:
    """Share of the pixels (n, 3) in each cell of the coarse CIELAB grid, shape (36,)."""
    light = (lab[:, 0] / 25).astype(np.intp).clip(0, 3)
    a, b = ((lab[:, i] > -8).astype(np.intp) + (lab[:, i] > 8) for i in (1, 2))
    counts = np.bincount((light * 3 + a) * 3 + b, minlength=int(np.prod(PALETTE_SHAPE)))
    return counts / len(lab)
