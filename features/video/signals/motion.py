"""Motion: dense optical flow, split into what the camera does and what moves in front of it.

Flow is measured between frames a fixed media time apart, so that the frame rate does not matter,
and given in picture diagonals per second, so that the size does not matter. The camera is the
affine field that explains the flow of most of the picture best, or that at its edges if that
explains more: who stands in the middle and fills the picture is not the camera. The residual is the
flow minus that field. What of the camera's motion does not last a second is shake: a hand that
holds it, not something to see.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from data.compiled import njit
from features.video.frames import Frame
from features.video.signals.contract import Pass, Signal, per_token, token_of
from features.video.timeline import TOKEN

COLUMNS = (
    "motion",  # mean length of the flow, picture diagonals per second
    "camera_motion",  # the same of its affine (camera) part
    "residual_motion",  # the same of what the camera does not explain
    "residual_energy",  # mean square of that without what shake leaves, (diagonals per second)²
    "pan_x",  # mean flow to the right, diagonals per second
    "pan_y",  # and downwards
    "zoom",  # growth of the picture, 1/s
    "shake",  # camera motion that does not last, diagonals per second
    "steady_motion",  # root mean square of the flow without it, diagonals per second
    "flow_valid",  # share of the token's flow pairs that lay within one shot
)
NAMES = (*COLUMNS[:7], "turn")
"""What is measured of one pair of pictures; turn : rotation of the picture, radians per second."""
_PATH = [NAMES.index(name) for name in ("pan_x", "pan_y", "zoom", "turn")]
STEADY_S = 1.0
"""Camera motion is what remains of it on the mean over so long, taken twice; the rest is shake.
Heuristic: hands tremble at 1 Hz and above, pans and tilts take longer."""
MISFIT = 0.15
"""Root mean square of the flow that a shaken camera leaves unexplained, in shares of its shake.
Fitted: 10 real clips shaken by us leave .09 to .20, most where little else moves."""
LONGEST_GAP = 0.5
"""Frames further apart than this (seconds) show two stills, not a motion. Heuristic."""
SIDE = 224
"""Longest side of the pictures that flow is computed on, px."""
_STRIDE = 4
_FIT_EVERY = 5  # vectors; coprime to the usual row lengths, so that all columns are met
EDGE = 0.12
"""Share of width and height at each side that is looked at for the camera alone. Heuristic."""


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
            return np.zeros((count, len(COLUMNS)))
        since, until = pairs[:, 0], pairs[:, 1]
        starts = np.array([start for start, _ in self.seen.shots[1:]])
        within = np.searchsorted(starts, since + 1e-6) == np.searchsorted(starts, until + 1e-6)
        steadied = self._steadied(pairs, within)
        means = per_token(since[within], steadied[within], count)
        measured, kept = (
            np.bincount(token_of(t, count), minlength=count) for t in (since, since[within])
        )
        for token in np.flatnonzero(measured == 0):
            before = np.searchsorted(until, token * TOKEN, side="right")
            held = token * TOKEN - (until[before - 1] if before else 0.0) > LONGEST_GAP
            means[token] = 0.0 if held or token == 0 else means[token - 1]
        valid = np.divide(kept, measured, out=np.ones(count), where=measured > 0)
        return np.column_stack([means, valid])

    def _steadied(self, pairs: np.ndarray, within: np.ndarray) -> np.ndarray:
        """(n, `COLUMNS` without the last) of each pair: the camera's path is smoothed between cuts.

        What is left of the flow is blurred by a shaken camera: see `MISFIT`.
        """
        until, measured = pairs[:, 1], pairs[:, 2:]
        shots = np.searchsorted([start for start, _ in self.seen.shots[1:]], until)
        path, steady = measured[:, _PATH], np.zeros((len(pairs), len(_PATH)))
        for shot in np.unique(shots[within]):
            rows = np.flatnonzero(within & (shots == shot))
            once = running_mean(until[rows], path[rows], STEADY_S)
            steady[rows] = running_mean(until[rows], once, STEADY_S)
        shake, energy = speed(path - steady), NAMES.index("residual_energy")
        rest = measured[:, energy]
        rest = np.maximum(rest - np.square(MISFIT * shake), 0.1 * rest)
        columns = measured[:, : len(NAMES) - 1].copy()
        columns[:, energy] = rest
        return np.column_stack([columns, shake, np.sqrt(np.square(speed(steady)) + rest)])


def running_mean(times: np.ndarray, values: np.ndarray, seconds: float) -> np.ndarray:
    """(n, width) means of `values` over the samples within `seconds` / 2 of each of `times`."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    first = np.searchsorted(times, times - seconds / 2 - 1e-6)
    last = np.searchsorted(times, times + seconds / 2 + 1e-6)
    return (sums[last] - sums[first]) / (last - first)[:, None]


