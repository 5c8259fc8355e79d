"""A recording as numbers a person can name: what the ten features are made of.

`listen` measures every frame once; `describe` sums up any range of them. A track, a scene's
soundtrack and a window of either go through the same two steps. Nothing here depends on the
recording's level except `Sound.lufs`: samples are brought to one loudness first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.audio import melody, rhythm, tonal
from features.audio.load import REFERENCE_LUFS, Recording
from features.audio.spectrum import FRAME_S, Spectrum, analyse_frames, mel_db, mfcc

TIMBRE_RANGE_DB = 60.0
"""Mel cells farther below the loudest are raised to there before changes of timbre are looked for:
below that, codecs leave holes and noise rather than music."""
_FADED_DB = -50.0
"""Frames below say nothing of how loudness changes: the ends of fades, which codecs cut."""
_USUAL_BPM = 120.0
"""Stands for the tempo of music without one."""
_PULSE = 0.2
"""How periodic an envelope must be for its tempo to count fully in `speed` (heuristic)."""
QUIET_DB = -60.0
"""Frames this far below the recording's level are pauses: they have loudness, but no timbre."""
EDGE_S, EDGE_WEIGHT, FULL_LENGTH_S = 5.0, 0.5, 60.0
"""Intro and ending of a full-length track count half (heuristic)."""
_TONAL_WINDOW_S = 4.0
_CHANGE_STEP_S = 0.1
_TOKEN_S = 0.5
_WIDTHS = np.diff(rhythm.BANDS).astype(np.float32) / rhythm.BANDS[-1]

