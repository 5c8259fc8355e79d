"""Where a track can be cut and joined: its bars, and what each sounds like.

Bars run from one accented beat to the next (`structure.beats`); what comes before the first is the
pick-up, what follows the last line is the ending. Music without a steady beat gets lines where the
fewest notes begin, about every two seconds. Seconds everywhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from data.beat_corrections import AS_MEASURED, Correction, corrected_beats
from features.audio import structure
from features.audio.descriptors import Sound, describe, listen
from features.audio.load import load
from features.audio.spectrum import FRAME_S

FREE_BAR_S = 2.0
"""Distance of lines where there is no beat: about a bar at the commonest tempo (heuristic)."""
LATENCY_S = 0.045
"""Beats are told this much after their attacks. Measured: of 559 beats of 50 tracks with an attack
(6 dB within 10 ms) half come 30 to 45 ms late, by the analysis frame and its envelope."""
_EDGE_S = 0.3
"""How much music on both sides of a line tells its level."""
_ALIKE_S = 0.4
"""How much music after a line tells whether its onsets fall as after another (heuristic)."""
_LAG, _BEFORE = 8, 2
"""Frames: the largest shift that is looked for, and how much before a line counts, too."""
_FEWEST = 4
"""Fewer accents than this are no bars."""


@dataclass(frozen=True, eq=False)
class Bars:
    """A track as n stretches, pick-up and ending included.

    lines : (n + 1,) seconds, from 0 to the end of the sound. beat : seconds of a beat, NaN without.
    chroma : (n, 12) unit vectors. timbre : (n, 12) MFCC without the first, standardised over the
    track. level_in, level_out : (n,) dB of the first and last 0.3 s of each stretch.
    shift : (n + 1, n + 1) seconds by which the onsets after one line come late against those after
    another, up to 0.19 either way; 0 where they fall alike.
    sections : start times in seconds. steady : whether the lines follow beats. attack : (n,) how
    sharply each stretch begins, 0–1 (1: as its sharpest hundredth).
    """

    lines: np.ndarray
    beat: float
    chroma: np.ndarray
    timbre: np.ndarray
    level_in: np.ndarray
    level_out: np.ndarray
    sections: np.ndarray
    accents: np.ndarray
    steady: bool
    attack: np.ndarray
    shift: np.ndarray

    def __len__(self) -> int:
        return len(self.lines) - 1


def read_bars(path: str | os.PathLike[str], correction: Correction = AS_MEASURED) -> Bars:
    """The bars of an audio file. Raises `InputError` for one that cannot be read.

    correction : what a person said of its beats.
    """
    return bars_of(listen(load(path)), correction)


def bars_of(sound: Sound, correction: Correction = AS_MEASURED) -> Bars:
    """The bars of a sound that has been listened to."""
    description = describe(sound)
    found = structure.beats(sound, description)
    end = len(sound.level_db) * FRAME_S
    beats, accented = corrected_beats(found.times, found.accents, correction, end)
    accents = np.maximum(beats[accented] - LATENCY_S, 0.0)
    steady = len(accents) >= _FEWEST
    lines = _framed(accents if steady else _quiet_lines(sound, end), end)
    frames = np.clip(np.round(lines / FRAME_S).astype(int), 0, len(sound.level_db))
    power = 10 ** (sound.level_db / 10)
    edge = max(round(_EDGE_S / FRAME_S), 1)
    spans = list(zip(frames[:-1], np.maximum(frames[1:], frames[:-1] + 1), strict=True))
    timbre = np.array([sound.timbre[a:b, 1:13].mean(axis=0) for a, b in spans])
    chroma = np.array([sound.chroma[a:b].mean(axis=0) for a, b in spans])
    return Bars(
        lines,
        float(np.median(np.diff(beats))) if steady else float("nan"),
        chroma / np.maximum(np.linalg.norm(chroma, axis=1, keepdims=True), 1e-9),
        (timbre - timbre.mean(axis=0)) / (timbre.std(axis=0) + 1e-9),
        np.array([_db(power[a : min(b, a + edge)]) for a, b in spans]),
        np.array([_db(power[max(a, b - edge) : b]) for a, b in spans]),
        np.array([start for start, _ in structure.sections(sound)]),
        accents,
        steady,
        _attacks(sound.envelope, lines[:-1]),
        _shifts(sound.envelope, lines),
    )


def _attacks(envelope: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The onset envelope's peak just after each time, 0–1."""
    top = float(np.quantile(envelope, 0.99)) if len(envelope) else 0.0
    if top <= 0:
        return np.zeros(len(starts))
    frames = np.round((starts + LATENCY_S) / FRAME_S).astype(int)
    peaks = [float(envelope[max(f - 2, 0) : f + 3].max(initial=0.0)) for f in frames]
    return np.minimum(np.array(peaks) / top, 1.0)


def _shifts(envelope: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """`Bars.shift`: the lag at which two stretches of the onset envelope agree best."""
    reach = round(_ALIKE_S / FRAME_S)
    at = np.round(lines / FRAME_S).astype(int) + _LAG  # in the padded envelope
    padded = np.pad(envelope, (_LAG + _BEFORE, reach + _LAG))
    base = np.array([padded[a : a + _BEFORE + reach] for a in at])
    likes = np.empty((2 * _LAG + 1, len(at), len(at)), np.float32)
    for k in range(2 * _LAG + 1):
        start = at - _LAG + k
        likes[k] = base @ np.array([padded[a : a + _BEFORE + reach] for a in start]).T
    lag = np.where(likes.max(axis=0) > 0, likes.argmax(axis=0) - _LAG, 0)
    return np.asarray(lag * FRAME_S)


def _framed(lines: np.ndarray, end: float) -> np.ndarray:
    """Lines with the track's beginning and end, none nearer than a quarter second to another."""
    inner = lines[(lines > 0.25) & (lines < end - 0.25)]
    return np.concatenate([[0.0], inner, [end]])


def _quiet_lines(sound: Sound, end: float) -> np.ndarray:
    """Near every second second, the moment at which the least begins."""
    reach = 0.4 * FREE_BAR_S
    lines = []
    for centre in np.arange(FREE_BAR_S, end - reach, FREE_BAR_S):
        low, high = (int(t / FRAME_S) for t in (centre - reach, centre + reach))
        window = sound.envelope[low:high]
        if len(window):
            lines.append((low + int(np.argmin(window))) * FRAME_S)
    return np.array(lines)


def _db(power: np.ndarray) -> float:
    return float(10 * np.log10(max(float(power.mean()), 1e-12))) if len(power) else -120.0
