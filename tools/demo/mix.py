"""From notes to a mastered stereo track.

Every part is played into its place in the stereo picture, part of it goes through one
reverberation, the sum is tilted dark or bright and brought to the level of its dynamics. All
randomness (breath, bow noise, hands that are never quite on time) is seeded by the track, so the
same piece gives the same samples. Levels are heuristics: root mean square −27, −21 and −15 dB below
full scale for soft, medium and loud, peaks never above −3 dB, so that the codec has room to
overshoot.
"""

from __future__ import annotations

import zlib

import numpy as np
from scipy import ndimage, signal

from tools.demo.compose import Note, Part, Piece, notes
from tools.demo.drums import DRUMS
from tools.demo.synth import RATE, VOICES, highpass, lowpass, times

RMS_DB = {"soft": -27.0, "medium": -21.0, "loud": -15.0}
TILT_DB = {"dark": -10.0, "neutral": 0.0, "bright": 8.0}
"""Gain of everything above about 1500 Hz."""
CEILING = 10 ** (-3 / 20)
TAIL_S = 2.0
"""After the last bar: time to ring out."""


def duration(piece: Piece) -> float:
    """Seconds, the tail included."""
    return piece.bars * piece.beats * 60 / piece.tempo_bpm + TAIL_S


def render(piece: Piece) -> np.ndarray:
    """The finished track, float32 (samples, 2) at `RATE`."""
    n = round(duration(piece) * RATE)
    dry, wet = np.zeros((n, 2)), np.zeros((n, 2))
    for number, part in enumerate(piece.parts):
        rng = np.random.default_rng([zlib.crc32(piece.track_id.encode()), number])
        sound = _play(piece, part, n, rng)
        dry += sound
        wet += part.room * sound
    return _master(piece, dry + _reverberate(wet, 2.6 if piece.dynamics == "soft" else 1.7)).astype(
        np.float32
    )


def _play(piece: Piece, part: Part, n: int, rng: np.random.Generator) -> np.ndarray:
    """One part in stereo (n, 2): equal-power panning, pitched voices spread a little by pitch."""
    out = np.zeros((n, 2))
    gain = 10 ** (part.gain / 20)
    sounds: dict[tuple, np.ndarray] = {}
    for note in notes(piece, part):
        sound = _sound(piece, part, note, sounds, rng)
        start = max(
            0,
            round(
                note.start * 60 / piece.tempo_bpm * RATE
                + rng.normal(0, 0.003) * RATE * (note.start > 0)
            ),
        )
        sound = sound[: n - start] * (gain * _swell(piece, note.start) * (1 + rng.normal(0, 0.04)))
        angle = (
            (np.clip(part.pan + (note.pitch - 60) * 0.012 * (note.pitch > 0), -1, 1) + 1)
            * np.pi
            / 4
        )
        out[start : start + len(sound), 0] += sound * np.cos(angle)
        out[start : start + len(sound), 1] += sound * np.sin(angle)
    return out


def _sound(
    piece: Piece, part: Part, note: Note, sounds: dict[tuple, np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """The sound of a note; equal notes of a part share one, every third time a fresh one."""
    key = (
        note.pitch,
        note.beats if part.kind != "drum" else 0,
        round(note.velocity, 1),
        len(sounds) % 3 if part.kind == "drum" else 0,
    )
    if key not in sounds:
        if part.kind == "drum":
            sounds[key] = DRUMS[part.voice](rng) * note.velocity**1.3
        else:
            hz = 440 * 2 ** ((note.pitch - 69) / 12)
            sounds[key] = VOICES[part.voice](
                hz, note.beats * 60 / piece.tempo_bpm * 0.97, note.velocity, rng
            )
    return sounds[key]


def _swell(piece: Piece, beat: float) -> float:
    return 10 ** (piece.swell_db * beat / (piece.bars * piece.beats) / 20)


def _reverberate(sound: np.ndarray, seconds: float) -> np.ndarray:
    """A room: noise dying by 60 dB in `seconds`, its highs sooner, different at each ear."""
    rng = np.random.default_rng(20)
    t = times(seconds)[:, None]
    noise = rng.standard_normal((len(t), 2))
    room = lowpass(noise, 900) * 10 ** (-3 * t / seconds) * 1.6 + highpass(
        lowpass(noise, 6500), 900
    ) * 10 ** (-3 * t / (0.55 * seconds))
    room[: round(0.018 * RATE)] = 0
    room = highpass(room, 180)
    room /= np.sqrt((room**2).sum(axis=0))
    return signal.oaconvolve(sound, room, axes=0)[: len(sound)]


def _master(piece: Piece, sound: np.ndarray) -> np.ndarray:
    low = lowpass(sound, 1500, 1)
    sound = highpass(low + (sound - low) * 10 ** (TILT_DB[piece.brightness] / 20), 28)
    if piece.brightness == "dark":
        sound = lowpass(sound, 3200, 1)
    fade = np.clip((len(sound) - np.arange(len(sound))) / (0.8 * RATE), 0, 1)[:, None]
    sound *= fade**1.5
    for _ in range(3):  # limiting takes some level away again
        sound *= 10 ** (RMS_DB[piece.dynamics] / 20) / np.sqrt(np.mean(sound**2))
        sound = _limit(sound)
    return sound


def _limit(sound: np.ndarray) -> np.ndarray:
    """Hold peaks under the ceiling: the gain needed anywhere within 6 ms, smoothed over 6 ms."""
    reach = round(0.006 * RATE)
    peak = ndimage.maximum_filter1d(np.abs(sound).max(axis=1), 2 * reach + 1)
    gain = ndimage.uniform_filter1d(np.minimum(1, CEILING / np.maximum(peak, 1e-9)), 2 * reach + 1)
    return sound * gain[:, None]
