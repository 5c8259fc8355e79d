"""Which frame of the source each frame of a shot shows: shift and speed, to the frame.

Pictures are brought to one size and compared in 64 blocks by normalised correlation, which light
and colour do not change; blocks that never agree (a title, a logo) are left out. A shot runs
through its source at one speed, so its frames lie on a line: source seconds = start + speed ×
seconds in the shot. The line with the best mean agreement is searched for roughly over all starts
of a stretch and speeds from .85 to 1.18, then over both ends of the shot by parts of a frame.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

SMALL = (96, 64)
"""Width and height, px, of pictures that are compared roughly."""
_LARGE = (192, 128)
_LEAST_SEEN = 0.75
"""Share of a source's side that a shot mostly shows. Heuristic."""
_ACROSS, _DOWN = 8, 8
_NOISE = 3.0
"""Grey levels of standard deviation under which a block says little. Heuristic."""
_TEXTURE = 12.0
"""Grey levels of standard deviation from which on a block says all it can. Heuristic."""
SLOWEST, FASTEST = 0.85, 1.18
_COARSE = 0.01
_MOST_COARSE = 24
"""Frames of a shot that the coarse search looks at."""
_APART_S = 0.3
"""Seconds between the middles of a shot on two rough lines that are not one. Heuristic."""
_PART = 0.25
"""Parts of a frame by which the ends of a shot are moved."""
_LOST = 0.35
"""A block that agrees less than the median block by so much is covered by something. Heuristic."""
_STILL = 0.95
"""Share of a block's energy that is the same in all pictures from which on it stands still.
Heuristic."""
BESIDE = 0.02
"""What the frames beside a shot count for: enough to tell what agrees alike. Heuristic."""
_MOVING_LEAST = 1.5
"""Blocks with something to see that move, at least, for what they agree by to say what the others
should. Heuristic."""


class Blocks(NamedTuple):
    """Pictures as blocks: unit float32 (n, 64, p), of p pixels; weight float32 (n, 64): 0 for flat,
    1."""

    unit: np.ndarray
    weight: np.ndarray

    def some(self, rows: np.ndarray) -> Blocks:
        return Blocks(self.unit[rows], self.weight[rows])


class Beside(NamedTuple):
    """Frames beside a shot: agreements (n, m) with the source's, and seconds (n,) of the shot.

    Where a shot shows a still, every moment of it agrees alike; if the edit runs on in the source
    beyond a cut, as it does where the cut is the source's own, only one moment runs on there.
    """

    table: np.ndarray
    times: np.ndarray


class Line(NamedTuple):
    """Source seconds of the shot's frame 0 and per second of the shot; mean agreement −1–1."""

    start: float
    speed: float
    agreement: float

    def at(self, times: np.ndarray) -> np.ndarray:
        """Source seconds at seconds of the shot."""
        return np.asarray(self.start + self.speed * times)


def blocks(pictures: np.ndarray) -> Blocks:
    """Grey pictures (n, h, w) as normalised blocks; h and w are multiples of 8."""
    flat = _flat(pictures)
    count = flat.shape[2]
    power = np.einsum("nbp,nbp->nb", flat, flat) / count
    flat /= np.sqrt((power + _NOISE**2) * count)[:, :, None]
    weight = np.clip((np.sqrt(power) - _NOISE) / (_TEXTURE - _NOISE), 0, 1)
    return Blocks(flat, weight.astype(np.float32))


def _flat(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, h, w) as blocks (n, 64, p) about their means, float32."""
    n, height, width = pictures.shape
    bh, bw = height // _DOWN, width // _ACROSS
    parts = pictures.reshape(n, _DOWN, bh, _ACROSS, bw).transpose(0, 1, 3, 2, 4)
    flat = parts.reshape(n, _DOWN * _ACROSS, bh * bw).astype(np.float32)
    flat -= flat.mean(axis=2, keepdims=True)
    return np.asarray(flat)


def block_slopes(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unit blocks (n, 64, p) of grey pictures, and how they change (n, 64, 4, p) when the
    picture is moved along x, stretched along x, moved along y and stretched along y, by a pixel;
    stretched: at its edge."""
    height, width = pictures.shape[1:]
    grey = pictures.astype(np.float32)
    x = np.linspace(-1, 1, width, dtype=np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    down, across = (np.asarray(slope) for slope in np.gradient(grey, axis=(1, 2)))
    flat = _flat(grey)
    power = np.einsum("nbp,nbp->nb", flat, flat)
    size = np.sqrt(power + _NOISE**2 * flat.shape[2])[:, :, None]
    unit = flat / size
    parts = (across, np.asarray(across * x), down, np.asarray(down * y))
    slopes = np.stack([_flat(part) for part in parts], axis=2)
    slopes /= size[:, :, None]
    along = np.einsum("nbkp,nbp->nbk", slopes, unit)
    slopes -= along[..., None] * unit[:, :, None]
    return unit, slopes


def compared_size(shot: tuple[int, int], source: tuple[int, int]) -> tuple[int, int]:
    """Width and height, px, at which a shot (h, w) and a source (h, w) are compared exactly.

    No more pixels than either has: of pictures that are enlarged agrees best what happens to lie on
    the other's pixels, at a wrong moment as well.
    """
    sides = zip(shot[::-1], source[::-1], _LARGE, strict=True)
    width, height = (int(min(own, _LEAST_SEEN * its, most)) // 8 * 8 for own, its, most in sides)
    return max(width, 8), max(height, 8)


def placed(
    pictures: np.ndarray,
    matrix: np.ndarray,
    shot: tuple[int, int],
    size: tuple[int, int] = SMALL,
) -> np.ndarray:
    """Source pictures (n, h, w) as the shot, of size (h, w), shows them: uint8, of width and height
    `size`.

    matrix : from the shot's pixels to the source's.
    """
    double = (2 * size[0], 2 * size[1])
    sx, sy = shot[1] / double[0], shot[0] / double[1]
    to_shot = np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1]])
    both = np.asarray(matrix) @ to_shot
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = np.empty((len(pictures), size[1], size[0]), np.uint8)
    for k, picture in enumerate(pictures):
        large = cv2.warpAffine(picture, both, double, flags=flags, borderMode=cv2.BORDER_CONSTANT)
        cv2.resize(large, size, dst=out[k], interpolation=cv2.INTER_AREA)
    return out


