"""How a picture without key points lies in another one: slid over it at many sizes.

Screens, graphics and skies have too few key points that are unlike each other. Normalised
correlation of the whole picture finds their place, to about a pixel in a hundred.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from features.video.placement import Placement

_SMALL = 128
"""Longer side of the source's picture in the first pass, px."""
_STEP, _FINE = 0.96, 0.99
"""Factor from one size to the next in the first pass and the second."""
_SIZES, _BESIDE = 18, 4
"""Sizes tried in the first pass, down to half of the largest, and on either side in the second."""


def slid(shot: np.ndarray, source: np.ndarray) -> tuple[float, Placement]:
    """The best correlation, −1–1, of a grey picture with a part of another, and where that lies."""
    largest = _largest(shot, source)
    _, scale = slid_roughly(shot, source)
    near = scale * _FINE ** np.arange(-_BESIDE, _BESIDE + 1)
    alike, scale, (x, y) = _best(shot, source, 1.0, np.unique(np.minimum(near, largest)))
    matrix = [[scale, 0, x + (scale - 1) / 2], [0, scale, y + (scale - 1) / 2]]
    return alike, Placement(np.array(matrix), 0)


def slid_roughly(shot: np.ndarray, source: np.ndarray) -> tuple[float, float]:
    """The first pass of `slid`: correlation, and source pixels per pixel of the shot."""
    share = min(_SMALL / max(source.shape), 1.0)
    small = cv2.resize(source, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    alike, scale, _ = _best(shot, small, share, _largest(shot, source) * _STEP ** np.arange(_SIZES))
    return alike, scale


def _largest(shot: np.ndarray, source: np.ndarray) -> float:
    return min(source.shape[0] / shot.shape[0], source.shape[1] / shot.shape[1])


def _best(
    shot: np.ndarray, source: np.ndarray, share: float, scales: Iterable[float]
) -> tuple[float, float, tuple[float, float]]:
    """Correlation, source pixels per pixel of the shot, and the upper left corner, at a share of
    the source's size."""
    best = -2.0, 1.0, (0.0, 0.0)
    for scale in scales:
        height, width = (max(round(scale * share * side), 4) for side in shot.shape)
        size = min(width, source.shape[1]), min(height, source.shape[0])
        part = cv2.resize(shot, size, interpolation=cv2.INTER_AREA)
        table = cv2.matchTemplate(source, part, cv2.TM_CCOEFF_NORMED)
        _, alike, _, (x, y) = cv2.minMaxLoc(table)
        if np.isfinite(alike) and alike > best[0]:
            best = float(alike), float(scale), (x / share, y / share)
    return best
