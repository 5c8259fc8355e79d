"""A score as files: stems of music and film, the film with its score, and one cue to listen to.

The picture stream is copied, loudness is set by two passes and one gain. Memory holds one cue at a
time. Cues that were rendered before are taken from the cache folder (`leitmotif.score.kept`), so
that stopped work goes on with the cue it was at.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from data.atomic import atomic_path
from data.errors import InputError, Progress
from data.words import Sentence
from features.audio.load import load
from features.media import probe
from leitmotif.render import ffmpeg
from leitmotif.render.preview import DUCK_LU, container
from leitmotif.score.kept import kept_sound
from leitmotif.score.model import Score, Stretch
from leitmotif.score.sound import (
    SAMPLE_RATE,
    Tracks,
    loudness_lufs,
    sample_of,
    true_peak_db,
    with_gains,
)

TARGETS_LUFS = {"streaming": -14.0, "web": -16.0, "broadcast": -23.0}
"""What large streaming services play at; AES TD1004 for streams; EBU R128."""
PEAK_DBTP = -1.0
ENCODER_DB = 0.5
"""Room for what lossy encoders add to peaks (heuristic)."""
STEMS = ("music", "ducked", "film")
"""The music as it is, the music under speech, and the film's own sound."""
LEAD_S = 1.0
"""Film before and after a cue in its preview."""

FilmSound = Literal["mix", "under", "mute"]
"""The film's own sound beside the music, which gives way to speech; `DUCK_LU` under the music; or
left out."""
Tell = Callable[[Sentence], None]


def write_stem(
    score: Score,
    stem: str,
    path: str | os.PathLike[str],
    progress: Progress | None = None,
) -> Path:
    """One of `STEMS`, as long as the film: WAV, 48 kHz stereo, 24 bit.

    Raises `InputError` for another name and where a file is gone; nothing half-written is left.
    """
    if stem not in STEMS:
        raise InputError("score.no_stem", stem=stem, stems=list(STEMS))
    if stem != "film":
        return write_bed(score, path, progress, ducked=stem == "ducked")
    film = score.film
    _check_film(score)
    length = f"{float(film.rate.seconds(film.frames)):.6f}"
    silence = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo"]
    form = ("-ac", "2", "-ar", str(SAMPLE_RATE), "-c:a", "pcm_s24le", "-t", length)
    given = [*ffmpeg.source(film.path), "-map", "0:a:0", "-af", "apad"]
    with atomic_path(path) as temporary:
        arguments = [*(given if film.has_sound else silence), *form, str(temporary)]
        ffmpeg.run(arguments, stage="film", total=float(length), progress=progress)
    return Path(path)


def write_bed(
    score: Score,
    path: str | os.PathLike[str],
    progress: Progress | None = None,
    *,
    ducked: bool = True,
    span: Stretch | None = None,
) -> Path:
    """The music alone, as long as the film: WAV, 48 kHz stereo, 24 bit.

    ducked : whether the cues' gains are in it. span : frames of the film to write alone; its cues
    lie inside. progress : called with "score" and seconds of the film after every cue.
    Raises `InputError` where a track is gone.
    """
    rate = score.film.rate
    first, total = (rate.seconds(frame) for frame in span or (0, score.film.frames))
    with (
        Tracks() as tracks,
        atomic_path(path) as temporary,
        soundfile.SoundFile(temporary, "w", SAMPLE_RATE, 2, subtype="PCM_24", format="WAV") as bed,
    ):
        for cue in score.sounding():
            _silence(bed, sample_of(rate.seconds(cue.start) - first) - bed.tell())
            sound = kept_sound(cue, rate, tracks)
            bed.write(with_gains(cue, rate, sound) if ducked else sound)
            if progress:
                progress("score", float(rate.seconds(cue.end)), float(total))
        _silence(bed, sample_of(total - first) - bed.tell())
    return Path(path)


