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
_NEAR_BITS = 8
"""Bits of 64 in which hashes of near-duplicates differ at most. Heuristic: a recoded picture
differs in 0 to 4, another one in about 32."""
_SAME = 0.92
"""Structural similarity from which two frames are one (heuristic)."""
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


class _Kept(NamedTuple):
    bits: int
    grey: np.ndarray


class Gate:
    """Lets a frame pass unless one of the last `window` that passed is its near-duplicate."""

    def __init__(self, window: int = 8) -> None:
        self._kept: deque[_Kept] = deque(maxlen=window)

    def new(self, picture: np.ndarray) -> bool:
        """Whether a BGR uint8 picture is new; if so, it is remembered."""
        bits = perceptual_hash(picture)
        grey = cv2.resize(_luma(picture), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        for kept in reversed(self._kept):
            if (bits ^ kept.bits).bit_count() <= _NEAR_BITS and similarity(
                grey, kept.grey
            ) >= _SAME:
                return False
        self._kept.append(_Kept(bits, grey))
        return True


def _luma(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def _blurred(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (11, 11), 1.5)
