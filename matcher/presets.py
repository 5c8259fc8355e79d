"""Weights that people start from: one number ≥ 0 per music dimension, in field order."""

from __future__ import annotations

import numpy as np

from data.profiles import MUSIC_NAMES

LARGEST = 3.0
"""Where the sliders end."""


def equal() -> np.ndarray:
    return np.ones(len(MUSIC_NAMES))


def va_only() -> np.ndarray:
    """Arousal and valence, nothing else."""
    return np.array([float(n in ("arousal", "valence")) for n in MUSIC_NAMES])


def rhythm_first() -> np.ndarray:
    """Pulse and speed three times, arousal twice as heavy as the rest (heuristic)."""
    heavy = {"rhythm": 3.0, "rhythm_speed": 3.0, "arousal": 2.0}
    return np.array([heavy.get(n, 1.0) for n in MUSIC_NAMES])


LEAST = 0.01
"""R² below which nothing was predicted: r = .1 is the smallest effect worth a name (Cohen 1988,
*Statistical Power Analysis for the Behavioral Sciences*)."""


def by_reliability(reliability: np.ndarray) -> np.ndarray | None:
    """Weights in proportion to how well each dimension was predicted, mean 1.

    reliability : (10,), R² on held-out films.
    A dimension that was never measured weighs like the average one, one predicted hardly better
    than its mean (below `LEAST`) weighs nothing. None where no dimension was predicted better.
    """
    r2 = np.asarray(reliability, dtype=np.float64)
    known = np.isfinite(r2)
    useful = np.where(r2 >= LEAST, np.clip(r2, 0.0, 1.0), 0.0)
    if not known.any() or not useful[known].any():
        return None
    useful = np.where(known, useful, useful[known].mean())
    return np.minimum(np.round(useful / useful.mean(), 1), LARGEST)


def presets(reliability: np.ndarray | None) -> dict[str, np.ndarray]:
    """Every preset by name, the default first: reliability where it was measured, else equal."""
    measured = None if reliability is None else by_reliability(reliability)
    first = {} if measured is None else {"reliability": measured}
    return first | {"equal": equal(), "va_only": va_only(), "rhythm_first": rhythm_first()}


def lead(weights: np.ndarray, edited: np.ndarray) -> float:
    """What a dimension weighs that counts as much as all the others together.

    weights : (10,) as they stand. edited : (10,) bool, the dimensions that lead; each is given the
    sum of the others' weights, and never less than it has.
    """
    rest = float(weights[~edited].sum())
    return max(rest, float(weights[edited].max(initial=0.0)), 1.0)
