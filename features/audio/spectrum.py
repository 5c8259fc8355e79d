"""One short-time Fourier transform, and everything that is read from single frames of it.

Conventions are librosa's defaults: Hann windows of 2048 samples every 512 at 22,050 Hz (23 ms),
centred, zero-padded, so statistics agree with `librosa.feature` to rounding and with published
tables made by it. Frame i is centred on i·512/22050 s. One pass over each frame's bins takes
what separate calls would read the spectrum again for; spectra are never kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from data.compiled import njit
from features.audio.load import SAMPLE_RATE

N_FFT = 2048
HOP = 512
FRAME_S = HOP / SAMPLE_RATE
N_MELS = 128
N_MFCC = 20
ROLLOFF = 0.85
BRIGHT_HZ = 1500.0
"""MIRtoolbox's default cutoff for brightness."""
LOW_MIDDLE_HZ = (200.0, 800.0)
HIGH_HZ = 3000.0
TIMBRE_TOP_HZ = 8000.0
"""Centroid, bandwidth, rolloff and entropy are read up to here: what lies above is the first thing
that a codec leaves out or fills with noise."""
N_PEAKS = 30
PEAK_RANGE_HZ = (55.0, 5000.0)
PEAK_FLOOR = 10 ** (-50 / 20)
"""Peaks more than 50 dB under a frame's strongest are left out."""
_BLOCK = 256

MOMENTS = ("rms", "centroid", "bandwidth", "rolloff", "entropy", "bright", "low_middle", "high")
"""Columns of `Spectrum.moments`: RMS (linear); Hz; Hz; Hz; 0–1; shares of the frame's energy."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Per frame, T frames.

    moments : float32 (T, 8), see `MOMENTS`; zero where a frame is digital silence.
    mel : float32 (T, 128), mel power (Slaney scale and norm).
    peak_hz, peak_level : float32 (T, 30), spectral peaks from the strongest down, interpolated;
        levels are magnitudes, zero where there are fewer peaks.
    """

    moments: np.ndarray
    mel: np.ndarray
    peak_hz: np.ndarray
    peak_level: np.ndarray

    def __len__(self) -> int:
        return len(self.moments)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.moments[:, MOMENTS.index(name)]


def analyse_frames(samples: np.ndarray, gain: float = 1.0) -> Spectrum:
    """The spectrum of `gain` times mono samples at `SAMPLE_RATE`, float32 (n,), n ≥ 1."""
    import scipy.fft

    frames = 1 + len(samples) // HOP
    moments = np.empty((frames, len(MOMENTS)), np.float32)
    mel = np.empty((frames, N_MELS), np.float32)
    peak_hz = np.zeros((frames, N_PEAKS), np.float32)
    peak_level = np.zeros((frames, N_PEAKS), np.float32)
    window, bands = _hann() * np.float32(gain), _mel_bands()
    for at in range(0, frames, _BLOCK):
        block = slice(at, min(at + _BLOCK, frames))
        spectra = scipy.fft.rfft(_windows(samples, block) * window, axis=1)
        _describe(spectra, *bands, moments[block], mel[block], peak_hz[block], peak_level[block])
    return Spectrum(moments, mel, peak_hz, peak_level)


def _windows(samples: np.ndarray, block: slice) -> np.ndarray:
    """Centred windows of some frames, (n, 2048): a view of few samples, never a whole recording."""
    first, last = block.start * HOP - N_FFT // 2, (block.stop - 1) * HOP + N_FFT // 2
    piece = samples[max(first, 0) : max(last, 0)]
    before = max(-first, 0)
    padded = np.pad(piece, (before, last - first - before - len(piece)))
    return np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP]


def mel_db(mel: np.ndarray, top_db: float = 80.0) -> np.ndarray:
    """Mel power in dB, at most `top_db` below the loudest cell (as `librosa.power_to_db`)."""
    db = 10 * np.log10(np.maximum(mel, np.float32(1e-10)))
    return np.maximum(db, db.max() - np.float32(top_db), out=db)


def mfcc(db: np.ndarray) -> np.ndarray:
    """Mel-frequency cepstral coefficients, (T, 20): orthonormal DCT-II of `mel_db`."""
    import scipy.fft

    return scipy.fft.dct(db, type=2, norm="ortho", axis=1)[:, :N_MFCC]


@cache
def _hann() -> np.ndarray:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT)).astype(np.float32)


