"""Raters whose rule is known: what they say of real clips, so that calibration can be held to it.

They rate scene tension. Half they agree with the closed form (weight `agreement` in z units); the rest
is a rule that no closed form holds and that averages cannot tell:

    what moves builds up: the log residual energy through a leaky integrator of 2 s, its 85th percentile
    over the window, saturating (tanh); `darkness` lets the same build-up count more the darker it is.

Their mean rating carries noise at a stated reliability (the share of its variance that is not noise).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from data.profiles import VIDEO_NAMES
from features.video.profile import rate, window
from features.video.profile_weights import to_z
from features.video.timeline import TOKEN, Timeline
from leitmotif.calibration.ratings import Ratings, Window

FIELD = VIDEO_NAMES.index("scene_tension")


class SimulatedRaters:
    """Windows of real clips and what the raters truly feel about them, `truth` (m,), 0–100."""

    def __init__(
        self, clips: Mapping[Path, Timeline], *, seconds: float = 6.0, step: float = 3.0, agreement: float = 0.7, darkness: bool = False
    ) -> None:
        self.windows = [w for path, timeline in clips.items() for w in _cut(path, timeline.duration, seconds, step)]
        energy, light = _robust(clips.values(), "residual_energy", log=1e-6), _robust(clips.values(), "lightness")
        parts = [window(clips[w.clip], w.start, w.end) for w in self.windows]
        rule = _standard(np.array([_build_up(energy(p), light(p) if darkness else None) for p in parts]))
        closed = np.array([rate(clips[w.clip], w.start, w.end).values for w in self.windows])
        mixed = _standard(agreement * _standard(to_z(closed)[:, FIELD]) + np.sqrt(1 - agreement**2) * rule)
        self.truth = 100 * ndtr(0.8 * mixed - 0.2)
        self.closed = closed[:, FIELD]

    def rate(self, rows: np.ndarray, *, reliability: float, seed: int) -> Ratings:
        """Noisy mean ratings of some windows."""
        truth = self.truth[rows]
        noise = truth.std() * np.sqrt(1 / reliability - 1)
        values = np.full((len(rows), len(VIDEO_NAMES)), np.nan)
        values[:, FIELD] = np.clip(truth + np.random.default_rng(seed).normal(0, noise, len(rows)), 0, 100)
        counts = np.isfinite(values).astype(int)
        return Ratings(tuple(self.windows[i] for i in rows), values, counts, np.full(values.shape, np.nan), source="simulated raters")


def _cut(path: Path, duration: float, seconds: float, step: float) -> list[Window]:
    starts = np.arange(0, max(duration - seconds, 0) + 1e-6, step)
    return [Window(path, float(s), float(min(s + seconds, duration)), path.name) for s in starts]


def _build_up(energy: np.ndarray, light: np.ndarray | None) -> float:
    level, levels = energy[0], []
    for value in energy:
        level += (value - level) * TOKEN / 2.0
        levels.append(level)
    felt = np.tanh(np.percentile(levels, 85))
    return float(felt if light is None else felt * (0.4 + 1.2 * np.mean(1 / (1 + np.exp(1.5 * light)))))


def _robust(timelines, name: str, log: float | None = None):
    """A column as robust z over all timelines, held within ±3; missing counts as the middle."""
    shape = (lambda x: np.log(x + log)) if log else (lambda x: x)
    values = shape(np.concatenate([t[name] for t in timelines]))
    middle = np.nanmedian(values)
    scale = 1.4826 * np.nanmedian(np.abs(values - middle))
    return lambda part: np.clip((np.nan_to_num(shape(part[name]), nan=middle) - middle) / scale, -3, 3)


def _standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / x.std()
