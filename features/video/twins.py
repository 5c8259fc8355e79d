"""Whether films have a picture in common, whatever they are called.

What is one picture is decided by the rule by which a library drops near-duplicates
(`features.video.gates`); pictures that are dark or show nothing do not count.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import cv2
import numpy as np

from features.video.gates import Gate, mark, perceptual_hash
from features.video.stills import Stills

_SIDE = 64
_NEAR_BITS = 8
"""Bits in which perceptual hashes differ at most for pictures to be compared at all."""


class Seen(NamedTuple):
    """Pictures all over a film that show something: small, BGR, and their perceptual hashes."""

    pictures: list[np.ndarray]
    hashes: np.ndarray


def look(path: str | os.PathLike[str]) -> Seen:
    """Raises `InputError` for a file that cannot be read."""
    with Stills(path) as stills:
        shown = [still.picture for still in stills.pictures() if not mark(still.picture)]
    return seen(shown)


def seen(pictures: list[np.ndarray]) -> Seen:
    """Pictures (BGR uint8) as they are compared."""
    small = [cv2.resize(p, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA) for p in pictures]
    return Seen(small, np.array([perceptual_hash(p) for p in small], np.uint64))


def one_picture(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether a library takes two pictures (BGR uint8) for one."""
    gate = Gate(1)
    gate.new(a)
    return not gate.new(b)


def share(a: Seen, b: Seen) -> bool:
    """Whether any picture of one film is one of the other's."""
    near = np.bitwise_count(a.hashes[:, None] ^ b.hashes[None]) <= _NEAR_BITS
    return any(one_picture(a.pictures[i], b.pictures[j]) for i, j in np.argwhere(near))