def shrunk(pictures: np.ndarray, size: tuple[int, int] = SMALL) -> np.ndarray:
    """Grey pictures (n, h, w) at the width and height that are compared, uint8."""
    return np.stack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures])


def agreements(shot: Blocks, source: Blocks) -> np.ndarray:
    """Correlation of every block of every pair of pictures, float32 (n, m, 64)."""
    by_block = shot.unit.transpose(1, 0, 2) @ source.unit.transpose(1, 2, 0)
    return np.asarray(by_block.transpose(1, 2, 0))


def pooled(each: np.ndarray, weight: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Mean over the blocks: each (n, m, 64), weight of the shot's blocks (n, 64), seen (64,)."""
    w = weight * seen
    w = w / np.maximum(w.sum(axis=1), 1e-3)[:, None]
    return np.asarray((each @ w[:, :, None])[:, :, 0])


def rough_line(
    table: np.ndarray,
    shot_times: np.ndarray,
    source_times: np.ndarray,
    step: float,
    beside: Beside | None = None,
) -> Line:
    """The best of `rough_lines`."""
    return rough_lines(table, shot_times, source_times, step, 1, 0.0, beside)[0]


def rough_lines(
    table: np.ndarray,
    shot_times: np.ndarray,
    source_times: np.ndarray,
    step: float,
    count: int,
    margin: float,
    beside: Beside | None = None,
) -> list[Line]:
    """The best lines to half a step, of some of the frames, over all starts and speeds.

    table : agreements (n, m). shot_times : seconds (n,) from the shot's frame 0. source_times :
    seconds (m,), rising, about `step` apart; a frame is shown until the next one. count : lines at
    most, `_APART_S` from each other at the middle of the shot and less than `margin` worse than
    the best. beside : frames that tell apart what the shot's own do not.
    """
    length = float(shot_times[-1])
    # half of the shot may lie before the stretch or after it: another cut may be in it
    first, last = source_times[0] - 0.5 * length, source_times[-1] + step - 0.5 * length
    starts = np.arange(first, max(last, first + step), step / 2)
    speeds = np.arange(SLOWEST, FASTEST + 1e-9, max(_COARSE, step / max(length, 0.1) / 2))
    speeds = np.unique(np.append(speeds, 1.0))
    # one look-up for all lines: which frame is shown at every eighth of a frame
    beside = beside if beside and len(beside.times) else None
    every = np.concatenate([shot_times, beside.times if beside else [0.0]])
    low = starts[0] + FASTEST * min(float(every.min()), 0.0) - step
    high = starts[-1] + FASTEST * max(float(every.max()), 0.0) + step
    cell = step / 8
    lookup = shown(source_times, np.arange(low, high + cell, cell), step)

    def mean_of(table: np.ndarray, times: np.ndarray) -> np.ndarray:
        some = np.unique(np.linspace(0, len(times) - 1, _MOST_COARSE).round().astype(int))
        values = np.concatenate([table[some], np.zeros((len(some), 1), table.dtype)], axis=1)
        mean = np.empty((len(speeds), len(starts)))
        for k, speed in enumerate(speeds):
            at = starts[:, None] + (speed * times[some] - low)
            mean[k] = values[np.arange(len(some)), lookup[(at / cell).astype(np.intp)]].mean(axis=1)
        return mean

    mean = mean_of(table, shot_times)
    rank = mean + BESIDE * mean_of(*beside) if beside else mean.copy()
    middles = starts + speeds[:, None] * shot_times.mean()
    found: list[Line] = []
    least = float(rank.max()) - margin
    while len(found) < count:
        k, top = divmod(int(rank.argmax()), len(starts))
        if found and rank[k, top] < least:
            break
        found.append(Line(float(starts[top]), float(speeds[k]), float(mean[k, top])))
        rank[np.abs(middles - middles[k, top]) < _APART_S] = -np.inf
    return found


def fine_lines(
    table: np.ndarray,
    shot_times: np.ndarray,
    source_times: np.ndarray,
    near: Line,
    reach: int,
    beside: Beside | None = None,
) -> tuple[Line, Line]:
    """The best line near one, and the best one at speed 1 among them.

    Both ends of the shot are moved by up to `reach` frames of the source; what is outside of the
    table counts 0.
    """
    step = float(np.median(np.diff(source_times))) if len(source_times) > 1 else 0.04
    first, last = float(shot_times[0]), float(shot_times[-1])
    span = max(last - first, step)
    moves = np.arange(-reach, reach + 1e-9, _PART) * step
    begins, ends = near.start + near.speed * first + moves, near.start + near.speed * last + moves
    a, b = (side.ravel() for side in np.meshgrid(begins, ends, indexing="ij"))
    speeds = (b - a) / span
    fit = (speeds >= SLOWEST) & (speeds <= FASTEST)
    a, speeds = a[fit], speeds[fit]
    middle = near.start + near.speed * (first + last) / 2 + moves
    plain = middle - span / 2
    if not len(a):
        a, speeds = plain, np.ones(len(plain))
    share = (shot_times - first)[:, None]
    beside = beside if beside and len(beside.times) else None

    def best_of(starts: np.ndarray, speeds: np.ndarray) -> tuple[np.ndarray, float]:
        at = starts + share * speeds
        mean = _mean(table, source_times, step, at)
        rank = mean
        if beside:
            there = starts + (beside.times - first)[:, None] * speeds
            rank = mean + BESIDE * _mean(beside.table, source_times, step, there)
        return _best(rank, mean, step, at)

    best, as_is = best_of(a, speeds), best_of(plain, np.ones(len(plain)))
    top = Line(float(a[best[0]].mean()), float(speeds[best[0]].mean()), best[1])
    one = Line(float(plain[as_is[0]].mean()), 1.0, as_is[1])
    return (
        top._replace(start=top.start - top.speed * first),
        one._replace(start=one.start - first),
    )


def _mean(table: np.ndarray, source_times: np.ndarray, step: float, at: np.ndarray) -> np.ndarray:
    """Mean agreement along each line; at : seconds of the source (n, lines)."""
    index = shown(source_times, at, step)
    rows = np.arange(len(table))[:, None]
    return np.where(index < 0, 0.0, table[rows, np.maximum(index, 0)]).mean(axis=0)


def _best(
    rank: np.ndarray, mean: np.ndarray, step: float, at: np.ndarray
) -> tuple[np.ndarray, float]:
    """Which lines rank best, neighbours of the first of them alone, and its mean agreement.

    at : seconds of the source (n, lines) that the shot's frames are at.
    """
    top = int(rank.argmax())
    equal = np.flatnonzero(rank >= rank[top] - 1e-6)
    near = np.abs(at[:, equal] - at[:, top : top + 1]).max(axis=0) <= 1.5 * step
    return equal[near], float(mean[top])


def shown(source_times: np.ndarray, at: np.ndarray, step: float) -> np.ndarray:
    """Index of the frame on the screen at each time; −1 before the first and after the last."""
    index = np.searchsorted(source_times, at + 1e-6, side="right") - 1
    index[at > source_times[-1] + 1.5 * step] = -1
    return np.asarray(index)


def uncovered(each: np.ndarray, weight: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Which blocks (64,) the source can be seen in: each (n, 64) along a line, weight (n, 64).

    A block that agrees much less than the median one is covered by something. So is one that stands
    `still` in the shot (64,) and agrees much less than those that move: a title over a plain
    picture may have more of the blocks that there is something to see in than the picture has.
    """
    total = weight.sum(axis=0)
    mean = (each * weight).sum(axis=0) / np.maximum(total, 1e-3)
    told = total > 0.05 * len(each)
    if not told.any():
        return np.ones(len(total))
    least = np.full(len(total), np.median(mean[told]))
    moving = np.where(still, 0.0, total)
    if moving.sum() >= _MOVING_LEAST * len(each):
        alike = float((mean * moving).sum() / moving.sum())
        least[still] = np.maximum(least[still], alike)
    return np.where(told & (mean < least - _LOST), 0.0, 1.0)


def still_blocks(own: Blocks) -> np.ndarray:
    """Which blocks (64,) look the same in all of some pictures."""
    power = np.einsum("nbp,nbp->b", own.unit, own.unit) / len(own.unit)
    mean = own.unit.mean(axis=0)
    return np.asarray(np.einsum("bp,bp->b", mean, mean) >= _STILL * np.maximum(power, 1e-6))
