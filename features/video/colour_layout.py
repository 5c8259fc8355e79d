"""Where which colours lie in a picture, in twelve bytes: a Colour Layout descriptor as of MPEG-7.

The picture becomes 8 × 8 mean colours in YCbCr; of their cosine transforms the first coefficients
in zigzag order are kept, six of Y and three each of Cb and Cr (ISO/IEC 15938-3, 6.6). Twelve bytes
a frame tell frames of a film apart whatever their size and coding; a crop or a caption moves them.
Here every coefficient has eight bits, where the standard has five or six.
"""

from __future__ import annotations

import cv2
import numpy as np

SIZE = 12
_GRID = 8
_ZIGZAG = ((0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2))
"""(row, column) of the coefficients in their order."""
_KEPT = (6, 3, 3)
"""Coefficients of Y, Cb and Cr."""
_STEP = np.array([8, 4, 4, 4, 4, 4, 8, 4, 4, 8, 4, 4], dtype=np.float32)
"""Quantisation steps: mean colours over 0–255, the others over ±512."""
_OFFSET = np.array([0, 128, 128, 128, 128, 128, 0, 128, 128, 0, 128, 128], dtype=np.float32)
_WEIGHT = np.array([2, 2, 2, 1, 1, 1, 2, 1, 1, 4, 2, 2], dtype=np.float32)
"""Of squared differences, as in the MPEG-7 experimentation model."""
_PARTS = (slice(0, 6), slice(6, 9), slice(9, 12))
_ODD = [1, 4, 7, 10]
"""Places of the coefficients that change sign when left and right are exchanged."""


def colour_layout(picture: np.ndarray) -> np.ndarray:
    """The descriptor of a BGR uint8 picture of any size, uint8 (12,)."""
    small = cv2.resize(picture, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    planes = cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb).astype(np.float32)
    kept = []
    for channel, count in zip((0, 2, 1), _KEPT, strict=True):  # OpenCV has Cr before Cb
        spectrum = cv2.dct(np.ascontiguousarray(planes[..., channel]))
        kept += [spectrum[place] for place in _ZIGZAG[:count]]
    return np.clip(np.rint(np.array(kept) / _STEP + _OFFSET), 0, 255).astype(np.uint8)


def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far descriptors (…, 12) lie apart, float32 (…): 0 for equal ones.

    The sum over Y, Cb and Cr of √Σ w·(a − b)² (ISO/IEC 15938-8).
    """
    squares = _WEIGHT * (np.asarray(a, np.float32) - np.asarray(b, np.float32)) ** 2
    return np.asarray(sum(np.sqrt(squares[..., part].sum(axis=-1)) for part in _PARTS))


def mirrored(layout: np.ndarray) -> np.ndarray:
    """The descriptors (…, 12) of the pictures seen in a mirror, uint8, to a step of rounding."""
    turned = layout.copy()
    turned[..., _ODD] = np.minimum(256 - layout[..., _ODD].astype(np.int32), 255)
    return turned