DESCRIPTORS = (
    "fullness", "entropy", "centroid", "spread", "bright", "warm_share", "loudness_change",
    "dynamic_range", "novelty", "chroma_novelty", "harmonic_change", "pitch_classes", "key_clarity",
    "mode", "roughness",
    "onset_rate", "attack", "pulse_clarity", "tempo", "speed", "register", "melody_slope",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Sound:
    """What was measured of each frame, T frames `FRAME_S` apart.

    db (T, 128) mel level; timbre (T, 20) MFCC; envelope (T,) onset envelope; registers (T, 3) the
    same of low, middle and high bands; chroma (T, 12);
    roughness (T,); pitch (T,) MIDI note of the melody or NaN; level_db (T,) RMS relative to the
    recording's loudness; active (T,) bool. All empty (T = 0) for silence.
    """

    duration_s: float
    lufs: float
    warnings: tuple[str, ...]
    spectrum: Spectrum
    db: np.ndarray
    timbre: np.ndarray
    envelope: np.ndarray
    registers: np.ndarray
    chroma: np.ndarray
    roughness: np.ndarray
    pitch: np.ndarray
    level_db: np.ndarray
    active: np.ndarray


def listen(recording: Recording) -> Sound:
    """Measure every frame of a recording."""
    head = (recording.duration_s, recording.lufs, recording.warnings)
    if recording.gain == 0:
        none = np.zeros(0, np.float32)
        silent = Spectrum(none, none, none, none)
        return Sound(*head, silent, none, none, none, none, none, none, none, none, none)
    spectrum = analyse_frames(recording.samples, recording.gain)
    db = mel_db(spectrum.mel)
    level_db = 20 * np.log10(np.maximum(spectrum["rms"], 1e-9)) - np.float32(REFERENCE_LUFS)
    hz, level = spectrum.peak_hz, spectrum.peak_level
    registers = rhythm.registers(spectrum.mel)
    heard_db = np.maximum(db, db.max() - np.float32(TIMBRE_RANGE_DB))
    return Sound(
        *head,
        spectrum,
        db,
        mfcc(heard_db),
        registers @ _WIDTHS,
        registers,
        tonal.chroma(hz, level),
        tonal.roughness(hz, level),
        melody.melody(hz, level, tonal.tuning(hz, level)),
        level_db,
        level_db > QUIET_DB,
    )


@dataclass(frozen=True)
class Description:
    """Descriptors of one range by name, and the evidence behind them.

    values : finite floats; `tempo` in log2 BPM, `speed` in log2 events per second.
    active_s : seconds that were not silent; with less than a tenth of a second, `values` is empty.
    bpm, bpm_alternative : the likeliest and the next metrical level; NaN without a pulse.
    key : empty without tones.
    pulse_strength, tonal_strength, voiced : 0–1, how clear pulse, key and melody are.
    """

    values: dict[str, float]
    active_s: float = 0.0
    bpm: float = float("nan")
    bpm_alternative: float = float("nan")
    key: str = ""
    pulse_strength: float = 0.0
    tonal_strength: float = 0.0
    voiced: float = 0.0


def describe(sound: Sound, start: float = 0.0, end: float | None = None) -> Description:
    """Sum up the frames from `start` to `end` seconds (the whole by default)."""
    span = slice(
        round(start / FRAME_S),
        None if end is None else max(round(end / FRAME_S), round(start / FRAME_S) + 1),
    )
    active = np.flatnonzero(sound.active[span]) + span.start
    if len(active) < 5:
        return Description({})
    weights = _edge_weights(active, sound) if start == 0 and end is None else np.ones(len(active))
    values = _timbre(sound, active, weights) | _tonality(sound, span, active)
    rhythmic, pulse = _rhythm(sound, span)
    slope, voiced = melody.trend(np.where(sound.active[span], sound.pitch[span], np.nan))
    values |= _change(sound, span) | rhythmic | {"melody_slope": slope}
    pitch = sound.pitch[active]
    values["register"] = float(np.nanmedian(pitch)) if np.isfinite(pitch).any() else 60.0
    key = tonal.key(sound.chroma[active].mean(axis=0))
    assert values.keys() == set(DESCRIPTORS), values.keys() ^ set(DESCRIPTORS)
    return Description(
        {n: float(values[n]) for n in DESCRIPTORS},
        active_s=len(active) * FRAME_S,
        bpm=pulse.bpm,
        bpm_alternative=pulse.alternative,
        key=key.name,
        pulse_strength=pulse.strength,
        tonal_strength=float(np.clip(values["key_clarity"], 0, 1)),
        voiced=voiced,
    )


def _edge_weights(frames: np.ndarray, sound: Sound) -> np.ndarray:
    seconds = frames * FRAME_S
    edge = (seconds < EDGE_S) | (seconds > sound.duration_s - EDGE_S)
    return np.where(edge & (sound.duration_s >= FULL_LENGTH_S), EDGE_WEIGHT, 1.0)


def _timbre(sound: Sound, active: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    def mean(values: np.ndarray) -> float:
        return float(np.average(values[active], weights=weights))

    spectrum = sound.spectrum
    rms = mean(spectrum["rms"])
    return {
        "fullness": mean(sound.db.mean(axis=1)) - 20 * np.log10(rms),
        "entropy": mean(spectrum["entropy"]),
        "centroid": np.log(mean(spectrum["centroid"])),
        "spread": np.log(mean(spectrum["bandwidth"])),
        "bright": _logit(mean(spectrum["bright"])),
        "warm_share": np.log(
            (mean(spectrum["low_middle"]) + 1e-3) / (mean(spectrum["high"]) + 1e-3)
        ),
        "roughness": mean(sound.roughness),
        "loudness_change": _loudness_change(spectrum["rms"][active], sound.level_db[active]),
        "dynamic_range": _dynamic_range(sound.level_db[active]),
    }


def _loudness_change(rms: np.ndarray, level_db: np.ndarray) -> float:
    """Standard deviation of the frames' RMS by its mean."""
    rms = rms[level_db > _FADED_DB]
    return float(rms.std() / rms.mean()) if len(rms) else 0.0


def _dynamic_range(level_db: np.ndarray) -> float:
    """dB between the 10th and the 95th percentile of frames."""
    level_db = level_db[level_db > _FADED_DB]
    return float(np.subtract(*np.percentile(level_db, [95, 10]))) if len(level_db) else 0.0


def _tonality(sound: Sound, span: slice, active: np.ndarray) -> dict[str, float]:
    windows = token_means(sound.chroma[span] * sound.active[span, None], _TONAL_WINDOW_S)
    scores = tonal.key_scores(windows)
    steps = token_means(sound.chroma[span], _CHANGE_STEP_S)
    profile = sound.chroma[active].mean(axis=0)
    share = profile / max(profile.sum(), 1e-9)
    return {
        "key_clarity": float(scores.max(axis=1).mean()),
        "mode": float((scores[:, :12].max(axis=1) - scores[:, 12:].max(axis=1)).mean()),
        "harmonic_change": float(tonal.harmonic_change(steps).mean()),
        "pitch_classes": float(np.exp(-np.sum(share * np.log(np.maximum(share, 1e-9))))),
    }


def _rhythm(sound: Sound, span: slice) -> tuple[dict[str, float], rhythm.Pulse]:
    envelope = sound.envelope[span]
    frames, counts = rhythm.onsets(envelope)
    rate = max(float(counts.sum()) / (len(envelope) * FRAME_S), 0.1)
    bands = [rhythm.periodicity(band) for band in sound.registers[span].T]
    pulse = rhythm.pulse(rhythm.periodicity(envelope), bands, np.log2(rate))
    tempo = np.log2(pulse.bpm if np.isfinite(pulse.bpm) else _USUAL_BPM)
    # Half way to the nearest octave of the tempo: an octave error moves nothing, and neither does
    # a step over the middle between two octaves, where a sine is zero.
    apart = np.sin(2 * np.pi * (tempo - np.log2(60) - np.log2(rate))) / (2 * np.pi)
    speed = np.log2(rate) + 0.5 * apart * np.clip(pulse.strength / _PULSE, 0, 1)
    values = {
        "onset_rate": np.log2(rate),
        "attack": float(np.average(envelope[frames], weights=counts)) if len(frames) else 0.0,
        "pulse_clarity": pulse.clarity,
        "tempo": tempo,
        "speed": speed,
    }
    return values, pulse


def _change(sound: Sound, span: slice) -> dict[str, float]:
    timbre = token_means(sound.timbre[span, 1:], _TOKEN_S)
    chroma = token_means(sound.chroma[span], _TOKEN_S)
    if len(timbre) < 2:
        return {"novelty": 0.0, "chroma_novelty": 0.0}
    return {
        "novelty": float(np.linalg.norm(np.diff(timbre, axis=0), axis=1).mean()),
        "chroma_novelty": float((1 - _cosine(chroma[1:], chroma[:-1])).mean()),
    }


def token_means(frames: np.ndarray, seconds: float) -> np.ndarray:
    """Means of stretches of `seconds`, (n, …); the last may be shorter, by half at most."""
    count = max(round(len(frames) * FRAME_S / seconds), 1)
    starts = np.round(np.arange(count) * seconds / FRAME_S).astype(int)
    lengths = np.diff(np.append(starts, len(frames)))
    return np.add.reduceat(frames, starts, axis=0) / lengths.reshape(-1, *[1] * (frames.ndim - 1))


def _cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (a * b).sum(axis=1) / np.maximum(norms, 1e-9)


def _logit(share: float) -> float:
    share = min(max(share, 1e-4), 1 - 1e-4)
    return float(np.log(share / (1 - share)))
