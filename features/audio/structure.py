"""How a track runs: curves per half second, beats with accents, and sections.

Conventions: token k covers k·0.5 s to (k + 1)·0.5 s; times in seconds from the start. Places where
music can be cut or placed under a picture are read from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.profiles import Curves
from data.track_curves import CURVE_NAMES, TOKEN_S
from features.audio import profile, rhythm, tonal
from features.audio.descriptors import Description, Sound, token_means
from features.audio.load import LONGEST_S
from features.audio.spectrum import FRAME_S

LEVEL_PER_UNIT_LU = 6.0
"""Heuristic: a swell of this much weighs like one standard deviation of arousal's other signs."""
SECTION_S = 8.0
"""Heuristic: both sides of a boundary are compared over this long; no section is shorter."""
_QUIETEST_LU = -60.0


@dataclass(frozen=True, eq=False)
class Beats:
    """times : seconds (n,). accents : bool (n,), the downbeat-like ones.

    confidence, accent_confidence : 0–1; music without a pulse or without accents still gets a
    best guess, and these say how little it is worth.
    """

    times: np.ndarray
    accents: np.ndarray
    confidence: float
    accent_confidence: float


def curves(sound: Sound, description: Description, arousal: float) -> Curves:
    """The track over time, (T, 5) in the order of `data.track_curves.CURVE_NAMES`.

    arousal : the track's, −100–100, about which its own course runs.
    Silence has loudness −60, arousal −100 and no onsets.
    """
    tokens = int(np.ceil(round(_measured_s(sound) / TOKEN_S, 3)))
    times = np.arange(tokens) * TOKEN_S
    if not description.values:
        silent = np.tile([_QUIETEST_LU, -100.0, 0.0, 0.0, 0.0], (tokens, 1))
        return Curves(times, silent, CURVE_NAMES)
    loudness = 10 * np.log10(np.maximum(token_means(10 ** (sound.level_db / 10), TOKEN_S), 1e-6))
    rate = _onset_rate(sound)
    steps = tonal.harmonic_change(token_means(sound.chroma, 0.1))
    change = np.interp(times + TOKEN_S / 2, (np.arange(len(steps)) + 0.5) * 0.1, steps)
    bright = token_means(sound.spectrum["bright"], TOKEN_S)
    table = np.zeros((tokens, len(CURVE_NAMES)))
    for column, values in enumerate(
        (
            loudness,
            _arousal(sound, description, loudness, rate, arousal),
            rate,
            profile.brightness(bright),
            change,
        )
    ):
        count = min(tokens, len(values))
        table[:count, column] = values[:count]
        table[count:, column] = values[count - 1]  # a last token without a frame centre of its own
    return Curves(times, table, CURVE_NAMES)


def _measured_s(sound: Sound) -> float:
    """Seconds that were listened to: all, but of a recording of hours the first."""
    return (
        min(sound.duration_s, len(sound.active) * FRAME_S)
        if len(sound.active)
        else min(sound.duration_s, LONGEST_S)
    )


def _onset_rate(sound: Sound) -> np.ndarray:
    """Onsets per second in the two seconds around each token."""
    struck = np.zeros(len(sound.envelope))
    frames, weight = rhythm.onsets(sound.envelope)
    struck[frames] = weight / FRAME_S
    tokens = token_means(struck, TOKEN_S)
    width = min(4, len(tokens))
    return np.convolve(tokens, np.ones(width), "same") / np.convolve(
        np.ones(len(tokens)), np.ones(width), "same"
    )


def _arousal(
    sound: Sound, description: Description, loudness: np.ndarray, rate: np.ndarray, track: float
) -> np.ndarray:
    """How each token's timbre, onsets and level differ from the track's, about the track's arousal;
    pulse and register are the track's."""
    spectrum = sound.spectrum
    rms = np.maximum(token_means(spectrum["rms"], TOKEN_S), 1e-6)
    own = {
        "fullness": token_means(sound.db.mean(axis=1), TOKEN_S) - 20 * np.log10(rms),
        "entropy": token_means(spectrum["entropy"], TOKEN_S),
        "centroid": np.log(np.maximum(token_means(spectrum["centroid"], TOKEN_S), 20.0)),
        "spread": np.log(np.maximum(token_means(spectrum["bandwidth"], TOKEN_S), 20.0)),
        "speed": 0.5 * description.values["speed"] + 0.5 * np.log2(np.maximum(rate, 0.25)),
    }
    whole = {name: np.full(len(rms), value) for name, value in description.values.items()}
    level = loudness / LEVEL_PER_UNIT_LU
    return profile.arousal(whole | own, level, description.values, track)