def render_film(
    score: Score,
    output: str | os.PathLike[str],
    *,
    film_sound: FilmSound = "mix",
    target_lufs: float = -16.0,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Path:
    """The film with its score: picture copied, loudness by two passes, peaks under −1 dBTP.

    tell : called with a sentence where the film stays below its loudness target.
    Returns the path written; its suffix is one that can hold the picture.
    """
    return _film(score, Path(output), film_sound, target_lufs, None, progress, tell)


def preview_cue(
    score: Score,
    number: str,
    output: str | os.PathLike[str],
    *,
    film_sound: FilmSound = "mix",
    progress: Progress | None = None,
) -> Path:
    """One cue with the film around it, from `LEAD_S` before to `LEAD_S` after.

    Returns the path written, as `render_film`. The picture begins at the key frame before, hidden
    by the container's edit list.
    """
    cue, film = score.cue(number), score.film
    lead = film.rate.frame_at(LEAD_S)
    span = (max(cue.start - lead, 0), min(cue.end + lead, film.frames))
    alone = Score(film, (cue,), ducking=score.ducking)
    return _film(alone, Path(output), film_sound, TARGETS_LUFS["web"], span, progress, None)


def _film(
    score: Score,
    output: Path,
    film_sound: FilmSound,
    target_lufs: float,
    span: Stretch | None,
    progress: Progress | None,
    tell: Tell | None,
) -> Path:
    film = score.film
    _check_film(score)
    target = output.with_suffix(container(film.path, probe(film.path).video))
    span = span or (0, film.frames)
    start, end = (float(film.rate.seconds(frame)) for frame in span)
    with (
        atomic_path(target) as temporary,
        tempfile.TemporaryDirectory(prefix="leitmotif-") as folder,
    ):
        mixed = _mixed(score, film_sound, span, Path(folder), progress)
        gain = _two_pass_gain(mixed, target_lufs, tell)
        codec = "libopus" if target.suffix == ".webm" else "aac"
        ffmpeg.run(
            [
                *(["-ss", f"{start:.6f}"] if start else []),
                *ffmpeg.source(film.path),
                *ffmpeg.source(mixed),
                *("-map", "0:V:0", "-map", "1:a", "-c:v", "copy", "-c:a", codec, "-b:a", "192k"),
                *("-af", f"volume={gain:.2f}dB", "-t", f"{end - start:.6f}", "-map_metadata", "-1"),
                *(["-movflags", "+faststart"] if target.suffix == ".mp4" else []),
                str(temporary),
            ],
            stage="film",
            total=end - start,
            progress=progress,
        )
    return target


def _check_film(score: Score) -> None:
    if not Path(score.film.path).is_file():
        raise InputError("score.file_gone", file=score.film.path)


def _mixed(
    score: Score, film_sound: FilmSound, span: Stretch, folder: Path, progress: Progress | None
) -> Path:
    """Music and film's sound of some frames, 48 kHz stereo float."""
    bed, mixed = folder / "bed.wav", folder / "mix.wav"
    write_bed(score, bed, progress, ducked=film_sound == "mix", span=span)
    start, end = (float(score.film.rate.seconds(frame)) for frame in span)
    inputs, mix = [*ffmpeg.source(bed)], ["-map", "0:a"]
    if film_sound != "mute" and score.film.has_sound:
        cut = ["-ss", f"{start:.6f}"] if start else []
        inputs += [*cut, *ffmpeg.source(score.film.path)]
        own = _own_gain(score.film.path, bed, start, end) if film_sound == "under" else 0.0
        graph = "[1:a:0]aresample=48000:async=1,aformat=channel_layouts=stereo,"
        graph += f"volume={own:.2f}dB,apad[own];"
        graph += "[0:a][own]amix=inputs=2:duration=first:normalize=0[out]"
        mix = ["-filter_complex", graph, "-map", "[out]"]
    form = ("-c:a", "pcm_f32le", "-t", f"{end - start:.6f}")
    ffmpeg.run(
        [*inputs, *mix, *form, str(mixed)], stage="mix", total=end - start, progress=progress
    )
    return mixed


def _own_gain(film: str, bed: Path, start: float, end: float) -> float:
    """Decibels that bring the film's own sound `DUCK_LU` under the music; never louder.

    A film of more than an hour is judged by its first hour.
    """
    own, music = load(film, start, end).lufs, loudness_lufs(bed)
    return min(0.0, music - DUCK_LU - own) if np.isfinite(own) and np.isfinite(music) else 0.0


def _two_pass_gain(path: Path, target_lufs: float, tell: Tell | None) -> float:
    """Decibels from what was measured to the target, held back where peaks would pass −1 dBTP."""
    lufs = loudness_lufs(path)
    if not np.isfinite(lufs):
        return 0.0
    gain = min(target_lufs - lufs, PEAK_DBTP - ENCODER_DB - true_peak_db(path))
    if tell and lufs + gain < target_lufs - 0.5:
        reached, target = f"{lufs + gain:.1f}", f"{target_lufs:g}"
        tell(Sentence("score.quieter", reached=reached, target=target, peak=f"{PEAK_DBTP:g}"))
    return gain


def _silence(bed: soundfile.SoundFile, samples: int) -> None:
    for start in range(0, max(samples, 0), SAMPLE_RATE):
        bed.write(np.zeros((min(SAMPLE_RATE, samples - start), 2), np.float32))
