"""Motion: dense optical flow, split into what the camera does and what moves in front of it.

Flow is measured between frames a fixed media time apart, so that the frame rate does not matter,
and given in picture diagonals per second, so that the size does not matter. The camera is the
affine field that explains the flow best; the residual is the flow minus that field.
"""

from __future__ import annotations

import cv2
import numpy as np

from features.video.frames import Frame
from features.video.signals.contract import Pass, Signal, per_token, token_of
from features.video.timeline import TOKEN

COLUMNS = (
    "motion",  # mean length of the flow, picture diagonals per second
    "camera_motion",  # the same of its affine (camera) part
    "residual_motion",  # the same of what the camera does not explain
    "residual_energy",  # mean square of that, (diagonals per second)²
    "pan_x",  # mean flow to the right, diagonals per second
    "pan_y",  # and downwards
    "zoom",  # growth of the picture, 1/s
    "flow_valid",  # share of the token's flow pairs that lay within one shot
)
NAMES = COLUMNS[:-1]
"""What is measured of one pair of pictures."""
LONGEST_GAP = 0.5
"""Frames further apart than this (seconds) show two stills, not a motion. Heuristic."""
SIDE = 224
"""Longest side of the pictures that flow is computed on, px."""
_STRIDE = 4
_FIT_EVERY = 5  # vectors; coprime to the usual row lengths, so that all columns are met


class MotionSignal(Signal):
    """Ten flow fields per second of media time, those that straddle a cut left out at the end."""

    name = "motion"
    columns = COLUMNS
    rate = 10.0

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._flow = Flow()

    def update(self, frame: Frame) -> np.ndarray | None:
        """(time of the earlier frame, time of this frame, then `NAMES`)."""
        if self.seen.jumped:
            self._flow.forget()
        pair = self._flow.update(frame.time, frame.picture(SIDE))
        self.seen.residual = self._flow.residual
        return None if pair is None else np.concatenate([[pair[0], frame.time], pair[1]])

    def finish(self) -> np.ndarray:
        """Motion per token without the pairs that straddle a cut.

        A token without a pair of its own moves on as before if it is short of a frame, and not at
        all if the screen stood still.
        """
        count, pairs = self.seen.tokens, self.rows.values
        if not len(pairs):
            return np.tile(np.append(np.zeros(len(NAMES)), 0.0), (count, 1))
        since, until = pairs[:, 0], pairs[:, 1]
        starts = np.array([start for start, _ in self.seen.shots[1:]])
        within = np.searchsorted(starts, since + 1e-6) == np.searchsorted(starts, until + 1e-6)
        means = per_token(since[within], pairs[within, 2:], count)
        measured, kept = (
            np.bincount(token_of(t, count), minlength=count) for t in (since, since[within])
        )
        for token in np.flatnonzero(measured == 0):
            before = np.searchsorted(until, token * TOKEN, side="right")
            held = token * TOKEN - (until[before - 1] if before else 0.0) > LONGEST_GAP
            means[token] = 0.0 if held or token == 0 else means[token - 1]
        valid = np.divide(kept, measured, out=np.ones(count), where=measured > 0)
        return np.column_stack([means, valid])


class Flow:
    """Flow between successive pictures by DIS (Kroeger et al. 2016, ultrafast preset).

    residual : the latest residual speed, float32 (h, w), diagonals per second, or None.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._last: np.ndarray | None = None
        self._time = 0.0
        self._grids: dict[tuple[int, int], np.ndarray] = {}
        self.residual: np.ndarray | None = None

    def update(self, time: float, image: np.ndarray) -> tuple[float, np.ndarray] | None:
        """(time of the earlier frame, row of `NAMES`) for BGR `image`, `SIDE` px long; None without
        an earlier one.

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

    def forget(self) -> None:
        """The next picture has nothing to do with the last one."""
        self._last = None

    def _describe(self, flow: np.ndarray, diagonal: float) -> np.ndarray:
        """A row of `NAMES` for a field (h, w, 2) in diagonals per second."""
        grid = self._grids.get(flow.shape[:2])
        if grid is None:
            height, width = flow.shape[:2]
            grid = self._grids[height, width] = _grid(height, width, diagonal)
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