def beats(sound: Sound, description: Description) -> Beats:
    """Beats at the track's tempo, and which of them sound like downbeats.

    Accents: over bars of 2, 3 and 4 beats and all their phases, the choice whose first beats stand
    out most in bass onsets, overall onsets and change of harmony (heuristic).
    """
    times = (
        rhythm.beat_times(sound.envelope, description.bpm) if description.values else np.zeros(0)
    )
    none = np.zeros(len(times), bool)
    if len(times) < 8:
        return Beats(times, none, description.pulse_strength * (len(times) > 0), 0.0)
    frames = np.round(times / FRAME_S).astype(int)
    strength = _standard(_peak_near(sound.envelope, frames)) + _standard(
        _peak_near(_bass_rise(sound.db), frames)
    )
    strength += _standard(_chord_change(sound.chroma, frames))
    best, contrast = none, 0.0
    for bar in (2, 3, 4):
        for phase in range(bar):
            first = np.arange(len(times)) % bar == phase
            gap = strength[first].mean() - strength[~first].mean()
            # standard error of a difference of means: longer bars have fewer firsts and win by
            # chance more often
            t = gap / (strength.std() * np.sqrt(1 / first.sum() + 1 / (~first).sum()) + 1e-9)
            if t > contrast:
                best, contrast = first, t
    return Beats(
        times, best, description.pulse_strength, float(1 - np.exp(-max(contrast - 1.5, 0) / 3))
    )


def sections(sound: Sound) -> list[tuple[float, float]]:
    """(start, end) of stretches that sound alike, without gaps.

    Foote's 2000 checkerboard novelty on unit vectors of timbre and chroma: for such vectors the
    kernel sum is the squared distance of the means on both sides, so no matrix is needed.
    """
    reach = round(SECTION_S / TOKEN_S)
    features = (
        _unit(_standard(token_means(sound.timbre[:, 1:], TOKEN_S)))
        if len(sound.active)
        else np.zeros((0, 1))
    )
    if len(features) < 2 * reach:
        return [(0.0, _measured_s(sound))]
    features = np.hstack([features, _unit(token_means(sound.chroma, TOKEN_S))])
    sums = np.cumsum(np.vstack([np.zeros(features.shape[1]), features]), axis=0)
    at = np.arange(reach, len(features) - reach + 1)
    novelty = np.sum((2 * sums[at] - sums[at - reach] - sums[at + reach]) ** 2, axis=1) / reach**2
    floor = np.median(novelty) + 1.5 * 1.4826 * np.median(np.abs(novelty - np.median(novelty)))
    cuts: list[int] = []
    for i in np.argsort(-novelty):
        if novelty[i] <= max(floor, 0.15):
            break
        if all(abs(at[i] - cut) >= reach for cut in cuts):
            cuts.append(int(at[i]))
    edges = [0.0, *(cut * TOKEN_S for cut in sorted(cuts)), _measured_s(sound)]
    return list(pairwise(edges))


def _peak_near(curve: np.ndarray, frames: np.ndarray) -> np.ndarray:
    padded = np.pad(curve, 2)
    return np.max([padded[frames + shift] for shift in range(5)], axis=0)


def _bass_rise(db: np.ndarray) -> np.ndarray:
    return rhythm.onset_envelope(db[:, :8])  # the eight mel bands below about 230 Hz


def _chord_change(chroma: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Distance of the chroma between neighbouring beats' spans, (n,)."""
    sums = np.cumsum(np.vstack([np.zeros(12), chroma]), axis=0)
    edges = np.append(np.minimum(frames, len(chroma)), len(chroma))
    spans = _unit(np.diff(sums[edges], axis=0))
    return np.append(0.0, np.linalg.norm(np.diff(spans, axis=0), axis=1))


def _standard(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