@cache
def _mel_bands() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """librosa's mel bank as the bins that each band covers: starts, stops, weights (128, width)."""
    from librosa.filters import mel

    bank = mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS)
    starts = (bank > 0).argmax(axis=1)
    stops = bank.shape[1] - (bank[:, ::-1] > 0).argmax(axis=1)
    weights = np.zeros((N_MELS, int((stops - starts).max())), np.float32)
    for band, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        weights[band, : stop - start] = bank[band, start:stop]
    return starts, stops, weights


@njit(fastmath=True)
def _describe(
    spectra: np.ndarray,
    starts: np.ndarray,
    stops: np.ndarray,
    weights: np.ndarray,
    moments: np.ndarray,
    mel: np.ndarray,
    peak_hz: np.ndarray,
    peak_level: np.ndarray,
) -> None:
    frames, bins = spectra.shape
    power = np.empty(bins, np.float32)
    level = np.empty(bins, np.float32)
    for t in range(frames):
        for k in range(bins):
            power[k] = spectra[t, k].real ** 2 + spectra[t, k].imag ** 2
        level[:] = np.sqrt(power)
        _moments(power, level, moments[t])
        for band in range(len(starts)):
            total = np.float32(0.0)
            for k in range(starts[band], stops[band]):
                total += weights[band, k - starts[band]] * power[k]
            mel[t, band] = total
        _peaks(level, peak_hz[t], peak_level[t])


@njit(fastmath=True)
def _moments(power: np.ndarray, level: np.ndarray, out: np.ndarray) -> None:
    bins = len(level)
    step = SAMPLE_RATE / N_FFT
    top = min(bins, int(TIMBRE_TOP_HZ / step) + 1)
    total, first, energy, log_sum = 0.0, 0.0, 0.0, 0.0
    bright, low_middle, high = 0.0, 0.0, 0.0
    for k in range(top):
        total += level[k]
        first += level[k] * k
        log_sum += level[k] * np.log(level[k] + np.float32(1e-20))
    for k in range(bins):
        energy += power[k]
        hz = k * step
        if hz >= BRIGHT_HZ:
            bright += power[k]
            if hz >= HIGH_HZ:
                high += power[k]
        elif LOW_MIDDLE_HZ[0] <= hz < LOW_MIDDLE_HZ[1]:
            low_middle += power[k]
    out[:] = 0.0
    if total <= 0.0 or energy <= 0.0:
        return
    centroid = first / total
    second, running, edge = 0.0, 0.0, -1
    for k in range(top):
        second += level[k] * (k - centroid) ** 2
        running += level[k]
        if edge < 0 and running >= ROLLOFF * total:
            edge = k
    # Parseval for a real signal under a Hann window (mean square 3/8): two-sided power over N²·3/8
    out[0] = np.sqrt((2 * energy - power[0] - power[bins - 1]) / (N_FFT * N_FFT * 0.375))
    out[1] = centroid * step
    out[2] = np.sqrt(second / total) * step
    out[3] = edge * step
    out[4] = (np.log(total) - log_sum / total) / np.log(top)
    out[5] = bright / energy
    out[6] = low_middle / energy
    out[7] = high / energy


@njit(fastmath=True)
def _peaks(level: np.ndarray, hz_out: np.ndarray, level_out: np.ndarray) -> None:
    """The strongest local maxima, each placed by a parabola through the logarithms of 3 bins."""
    step = SAMPLE_RATE / N_FFT
    low, high = int(PEAK_RANGE_HZ[0] / step), int(PEAK_RANGE_HZ[1] / step)
    ceiling = np.float32(0.0)
    for k in range(low, high):
        ceiling = max(ceiling, level[k])
    floor = ceiling * PEAK_FLOOR
    if ceiling <= 0.0:
        return
    found = 0
    at = np.empty(high - low, np.int64)
    for k in range(low, high):
        if level[k] > floor and level[k] > level[k - 1] and level[k] >= level[k + 1]:
            at[found] = k
            found += 1
    order = np.argsort(-level[at[:found]])
    for i in range(min(found, len(hz_out))):
        k = at[order[i]]
        a, b, c = np.log(level[k - 1] + 1e-20), np.log(level[k]), np.log(level[k + 1] + 1e-20)
        curve = a - 2 * b + c
        shift = 0.5 * (a - c) / curve if curve < 0.0 else 0.0
        hz_out[i] = (k + shift) * step
        level_out[i] = np.exp(b - 0.25 * (a - c) * shift)
