"""Pitch classes, key, harmonic change and roughness, from spectral peaks.

Conventions: pitch classes start at C; chroma rows are unit-free (a frame's strongest class is 1);
keys are numbered 0–11 major, 12–23 minor, from C. Peaks rather than bins: a bin of the transform
is wider than a semitone below 180 Hz, an interpolated peak is good to a hertz.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from data.compiled import njit

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
"""Key profiles of Krumhansl & Kessler 1982."""
PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
C0_HZ = 440.0 * 2 ** (-57 / 12)


class Key(NamedTuple):
    name: str
    """As "F# minor"; empty without tones."""
    clarity: float
    """Best correlation with a key profile, −1–1."""
    mode: float
    """Best major minus best minor correlation: above 0 is major."""


def tuning(peak_hz: np.ndarray, peak_level: np.ndarray) -> float:
    """Offset from A = 440 Hz in semitones, −0.5–0.5: circular mean over the peaks."""
    sounding = peak_level > 0
    semitones = 12 * np.log2(peak_hz[sounding] / C0_HZ)
    return float(
        np.angle(np.sum(peak_level[sounding] * np.exp(2j * np.pi * semitones))) / (2 * np.pi)
    )


def chroma(peak_hz: np.ndarray, peak_level: np.ndarray) -> np.ndarray:
    """Harmonic pitch-class profile per frame, float32 (T, 12), after Gómez 2006.

    A peak also speaks for the fundamentals that it could be the 2nd to 5th partial of, each
    0.6 times less; zero rows where no peak is.
    """
    return _chroma(peak_hz, peak_level, tuning(peak_hz, peak_level))


def key(profile: np.ndarray) -> Key:
    """The key that a mean chroma (12,) fits best."""
    if np.ptp(profile) <= 1e-9:
        return Key("", 0.0, 0.0)
    scores = key_scores(profile[None])[0]
    best = int(scores.argmax())
    name = f"{PITCH_CLASSES[best % 12]} {'major' if best < 12 else 'minor'}"
    return Key(name, float(scores.max()), float(scores[:12].max() - scores[12:].max()))


def key_scores(profiles: np.ndarray) -> np.ndarray:
    """Correlation of chroma rows (n, 12) with the 24 key profiles, (n, 24); 0 for flat rows."""
    keys = np.array([np.roll(p, shift) for p in (MAJOR, MINOR) for shift in range(12)])
    keys = (keys - keys.mean(axis=1, keepdims=True)) / keys.std(axis=1, keepdims=True)
    sd = profiles.std(axis=1, keepdims=True)
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    centred = centred / np.where(sd > 1e-9, sd, np.inf)
    return centred @ keys.T / 12


def harmonic_change(profiles: np.ndarray) -> np.ndarray:
    """Distances of neighbouring tonal centroids, (n,), for chroma at an even pace (Harte 2006)."""
    angles = np.arange(12)[:, None] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
    radii = np.array([1.0, 1.0, 0.5])
    total = profiles.sum(axis=1, keepdims=True)
    unit = profiles / np.where(total > 0, total, 1)
    centroids = unit @ np.concatenate([radii * np.sin(angles), radii * np.cos(angles)], axis=1)
    padded = np.concatenate([centroids[:1], centroids, centroids[-1:]])
    return np.linalg.norm(padded[2:] - padded[:-2], axis=1)


def roughness(peak_hz: np.ndarray, peak_level: np.ndarray) -> np.ndarray:
    """Sensory dissonance of a frame's peaks per summed level, float32 (T,) (Sethares 1993)."""
    return _roughness(peak_hz, peak_level)


@njit(fastmath=True)
def _chroma(peak_hz: np.ndarray, peak_level: np.ndarray, offset: float) -> np.ndarray:
    frames, count = peak_hz.shape
    out = np.zeros((frames, 12), np.float32)
    shifts = np.empty(5)
    for h in range(5):
        shifts[h] = 12 * np.log2(h + 1.0)
    for t in range(frames):
        for i in range(count):
            if peak_level[t, i] <= 0 or peak_hz[t, i] < 65.0:
                continue
            semitone = 12 * np.log2(peak_hz[t, i] / C0_HZ) - offset
            weight = peak_level[t, i]
            for h in range(5):
                at = semitone - shifts[h]
                nearest = np.round(at)
                share = np.cos(np.pi * (at - nearest)) ** 2  # 1 in tune, 0 a quarter tone off
                out[t, int(nearest) % 12] += weight * share
                weight *= 0.6
        top = out[t].max()
        if top > 0:
            out[t] /= top
    return out


@njit(fastmath=True)
def _roughness(peak_hz: np.ndarray, peak_level: np.ndarray) -> np.ndarray:
    frames, count = peak_hz.shape
    out = np.zeros(frames, np.float32)
    for t in range(frames):
        total, rough = 0.0, 0.0
        for i in range(count):
            if peak_level[t, i] <= 0:
                break
            total += peak_level[t, i]
            for j in range(i):
                low = min(peak_hz[t, i], peak_hz[t, j])
                gap = abs(peak_hz[t, i] - peak_hz[t, j])
                x = gap * 0.24 / (0.0207 * low + 18.96)
                if x < 2.5:
                    rough += min(peak_level[t, i], peak_level[t, j]) * (
                        np.exp(-3.51 * x) - np.exp(-5.75 * x)
                    )
        if total > 0:
            out[t] = rough / total
    return out
