"""Sounds with known answers, made for tests: melodies, drums, filters. Mono float64 at `RATE`."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfiltfilt

RATE = 22_050


def hz(pitch: float) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def notes(pitches, seconds=0.4, partials=6, decay=3.0, attack_s=0.005, level=0.1) -> np.ndarray:
    """One decaying harmonic tone per MIDI pitch; a tuple of pitches sounds as a chord."""
    t = np.arange(round(seconds * RATE)) / RATE
    envelope = np.exp(-decay * t) * np.minimum(t / attack_s, 1)
    out = []
    for chord in pitches:
        tones = [
            np.sin(2 * np.pi * hz(p) * h * t) / h
            for p in np.atleast_1d(chord)
            for h in range(1, partials + 1)
        ]
        out.append(sum(tones) * envelope)
    return level * np.concatenate(out)


def drums(bpm: float, seconds: float = 12.0, seed: int = 0) -> np.ndarray:
    """Kick on one and three, snare on two and four, hi-hat in eighths."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(0.15 * RATE)) / RATE
    kick = np.sin(2 * np.pi * (50 + 80 * np.exp(-40 * t)) * t) * np.exp(-25 * t)
    snare = rng.standard_normal(len(t)) * np.exp(-30 * t) * 0.5
    hat = np.diff(rng.standard_normal(len(t) + 1)) * np.exp(-80 * t) * 0.1
    out = np.zeros(round(seconds * RATE) + len(t))
    for eighth in range(int(seconds * bpm / 30)):
        at = round(eighth * 30 / bpm * RATE)
        sound = hat + (0 if eighth % 2 else kick if eighth % 4 == 0 else snare)
        out[at : at + len(t)] += sound
    return 0.3 * out[: round(seconds * RATE)]


def low_passed(sound: np.ndarray, cutoff_hz: float) -> np.ndarray:
    return sosfiltfilt(butter(4, cutoff_hz, fs=RATE, output="sos"), sound)
