"""Onsets, tempo, pulse clarity and beats, from the onset envelope.

Conventions: the envelope is the mean rise of the compressed mel spectrum per frame (`compressed`;
librosa's has decibels there, in which a codec's noise counts as much as music), one value per
`FRAME_S`; tempo in beats per minute; times in seconds. Tempo is known up to a factor of two
(of three in triple time): listeners differ by that factor too. What is made of tempo further up
(`rhythm_speed`) does not hang on the octave.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from data.compiled import njit
from features.audio.spectrum import FRAME_S, HOP, N_FFT

KNEE_DB = -43.0
"""Where the scale of the envelope turns from decibels to power: relative to what all bands of loud
frames hold together.

Of MP3 at 64 kb/s of 12 tracks, decibels down to 60 below the loudest cell move onsets per second by
.07 and pulse clarity by .11 standard deviations, this scale by .02 and .05."""
ONSET_DELTA_DB = 0.3
"""A peak of the envelope that stands this far above the median around it counts half as an onset:
not at all from half of it down, fully from one and a half of it up, so that a codec's noise moves
little.

Set on the demo's tracks, whose onsets are known: rank correlation .90 with what was written; .99
with the onsets of 140 piano pieces (VGMIDI)."""
PULSE_BPM = (40.0, 200.0)
TEMPO_GRID = 40.0 * 2.0 ** np.arange(0, np.log2(240 / 40), 1 / 200)
SAME_TEMPO = 0.03
"""Two tempos this close, as a share, are one (heuristic)."""
TEMPO_PRIOR = (6.45, 0.26, 0.7)
"""Of log2 BPM a normal prior: its centre is the first plus the second times log2 onsets per second,
the third its width.

Fitted on the tempos that people wrote into 117 piano pieces (VGMIDI): the slope by least squares,
centre and width by how often the written tempo comes first: .76 of them, .90 at one of the two
levels (.68 and .89 with 120 BPM and one octave, as in `librosa.feature.tempo`)."""
_REPEATS = (1, 2, 4, 8)
"""Beats after which music repeats most: a bar's half, a bar, two. Later repeats weigh less and
sharpen the tempo."""
BANDS = (0, 16, 48, 128)
"""Edges, in mel bands, of three registers (to 410 Hz, to 1.3 kHz, the rest): a quiet heartbeat
below held notes is heard in one of them only."""
_RELATIONS = (2.0, 0.5, 1.5, 2 / 3, 3.0, 1 / 3)
_LEVELS_BPM = (50.0, 220.0)
"""Heuristic: what people write down as a tempo. Of the 28 demo tracks the written tempo is one of
the two levels in 28 (the first alone: 26)."""
_WINDOW_S = 12.0
_UNHEARD = 0.03
"""A tenth of what counts half as an onset: as much of a rise as this is no pulse, however regular
(the beating of held tones)."""


class Pulse(NamedTuple):
    bpm: float
    """NaN without a pulse."""
    strength: float
    """0–1: how periodic the envelope is at that tempo."""
    alternative: float
    """BPM at the octave, 2:3 or 1:3 that has most evidence besides; NaN without a pulse."""
    clarity: float
    """Strongest autocorrelation over 40–200 BPM under Toiviainen & Snyder 2003's resonance, 0–1."""


LATE = 1 + N_FFT // (2 * HOP)
"""Frames by which librosa moves its envelope: a centred window hears an onset before its centre."""


def compressed(mel: np.ndarray) -> np.ndarray:
    """Decibels of what is loud, power of what is quiet, from 0: 10·log10(1 + mel/knee), (T, 128).

    Does not change with level; 0 for silence.
    """
    total = mel.sum(axis=1)
    heard = total[total > 1e-6 * total.max(initial=0.0)]
    if len(heard) == 0:
        return np.zeros_like(mel)
    knee = np.float32(10 ** (KNEE_DB / 10) * np.percentile(heard, 95))
    return np.float32(10 / np.log(10)) * np.log1p(mel / knee)


def registers(mel: np.ndarray) -> np.ndarray:
    """Onset envelopes of the three registers of mel power, float32 (T, 3)."""
    scale = compressed(mel)
    parts = [scale[:, low:high] for low, high in pairwise(BANDS)]
    return np.stack([onset_envelope(part, LATE - 1) for part in parts], axis=1)


def onset_envelope(db: np.ndarray, late: int = LATE) -> np.ndarray:
    """Mean rise over the mel bands per frame, float32 (T,), as librosa's `onset_strength`.

    late : frames by which it is moved; one less where quiet cells weigh little, whose rise is the
    first to be seen.
    """
    rise = np.maximum(np.diff(db, axis=0), 0).mean(axis=1)
    return np.pad(rise, (late, 0))[: len(db)]


