"""A cue as sound: pieces of its track, cross-faded, with the cue's gains.

Pieces are cross-faded at constant power: the law follows how alike the two sides are, so that
neither related nor unrelated material dips or swells. Every track is brought to one loudness first
(EBU R128).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile
import soxr

from data.errors import InputError
from features.audio.loudness import LoudnessMeter, integrated_lufs
from leitmotif.render import ffmpeg
from leitmotif.score.model import Cue, Piece
from leitmotif.score.timecode import FrameRate

SAMPLE_RATE = 48_000
TRACK_LUFS = -20.0
"""Every track is brought here before the score's own gains (heuristic: it leaves headroom)."""


class Tracks:
    """Decoded tracks, 48 kHz stereo; the last few stay in memory. A context manager."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="leitmotif-")
        self.read: Callable[[str, Fraction], tuple[np.ndarray, float]]
        self.read = lru_cache(maxsize=4)(self._read)

    def __enter__(self) -> Tracks:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    def _read(self, path: str, speed: Fraction) -> tuple[np.ndarray, float]:
        """Samples, float32 (n, 2), and the factor that brings them to `TRACK_LUFS`.

        speed : how fast it plays; its pitch stays (Rubber Band, which keeps attacks to 2 ms).
        """
        if not Path(path).is_file():
            raise InputError("score.file_gone", file=path)
        wav = Path(self._folder.name, "track.wav")
        arguments = ("-map", "0:a:0", "-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_f32le")
        slow = ("-af", f"rubberband=tempo={float(speed)}:channels=together") if speed != 1 else ()
        ffmpeg.run([*ffmpeg.source(path), *slow, *arguments, str(wav)], stage="track")
        lufs = loudness_lufs(wav)
        sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        gain = 10 ** ((TRACK_LUFS - lufs) / 20) if np.isfinite(lufs) else 1.0
        return sound, gain


def cue_sound(cue: Cue, rate: FrameRate, tracks: Tracks | None = None) -> np.ndarray:
    """One cue's music with its gains, float32 (samples, 2) at 48 kHz, exactly as long as the cue.

    Raises `InputError` where the track is gone.
    """
    if tracks is None:
        with Tracks() as tracks:
            return cue_sound(cue, rate, tracks)
    return with_gains(cue, rate, plain_sound(cue, rate, tracks))


def with_gains(cue: Cue, rate: FrameRate, sound: np.ndarray) -> np.ndarray:
    """A cue's sound at the levels of its keyframes."""
    if not cue.gain:
        return sound
    frames = cue.start + np.arange(len(sound)) * (float(rate.fps) / SAMPLE_RATE)
    return sound * (10 ** (cue.gains(frames) / 20))[:, None].astype(np.float32)


def plain_sound(cue: Cue, rate: FrameRate, tracks: Tracks) -> np.ndarray:
    """One cue's music without its gains, float32 (samples, 2) at 48 kHz."""
    assert cue.track
    start = rate.seconds(cue.start)
    length = sample_of(rate.seconds(cue.end)) - sample_of(start)
    mix = np.zeros((length, 2), np.float32)
    for k, piece in enumerate(cue.pieces):
        sound, gain = tracks.read(cue.track.path, piece.speed)
        at = sample_of(piece.film_in) - sample_of(start)
        part = _part(sound, piece)[: length - at] * np.float32(gain)
        _lay(mix, part, at, sample_of(piece.fade_in) if k else 0)
        if not k:
            part_in = min(sample_of(piece.fade_in), len(part))
            mix[at : at + part_in] *= np.linspace(0, 1, part_in, dtype=np.float32)[:, None]
    tail = min(sample_of(cue.pieces[-1].fade_out), length) if cue.pieces else 0
    if tail:
        mix[length - tail :] *= np.cos(np.linspace(0, np.pi / 2, tail))[:, None].astype(np.float32)
    return mix


def _part(sound: np.ndarray, piece: Piece) -> np.ndarray:
    """A piece's samples; where the file ends early, silence."""
    first = sample_of(piece.track_in / piece.speed)
    length = sample_of(piece.film_out - piece.film_in)
    part = sound[first : first + length]
    return np.pad(part, ((0, length - len(part)), (0, 0)))


def _lay(mix: np.ndarray, part: np.ndarray, at: int, overlap: int) -> None:
    """Add a piece to the mix, cross-faded over its first `overlap` samples."""
    overlap = min(overlap, len(part))
    if overlap:
        old, new = mix[at : at + overlap], part[:overlap]
        rise = np.sin(np.linspace(0, np.pi / 2, overlap))[:, None].astype(np.float32)
        fall = rise[::-1]
        level = 1 / np.sqrt(1 + 2 * max(_alike(old, new), 0.0) * rise * fall)
        mix[at : at + overlap] = (old * fall + new * rise) * level
        mix[at + overlap :] = 0
    mix[at + overlap : at + len(part)] = part[overlap:]


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    power = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / power if power else 0.0


def powers(sound: np.ndarray) -> np.ndarray:
    """Mean K-weighted power of every 0.1 s of (samples, 2) at 48 kHz, float64 (n,)."""
    meter = LoudnessMeter()
    if len(sound):
        meter.feed(np.ascontiguousarray(sound.T, np.float32), SAMPLE_RATE, ("FL", "FR"))
    return meter.powers()


def file_powers(path: str | os.PathLike[str]) -> np.ndarray:
    """`powers` of a stereo WAV, a block at a time."""
    meter = LoudnessMeter()
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32", always_2d=True):
            meter.feed(np.ascontiguousarray(block.T), file.samplerate, ("FL", "FR"))
    return meter.powers()


def loudness_lufs(path: str | os.PathLike[str]) -> float:
    """Integrated loudness of a stereo WAV (BS.1770), −inf for silence; a block at a time."""
    return float(integrated_lufs(file_powers(path)))


def true_peak_db(path: str | os.PathLike[str]) -> float:
    """True peak in dBTP by four-fold oversampling (ITU-R BS.1770-5, annex 2)."""
    highest = 1e-9
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32", always_2d=True):
            fine = soxr.resample(block, file.samplerate, 4 * file.samplerate)
            highest = max(highest, float(np.abs(fine).max(initial=0.0)))
    return float(20 * np.log10(highest))


def sample_of(seconds: object) -> int:
    """The sample at 48 kHz that is nearest to a time."""
    return round(seconds * SAMPLE_RATE)  # type: ignore[operator]
