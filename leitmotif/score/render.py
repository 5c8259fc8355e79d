"""A score as sound: the music bed as a stem, and the film with its music.

Pieces are cross-faded at constant power: the law follows how alike the two sides are, so that
neither related nor unrelated material dips or swells. Every track is brought to one loudness first
(EBU R128); the picture stream is copied. Memory holds one cue at a time.
"""

from __future__ import annotations

import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr

from data.atomic import atomic_path
from data.errors import InputError, Progress
from features.audio.loudness import LoudnessMeter, integrated_lufs
from features.media import probe
from leitmotif.render import ffmpeg
from leitmotif.render.preview import container
from leitmotif.score.model import Cue, Piece, Score
from leitmotif.score.timecode import FrameRate

SAMPLE_RATE = 48_000
TRACK_LUFS = -20.0
"""Every track is brought here before the score's own gains (heuristic: it leaves headroom)."""
TARGETS_LUFS = {"streaming": -14.0, "web": -16.0, "broadcast": -23.0}
"""What large streaming services play at; AES TD1004 for streams; EBU R128."""
PEAK_DBTP = -1.0

FilmSound = Literal["mix", "mute"]


def write_bed(score: Score, path: str | os.PathLike[str], progress: Progress | None = None) -> Path:
    """The music alone, as long as the film: WAV, 48 kHz stereo, 24 bit.

    Raises `InputError` where a track is gone; nothing half-written is left.
    """
    total = score.film.rate.seconds(score.film.frames)
    with (
        tempfile.TemporaryDirectory(prefix="leitmotif-") as folder,
        atomic_path(path) as temporary,
        soundfile.SoundFile(temporary, "w", SAMPLE_RATE, 2, subtype="PCM_24", format="WAV") as bed,
    ):
        decoded = _Decoded(Path(folder))
        for cue in score.sounding():
            start = _sample(score.film.rate.seconds(cue.start))
            _silence(bed, start - bed.tell())
            bed.write(cue_sound(cue, score.film.rate, decoded))
            if progress:
                progress("score", float(score.film.rate.seconds(cue.end)), float(total))
        _silence(bed, _sample(total) - bed.tell())
    return Path(path)


def cue_sound(cue: Cue, rate: FrameRate, decoded: _Decoded | None = None) -> np.ndarray:
    """One cue's music, float32 (samples, 2) at 48 kHz, exactly as long as the cue."""
    if decoded is None:
        with tempfile.TemporaryDirectory(prefix="leitmotif-") as folder:
            return cue_sound(cue, rate, _Decoded(Path(folder)))
    assert cue.track
    start = rate.seconds(cue.start)
    length = _sample(rate.seconds(cue.end)) - _sample(start)
    sound, gain = decoded.read(cue.track.path)
    mix = np.zeros((length, 2), np.float32)
    for k, piece in enumerate(cue.pieces):
        at = _sample(piece.film_in) - _sample(start)
        part = _part(sound, piece)[: length - at]
        _lay(mix, part, at, _sample(piece.fade_in) if k else 0)
        if not k:
            part_in = min(_sample(piece.fade_in), len(part))
            mix[at : at + part_in] *= np.linspace(0, 1, part_in, dtype=np.float32)[:, None]
    tail = min(_sample(cue.pieces[-1].fade_out), length) if cue.pieces else 0
    if tail:
        mix[length - tail :] *= np.cos(np.linspace(0, np.pi / 2, tail))[:, None].astype(np.float32)
    return mix * _gains(cue, rate, length)[:, None] * np.float32(gain)


def _part(sound: np.ndarray, piece: Piece) -> np.ndarray:
    """A piece's samples; where the file ends early, silence."""
    first, length = _sample(piece.track_in), _sample(piece.track_out - piece.track_in)
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


def _gains(cue: Cue, rate: FrameRate, length: int) -> np.ndarray:
    """Gain factors per sample, float32 (length,)."""
    if not cue.gain:
        return np.ones(length, np.float32)
    frames = cue.start + np.arange(length) * (float(rate.fps) / SAMPLE_RATE)
    return (10 ** (cue.gains(frames) / 20)).astype(np.float32)


