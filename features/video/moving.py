"""How well pictures agree with those that a line has for them, and what moves in both."""

from __future__ import annotations

import numpy as np

from features.video.alignment import Blocks, still_blocks, uncovered

_MOVES = 0.03
"""Share of a picture's energy that may move for other reasons than that something moves in it, as
noise does: as much is taken for agreeing. Heuristic."""
_MOVES_S = 1.5
"""Seconds over which it is looked at what moves. Heuristic."""
_FEWEST = 5
"""Rows of a shot at least that a line is fitted to."""


def agreed(own: Blocks, there: Blocks, seen: np.ndarray) -> np.ndarray:
    """Agreement (n,) of pictures with those that a line has for them, in the blocks seen (64,)."""
    weight = own.weight * seen
    each = np.einsum("nbp,nbp->nb", own.unit, there.unit)
    return np.asarray((each * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-3))


def moves_alike(own: Blocks, there: Blocks, seen: np.ndarray, window: int) -> np.ndarray:
    """Correlation, 0–1 (n,), of what moves in some pictures with what moves in those that a line
    has for them, in the better of the windows that begin and end with each: the other may hold
    another shot. 1 where next to nothing moves.

    What stands still is taken off both: a stage, a studio or a street is the same under other
    dancers, speakers and cars.
    """
    w = (own.weight * seen)[:, :, None]
    kept = explained(agreed(own, there, seen))
    total = np.maximum(w[kept].sum(axis=0), 1e-3)
    x, s = (side - (side[kept] * w[kept]).sum(axis=0) / total for side in (own.unit, there.unit))
    noise = _MOVES * w.sum(axis=(1, 2))
    each = [np.einsum("nbp,nbp,nbk->n", a, b, w) for a, b in ((x, x), (x, s), (s, s))]
    best = np.zeros(len(noise))
    for forward in (True, False):
        xx, xs, ss, still = (_summed(values, window, forward) for values in (*each, noise))
        best = np.maximum(best, (xs + still) / (np.sqrt(xx * ss) + still + 1e-9))
    return np.asarray(best)


def frames_in_window(times: np.ndarray) -> int:
    """How many frames `_MOVES_S` are, of frames at such times."""
    return max(round(_MOVES_S * (len(times) - 1) / max(float(times[-1] - times[0]), _MOVES_S)), 1)


def _summed(values: np.ndarray, window: int, forward: bool) -> np.ndarray:
    """Sums (n,) over the so many values that begin with each, or end with it."""
    if not forward:
        return _summed(values[::-1], window, True)[::-1]
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    return np.asarray(sums[np.minimum(at + window, len(values))] - sums[at])


def seen_in(own: Blocks, there: Blocks) -> np.ndarray:
    """Which blocks (64,) of a shot a film can be seen in along a line."""
    each = np.einsum("nbp,nbp->nb", own.unit, there.unit)
    return uncovered(each, own.weight, still_blocks(own))


def explained(along: np.ndarray) -> np.ndarray:
    """Rows that a line explains: only they say what its speed is and what covers the picture.
    All of them, where it explains next to nothing."""
    kept = np.flatnonzero(along > 0.6 * np.percentile(along, 90))
    return kept if len(kept) >= max(_FEWEST, 0.1 * len(along)) else np.arange(len(along))
