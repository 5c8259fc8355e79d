"""What a stretch of music video is like on the whole, in numbers: its columns without their order.

The columns are MuVi-Sync's, one value a second. Levels are told by means, quantiles and standard
deviations; how a curve moves, by its autocorrelation at a few seconds and by the shares of its
power in five octaves of periods. None of it says when something happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from data.muvi_sync import COORDINATES, MAJOR, MINOR, PITCH_CLASSES

Columns = Mapping[str, np.ndarray]
"""Columns of MuVi-Sync by name, each (seconds,)."""

PERIODS_S = (64.0, 32.0, 16.0, 8.0, 4.0, 2.0)
"""Bounds of the octaves, in seconds."""
SLOW, FAST = (1, 2, 4, 8, 16), (1, 2, 4)
"""Lags in seconds."""
TINY = 1e-9


def picture_averages(window: Columns) -> np.ndarray:
    """(70,) of a window: picture emotions, motion, cutting, and how far they go together."""
    emotions = np.stack([window[name] for name in COORDINATES])
    loud = np.sqrt(np.maximum(emotions, 0))
    novelty = np.abs(np.diff(loud, axis=1)).sum(0)
    motion = np.log(window["motion"] + 0.1)
    cuts = (window["scene_offset_s"] == 0).astype(float)
    return np.concatenate(
        [
            emotions.mean(1),
            emotions.std(1),
            loud.mean(1),
            np.log(np.maximum(emotions.mean(1), 1e-3)),
            loud.max(1),
            np.quantile(loud, 0.1, axis=1),
            _level(motion),
            np.quantile(motion, [0.05, 0.25, 0.5, 0.75, 0.95]),
            _autocorrelation(motion, SLOW[:4]),
            _octaves(motion),
            _cutting(window["scene_offset_s"], cuts),
            _autocorrelation(cuts, FAST),
            _octaves(cuts),
            [novelty.mean(), novelty.std(), _correlation(motion, cuts)],
        ]
    )


def music_averages(window: Columns) -> np.ndarray:
    """(53,) of a window: loudness, notes, and harmony as far as it has no key."""
    loudness, notes = (np.sqrt(np.maximum(window[n], 0)) for n in ("loudness", "note_density"))
    parts: list[np.ndarray | list[float]] = []
    for curve in (loudness, notes):
        parts += [
            _level(curve),
            np.quantile(curve, [0.1, 0.9]),
            _autocorrelation(curve, SLOW),
            _octaves(curve),
        ]
    parts.append([_correlation(loudness, notes), loudness.mean() / max(loudness.max(), TINY)])
    return np.concatenate([*parts, _harmony(window["chord"].astype(str))])


def _level(curve: np.ndarray) -> np.ndarray:
    return np.array([curve.mean(), curve.std(), np.abs(np.diff(curve)).mean()])


def _autocorrelation(curve: np.ndarray, lags: Sequence[int]) -> np.ndarray:
    off = curve - curve.mean()
    power = np.square(off).mean() + TINY
    return np.array([(off[:-lag] * off[lag:]).mean() / power for lag in lags])


def _octaves(curve: np.ndarray) -> np.ndarray:
    """(5,) log shares of the power at periods of `PERIODS_S`."""
    off = (curve - curve.mean()) * np.hanning(len(curve))
    power = np.square(np.abs(np.fft.rfft(off)))
    bounds = len(curve) / np.array(PERIODS_S)
    bounds[-1] = len(power)  # the fastest there is belongs to the last octave
    edges = np.ceil(bounds).astype(int)
    shares = np.array([power[a:b].sum() for a, b in pairwise(edges)])
    return np.log((shares + TINY) / (shares.sum() + TINY))


def _cutting(since_cut: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """(6,): cuts a minute, how long shots are, and how evenly they follow each other."""
    shot = np.log1p(np.nan_to_num(since_cut))
    at = np.flatnonzero(cuts)
    gaps = np.diff(at) if len(at) > 2 else np.array([len(cuts)])
    return np.array(
        [
            np.log1p(60 * cuts.mean()),
            shot.mean(),
            shot.std(),
            shot.max(),
            np.log(np.median(gaps)),
            gaps.std() / gaps.mean(),
        ]
    )


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """0 where one of them never changes."""
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > TINY else 0.0


def _harmony(chords: np.ndarray) -> np.ndarray:
    """(21,): kinds of chords, how many there are, how long they last, where their roots go."""
    quality = np.array([c.split(":")[1] if ":" in c else "maj" for c in chords])
    quality = np.where(np.isin(chords, ("N", "")), "none", quality)
    root = np.array([PITCH_CLASSES.get(c.split(":")[0], -1) for c in chords])
    changes = chords[1:] != chords[:-1]
    lasting = np.diff(np.flatnonzero(np.concatenate([[True], changes, [True]])))
    counts = np.sort(np.unique(chords, return_counts=True)[1])[::-1]
    share = counts / counts.sum()
    moves = changes & (root[1:] >= 0) & (root[:-1] >= 0)
    steps = np.bincount((np.diff(root)[moves]) % 12, minlength=12) / max(1, int(moves.sum()))
    kinds = [np.isin(quality, q).mean() for q in (MAJOR, MINOR, ("maj", "min"), ("none",))]
    by_interval = [[5], [7], [0], [2, 10], [3, 9], [4, 8], [1, 6, 11]]
    return np.array(
        [
            *kinds,
            np.mean(["7" in q for q in quality]),
            np.isin(quality, ("sus2", "sus4", "sus")).mean(),
            changes.mean(),
            np.exp(-(share * np.log(share)).sum()),
            len(counts),
            np.log(lasting.mean()),
            np.log(lasting.max()),
            *np.pad(share[:3], (0, max(0, 3 - len(share)))),
            *(steps[of].sum() for of in by_interval),
        ]
    )