class _Decoded:
    """Tracks as 48-kHz stereo WAV files in one folder; the last few stay in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read = lru_cache(maxsize=4)(self._read)

    def _read(self, path: str) -> tuple[np.ndarray, float]:
        """Samples, float32 (n, 2), and the factor that brings them to `TRACK_LUFS`."""
        if not Path(path).is_file():
            raise InputError("score.file_gone", file=path)
        wav = self.folder / "track.wav"
        arguments = ("-map", "0:a:0", "-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_f32le")
        ffmpeg.run([*ffmpeg.source(path), *arguments, str(wav)], stage="track")
        lufs = loudness_lufs(wav)
        sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
        gain = 10 ** ((TRACK_LUFS - lufs) / 20) if np.isfinite(lufs) else 1.0
        return sound, gain


def render_film(
    score: Score,
    output: str | os.PathLike[str],
    *,
    film_sound: FilmSound = "mix",
    target_lufs: float = -16.0,
    progress: Progress | None = None,
) -> Path:
    """The film with its score: picture copied, loudness by two passes, peaks under −1 dBTP.

    film_sound : "mix" keeps the film's own sound beside the music, "mute" leaves it out.
    Returns the path written; its suffix is one that can hold the picture.
    """
    film = score.film
    if not Path(film.path).is_file():
        raise InputError("score.file_gone", file=film.path)
    target = Path(output).with_suffix(container(film.path, probe(film.path).video))
    length = f"{float(film.rate.seconds(film.frames)):.6f}"
    with (
        atomic_path(target) as temporary,
        tempfile.TemporaryDirectory(prefix="leitmotif-") as folder,
    ):
        bed, mixed = Path(folder, "bed.wav"), Path(folder, "mix.wav")
        write_bed(score, bed, progress)
        both = film_sound == "mix" and film.has_sound
        inputs = [*ffmpeg.source(bed), *(ffmpeg.source(film.path) if both else [])]
        graph = "[1:a:0]aresample=48000,aformat=channel_layouts=stereo,apad[own];"
        graph += "[0:a][own]amix=inputs=2:duration=first:normalize=0[out]"
        mix = ["-filter_complex", graph, "-map", "[out]"] if both else ["-map", "0:a"]
        ffmpeg.run([*inputs, *mix, "-c:a", "pcm_f32le", "-t", length, str(mixed)], stage="mix")
        gain = _two_pass_gain(mixed, target_lufs)
        codec = "libopus" if target.suffix == ".webm" else "aac"
        ffmpeg.run(
            [
                *ffmpeg.source(film.path),
                *ffmpeg.source(mixed),
                *("-map", "0:V:0", "-map", "1:a", "-c:v", "copy", "-c:a", codec, "-b:a", "192k"),
                *("-af", f"volume={gain:.2f}dB", "-t", length, "-map_metadata", "-1"),
                *(["-movflags", "+faststart"] if target.suffix == ".mp4" else []),
                str(temporary),
            ],
            stage="film",
            total=float(length),
            progress=progress,
        )
    return target


def _two_pass_gain(path: Path, target_lufs: float) -> float:
    """Decibels from what was measured to the target, held back where peaks would pass −1 dBTP."""
    lufs = loudness_lufs(path)
    if not np.isfinite(lufs):
        return 0.0
    return min(target_lufs - lufs, PEAK_DBTP - true_peak_db(path))


def loudness_lufs(path: str | os.PathLike[str]) -> float:
    """Integrated loudness of a stereo WAV (BS.1770), −inf for silence; a block at a time."""
    meter = LoudnessMeter()
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32", always_2d=True):
            meter.feed(np.ascontiguousarray(block.T), file.samplerate, ("FL", "FR"))
    return float(integrated_lufs(meter.powers()))


def true_peak_db(path: str | os.PathLike[str]) -> float:
    """True peak in dBTP by four-fold oversampling (ITU-R BS.1770-5, annex 2)."""
    highest = 1e-9
    with soundfile.SoundFile(path) as file:
        for block in file.blocks(1 << 20, dtype="float32", always_2d=True):
            fine = soxr.resample(block, file.samplerate, 4 * file.samplerate)
            highest = max(highest, float(np.abs(fine).max(initial=0.0)))
    return float(20 * np.log10(highest))


def _silence(bed: soundfile.SoundFile, samples: int) -> None:
    for start in range(0, max(samples, 0), SAMPLE_RATE):
        bed.write(np.zeros((min(SAMPLE_RATE, samples - start), 2), np.float32))


def _sample(seconds: object) -> int:
    return round(seconds * SAMPLE_RATE)  # type: ignore[operator]
