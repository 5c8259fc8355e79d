"""Drums and cymbals: one hit each, mono float64 at `synth.RATE`, about ±1, length as it rings.

Same conventions as `tools.demo.synth`; every number is a heuristic, set by ear and eye.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.demo.synth import bandpass, highpass, lowpass, times

Drum = Callable[[np.random.Generator], np.ndarray]


def _skin(seconds: float, top: float, bottom: float, drop: float, decay: float) -> np.ndarray:
    """A struck skin: a sine that falls from `top` to `bottom` Hz (rate `drop`) and dies away (rate
    `decay`).
    """
    t = times(seconds)
    phase = bottom * t + (top - bottom) / drop * (1 - np.exp(-drop * t))
    return np.sin(2 * np.pi * phase) * np.exp(-decay * t) * np.clip((seconds - t) / 0.03, 0, 1)


def _noise(seconds: float, decay: float, rng: np.random.Generator) -> np.ndarray:
    t = times(seconds)
    return rng.standard_normal(len(t)) * np.exp(-decay * t)


def kick(rng: np.random.Generator) -> np.ndarray:
    click = highpass(_noise(0.4, 400, rng), 1500) * 0.12
    return 0.95 * np.tanh(1.6 * _skin(0.4, 170, 47, 32, 8)) + click


def snare(rng: np.random.Generator) -> np.ndarray:
    rattle = bandpass(_noise(0.3, 19, rng), 900, 9500) * 0.55
    return rattle + 0.5 * _skin(0.3, 260, 185, 40, 20)


def clap(rng: np.random.Generator) -> np.ndarray:
    t = times(0.3)
    bursts = (
        sum(np.exp(-np.maximum(t - at, 0) * 130) * (t >= at) for at in (0, 0.011, 0.023))
        + np.exp(-t * 17) * 0.5
    )
    return bandpass(rng.standard_normal(len(t)) * bursts, 900, 3800) * 0.55


def hat(rng: np.random.Generator) -> np.ndarray:
    return highpass(_noise(0.1, 60, rng), 7000, 4) * 0.4


def open_hat(rng: np.random.Generator) -> np.ndarray:
    return highpass(_noise(0.4, 11, rng), 6500, 4) * 0.4


def shaker(rng: np.random.Generator) -> np.ndarray:
    t = times(0.12)
    return (
        bandpass(
            rng.standard_normal(len(t)) * np.sin(np.pi * np.clip(t / 0.1, 0, 1)) ** 2, 4500, 11_000
        )
        * 0.4
    )


def rim(rng: np.random.Generator) -> np.ndarray:
    return (
        0.5 * _skin(0.12, 1750, 1650, 60, 55) + bandpass(_noise(0.12, 120, rng), 1500, 5000) * 0.3
    )


def tom(rng: np.random.Generator) -> np.ndarray:
    return 0.8 * _skin(0.5, 170, 98, 14, 8) + lowpass(_noise(0.5, 40, rng), 1500) * 0.15


def taiko(rng: np.random.Generator) -> np.ndarray:
    slap = bandpass(_noise(0.9, 30, rng), 250, 2200) * 0.5
    return np.tanh(1.8 * _skin(0.9, 120, 58, 16, 5)) + slap


def hand_drum(rng: np.random.Generator) -> np.ndarray:
    return 0.75 * _skin(0.35, 330, 205, 30, 14) + bandpass(_noise(0.35, 70, rng), 700, 3500) * 0.25


def crash(rng: np.random.Generator) -> np.ndarray:
    return highpass(_noise(2.2, 2.3, rng), 3200) * 0.28


def heartbeat(rng: np.random.Generator) -> np.ndarray:
    beat = lowpass(_skin(0.35, 75, 42, 12, 11), 160)
    out = np.zeros(round(0.7 * 48_000))
    out[: len(beat)] += beat
    out[round(0.24 * 48_000) :][: len(beat)] += 0.7 * beat
    return out * 1.2


DRUMS: dict[str, Drum] = {
    f.__name__: f
    for f in (
        kick,
        snare,
        clap,
        hat,
        open_hat,
        shaker,
        rim,
        tom,
        taiko,
        hand_drum,
        crash,
        heartbeat,
    )
}
