"""Instruments: each turns one note into sound.

Conventions: mono float64 at `RATE`, about ±1 at full velocity, starting at the note's onset and
ringing on after its end. `hz` is the fundamental, `seconds` the time the key is held, `velocity`
0–1 makes a note louder and brighter, `rng` gives breath and bow noise: same generator state, same
samples. The recipes (band-limited saws by PolyBLEP, Karplus-Strong strings, Chowning's FM) are
textbook; every number in them was set by ear and eye.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from scipy import signal

RATE = 48_000
Voice = Callable[[float, float, float, np.random.Generator], np.ndarray]


# ------------------------------------------------------------------------------ building blocks


def times(seconds: float) -> np.ndarray:
    return np.arange(max(1, round(seconds * RATE))) / RATE


def envelope(
    seconds: float, attack: float, release: float, decay: float = 1e9, sustain: float = 0.0
) -> np.ndarray:
    """Raised-cosine attack, exponential decay towards `sustain` (time constant `decay`),
    exponential release.
    """
    t = times(seconds + release)
    level = sustain + (1 - sustain) * np.exp(-np.maximum(t - attack, 0) / decay)
    level *= 0.5 - 0.5 * np.cos(np.pi * np.clip(t / attack, 0, 1))
    return level * np.where(
        t > seconds,
        np.exp(-5 * (t - seconds) / release)
        * np.clip((seconds + release - t) / (0.3 * release), 0, 1),
        1,
    )


def vibrato(t: np.ndarray, rate: float, cents: float, delay: float = 0.25) -> np.ndarray:
    """Frequency ratio of a vibrato that sets in after `delay` seconds."""
    return 2 ** (cents / 1200 * np.sin(2 * np.pi * rate * t) * np.clip((t - delay) / 0.4, 0, 1))


def saw(hz: np.ndarray | float, n: int, phase: float = 0.0) -> np.ndarray:
    """Saw wave with its step smoothed over one sample each side (PolyBLEP), so that it hardly
    aliases.
    """
    step = np.broadcast_to(np.asarray(hz, dtype=np.float64) / RATE, n)
    at = (phase + np.cumsum(step)) % 1.0
    wave = 2 * at - 1
    near, far = at < step, at > 1 - step
    x = at[near] / step[near]
    wave[near] -= 2 * x - x**2 - 1
    x = (at[far] - 1) / step[far]
    wave[far] -= x**2 + 2 * x + 1
    return wave


@lru_cache(maxsize=512)
def _sections(kind: str, order: int, edge: tuple[float, ...]) -> np.ndarray:
    return signal.butter(
        order,
        np.clip(edge, 15, 0.46 * RATE) if len(edge) > 1 else min(edge[0], 0.46 * RATE),
        kind,
        fs=RATE,
        output="sos",
    )


def lowpass(x: np.ndarray, hz: float, order: int = 2) -> np.ndarray:
    return signal.sosfilt(_sections("lowpass", order, (round(hz, 1),)), x, axis=0)


def highpass(x: np.ndarray, hz: float, order: int = 2) -> np.ndarray:
    return signal.sosfilt(_sections("highpass", order, (round(hz, 1),)), x, axis=0)


def bandpass(x: np.ndarray, low: float, high: float) -> np.ndarray:
    return signal.sosfilt(_sections("bandpass", 2, (round(low, 1), round(high, 1))), x, axis=0)


def _saws(
    hz: float,
    n: int,
    cents: tuple[float, ...],
    rng: np.random.Generator,
    bend: np.ndarray | float = 1.0,
) -> np.ndarray:
    return sum(saw(hz * 2 ** (c / 1200) * bend, n, rng.random()) for c in cents) / len(cents) ** 0.7


def _opening(wave: np.ndarray, dark: float, bright: float, how_open: np.ndarray) -> np.ndarray:
    """A filter that opens and closes: two fixed low-passes, cross-faded."""
    return lowpass(wave, dark) * (1 - how_open) + lowpass(wave, bright) * how_open


def _partials(
    hz: float, t: np.ndarray, ratios: np.ndarray, amps: np.ndarray, decays: np.ndarray
) -> np.ndarray:
    """Sum of decaying sines; `decays` are rates in 1/s. Partials above 16 kHz are left out."""
    out = np.zeros_like(t)
    for ratio, amp, rate in zip(ratios, amps, decays, strict=True):
        if hz * ratio < 16_000:
            out += amp * np.sin(2 * np.pi * hz * ratio * t) * np.exp(-rate * t)
    return out


# ------------------------------------------------------------------------------ struck and plucked


def piano(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    k = np.arange(1, 19)
    amps = k**-1.15 * np.exp(-k * (0.34 - 0.24 * velocity) * (hz / 260) ** 0.5)
    rates = (0.45 + 0.16 * k) * (hz / 220) ** 0.6
    env = envelope(seconds, 0.003, 0.35)
    t = times(len(env) / RATE)
    stretched = k * np.sqrt(1 + 0.00035 * k**2)
    tone = _partials(hz, t, stretched, amps, rates) + 0.7 * _partials(
        hz * 1.0006, t, stretched, amps, rates * 0.55
    )
    hammer = bandpass(rng.standard_normal(len(t)), 250, 2500) * np.exp(-t * 90) * 0.25 * velocity
    return (0.55 * tone + hammer) * env * (0.35 + 0.65 * velocity)


def pluck(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    """Karplus-Strong: a noise burst runs round a delay line that loses its highs each turn."""
    n = round((seconds + 0.6) * RATE)
    period = RATE / hz - 1
    whole, part = int(period), period % 1
    damp = 0.16 if hz < 500 else 0.08
    taps = np.convolve([damp / 2, 1 - damp, damp / 2], [1 - part, part]) * 0.5 ** (
        1 / (hz * (0.55 + 60 / hz))
    )
    burst = lowpass(rng.standard_normal(whole), 1800 + 6500 * velocity)
    line = np.zeros(n + whole + 4)
    line[4 : whole + 4] = burst - burst.mean()
    for at in range(whole + 4, len(line), whole):
        size = min(whole, len(line) - at)
        line[at : at + size] = sum(
            g * line[at - whole - i : at - whole - i + size] for i, g in enumerate(taps)
        )
    out = line[whole + 4 :] / (np.abs(line).max() + 1e-9)
    return out * envelope(seconds, 0.001, 0.6)[: len(out)] * (0.3 + 0.7 * velocity)


def harp(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    string = pluck(hz, seconds + 0.8, 0.5 * velocity, rng)
    t = times(len(string) / RATE)
    return 0.7 * string + 0.4 * np.sin(2 * np.pi * hz * t) * np.exp(-2.2 * t) * (
        0.3 + 0.7 * velocity
    )


def marimba(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    t = times(0.9)
    rates = np.array([4.5, 11, 26]) * (hz / 400) ** 0.4
    tone = _partials(
        hz, t, np.array([1, 3.93, 9.5]), np.array([1, 0.32 * velocity, 0.14 * velocity]), rates
    )
    knock = bandpass(rng.standard_normal(len(t)), 900, 5000) * np.exp(-t * 220) * 0.2 * velocity
    return (tone + knock) * envelope(0.5, 0.002, 0.4) * (0.3 + 0.7 * velocity)


def _fm(hz: float, t: np.ndarray, ratio: float, index: float, index_rate: float) -> np.ndarray:
    return np.sin(
        2 * np.pi * hz * t + index * np.exp(-index_rate * t) * np.sin(2 * np.pi * hz * ratio * t)
    )


def celesta(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds + 0.4, 0.002, 0.8)
    t = times(len(env) / RATE)
    tone = _fm(hz, t, 4.0, 0.9 * velocity, 7) + 0.25 * np.sin(2 * np.pi * 3.01 * hz * t) * np.exp(
        -6 * t
    )
    return 0.7 * tone * np.exp(-2.4 * t) * env * (0.3 + 0.7 * velocity)


def bell(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds + 1.2, 0.002, 1.2)
    t = times(len(env) / RATE)
    tone = _fm(hz, t, 3.51, 2.4 * velocity, 1.6) + 0.4 * _fm(
        hz * 2.003, t, 1.41, 1.2 * velocity, 2.5
    )
    return 0.5 * tone * np.exp(-1.3 * t) * env * (0.3 + 0.7 * velocity)


def electric_piano(
    hz: float, seconds: float, velocity: float, rng: np.random.Generator
) -> np.ndarray:
    env = envelope(seconds, 0.004, 0.3, 1.6, 0.15)
    t = times(len(env) / RATE)
    body = _fm(hz, t, 1.0, 0.9 * velocity + 0.2, 1.2)
    tine = _fm(hz, t, 14.0, 0.35 * velocity, 9) - np.sin(2 * np.pi * hz * t)
    tremolo = 1 + 0.14 * np.sin(2 * np.pi * 4.6 * t)
    return 0.6 * (body + tine) * env * tremolo * (0.35 + 0.65 * velocity)


# ------------------------------------------------------------------------------ bowed, blown, sung


def strings(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.16, 0.4 * seconds), 0.45)
    bend = vibrato(times(len(env) / RATE), 5.3, 9)
    wave = _saws(hz, len(env), (-7, 0, 6), rng, bend)
    return (
        0.5
        * lowpass(wave, min(700 + 2.2 * hz + 3800 * velocity**1.5, 9000))
        * env
        * (0.3 + 0.7 * velocity)
    )


def spiccato(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(min(seconds, 0.13), 0.012, 0.22, 0.12, 0.2)
    wave = _saws(hz, len(env), (-6, 1, 7), rng)
    bow = (
        bandpass(rng.standard_normal(len(env)), 1200, 4500)
        * np.exp(-times(len(env) / RATE) * 50)
        * 0.2
    )
    return (
        (0.65 * lowpass(wave, 900 + 2 * hz + 3800 * velocity) + bow * velocity)
        * env
        * (0.3 + 0.7 * velocity)
    )


def tremolo(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    wave = strings(hz, seconds, velocity, rng)
    t = times(len(wave) / RATE)
    return (
        wave * (0.55 + 0.45 * signal.sawtooth(2 * np.pi * 13.5 * t + rng.random() * 6, 0.3)) * 1.3
    )


def pad(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.7, 0.45 * seconds), 1.1)
    wave = _saws(hz, len(env), (-9, -3, 4, 10), rng)
    sweep = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(len(env)) / RATE / 7.0)
    return (
        0.45
        * _opening(wave, 500 + hz, 1100 + 1.5 * hz + 1600 * velocity, sweep)
        * env
        * (0.3 + 0.7 * velocity)
    )


def choir(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.35, 0.4 * seconds), 0.7)
    wave = _saws(hz, len(env), (-8, 1, 9), rng, vibrato(times(len(env) / RATE), 5.0, 14, 0.1))
    vowel = (
        bandpass(wave, 580, 760)
        + 0.6 * bandpass(wave, 1020, 1200)
        + 0.22 * bandpass(wave, 2500, 3000)
    )
    return (1.1 * vowel + 0.25 * lowpass(wave, 500)) * env * (0.3 + 0.7 * velocity)


def flute(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.07, 0.4 * seconds), 0.16)
    t = times(len(env) / RATE)
    phase = 2 * np.pi * np.cumsum(hz * vibrato(t, 5.1, 16, 0.3)) / RATE
    tone = sum(
        a * np.sin(k * phase)
        for k, a in (
            (1, 1.0),
            (2, 0.2 + 0.25 * velocity),
            (3, 0.12 * velocity),
            (4, 0.05 * velocity),
        )
    )
    breath = bandpass(rng.standard_normal(len(t)), hz, min(hz * 3, 9000)) * (
        0.05 + 0.2 * np.exp(-t * 22)
    )
    return 0.62 * (tone + breath) * env * (0.35 + 0.65 * velocity)


def clarinet(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.05, 0.4 * seconds), 0.12)
    t = times(len(env) / RATE)
    phase = 2 * np.pi * np.cumsum(hz * vibrato(t, 4.6, 7, 0.4)) / RATE
    amps = (
        (1, 1.0),
        (2, 0.06),
        (3, 0.45),
        (4, 0.05),
        (5, 0.28 * velocity),
        (7, 0.18 * velocity),
        (9, 0.1 * velocity),
    )
    return 0.55 * sum(a * np.sin(k * phase) for k, a in amps) * env * (0.35 + 0.65 * velocity)


def cello(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.11, 0.4 * seconds), 0.3)
    wave = _saws(hz, len(env), (-2, 2), rng, vibrato(times(len(env) / RATE), 5.0, 15, 0.2))
    body = (
        lowpass(wave, 500 + 1800 * velocity + hz)
        + 0.5 * bandpass(wave, 200, 420)
        + 0.3 * bandpass(wave, 900, 1500)
    )
    return 0.5 * body * env * (0.3 + 0.7 * velocity)


def brass(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, min(0.045, 0.4 * seconds), 0.16, 0.5, 0.75)
    t = times(len(env) / RATE)
    scoop = 2 ** (-0.35 / 12 * np.exp(-t * 35)) * vibrato(t, 5.2, 6, 0.35)
    wave = _saws(hz, len(env), (-4, 3, 8), rng, scoop)
    blare = np.clip(t / 0.09, 0, 1) * (0.45 + 0.55 * np.exp(-t * 2.2)) * velocity
    return (
        0.6
        * _opening(wave, 350 + hz, 1500 + 2.2 * hz + 3200 * velocity, blare)
        * env
        * (0.3 + 0.7 * velocity)
    )


def organ(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, 0.02, 0.12)
    t = times(len(env) / RATE)
    bars = ((0.5, 0.5), (1, 1.0), (2, 0.6), (3, 0.35), (4, 0.3), (6, 0.15), (8, 0.12))
    return (
        0.3
        * sum(a * np.sin(2 * np.pi * hz * k * t + k) for k, a in bars)
        * env
        * (0.4 + 0.6 * velocity)
    )


# ------------------------------------------------------------------------------ electronic


def lead(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, 0.008, 0.2, 0.5, 0.7)
    wave = _saws(
        hz, len(env), (-14, -6, 0, 7, 13), rng, vibrato(times(len(env) / RATE), 5.5, 8, 0.3)
    )
    return 0.4 * lowpass(wave, 2500 + 7000 * velocity) * env * (0.4 + 0.6 * velocity)


def chip(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds * 0.85, 0.003, 0.06, 0.25, 0.45)
    n = len(env)
    pulse = (saw(hz, n) - saw(hz, n, 0.25)) * 0.5
    return 0.5 * pulse * env * (0.4 + 0.6 * velocity)


def synth_pluck(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(min(seconds, 0.25), 0.003, 0.3, 0.16, 0.1)
    wave = _saws(hz, len(env), (-8, 0, 9), rng)
    how_open = np.exp(-times(len(env) / RATE) * 13) * velocity
    return 0.6 * _opening(wave, 400 + hz, 2500 + 6000 * velocity, how_open) * env


def synth_bass(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds * 0.9, 0.004, 0.09, 0.5, 0.6)
    n = len(env)
    wave = saw(hz, n) + 0.6 * saw(hz * 1.006, n, 0.3)
    how_open = np.exp(-times(n / RATE) * 9)
    sub = np.sin(2 * np.pi * hz * times(n / RATE))
    return (
        (0.35 * _opening(wave, 260, 700 + 1800 * velocity, how_open) + 0.6 * sub)
        * env
        * (0.5 + 0.5 * velocity)
    )


def round_bass(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    env = envelope(seconds, 0.006, 0.18, 0.9, 0.25)
    t = times(len(env) / RATE)
    tone = sum(
        a * np.sin(2 * np.pi * k * hz * t) * np.exp(-d * t)
        for k, a, d in ((1, 1, 0), (2, 0.45, 2), (3, 0.22, 4), (4, 0.1, 7))
    )
    return 0.65 * tone * env * (0.4 + 0.6 * velocity)


def drone(hz: float, seconds: float, velocity: float, rng: np.random.Generator) -> np.ndarray:
    """Many low strings that never quite agree, breathing slowly."""
    env = envelope(seconds, min(1.5, 0.4 * seconds), 1.4)
    t = times(len(env) / RATE)
    wave = _saws(hz, len(env), (-19, -8, 2, 11, 23), rng, 1 + 0.004 * np.sin(2 * np.pi * 0.23 * t))
    return (
        0.5
        * _opening(wave, 160, 480 + 900 * velocity, 0.5 + 0.5 * np.sin(2 * np.pi * 0.31 * t))
        * env
        * (0.4 + 0.6 * velocity)
    )


VOICES: dict[str, Voice] = {
    f.__name__: f
    for f in (
        piano,
        pluck,
        harp,
        marimba,
        celesta,
        bell,
        electric_piano,
        strings,
        spiccato,
        tremolo,
        pad,
        choir,
        flute,
        clarinet,
        cello,
        brass,
        organ,
        lead,
        chip,
        synth_pluck,
        synth_bass,
        round_bass,
        drone,
    )
}
