"""A placement made exact by the pictures themselves, to parts of a pixel.

Key points miss their places by parts of a pixel, and a moving or zooming picture hides a wrong
moment behind a placement that is as little wrong. Shift and scale of each axis are therefore moved
until the normalised blocks of both pictures differ least (Gauss–Newton; Lucas & Kanade 1981).
"""

from __future__ import annotations

import numpy as np

from features.video.alignment import Blocks, block_slopes, placed
from features.video.placement import Placement, squeezed

_STEPS, _ENOUGH = 4, 0.03
"""Steps at most, and pixels of a step after which there is no other."""
_FARTHEST = 4.0
"""Pixels of the compared picture by which a step moves at most: beyond, its slopes say nothing.
Heuristic."""


def fitted(
    own: Blocks,
    pictures: np.ndarray,
    placement: Placement,
    shot: tuple[int, int],
    seen: np.ndarray,
    size: tuple[int, int],
) -> Placement:
    """The placement near one under which source pictures (n, h, w) are most like a shot's.

    own : the shot's n pictures, of `shot` (h, w) pixels, as blocks of width and height `size`.
    seen : which blocks (64,) count. It is the one given where the best would squeeze the shot.
    """
    matrix = np.vstack([placement.matrix, [0, 0, 1]])
    weight = own.weight * seen
    for _ in range(_STEPS):
        unit, slopes = block_slopes(placed(pictures, matrix[:2], shot, size))
        pull = np.einsum("nbkp,nbp,nb->k", slopes, own.unit - unit, weight, optimize=True)
        stiff = np.einsum("nbkp,nblp,nb->kl", slopes, slopes, weight, optimize=True)
        stiff += np.eye(4) * (1e-3 * np.trace(stiff) / 4 + 1e-6)
        move = np.clip(np.linalg.solve(stiff, pull), -_FARTHEST, _FARTHEST)
        matrix = matrix @ _moved(move, shot, size)
        if np.abs(move).max() < _ENOUGH:
            break
    found = Placement(matrix[:2], placement.agreeing)
    return placement if squeezed(found) else found


def _moved(move: np.ndarray, shot: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """Shift and stretch (x, x, y, y; pixels of the compared picture, at its edge for the stretch)
    as a matrix from the shot's pixels to the shot's."""
    matrix = np.eye(3)
    for axis, (side, count) in enumerate(zip(shot[::-1], size, strict=True)):
        pixel, middle = side / count, (side - 1) / 2
        stretch = move[2 * axis + 1] / (count / 2)
        matrix[axis, axis] += stretch
        matrix[axis, 2] = pixel * move[2 * axis] - stretch * middle
    return matrix
