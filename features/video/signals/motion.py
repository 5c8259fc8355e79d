"""Motion: dense optical flow, split into what the camera does and what moves in front of it.

Flow is measured between frames a fixed media time apart, so that the frame rate does not matter,
and given in picture diagonals per second, so that the size does not matter. The camera is the affine
field that explains the flow best; the residual is the flow minus that field.
"""

from __future__ import annotations

import cv2
import numpy as np

from features.video.timeline import MOTION_COLUMNS

RATE = 10.0
"""Flow fields per second of media time."""
LONGEST_GAP = 0.5
"""Frames further apart than this (seconds) show two stills, not a motion. Ours."""
SIDE = 224
"""Longest side of the pictures that flow is computed on, px."""
_STRIDE = 4
_FIT_EVERY = 5  # vectors; coprime to the usual row lengths, so that all columns are met
NAMES = MOTION_COLUMNS[:-1]


class MotionSignal:
    """Flow between successive pictures by DIS (Kroeger et al. 2016, ultrafast preset).

    residual : the latest residual speed, float32 (h, w), diagonals per second, or None.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._last: np.ndarray | None = None
        self._time = 0.0
        self._grids: dict[tuple[int, int], np.ndarray] = {}
        self.residual: np.ndarray | None = None

    def update(self, time: float, image: np.ndarray) -> tuple[float, np.ndarray] | None:
        """(time of the earlier frame, row of `NAMES`) for BGR `image`, `SIDE` px long; None without an earlier one.

        Pictures more than `LONGEST_GAP` apart give a row of zeros: the screen stood still between.
        """
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        last, since, gap = self._last, self._time, time - self._time
        self._last, self._time, self.residual = gray, time, None
        if last is None or last.shape != gray.shape or min(gray.shape) < 16:
            return None
        if gap > LONGEST_GAP:
            return since, np.zeros(len(NAMES))
        flow = self._flow.calc(last, gray, None)[_STRIDE // 2 :: _STRIDE, _STRIDE // 2 :: _STRIDE]
        diagonal = float(np.hypot(*gray.shape))
        return since, self._describe(flow / (diagonal * gap), diagonal)

    def _describe(self, flow: np.ndarray, diagonal: float) -> np.ndarray:
        """A row of `NAMES` for a field (h, w, 2) in diagonals per second."""
        grid = self._grids.get(flow.shape[:2])
        if grid is None:
            grid = self._grids[flow.shape[:2]] = _grid(*flow.shape[:2], diagonal)
        field = flow.reshape(-1, 2).astype(np.float64)
        affine = camera(field[::_FIT_EVERY], grid[::_FIT_EVERY])
        rest = np.linalg.norm(field - grid @ affine, axis=1)
        self.residual = rest.reshape(flow.shape[:2])
        return np.array(
            [
                np.linalg.norm(field, axis=1).mean(),
                np.linalg.norm(grid @ affine, axis=1).mean(),
                rest.mean(),
                np.square(rest).mean(),
                affine[0, 0],
                affine[0, 1],
                (affine[1, 0] + affine[2, 1]) / 2,
            ]
        )


def camera(field: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """The affine motion (3, 2) that explains most of `field` (n, 2) on `grid` (n, 3).

    Least squares, then once more without the vectors it explains worst, so that a moving thing does
    not pull the camera along.
    """
    affine = _least_squares(field, grid)
    rest = np.square(field - grid @ affine).sum(axis=1)
    trusted = rest <= 6.25 * np.median(rest)
    if trusted.all() or trusted.sum() < len(field) // 2:
        return affine
    return _least_squares(field[trusted], grid[trusted])


def _least_squares(field: np.ndarray, grid: np.ndarray) -> np.ndarray:
    return np.linalg.solve(grid.T @ grid, grid.T @ field)


def _grid(height: int, width: int, diagonal: float) -> np.ndarray:
    """Rows of (1, x, y) for every vector, in diagonals from the centre, shape (n, 3)."""
    y, x = np.mgrid[:height, :width] * (_STRIDE / diagonal)
    return np.stack([np.ones(x.size), (x - x.mean()).ravel(), (y - y.mean()).ravel()], axis=1)
