"""A track under the picture, to hear whether they belong together.

The picture stream is copied, never encoded again, so nothing about it changes. The track is brought
to one loudness (so that no track wins by being mastered louder), cut to the picture's length or
looped with a cross-fade where it is shorter, limited, and faded at the end. Seconds everywhere.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

from data.atomic import atomic_path
from data.errors import InputError, Progress
from features.audio.load import load
from features.media import probe
from leitmotif.render import ffmpeg

SILENCE_LUFS = -70.0
"""What EBU R128 gates away: what is not louder counts as silence."""
TARGET_LUFS = -16.0
"""Loudness of the track: the upper end of what AES TD1004.1.15-10 recommends for streams."""
DUCK_LU = 12.0
"""How far below the track the original sound is kept when it is ducked (heuristic)."""
PEAK_DBTP = -1.5
"""Ceiling of the limiter: half a decibel below −1 dBTP, for what the encoder adds (heuristic)."""
FADE_S = 3.0
"""Fade at the end; at most a quarter of the picture (heuristic)."""
SEAM_S = 1.5
"""Cross-fade where a short track begins again; at most a quarter of the track (heuristic)."""

_IN_MP4 = frozenset({"h264", "hevc", "av1", "mpeg4", "vp9", "mpeg2video", "mpeg1video"})
_IN_WEBM = frozenset({"vp8", "vp9", "av1"})
_SOUND = {".mp4": ("aac", "192k"), ".webm": ("libopus", "160k"), ".mkv": ("aac", "192k")}

Original = Literal["mute", "duck"]


def container(video: str | os.PathLike[str], codec: str) -> str:
    """The suffix of a file that can hold this picture; one that browsers play, if possible."""
    if codec in _IN_WEBM and (codec == "vp8" or Path(video).suffix.lower() == ".webm"):
        return ".webm"
    return ".mp4" if codec in _IN_MP4 else ".mkv"


def render(
    video: str | os.PathLike[str],
    track: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    original: Original = "mute",
    start: float = 0.0,
    end: float | None = None,
    in_point: float = 0.0,
    progress: Progress | None = None,
) -> Path:
    """Write the video with `track` under it; returns the path written.

    output : its suffix is replaced by one that can hold the picture (.mp4, .webm, .mkv).
    original : what becomes of the film's own sound: "mute", or "duck" (kept well below the track).
    start, end : the stretch of the picture, for one scene; the file then begins at the key frame
        at or before `start`, hidden by the container's edit list.
    in_point : where in the track to begin.
    Raises `InputError` if either file lacks what is needed; nothing half-written is left.
    """
    picture, music = probe(video), probe(track)
    if not picture.video:
        raise InputError("render.no_picture", file=Path(video).name)
    if not music.audio:
        raise InputError("render.no_track_sound", file=Path(track).name)
    length = (picture.duration if end is None else min(end, picture.duration)) - start
    if not length > 0:
        raise InputError("render.stretch_empty", file=Path(video).name, start=f"{start:.2f}")
    target = Path(output).with_suffix(container(video, picture.video))
    with (
        atomic_path(target) as temporary,
        tempfile.TemporaryDirectory(dir=temporary.parent, prefix=".music-") as folder,
    ):
        laps = _laps(track, length, in_point, Path(folder), progress)
        gain = _gain(load(laps[0]).lufs, TARGET_LUFS)
        own = _own_gain(video, start, length) if original == "duck" and picture.audio else None
        sound, rate = _SOUND[target.suffix]
        ffmpeg.run(
            [
                *(["-ss", f"{start:.6f}"] if start else []),
                *ffmpeg.source(video),
                *ffmpeg.source(laps[0]),
                *(["-stream_loop", "-1", *ffmpeg.source(laps[1])] if len(laps) > 1 else []),
                *("-filter_complex", _mix(len(laps), gain, own, length)),
                *("-map", "0:V:0", "-map", "[out]", "-t", f"{length:.6f}"),
                *(
                    "-c:v",
                    "copy",
                    "-c:a",
                    sound,
                    "-b:a",
                    rate,
                    "-ar",
                    "48000",
                    "-map_metadata",
                    "-1",
                ),
                *(["-movflags", "+faststart"] if target.suffix == ".mp4" else []),
                str(temporary),
            ],
            stage="preview",
            total=length,
            progress=progress,
        )
    return target


def _laps(
    track: str | os.PathLike[str],
    length: float,
    in_point: float,
    folder: Path,
    progress: Progress | None,
) -> list[Path]:
    """The music as PCM: one file that is long enough, or a first lap and one to repeat after it.

    A lap runs to the track's end, which is cross-faded into its first `seam` seconds; the lap to
    repeat begins where those end. So the laps join without a seam.
    """
    whole = folder / "track.wav"
    pcm = ("-map", "0:a:0", "-ac", "2", "-ar", "48000")
    cut = [
        *(["-ss", f"{in_point:.6f}"] if in_point else []),
        *ffmpeg.source(track),
        "-t",
        f"{length:.6f}",
    ]
    ffmpeg.run([*cut, *pcm, str(whole)], stage="track", total=length, progress=progress)
    have = probe(whole).duration
    if not have > 0:
        raise InputError("render.track_empty", file=Path(track).name, start=f"{in_point:.1f}")
    if have >= length - 0.05:
        return [whole]
    if in_point:  # the later laps begin at the track's own beginning
        ffmpeg.run([*ffmpeg.source(track), *pcm, str(whole)], stage="track", progress=progress)
        have = probe(whole).duration
    seam = min(SEAM_S, have / 4)
    return [
        _lap(whole, folder / f"{name}.wav", min(at, have - seam), seam)
        for name, at in (("first", in_point), ("again", seam))
    ]


def _lap(whole: Path, output: Path, start: float, seam: float) -> Path:
    head = ["-t", f"{seam:.6f}", *ffmpeg.source(whole)]
    fade = f"[0][1]acrossfade=d={seam:.6f}:c1=qsin:c2=qsin"  # equal power
    ffmpeg.run(
        ["-ss", f"{start:.6f}", *ffmpeg.source(whole), *head, "-filter_complex", fade, str(output)]
    )
    return output


def _own_gain(video: str | os.PathLike[str], start: float, length: float) -> float | None:
    """Decibels that keep the film's own sound `DUCK_LU` below the track, never louder than it is.

    None for silence. A film of more than an hour is judged by its first hour.
    """
    measured = load(video, start, start + length).lufs
    if measured <= SILENCE_LUFS:
        return None
    return min(0.0, _gain(measured, TARGET_LUFS - DUCK_LU))


def _gain(measured: float, target: float) -> float:
    """Decibels from one loudness to another; silence stays silent."""
    return 0.0 if measured <= SILENCE_LUFS else target - measured


def _mix(laps: int, gain: float, own: float | None, length: float) -> str:
    """The filter graph from film (0), first lap (1) and repeated lap (2) to [out]."""
    fade = min(FADE_S, length / 4)
    ceiling = 10 ** (PEAK_DBTP / 20)
    joined = "[1:a][2:a]concat=n=2:v=0:a=1[music];" if laps > 1 else "[1:a]anull[music];"
    level = f"[music]volume={gain:.2f}dB,afade=t=out:st={length - fade:.6f}:d={fade:.6f}[under];"
    if own is None:
        both = "[under]anull[all];"
    else:
        both = (
            f"[0:a:0]aresample=48000,aformat=channel_layouts=stereo,volume={own:.2f}dB,apad[own];"
        )
        both += "[under][own]amix=inputs=2:duration=first:normalize=0[all];"
    # At four times the rate the limiter sees the peaks between the samples.
    limited = f"[all]aresample=192000,alimiter=limit={ceiling:.4f}:level=false,aresample=48000[out]"
    return joined + level + both + limited
