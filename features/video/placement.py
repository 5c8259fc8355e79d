"""How a shot lies in the picture that it was taken from: mirrored or not, which part of it.

Key points of both (SIFT, Lowe 2004, as RootSIFT, Arandjelović & Zisserman 2012) are matched, and
scale and shift fitted to those that agree (RANSAC). Pictures are grey uint8, coordinates px.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

_POINTS = 250
"""Key points at most of a picture. Heuristic."""
_RATIO = 0.8
"""A match is no better than the second best by this factor: ambiguous (Lowe 2004)."""
_REACH = 4.0
"""Pixels by which a matched point may miss its place."""
_SCALES = (0.25, 3.0)
_LEAST_SCALE = 0.35
"""Pixels of the source for one of a shot at least, both 256 px along: an upright part of a wide
picture is at .56. Smaller ones are a word that looks like another one. Heuristic."""
_TURN = 0.05
"""Radians: edits are cut and scaled, not turned. Heuristic."""
_NEAR = 0.08
"""Share of the picture's side by which placements may differ and be near. Heuristic."""
_ROUNDED, _SQUEEZED = 0.016, 0.08
"""By how much sides differ that are of one shape, and by how much pictures are squeezed at most:
bars that are cut at a pixel of their edge change a shape by less. Heuristic."""
LEAST = 8
"""Points that agree, at least, for a placement. Heuristic."""


class Points(NamedTuple):
    """Key points of a picture: places float32 (n, 2), descriptors float32 (n, 128) of length 1."""

    places: np.ndarray
    descriptors: np.ndarray


class Placement(NamedTuple):
    """Where a shot's picture lies in the source's.

    matrix : float64 (2, 3), from the shot's pixels to the source's. agreeing : key points in
    agreement, 0 for a placement that was assumed.
    """

    matrix: np.ndarray
    agreeing: int


def key_points(picture: np.ndarray) -> Points:
    """The strongest key points of a grey picture; none in a flat one."""
    detector = cv2.SIFT.create(_POINTS, contrastThreshold=0.02)
    found, raw = detector.detectAndCompute(picture, None)
    if raw is None or not len(found):
        return Points(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    root = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-6))
    return Points(np.array([p.pt for p in found], np.float32), root.astype(np.float32))


def matches(shot: Points, source: Points) -> tuple[np.ndarray, np.ndarray]:
    """Places (m, 2) in shot and source of the points that match unambiguously."""
    none = np.zeros((0, 2), np.float32)
    if len(shot.places) < 2 or len(source.places) < 2:
        return none, none
    likeness = shot.descriptors @ source.descriptors.T
    best = likeness.argmax(axis=1)
    top = np.partition(likeness, -2, axis=1)[:, -2:]
    far = np.sqrt(np.maximum(2 - 2 * top, 0))
    good = far[:, 1] < _RATIO * far[:, 0]
    return shot.places[good], source.places[best[good]]


def place(shot: np.ndarray, source: np.ndarray, least: int = LEAST) -> Placement | None:
    """Scale and shift on which most matched places agree; None if fewer than `least` do."""
    if len(shot) < least:
        return None
    cv2.setRNGSeed(1)
    similar, agree = cv2.estimateAffinePartial2D(
        shot, source, method=cv2.RANSAC, ransacReprojThreshold=_REACH, maxIters=500
    )
    if similar is None:
        return None
    scale, turn = np.hypot(*similar[:, 0]), np.arctan2(similar[1, 0], similar[0, 0])
    kept = agree.ravel().astype(bool)
    if not _SCALES[0] <= scale <= _SCALES[1] or abs(turn) > _TURN or kept.sum() < least:
        return None
    return Placement(_straight(shot[kept], source[kept], float(scale)), int(kept.sum()))


def _straight(shot: np.ndarray, source: np.ndarray, scale: float) -> np.ndarray:
    """Scale and shift by least squares, each axis by itself where its points are spread enough."""
    matrix = np.zeros((2, 3))
    for axis in (0, 1):
        x, y = shot[:, axis].astype(np.float64), source[:, axis].astype(np.float64)
        spread = x - x.mean()
        own = float(spread @ (y - y.mean()) / max(spread @ spread, 1e-9))
        slope = own if x.std() > 15 and abs(own / scale - 1) < _SQUEEZED else scale
        matrix[axis, axis] = slope
        matrix[axis, 2] = y.mean() - slope * x.mean()
    return matrix


def whole(shot: tuple[int, int], source: tuple[int, int]) -> Placement:
    """The shot's (h, w) shows all of the source's (h, w)."""
    sy, sx = source[0] / shot[0], source[1] / shot[1]
    return Placement(np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2]]), 0)


def filling(shot: tuple[int, int], source: tuple[int, int]) -> Placement:
    """The shot's (h, w) shows the middle of the source's (h, w), as wide or as high as that is."""
    return _middle(shot, source, min(source[0] / shot[0], source[1] / shot[1]))


def fitting(shot: tuple[int, int], source: tuple[int, int]) -> Placement:
    """The shot's (h, w) shows all of the source's (h, w), between bars that it kept."""
    return _middle(shot, source, max(source[0] / shot[0], source[1] / shot[1]))


def squeezed(placement: Placement) -> bool:
    """Whether a shot would be squeezed, or enlarged, more than shots of edits are."""
    x, y = placement.matrix[0, 0], placement.matrix[1, 1]
    return bool(min(x, y) < _LEAST_SCALE or abs(y / x - 1) > _SQUEEZED)


def usual(shot: tuple[int, int], source: tuple[int, int]) -> list[Placement]:
    """How a shot (h, w) that is not cropped may lie in its source (h, w): pictures of another shape
    are cut or put between bars, not squeezed."""
    entire = whole(shot, source)
    if abs(entire.matrix[1, 1] / entire.matrix[0, 0] - 1) < _ROUNDED:
        return [entire]
    if not squeezed(entire):
        return [entire, filling(shot, source)]
    return [filling(shot, source), fitting(shot, source)]


def _middle(shot: tuple[int, int], source: tuple[int, int], scale: float) -> Placement:
    y, x = ((there - 1 - scale * (here - 1)) / 2 for here, there in zip(shot, source, strict=True))
    return Placement(np.array([[scale, 0, x], [0, scale, y]]), 0)


def near_to(a: Placement, b: Placement, shot: tuple[int, int]) -> bool:
    """Whether the corners of a shot (h, w) lie nearly at the same places under both."""
    corners = np.array([[0, 0, 1], [shot[1], shot[0], 1]]).T
    apart = np.abs(a.matrix @ corners - b.matrix @ corners).max()
    return bool(apart < _NEAR * max(shot))
