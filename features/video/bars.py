"""Letterbox and pillarbox bars: found from pictures of the whole clip, robust to dark scenes.

A row or column belongs to a bar only if it is black in every picture looked at; so a dark scene
cannot hide a part of the picture that another scene lights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

BLACK = 28
"""Highest 8-bit level of a bar, compression noise and soft edges included. Heuristic."""
LEAST_LEFT = 0.25
"""A picture that would lose more than this share of either side is dark, not barred. Heuristic."""


_EDGE, _LIT, _SEAM = 4, 0.75, 0.5
"""Pixels of a soft edge at most, and the share of the level behind it from which on a row or column
is the picture's own, beside a bar and on a side that has none. Heuristic."""
_DARK = 8.0
"""Mean level under which nothing can be said of an edge. Heuristic."""


class Box(NamedTuple):
    """The picture inside its bars, as shares of width and height."""

    left: float
    top: float
    right: float
    bottom: float

    def cut(self, image: np.ndarray) -> np.ndarray:
        """The part of `image` (h, w, …) inside the box, one pixel of soft edge left out."""
        h, w = image.shape[:2]
        x0, x1 = round(self.left * w) + (self.left > 0), round(self.right * w) - (self.right < 1)
        y0, y1 = round(self.top * h) + (self.top > 0), round(self.bottom * h) - (self.bottom < 1)
        return image[y0:y1, x0:x1]


def find_bars(pictures: Iterable[np.ndarray], least_left: float = LEAST_LEFT) -> Box | None:
    """The box that holds everything ever lit in BGR uint8 `pictures` of one size; None for no bars.

    A row counts as lit if more than 2 % of it is brighter than `BLACK` in some picture: a logo or a
    subtitle in the bar keeps the bar. Bars come in pairs of one width (a picture that is dark on
    one side only has none). Bars under 2 % of the side are left alone, and so is a clip that is
    dark everywhere or lit on less than a share `least_left` of either side.
    """
    rows = columns = None
    for picture in pictures:
        lit = picture.max(axis=2) > BLACK
        r, c = lit.mean(axis=1), lit.mean(axis=0)
        rows = r if rows is None else np.maximum(rows, r)
        columns = c if columns is None else np.maximum(columns, c)
    if rows is None or columns is None:
        return None
    (top, bottom), (left, right) = _extent(rows), _extent(columns)
    if bottom - top < least_left or right - left < least_left:
        return None
    box = Box(left, top, right, bottom)
    return None if box == (0, 0, 1, 1) else box


def _extent(share: np.ndarray) -> tuple[float, float]:
    lit = np.flatnonzero(share > 0.02)
    if not len(lit):
        return 0.0, 0.0
    margin = min(lit[0], len(share) - 1 - lit[-1]) / len(share)
    return (margin, 1 - margin) if margin >= 0.02 else (0.0, 1.0)


def tightened(box: Box, pictures: Sequence[np.ndarray]) -> Box:
    """A box of `pictures` (of one size) without the rows and columns in which bar and picture mix:
    those clearly darker than what lies behind them, on a side without a bar those of less than half
    its level, as a bar that was cut off before leaves them. A seam is the strongest edge in many a
    picture."""
    mean = np.mean(pictures, axis=(0, 3))
    h, w = mean.shape
    x0, y0, x1, y1 = (round(edge * side) for edge, side in zip(box, (w, h, w, h), strict=True))
    rows, columns = mean[y0:y1, x0:x1].mean(axis=1), mean[y0:y1, x0:x1].mean(axis=0)
    left = x0 + _mixed(columns, box.left > 0)
    right = x1 - _mixed(columns[::-1], box.right < 1)
    top = y0 + _mixed(rows, box.top > 0)
    bottom = y1 - _mixed(rows[::-1], box.bottom < 1)
    return Box(left / w, top / h, right / w, bottom / h)


def _mixed(levels: np.ndarray, barred: bool) -> int:
    """How many of the first levels are not yet the picture's."""
    if len(levels) <= _EDGE or levels[_EDGE] < _DARK:
        return 0
    lit = levels[: _EDGE + 1] >= (_LIT if barred else _SEAM) * levels[_EDGE]
    return int(np.argmax(lit))
