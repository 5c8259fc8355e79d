"""Raters whose rule is known: what they say of real clips, so that calibration can be held to it.

Half they agree with the closed form of a field (weight `agreement` in z units); the rest is a rule
over time that no closed form holds:

    build-up   scene tension: what moves builds up: the log residual energy through a leaky
               integrator of 2 s, its 85th percentile over the window, saturating (tanh)
    dark       the same build-up counts more the darker it is
    late rise  visual arousal: contrast that rises more and more (last third of the window against
               the middle one, tanh), where saturation lies above its middle, and nothing elsewhere.
               No setting was chosen by its scores: it checks what was chosen by others

Their mean rating carries noise at a stated reliability (the share of its variance that is not
noise).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.special import ndtr

from data.profiles import VIDEO_FIELDS, VIDEO_NAMES
from features.video.profile import score, window
from features.video.profile_coefficients import to_z
from features.video.timeline import TOKEN, Timeline
from leitmotif.calibration.ratings import Ratings, Window

FIELD = VIDEO_NAMES.index("scene_tension")


class SimulatedRaters:
    """Windows of real clips and what the raters truly feel about them: `truth` (m,), on the scale
    of the field `field`.
    """

    def __init__(
        self,
        clips: Mapping[Path, Timeline],
        *,
        seconds: float = 6.0,
        step: float = 3.0,
        agreement: float = 0.7,
        rule: str = "build-up",
    ) -> None:
        self.field = VIDEO_NAMES.index("visual_arousal") if rule == "late rise" else FIELD
        self.windows = [
            w
            for path, timeline in clips.items()
            for w in _cut(path, timeline.duration, seconds, step)
        ]
        felt = _RULES[rule](clips.values())
        rest = _standard(
            np.array([felt(window(clips[w.clip], w.start, w.end)) for w in self.windows])
        )
        closed = np.array([score(clips[w.clip], w.start, w.end).values for w in self.windows])
        mixed = _standard(
            agreement * _standard(to_z(closed)[:, self.field]) + np.sqrt(1 - agreement**2) * rest
        )
        self.low, self.high = VIDEO_FIELDS[self.field].low, VIDEO_FIELDS[self.field].high
        self.truth = self.low + (self.high - self.low) * ndtr(0.8 * mixed - 0.2)
        self.closed = closed[:, self.field]

    def rate(self, rows: np.ndarray, *, reliability: float, seed: int) -> Ratings:
        """Noisy mean ratings of some windows."""
        truth = self.truth[rows]
        noise = truth.std() * np.sqrt(1 / reliability - 1)
        values = np.full((len(rows), len(VIDEO_NAMES)), np.nan)
        values[:, self.field] = np.clip(
            truth + np.random.default_rng(seed).normal(0, noise, len(rows)), self.low, self.high
        )
        counts = np.isfinite(values).astype(int)
        return Ratings(
            tuple(self.windows[i] for i in rows),
            values,
            counts,
            np.full(values.shape, np.nan),
            source="simulated raters",
        )


def _cut(path: Path, duration: float, seconds: float, step: float) -> list[Window]:
    starts = np.arange(0, max(duration - seconds, 0) + 1e-6, step)
    return [Window(path, float(s), float(min(s + seconds, duration)), path.name) for s in starts]


def _build_up_rule(timelines, dark: bool = False):
    energy, light = _robust(timelines, "residual_energy", log=1e-6), _robust(timelines, "lightness")
    return lambda part: _build_up(energy(part), light(part) if dark else None)


def _late_rise_rule(timelines):
    contrast, saturation = _robust(timelines, "contrast"), _robust(timelines, "saturation")
    return lambda part: _late_rise(contrast(part)) * float(saturation(part).mean() > 0)


def _late_rise(x: np.ndarray) -> float:
    _, middle, last = (third.mean() for third in np.array_split(x, 3))
    return float(np.tanh(2 * (last - middle)))


def _build_up(energy: np.ndarray, light: np.ndarray | None) -> float:
    level, levels = energy[0], []
    for value in energy:
        level += (value - level) * TOKEN / 2.0
        levels.append(level)
    felt = np.tanh(np.percentile(levels, 85))
    return float(
        felt if light is None else felt * (0.4 + 1.2 * np.mean(1 / (1 + np.exp(1.5 * light))))
    )


def _robust(timelines, name: str, log: float | None = None):
    """A column as robust z over all timelines, held within ±3; missing counts as the middle."""
    shape = (lambda x: np.log(x + log)) if log else (lambda x: x)
    values = shape(np.concatenate([t[name] for t in timelines]))
    middle = np.nanmedian(values)
    scale = 1.4826 * np.nanmedian(np.abs(values - middle))
    return lambda part: np.clip(
        (np.nan_to_num(shape(part[name]), nan=middle) - middle) / scale, -3, 3
    )


def _standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / x.std()


_RULES = {
    "build-up": _build_up_rule,
    "dark": lambda timelines: _build_up_rule(timelines, dark=True),
    "late rise": _late_rise_rule,
}
RULES = tuple(_RULES)
