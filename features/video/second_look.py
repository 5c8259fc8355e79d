"""Whether two pictures show the same thing, part by part: what a vector of the whole cannot tell.

Key points that match say how one picture lies in the other (`features.video.placement`), or where
there are too few, in plain pictures, it is slid over it (`features.video.sliding`). Laid over each
other, small blocks are compared as the structural similarity compares them (Wang et al. 2004),
after both have the same contrast: light does not count, writing where the other has none does. Of
neighbouring frames of one shot it is the same one that agrees best.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from features.video.placement import Placement, Points, key_points, matches, place
from features.video.sliding import slid

SIDE = 192
"""Longest side of the pictures that are compared, px."""
_BLOCK = 8
_NOISE = 240.0
"""Sum of squares of a block (64 px) that counts as noise: two grey levels. Of 60, 240 and 1,000
about the best on 280 copies of learned frames."""
_LIGHT = 10.0
"""Pixels (σ) over which light is evened out before pictures are slid: of a wall in soft light the
light would say where it lies, and the writing on it would not. 4 did as well."""
_LEAST_POINTS = 6
"""Key points that have to agree (heuristic). More are asked for where a film is named."""
_LEAST_COVERED = 0.3
"""Share of the picture that the other has to cover (heuristic)."""
_BEYOND = 4.0
"""Pixels by which a block may lie outside of what covers it (`features.video.placement` misses its
place by as much)."""
_GAINS = (0.5, 2.0)
"""Limits of the contrast of the one to that of the other (heuristic)."""


class Seen(NamedTuple):
    """A picture as it is compared: grey uint8, and its key points."""

    grey: np.ndarray
    points: Points


class Agreement(NamedTuple):
    """points : key points that agree on one placement, 0 for none. blocks : mean likeness of the
    blocks of the one in the other, −1 to 1; one that the other does not show counts 0. (The median
    does not see a figure that moved before a still background.)"""

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
    """How far a picture agrees with one that it may be a part or a copy of, by key points."""
    placement = place(*matches(asked.points, held.points), _LEAST_POINTS)
    return NONE if placement is None else _laid_over(asked.grey, held.grey, placement)


def slid_agreement(asked: Seen, held: Seen) -> Agreement:
    """The same where key points say nothing: slid over it at many sizes. Takes 15 ms."""
    _, placement = slid(_evened(asked.grey), _evened(held.grey))
    return _laid_over(asked.grey, held.grey, placement)


def _evened(grey: np.ndarray) -> np.ndarray:
    picture = grey.astype(np.float32)
    return picture - cv2.GaussianBlur(picture, None, _LIGHT)


def _laid_over(asked: np.ndarray, held: np.ndarray, placement: Placement) -> Agreement:
    h, w = (side - side % _BLOCK for side in asked.shape)
    covered = _covered((h, w), held.shape, placement.matrix)
    if not covered.size or covered.mean() < _LEAST_COVERED:
        return NONE
    laid = cv2.warpAffine(
        held.astype(np.float32),
        placement.matrix,
        (w, h),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    ours, theirs = (_blocks(p)[covered] for p in (asked[:h, :w].astype(np.float32), laid))
    x, y = (part - part.mean(axis=1, keepdims=True) for part in (ours, theirs))
    xx, yy, xy = (x * x).sum(axis=1), (y * y).sum(axis=1), (x * y).sum(axis=1)
    gain = np.clip(np.sqrt((yy.sum() + 1) / (xx.sum() + 1)), *_GAINS)
    alike = (2 * gain * xy + _NOISE) / (gain**2 * xx + yy + _NOISE)
    return Agreement(placement.agreeing, float(alike.sum() / covered.size))


def _covered(asked: tuple[int, int], held: tuple[int, ...], matrix: np.ndarray) -> np.ndarray:
    """Which blocks of a picture's (h, w) lie in another's, bool (blocks,)."""
    inside = []
    for axis, size, limit in ((1, asked[0], held[0]), (0, asked[1], held[1])):
        middles = np.arange(_BLOCK / 2, size, _BLOCK) * matrix[axis, axis] + matrix[axis, 2]
        inside.append((middles > -_BEYOND) & (middles < limit + _BEYOND))
    return np.outer(*inside).ravel()


def _blocks(picture: np.ndarray) -> np.ndarray:
    """A grey picture as blocks, (blocks, 64)."""
    h, w = picture.shape
    parts = picture.reshape(h // _BLOCK, _BLOCK, w // _BLOCK, _BLOCK).transpose(0, 2, 1, 3)
    return np.asarray(parts.reshape(-1, _BLOCK * _BLOCK))
