"""Tracks that lie inside a line drawn around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

UNIT = 65535
"""Sides of the square that a map is shown in."""


def to_square(places: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Places (N, 2) in the square 0–`UNIT`, undistorted and in its middle.

    like : the places that fill the square; these by default.
    """
    whole = places if like is None else like
    low, high = whole.min(axis=0), whole.max(axis=0)
    side = max(float((high - low).max()), 1e-9)
    return np.clip((places - (low + high) / 2) / side + 0.5, 0, 1) * UNIT


def inside(points: np.ndarray, line: Sequence[Sequence[float]]) -> np.ndarray:
    """Which points (N, 2) a closed line goes around, bool (N,): the even–odd rule."""
    found = np.zeros(len(points), bool)
    x, y = points.T
    corners = np.asarray(line, dtype=float).reshape(-1, 2)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (y1 > y) != (y2 > y)
        if y1 != y2:
            found ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return found
