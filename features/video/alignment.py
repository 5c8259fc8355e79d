"""Which frame of the source each frame of a shot shows: shift and speed, to the frame.

Pictures are brought to 96×64 px and compared in 64 blocks by normalised correlation, which light
and colour do not change; blocks that never agree (a title, a logo) are left out. A shot runs
through its source at one speed, so its frames lie on a line: source seconds = start + speed ×
seconds in the shot. The line with the best mean agreement is searched for over all starts of a
stretch and speeds from .85 to 1.18.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

WIDTH, HEIGHT = 96, 64
_ACROSS, _DOWN = 8, 8
_NOISE = 3.0
"""Grey levels of standard deviation under which a block says little. Heuristic."""
_TEXTURE = 12.0
"""Grey levels of standard deviation from which on a block says all it can. Heuristic."""
SLOWEST, FASTEST = 0.85, 1.18
_COARSE, _FINE = 0.01, 0.0005
_MOST_COARSE = 24
"""Frames of a shot that the coarse search looks at."""
_AS_IS = 0.0008
"""Mean agreement that a speed other than 1 must win to be believed. Heuristic."""
_LOST = 0.35
"""A block that agrees less than the median block by so much is covered by something. Heuristic."""


class Blocks(NamedTuple):
    """Pictures as blocks: unit float32 (n, 64, 96), weight float32 (n, 64): 0 for flat, 1."""

    unit: np.ndarray
    weight: np.ndarray


class Line(NamedTuple):
    """Source seconds of the shot's frame 0 and per second of the shot; mean agreement −1–1."""

    start: float
    speed: float
    agreement: float


def blocks(pictures: np.ndarray) -> Blocks:
    """Grey pictures (n, 64, 96) as normalised blocks."""
    n = len(pictures)
    bh, bw = HEIGHT // _DOWN, WIDTH // _ACROSS
    parts = pictures.reshape(n, _DOWN, bh, _ACROSS, bw).transpose(0, 1, 3, 2, 4)
    flat = parts.reshape(n, _DOWN * _ACROSS, bh * bw).astype(np.float32)
    flat = flat - flat.mean(axis=2, keepdims=True)
    power = (flat**2).mean(axis=2)
    unit = flat / np.sqrt((power + _NOISE**2) * bh * bw)[:, :, None]
    deviation = np.sqrt(power)
    weight = np.clip((deviation - _NOISE) / (_TEXTURE - _NOISE), 0, 1)
    return Blocks(unit, weight.astype(np.float32))


def placed(pictures: np.ndarray, matrix: np.ndarray, shot: tuple[int, int]) -> np.ndarray:
    """Source pictures (n, h, w) as the shot, of size (h, w), shows them: uint8 (n, 64, 96).

    matrix : from the shot's pixels to the source's.
    """
    double = (2 * WIDTH, 2 * HEIGHT)
    sx, sy = shot[1] / double[0], shot[0] / double[1]
    to_shot = np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])
    both = np.asarray(matrix) @ to_shot
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = np.empty((len(pictures), HEIGHT, WIDTH), np.uint8)
    for k, picture in enumerate(pictures):
        large = cv2.warpAffine(picture, both, double, flags=flags, borderMode=cv2.BORDER_CONSTANT)
        cv2.resize(large, (WIDTH, HEIGHT), dst=out[k], interpolation=cv2.INTER_AREA)
    return out


def agreements(shot: Blocks, source: Blocks) -> np.ndarray:
    """Correlation of every block of every pair of pictures, float32 (n, m, 64)."""
    by_block = shot.unit.transpose(1, 0, 2) @ source.unit.transpose(1, 2, 0)
    return np.asarray(by_block.transpose(1, 2, 0))


