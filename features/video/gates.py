"""Which frames are worth keeping: none twice, and those that show nothing marked as such.

A frame is a near-duplicate if its perceptual hash is close to that of a frame kept shortly before
and its structural similarity to that one is high: the hash is cheap and lets a little through, the
similarity decides.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

DARK, BLANK = 1, 2
"""Bits of a mark."""
_DARK_LEVEL = 24
"""Mean luma (0–255) below which a frame is dark (heuristic)."""
_BLANK_SPREAD = 6.0
"""Standard deviation of luma below which a frame shows nothing (heuristic)."""
_SIDE = 64
_NEAR_BITS = 10
"""Bits of 64 in which hashes of near-duplicates differ at most, as finders of duplicates have it
(imagededup's `max_distance_threshold`). A recoded picture differs in 0 to 4, others in about 32."""
_SAME = 0.85
"""Structural similarity from which two frames are one. Heuristic: of pairs of neighbours below it
a person tells which is which at a glance, of those above one has to search."""
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""Constants of the structural similarity (Wang et al. 2004)."""


def mark(picture: np.ndarray) -> int:
    """`DARK`, `BLANK`, both or 0 of a BGR uint8 picture."""
    luma = _luma(picture)
    return DARK * (luma.mean() < _DARK_LEVEL) + BLANK * (luma.std() < _BLANK_SPREAD)


def perceptual_hash(picture: np.ndarray) -> int:
    """64 bits of a BGR uint8 picture: which of the 8 × 8 lowest cosine coefficients of its luma
    (32 × 32) lie above their median."""
    small = cv2.resize(_luma(picture), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:8, :8]
    bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Mean structural similarity of two grey uint8 pictures of one size, −1 to 1 (Wang et al. 2004,
    Gaussian window of σ = 1.5)."""
    x, y = a.astype(np.float32), b.astype(np.float32)
    mx, my = _blurred(x), _blurred(y)
    vx, vy = _blurred(x * x) - mx * mx, _blurred(y * y) - my * my
    both = _blurred(x * y) - mx * my
    top = (2 * mx * my + _C1) * (2 * both + _C2)
    return float((top / ((mx * mx + my * my + _C1) * (vx + vy + _C2))).mean())


class Face(NamedTuple):
    """What tells near-duplicates: the hash, and grey uint8 (64, 64)."""

    bits: int
    grey: np.ndarray


def face(picture: np.ndarray) -> Face:
    """Of a BGR uint8 picture."""
    small = cv2.resize(_luma(picture), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return Face(perceptual_hash(picture), small)


def near_duplicates(a: Face, b: Face) -> bool:
    """Whether two pictures are one, for a person who looks at one after the other."""
    near = (a.bits ^ b.bits).bit_count() <= _NEAR_BITS
    return near and similarity(a.grey, b.grey) >= _SAME


class Gate:
    """Lets a frame pass unless one of the last `window` that passed is its near-duplicate."""

    def __init__(self, window: int = 8) -> None:
        self._kept: deque[Face] = deque(maxlen=window)

    def new(self, picture: np.ndarray) -> bool:
        """Whether a BGR uint8 picture is new; if so, it is remembered."""
        seen = face(picture)
        if any(near_duplicates(seen, kept) for kept in reversed(self._kept)):
            return False
        self._kept.append(seen)
        return True


def _luma(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def _blurred(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (11, 11), 1.5)