def speed(path: np.ndarray) -> np.ndarray:
    """(n,) root mean square speed over the picture of pan x and y, zoom and turn (n, 4).

    The mean squared distance from the centre is a twelfth of the squared diagonal.
    """
    return np.sqrt(np.square(path[:, :2]).sum(1) + np.square(path[:, 2:]).sum(1) / 12)


class Flow:
    """Flow between successive pictures by DIS (Kroeger et al. 2016, ultrafast preset).

    residual : the latest residual speed, float32 (h, w), diagonals per second, or None.
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._last: np.ndarray | None = None
        self._time = 0.0
        self._grids: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
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
        field = flow / (diagonal * gap)
        return since, self._describe(field, diagonal, lambda a: stands_still(last, gray, a, gap))

    def forget(self) -> None:
        """The next picture has nothing to do with the last one."""
        self._last = None

    def _describe(
        self, flow: np.ndarray, diagonal: float, still: Callable[[np.ndarray], bool]
    ) -> np.ndarray:
        """A row of `NAMES` for a field (h, w, 2) in diagonals per second.

        still : whether the edges of the picture deny a camera motion.
        """
        grid = self._grids.get(flow.shape[:2])
        if grid is None:
            height, width = flow.shape[:2]
            grid = self._grids[height, width] = (
                _grid(height, width, diagonal),
                np.flatnonzero(at_edge(height, width)),
            )
        field, at = flow.reshape(-1, 2).astype(np.float64), grid[0]
        affine = camera(field, *grid)
        if still(affine):
            affine = np.zeros_like(affine)
        row, rest = _divide(field, at, affine)
        self.residual = rest.reshape(flow.shape[:2])
        return row


def camera(field: np.ndarray, grid: np.ndarray, edge: np.ndarray) -> np.ndarray:
    """The affine motion (3, 2) that explains most of `field` (n, 2) on `grid` (n, 3).

    edge : (m,) which vectors lie at the picture's edges. Two fits stand for election, of a sample
    of all vectors and of one of those at the edges; the one whose errors have the lower median over
    the picture is taken (least median of squares, Rousseeuw 1984).
    """
    some, rim = np.arange(0, len(field), _FIT_EVERY), edge[:: max(_FIT_EVERY // 2, 1)]
    fits = _trimmed(field, grid, some), _trimmed(field, grid, rim)
    return min(fits, key=lambda fit: _median_square(field, grid, some, fit))


@njit
def _trimmed(field: np.ndarray, grid: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """Least squares, then without the vectors it explains worst, until none is left out.

    sample : which vectors are looked at. So a moving thing does not pull the camera along.
    """
    affine = _least_squares(field, grid, sample)
    for _ in range(3):
        rest = _squares(field, grid, sample, affine)
        trusted = sample[rest <= 6.25 * np.median(rest)]
        if len(trusted) == len(sample) or len(trusted) < len(sample) // 2:
            break
        affine = _least_squares(field, grid, trusted)
    return affine


@njit
def _median_square(
    field: np.ndarray, grid: np.ndarray, sample: np.ndarray, affine: np.ndarray
) -> float:
    return float(np.median(_squares(field, grid, sample, affine)))


@njit
def _squares(
    field: np.ndarray, grid: np.ndarray, sample: np.ndarray, affine: np.ndarray
) -> np.ndarray:
    """(n,) squared lengths of what `affine` (3, 2) leaves of the vectors in `sample` (n,)."""
    squares = np.empty(len(sample))
    for k in range(len(sample)):
        x, y = _left(field, grid, affine, sample[k])
        squares[k] = x * x + y * y
    return squares


@njit
def _left(field: np.ndarray, grid: np.ndarray, affine: np.ndarray, i: int) -> tuple[float, float]:
    """What `affine` (3, 2) leaves of one vector."""
    across, along = grid[i, 1], grid[i, 2]
    x = field[i, 0] - affine[0, 0] - across * affine[1, 0] - along * affine[2, 0]
    y = field[i, 1] - affine[0, 1] - across * affine[1, 1] - along * affine[2, 1]
    return x, y


@njit
def _least_squares(field: np.ndarray, grid: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """(3, 2) by the normal equations, about the sample's centre."""
    mean_x = mean_y = mean_u = mean_v = 0.0
    for i in sample:
        mean_x += grid[i, 1]
        mean_y += grid[i, 2]
        mean_u += field[i, 0]
        mean_v += field[i, 1]
    n = len(sample)
    mean_x, mean_y, mean_u, mean_v = mean_x / n, mean_y / n, mean_u / n, mean_v / n
    xx = xy = yy = xu = xv = yu = yv = 0.0
    for i in sample:
        x, y = grid[i, 1] - mean_x, grid[i, 2] - mean_y
        u, v = field[i, 0] - mean_u, field[i, 1] - mean_v
        xx, xy, yy = xx + x * x, xy + x * y, yy + y * y
        xu, xv, yu, yv = xu + x * u, xv + x * v, yu + y * u, yv + y * v
    scale = 1 / (xx * yy - xy * xy)
    affine = np.empty((3, 2))
    affine[1, 0], affine[1, 1] = (yy * xu - xy * yu) * scale, (yy * xv - xy * yv) * scale
    affine[2, 0], affine[2, 1] = (xx * yu - xy * xu) * scale, (xx * yv - xy * xv) * scale
    affine[0, 0] = mean_u - mean_x * affine[1, 0] - mean_y * affine[2, 0]
    affine[0, 1] = mean_v - mean_x * affine[1, 1] - mean_y * affine[2, 1]
    return affine


