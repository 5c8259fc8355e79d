"""Colour: CIELAB statistics, and how warm, heavy and active colours feel.

CIELAB is D65 with L* 0–100. The scales of Ou, Luo, Woodcock & Wright (2004, Color Research and
Application 29, 232–240, and part III 381–389) are taken per pixel and then averaged; their angles
are degrees.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np

from data.compiled import njit
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


_WARM, _HEAVY = math.radians(50), math.radians(100)
"""Hues that feel warmest and heaviest."""


def measure(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row of `NAMES`, palette (36,)) of BGR uint8 `image`, always of about one size (160 px).

    Every second pixel of every second row is enough: each already stands for a patch of the frame.
    """
    pixels = image[::2, ::2].astype(np.float32) / 255.0
    lab = cv2.cvtColor(pixels, cv2.COLOR_BGR2Lab).reshape(-1, 3)
    row = np.zeros(len(NAMES))
    cells = np.zeros(int(np.prod(PALETTE_SHAPE)))
    _add_up(pixels.reshape(-1, 3), lab, row, cells)
    row[-2:] = _own_colour(lab, row[0], row[2], row[3])
    return row, cells


@njit
def heat(lab: np.ndarray) -> float:
    """Cool (−) to warm (+) of a CIELAB colour (3,): −0.5 + 0.02·C*^1.07·cos(h − 50°)."""
    chroma = math.hypot(lab[1], lab[2])
    return -0.5 + 0.02 * chroma**1.07 * _cos_from(lab, chroma, _WARM)


@njit
def weight(lab: np.ndarray) -> float:
    """Light (−) to heavy (+): −1.8 + 0.04·(100 − L*) + 0.45·cos(h − 100°)."""
    chroma = math.hypot(lab[1], lab[2])
    return -1.8 + 0.04 * (100 - lab[0]) + 0.45 * _cos_from(lab, chroma, _HEAVY)


@njit
def activity(lab: np.ndarray) -> float:
    """Passive (−) to active (+): −2.1 + 0.06·√((L*−50)² + (a*−3)² + ((b*−17)/1.4)²)."""
    light, a, b = lab[0] - 50, lab[1] - 3, (lab[2] - 17) / 1.4
    return -2.1 + 0.06 * math.sqrt(light**2 + a**2 + b**2)


@njit
def _cos_from(lab: np.ndarray, chroma: float, angle: float) -> float:
    """Cosine of what lies between the hue and `angle`; 0 for greys, which have no hue."""
    return (lab[1] * math.cos(angle) + lab[2] * math.sin(angle)) / max(chroma, 1e-6)


@njit
def _add_up(pixels: np.ndarray, lab: np.ndarray, row: np.ndarray, cells: np.ndarray) -> None:
    """Write `NAMES` but the last two into `row`, and the share of the pixels in each cell of the
    palette into `cells`. pixels : BGR of 0–1 (n, 3), lab : their CIELAB (n, 3).

    Colourfulness is Hasler & Süsstrunk's (2003) σ + 0.3·μ of the opponent axes, in their 8-bit
    unit.
    """
    n = len(lab)
    squares, opponents = np.zeros(2), np.zeros(4)
    for i in range(n):
        blue, green, red = pixels[i]
        light, a, b = np.float64(lab[i, 0]), lab[i, 1], lab[i, 2]
        high, low = np.float64(max(blue, green, red)), min(blue, green, red)
        row[0] += light
        row[1] += math.hypot(a, b)
        row[2] += a
        row[3] += b
        row[4] += (high - low) / max(high, 1 / 255)
        row[5] += high
        squares[0] += light * light
        squares[1] += high * high
        rg, yb = np.float64(red - green), 0.5 * (red + green) - blue
        opponents[0] += rg
        opponents[1] += yb
        opponents[2] += rg * rg
        opponents[3] += yb * yb
        row[9] += heat(lab[i])
        row[10] += weight(lab[i])
        row[11] += activity(lab[i])
        quarter = min(max(int(light / 25), 0), 3)
        third_a, third_b = int(a > -8) + int(a > 8), int(b > -8) + int(b > 8)
        cells[(quarter * 3 + third_a) * 3 + third_b] += 1
    row /= n
    cells /= n
    squares /= n
    opponents /= n
    row[6] = math.sqrt(max(squares[0] - row[0] ** 2, 0.0))
    row[7] = row[5] * math.sqrt(max(squares[1] - row[5] ** 2, 0.0))
    spread = max(opponents[2] - opponents[0] ** 2, 0.0) + max(opponents[3] - opponents[1] ** 2, 0.0)
    row[8] = 255 * (math.sqrt(spread) + 0.3 * math.hypot(opponents[0], opponents[1]))


@njit
def _own_colour(lab: np.ndarray, light: float, a: float, b: float) -> tuple[float, float]:
    """The colours of the things in a picture: their spread, and in how many hues.

    lab : the picture (n, 3), of means `light`, `a` and `b`.

    A tint over all of it, coloured light and toned film move a* and b* by a constant or in
    proportion to L*; what a straight line over L* leaves is the things' own. Black-and-white film
    has none, whatever it is toned with. Hues are those of 36 that hold at least .05 of what the
    fullest one holds (Ke, Tang & Jing 2006), among pixels two just noticed differences from grey.
    """
    power, along_a, along_b = 1e-6, 0.0, 0.0
    for i in range(len(lab)):
        off = lab[i, 0] - light
        power += off * off
        along_a += off * (lab[i, 1] - a)
        along_b += off * (lab[i, 2] - b)
    along_a, along_b = along_a / power, along_b / power
    total, counts = 0.0, np.zeros(36)
    for i in range(len(lab)):
        off = lab[i, 0] - light
        own_a, own_b = lab[i, 1] - a - off * along_a, lab[i, 2] - b - off * along_b
        square = own_a * own_a + own_b * own_b
        total += square
        if square > (2 * SEEN) ** 2:
            counts[int((math.atan2(own_b, own_a) / math.pi + 1) * 18) % 36] += 1
    hues = float((counts > 0.05 * counts.max()).sum())
    return math.sqrt(total / len(lab)), hues