def pooled(each: np.ndarray, weight: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Mean over the blocks: each (n, m, 64), weight of the shot's blocks (n, 64), seen (64,)."""
    w = weight * seen
    return np.asarray(np.einsum("nmb,nb->nm", each, w) / np.maximum(w.sum(axis=1), 1e-3)[:, None])


def fit_line(
    table: np.ndarray,
    shot_times: np.ndarray,
    source_times: np.ndarray,
    near: Line | None = None,
) -> Line:
    """The best line through a table of agreements (n, m).

    shot_times : seconds (n,) from the shot's frame 0. source_times : seconds (m,), rising; a frame
    is shown until the next one. near : a line about which alone is looked.
    """
    step = float(np.median(np.diff(source_times))) if len(source_times) > 1 else 0.04
    length = float(shot_times[-1])
    rough = near or _rough(table, shot_times, source_times, step)
    about = rough.start + np.arange(-1.5, 1.51, 0.25) * step
    fine = max(_FINE, step / max(length, 0.1) / 8)
    turn = float(shot_times.mean())  # speeds are tried about the middle, where the start tells
    best = Line(rough.start, rough.speed, -2.0)
    for speed in rough.speed + np.arange(-12, 13) * fine:
        starts = about + (rough.speed - speed) * turn
        found = _search(table, shot_times, source_times, step, starts, float(speed))
        best = max(best, found, key=lambda line: line.agreement)
    as_is = rough.start + (rough.speed - 1) * turn + np.arange(-4, 4.1, 0.25) * step
    plain = _search(table, shot_times, source_times, step, as_is, 1.0)
    return plain if plain.agreement >= best.agreement - _AS_IS else best


def _rough(
    table: np.ndarray, shot_times: np.ndarray, source_times: np.ndarray, step: float
) -> Line:
    """The best line to half a frame, of some of the frames, over all starts and speeds."""
    some = np.unique(np.linspace(0, len(shot_times) - 1, _MOST_COARSE).round().astype(int))
    length, rows = float(shot_times[-1]), np.arange(len(some))
    # half of the shot may lie before the stretch or after it: another cut may be in it
    first, last = source_times[0] - 0.5 * length, source_times[-1] + step - 0.5 * length
    starts = np.arange(first, max(last, first + step), step / 2)
    speeds = np.arange(SLOWEST, FASTEST + 1e-9, max(_COARSE, step / max(length, 0.1) / 2))
    # one look-up for all lines: which frame is shown at every eighth of a frame
    low, high = starts[0] - step, starts[-1] + FASTEST * max(length, 0.0) + step
    cell = step / 8
    lookup = shown(source_times, np.arange(low, high + cell, cell), step)
    values = np.concatenate([table[some], np.zeros((len(some), 1), table.dtype)], axis=1)
    best = Line(float(starts[0]), 1.0, -2.0)
    for speed in np.unique(np.append(speeds, 1.0)):
        at = starts[:, None] + (speed * shot_times[some] - low)
        mean = values[rows, lookup[(at / cell).astype(np.intp)]].mean(axis=1)
        top = int(mean.argmax())
        if mean[top] > best.agreement:
            best = Line(float(starts[top]), float(speed), float(mean[top]))
    return best


def _search(
    table: np.ndarray,
    shot_times: np.ndarray,
    source_times: np.ndarray,
    step: float,
    starts: np.ndarray,
    speed: float,
) -> Line:
    """The best of some starts at one speed; of neighbours that are equally good, the middle one."""
    index = shown(source_times, starts[:, None] + speed * shot_times, step)
    values = table[np.arange(len(shot_times)), np.maximum(index, 0)]
    values[index < 0] = 0.0
    mean = values.mean(axis=1)
    ties = np.flatnonzero(mean >= mean.max() - 1e-6)
    run = ties[: int(np.argmax(np.append(np.diff(ties) > 1, True))) + 1]
    return Line(float(starts[run].mean()), speed, float(mean.max()))


def shown(source_times: np.ndarray, at: np.ndarray, step: float) -> np.ndarray:
    """Index of the frame on the screen at each time; −1 before the first and after the last."""
    index = np.searchsorted(source_times, at + 1e-6, side="right") - 1
    index[at > source_times[-1] + 1.5 * step] = -1
    return np.asarray(index)


def uncovered(each: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Which blocks (64,) the source can be seen in: each (n, 64) along a line, weight (n, 64)."""
    total = weight.sum(axis=0)
    mean = (each * weight).sum(axis=0) / np.maximum(total, 1e-3)
    told = total > 0.05 * len(each)
    if not told.any():
        return np.ones(len(total))
    return np.where(told & (mean < np.median(mean[told]) - _LOST), 0.0, 1.0)


def shrunk(pictures: np.ndarray) -> np.ndarray:
    """Grey pictures (n, h, w) at the size that is compared: uint8 (n, 64, 96)."""
    size = (WIDTH, HEIGHT)
    return np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures])