def onsets(envelope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames of onsets and how much each counts, 0–1: local maxima that stand above the median of
    the ±6 frames around them."""
    from scipy.ndimage import maximum_filter1d, median_filter

    if len(envelope) < 3:
        return np.zeros(0, np.int64), np.zeros(0)
    height = envelope - median_filter(envelope, 13)
    weight = np.clip(height / ONSET_DELTA_DB - 0.5, 0, 1)
    frames = np.flatnonzero((envelope == maximum_filter1d(envelope, 3)) & (weight > 0))
    frames = frames[np.diff(frames, prepend=-9) > 1]
    return frames, weight[frames]


def periodicity(envelope: np.ndarray) -> np.ndarray:
    """Autocorrelation of the envelope by lag in frames, nearly 1 at lag 0: mean of 12-s windows by
    energy.

    Windows keep a slow drift of tempo from wiping the pulse out. Empty without any rise.
    """
    import scipy.fft

    n = min(len(envelope), round(_WINDOW_S / FRAME_S))
    if n < 2 * _lag(PULSE_BPM[1]) or not np.any(envelope):
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(envelope, n)[:: max(n // 2, 1)].astype(
        np.float64
    )
    windows = windows - windows.mean(axis=1, keepdims=True)
    size = scipy.fft.next_fast_len(2 * n, real=True)
    power = np.abs(scipy.fft.rfft(windows, size, axis=1)) ** 2
    correlation = scipy.fft.irfft(power.sum(axis=0), size)[:n]
    lags = np.arange(n)
    usable = lags <= 0.7 * n  # the rest rests on too little overlap
    unheard = len(windows) * n * _UNHEARD**2
    return np.asarray((correlation / (1 - lags / n) / (correlation[0] + unheard))[usable])


def _lag(bpm: float) -> int:
    """Frames of one beat."""
    return round(60 / bpm / FRAME_S)


def pulse(whole: np.ndarray, bands: list[np.ndarray], log_rate: float) -> Pulse:
    """Tempo and clarity from `periodicity` of the envelope, of that of every register, and log2
    onsets per second."""
    if len(whole) == 0:
        return Pulse(float("nan"), 0.0, float("nan"), 0.0)
    heard = [band for band in bands if len(band) == len(whole)] or [whole]
    comb = _comb(0.5 * whole + 0.5 * np.max(heard, axis=0))
    centre, slope, width = TEMPO_PRIOR
    off = np.log2(TEMPO_GRID) - centre - slope * log_rate
    evidence = comb * np.exp(-0.5 * (off / width) ** 2)
    best = int(np.argmax(evidence))
    bpm = float(TEMPO_GRID[best]) if comb[best] > 0 else float("nan")
    strength = float(min(_comb(whole)[best], 1.0)) if comb[best] > 0 else 0.0
    return Pulse(bpm, strength, _related(bpm, evidence), _clarity(whole))


def _comb(correlation: np.ndarray) -> np.ndarray:
    """Mean correlation at the repeats of every tempo of `TEMPO_GRID`, none below 0."""
    lags = 60 / TEMPO_GRID / FRAME_S
    total, weight = np.zeros(len(lags)), np.zeros(len(lags))
    for repeat in _REPEATS:
        inside = lags * repeat < len(correlation) - 1
        at = np.interp(lags[inside] * repeat, np.arange(len(correlation)), correlation)
        total[inside] += at / repeat
        weight[inside] += 1 / repeat
    return np.asarray(np.maximum(total / np.maximum(weight, 1e-9), 0) * (weight > 0))


def _clarity(correlation: np.ndarray) -> float:
    """The strongest correlation at an audible pulse under a resonance, 0–1."""
    seconds = np.arange(1, len(correlation)) * FRAME_S
    audible = (seconds >= 60 / PULSE_BPM[1]) & (seconds <= 60 / PULSE_BPM[0])
    resonance = np.maximum(1 - 0.25 * np.log2(np.maximum(seconds, 1e-9) / 0.5) ** 2, 0)
    return min(float((correlation[1:] * resonance)[audible].max(initial=0.0)), 1.0)


def _related(bpm: float, evidence: np.ndarray) -> float:
    """The tempo related to `bpm` that has the most evidence; NaN for none."""
    ratio = TEMPO_GRID[:, None] / (bpm * np.array(_RELATIONS))
    near = (np.abs(ratio - 1) < SAME_TEMPO).any(axis=1)
    near &= np.clip(TEMPO_GRID, *_LEVELS_BPM) == TEMPO_GRID
    found = np.where(near, evidence, 0)
    return float(TEMPO_GRID[np.argmax(found)]) if found.any() else float("nan")


def beat_times(envelope: np.ndarray, bpm: float) -> np.ndarray:
    """Beats at a tempo by dynamic programming (Ellis 2007, tightness 100), seconds (n,)."""
    sd = float(envelope.std())
    if not np.isfinite(bpm) or sd <= 0:
        return np.zeros(0)
    period = 60 / bpm / FRAME_S
    pulse_shape = np.exp(-0.5 * (np.arange(-period, period + 1) * 32 / period) ** 2)
    local = np.convolve(envelope / sd, pulse_shape, "same")[: len(envelope)]
    back, score = _chain(local, period, 100.0)
    tail = max(len(score) - round(period), 0)
    at = tail + int(np.argmax(score[tail:]))
    path = [at]
    while back[path[-1]] >= 0:
        path.append(int(back[path[-1]]))
    beats = np.array(path[::-1])
    strong = np.flatnonzero(local[beats] > 0.5 * np.sqrt(np.mean(local[beats] ** 2)))
    return beats[strong[0] : strong[-1] + 1] * FRAME_S if len(strong) else np.zeros(0)


@njit
def _chain(local: np.ndarray, period: float, tightness: float) -> tuple[np.ndarray, np.ndarray]:
    n = len(local)
    back = np.full(n, -1, np.int64)
    score = local.copy()
    near, far = max(round(period / 2), 1), round(2 * period)
    cost = np.empty(far + 1)
    for lag in range(1, far + 1):
        cost[lag] = -tightness * np.log(lag / period) ** 2
    for t in range(near, n):
        best, at = 0.0, -1
        for lag in range(near, min(far, t) + 1):
            value = score[t - lag] + cost[lag]
            if value > best:
                best, at = value, t - lag
        score[t] = local[t] + best
        back[t] = at
    return back, score
