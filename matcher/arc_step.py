"""The linear step: ten agreements of picture and music instead of one, weighed by what was learned.

    score = Σ w(i, j) · z(i, j)        i: a curve of the picture, j: one of the music

z is that of `matcher.arc`. A weight is what its agreement adds to the log odds that two curves
belong together; the weights are fitted as a choice of the true track among others (McFadden 1974),
and stay near `STARTING` where there is little to learn from. On music videos this finds more true
tracks than the closed form where the place is known, at two minutes (`data/MODEL_CARD.md`). It
takes part in the ranking of `recommend` where a predictor brings weights that won on the films that
it was trained on (`leitmotif train`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from matcher import arc

PICTURE = ("cuts", "motion", "shortness of shots", "novelty", "change of motion")
MUSIC = ("loudness", "change of loudness")
STARTING = np.array([0.23, 0.37, 0.18, 0.15, 0.06, 0.07, -0.01, -0.14, 0.14, 0.19]) * 0.6
"""Weights of `PICTURE` with the first of `MUSIC`, then with the second. Fitted on 503 music videos
(MuVi-Sync), in proportion; their common factor is `arc.SHARPNESS`."""
PENALTY = 100.0
"""Of squared differences to `STARTING`, in log likelihood (heuristic; 1 to 300 do alike)."""


@dataclass(frozen=True, eq=False)
class Step:
    """Weights that were learned, and what they were found to rank better than the arc does.

    weights : (10,), as `STARTING`. known, unknown : tracks whose place is given; those whose place
    is not.
    """

    weights: np.ndarray
    known: bool
    unknown: bool

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Step:
        """Of `to_dict`. Raises `ValueError` for another number of weights."""
        weights = np.array(record["weights"], dtype=float)
        if weights.shape != STARTING.shape:
            raise ValueError(f"{weights.size} weights of the linear step")
        return cls(weights, bool(record["known"]), bool(record["unknown"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"weights": self.weights.tolist(), "known": self.known, "unknown": self.unknown}


def film_rows(
    shot_starts: Sequence[float],
    motion: np.ndarray,
    novelty: np.ndarray,
    start: float = 0.0,
    end: float | None = None,
) -> np.ndarray:
    """(5, W) curves of a watched film from `start` to `end` (its end), smoothed before the cut.

    Arguments as of `arc.picture_curves`. novelty : (T,) as motion.
    """
    cuts, moving = arc.cuts_and_motion(shot_starts, motion)
    rows = picture_rows(cuts, moving, arc.by_second(novelty))
    return rows[:, round(start) : None if end is None else round(end)]


def picture_rows(cuts: np.ndarray, motion: np.ndarray, novelty: np.ndarray) -> np.ndarray:
    """(5, T) curves of a film from values per second, smoothed.

    cuts : 0 or 1. motion : ≥ 0. novelty : difference to the second before, any unit.
    """
    starts = np.union1d([0], np.flatnonzero(cuts))
    lengths = np.diff(np.append(starts, len(cuts)))
    log_motion = np.log(motion + arc.MOTION_FLOOR)
    rows = (
        cuts,
        log_motion,
        -np.repeat(np.log(np.maximum(lengths, 1)), lengths),
        novelty,
        _change(log_motion),
    )
    return np.stack([arc.smooth(row) for row in rows])


def music_rows(loudness: np.ndarray) -> np.ndarray:
    """(2, T) of `arc.loudness_curve`."""
    level = np.asarray(loudness, dtype=float)
    return np.stack([level, arc.smooth(_change(level))])


def _change(curve: np.ndarray) -> np.ndarray:
    return np.abs(np.diff(curve, prepend=curve[:1]))


def agreements(pictures: np.ndarray, music: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """z (n, m, 10) of m windows of film at n places of one track.

    pictures : (m, 5, W), not yet standardised. music : (2, T). starts : seconds, (n,).
    """
    count, rows, seconds = pictures.shape
    shown = arc.standardise(pictures).reshape(-1, seconds)
    lags = np.arange(arc.lag_count(seconds))
    taper = np.where(lags == 0, 1.0, 2.0) * (1 - lags / seconds) * _autocorrelations(shown)
    found = np.empty((len(starts), count, len(music) * rows))
    for j, curve in enumerate(music):
        heard = arc.standardise(sliding_window_view(curve, seconds)[starts])
        spread = np.maximum(_autocorrelations(heard) @ taper.T, arc.LEAST) / (seconds - 1)
        z = heard @ shown.T / seconds / np.sqrt(spread)
        found[:, :, j * rows : (j + 1) * rows] = z.reshape(len(starts), count, rows)
    return found


def _autocorrelations(standard: np.ndarray) -> np.ndarray:
    """(n, K) of `arc.autocorrelation` for every row, by the Fourier transform."""
    seconds = standard.shape[1]
    power = np.square(np.abs(np.fft.rfft(standard, 2 * seconds, axis=1)))
    lags = np.arange(arc.lag_count(seconds))
    return np.fft.irfft(power, 2 * seconds, axis=1)[:, : len(lags)] / (seconds - lags)


def fit(
    z: np.ndarray,
    own: np.ndarray,
    penalty: float = PENALTY,
    counts: np.ndarray | None = None,
) -> np.ndarray:
    """Weights (10,) under which the true tracks stand out most.

    z : (n, m, 10) of n windows of film with the music of m tracks each. own : (n,), which of them
    is the window's own. counts : bool (n, m), which of them it is chosen from; all without.
    """
    from scipy.optimize import minimize

    films = np.arange(len(z))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = z @ weights if counts is None else np.where(counts, z @ weights, -np.inf)
        top = scores.max(axis=1, keepdims=True)
        share = np.exp(scores - top)
        total = share.sum(axis=1, keepdims=True)
        off = weights - STARTING
        likely = (scores[films, own] - top[:, 0] - np.log(total[:, 0])).sum()
        slope = z[films, own].sum(0) - np.einsum("ij,ijk->k", share / total, z)
        return penalty / 2 * float(off @ off) - float(likely), penalty * off - slope

    return np.asarray(minimize(loss, STARTING, jac=True, method="L-BFGS-B").x)