@njit
def _divide(
    field: np.ndarray, grid: np.ndarray, affine: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A row of `NAMES` for a field (n, 2) of which the camera did `affine`; the residual speed (n,)
    of every vector."""
    row, rest = np.zeros(8), np.empty(len(field))
    for i in range(len(field)):
        x, y = _left(field, grid, affine, i)
        rest[i] = math.sqrt(x * x + y * y)
        row[0] += math.sqrt(field[i, 0] ** 2 + field[i, 1] ** 2)
        row[1] += math.sqrt((field[i, 0] - x) ** 2 + (field[i, 1] - y) ** 2)
        row[2] += rest[i]
        row[3] += x * x + y * y
    row /= len(field)
    row[4], row[5] = affine[0]
    row[6] = (affine[1, 0] + affine[2, 1]) / 2
    row[7] = (affine[1, 1] - affine[2, 0]) / 2
    return row, rest


def _grid(height: int, width: int, diagonal: float) -> np.ndarray:
    """Rows of (1, x, y) for every vector, in diagonals from the centre, shape (n, 3)."""
    y, x = np.mgrid[:height, :width] * (_STRIDE / diagonal)
    return np.stack([np.ones(x.size), (x - x.mean()).ravel(), (y - y.mean()).ravel()], axis=1)


@cache
def at_edge(height: int, width: int) -> np.ndarray:
    """What lies within `EDGE` of a side of the picture, bool (height · width,)."""
    y, x = np.mgrid[:height, :width]
    inward = np.minimum(
        np.minimum(x, width - 1 - x) / width, np.minimum(y, height - 1 - y) / height
    )
    return inward.ravel() < EDGE


def stands_still(before: np.ndarray, after: np.ndarray, affine: np.ndarray, gap: float) -> bool:
    """Whether the edges of two pictures, `gap` seconds apart, differ no more if none of `affine` is
    taken back.

    Flow is smooth: over an empty wall it spreads from whoever moves before it. There the pictures
    themselves are asked.
    """
    height, width = before.shape
    centre, turn = np.array([width - 1, height - 1]) / 2, gap * affine[1:].T
    shift = gap * float(np.hypot(height, width)) * affine[0] - turn @ centre
    back = cv2.warpAffine(
        after,
        np.column_stack([np.eye(2) + turn, shift]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    edge = at_edge(height, width).reshape(height, width).view(np.uint8)
    moved, as_it_is = (cv2.mean(cv2.absdiff(p, before), edge)[0] for p in (back, after))
    return bool(as_it_is <= moved)
