"""Whether two pictures show the same thing, part by part: what a vector of the whole cannot tell.

Key points that match say how one picture lies in the other (`features.video.placement`); laid over
each other, small blocks are compared by normalised correlation, which light and colours do not
change. Of neighbouring frames of one shot it is the same one that agrees best.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from features.video.placement import Points, key_points, matches, place

SIDE = 192
"""Longest side of the pictures that are compared, px."""
_BLOCK = 8
_NOISE = 60.0
"""Sum of squares of a block (64 px) that counts as noise (heuristic: one grey level)."""
_LEAST_POINTS = 6
"""Key points that have to agree (heuristic). More are asked for where a film is named."""
_LEAST_COVERED = 0.3
"""Share of the picture that the other has to cover (heuristic)."""


class Seen(NamedTuple):
    """A picture as it is compared: grey uint8, and its key points."""

    grey: np.ndarray
    points: Points


class Agreement(NamedTuple):
    """points : key points that agree on one placement, 0 for none. blocks : mean correlation of
    the blocks of the one in the other, −1 to 1; 0 for none. (The median does not see a figure that
    moved before a still background.)"""

    points: int
    blocks: float


NONE = Agreement(0, 0.0)


def see(picture: np.ndarray) -> Seen:
    """A BGR or grey uint8 picture made ready."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    scale = SIDE / max(grey.shape)
    if scale != 1:
        size = (max(round(grey.shape[1] * scale), 1), max(round(grey.shape[0] * scale), 1))
        grey = cv2.resize(
            grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
    return Seen(grey, key_points(grey))


def agreement(asked: Seen, held: Seen) -> Agreement:
    """How far a picture agrees with one that it may be a part or a copy of."""
    at_asked, at_held = matches(asked.points, held.points)
    placement = place(at_asked, at_held, _LEAST_POINTS)
    if placement is None:
        return NONE
    h, w = (side - side % _BLOCK for side in asked.grey.shape)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # the border is told from the picture by a value that no picture has
    laid = cv2.warpAffine(
        held.grey.astype(np.float32), placement.matrix, (w, h), flags=flags, borderValue=-1e4
    )
    theirs, ours = _blocks(laid), _blocks(asked.grey[:h, :w].astype(np.float32))
    covered = theirs.min(axis=1) >= 0
    if covered.mean() < _LEAST_COVERED:
        return NONE
    x, y = (part - part.mean(axis=1, keepdims=True) for part in (ours[covered], theirs[covered]))
    both = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    correlation = ((x * y).sum(axis=1) + _NOISE) / (both + _NOISE)
    return Agreement(placement.agreeing, float(correlation.mean()))


def _blocks(picture: np.ndarray) -> np.ndarray:
    """A grey picture as blocks, (blocks, 64)."""
    h, w = picture.shape
    parts = picture.reshape(h // _BLOCK, _BLOCK, w // _BLOCK, _BLOCK).transpose(0, 2, 1, 3)
    return np.asarray(parts.reshape(-1, _BLOCK * _BLOCK))
