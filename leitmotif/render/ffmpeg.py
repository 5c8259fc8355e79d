"""The packaged ffmpeg: what a file holds, one run with progress and a way to stop, loudness, outlines.

Seconds everywhere. File names are passed as `file:` addresses, so that a name can never be an
option or an address of another kind, and ffmpeg may open files and pipes and nothing else.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError, Progress

SILENCE_LUFS = -70.0
"""What EBU R128 gates away, and so the loudness of silence."""
_OUTLINE_HZ = 4000
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class Media(NamedTuple):
    """What a file says of itself. `duration` is NaN where it does not say."""

    duration: float
    video: str
    """Codec of the picture (cover art is not one), or empty."""
    audio: str
    """Codec of the first sound, or empty."""


@cache
def executable() -> str:
    """The ffmpeg that comes with `imageio-ffmpeg`, or one named by IMAGEIO_FFMPEG_EXE."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise InputError(
            "ffmpeg: not installed with this Python; `pip install imageio-ffmpeg` brings it."
        ) from None


def source(path: str | os.PathLike) -> list[str]:
    """The arguments that open a file for reading."""
    return ["-protocol_whitelist", "file,pipe", "-i", f"file:{Path(path).resolve()}"]


def probe(path: str | os.PathLike) -> Media:
    """What is in a media file. Raises `InputError` if there is none, or it is not media."""
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; check the path.")
    shown = subprocess.run(
        [executable(), "-hide_banner", "-nostdin", *source(path)],
        capture_output=True,
        creationflags=_NO_WINDOW,
    ).stderr.decode("utf-8", "replace")
    streams = [line for line in shown.splitlines() if re.match(r"\s*Stream #", line)]
    if not streams:
        raise InputError(
            f"{Path(path).name}: no picture or sound can be read from this file; choose another one."
        )
    pictures = [line for line in streams if "Video:" in line and "(attached pic)" not in line]
    sounds = [line for line in streams if "Audio:" in line]
    return Media(_duration(shown), _codec(pictures), _codec(sounds))


def _duration(shown: str) -> float:
    found = re.search(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", shown)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else math.nan


def _codec(streams: Sequence[str]) -> str:
    return re.search(r"(?:Video|Audio): (\w+)", streams[0])[1] if streams else ""


def run(
    arguments: Sequence[str],
    *,
    stage: str = "",
    total: float | None = None,
    progress: Progress | None = None,
) -> str:
    """Run ffmpeg and give back what it said on stderr.

    progress : called with `stage` and the seconds written so far; whatever it raises stops ffmpeg.
    Raises `InputError` with ffmpeg's last line if it fails.
    """
    command = [
        executable(),
        "-hide_banner",
        "-nostdin",
        "-y",
        "-nostats",
        "-progress",
        "pipe:1",
        *arguments,
    ]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, creationflags=_NO_WINDOW
        ) as process,
    ):
        try:
            for line in process.stdout:
                key, _, value = line.decode("ascii", "replace").strip().partition("=")
                if progress and key == "out_time_us" and value.lstrip("-").isdigit():
                    progress(stage, max(int(value), 0) / 1e6, total)
        except BaseException:
            process.kill()
            raise
        code = process.wait()
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    if code:
        last = (said.strip().splitlines() or ["no reason given"])[-1].strip()
        raise InputError(f"ffmpeg could not do this ({last}); try another file.")
    return said


def loudness(
    path: str | os.PathLike,
    *,
    start: float = 0.0,
    length: float | None = None,
    progress: Progress | None = None,
) -> float:
    """Integrated loudness (EBU R128, LUFS) of the first sound of a file, or of a stretch of it; −70 for silence."""
    cut = ["-ss", f"{start:.6f}"] + (["-t", f"{length:.6f}"] if length is not None else [])
    filters = ["-map", "0:a:0", "-af", "ebur128=framelog=quiet", "-f", "null", "-"]
    said = run([*cut, *source(path), *filters], stage="loudness", total=length, progress=progress)
    found = re.findall(r"I:\s+(-?\d+(?:\.\d+)?|-inf|nan) LUFS", said)
    value = float(found[-1]) if found else SILENCE_LUFS
    return value if math.isfinite(value) else SILENCE_LUFS


def outline(path: str | os.PathLike, points: int = 240) -> np.ndarray:
    """How loud a file is along its length: RMS of `points` equal stretches, 0–1 (the loudest is 1).

    Shape (points,); zeros for silence. Raises `InputError` if there is no sound in it.
    """
    raw = subprocess.run(
        [
            executable(),
            "-v",
            "error",
            "-nostdin",
            *source(path),
            "-map",
            "0:a:0",
            "-ac",
            "1",
            "-ar",
            str(_OUTLINE_HZ),
            "-f",
            "s16le",
            "-",
        ],
        capture_output=True,
        creationflags=_NO_WINDOW,
    ).stdout
    samples = np.frombuffer(raw, dtype="<i2").astype(np.float32)
    if not len(samples):
        raise InputError(f"{Path(path).name}: there is no sound in this file; choose another one.")
    edges = np.linspace(0, len(samples), points + 1).astype(int)
    sums = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    rms = np.sqrt(np.maximum(sums[edges[1:]] - sums[edges[:-1]], 0) / np.maximum(np.diff(edges), 1))
    return rms / rms.max() if rms.max() > 0 else rms


def listening_copy(path: str | os.PathLike, folder: Path) -> Path:
    """A small AAC copy of a sound file, for players that cannot take the original; made once per folder.

    Raises `InputError` if there is no sound in it.
    """
    path = Path(path)
    stat = path.stat()
    name = hashlib.sha256(
        f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}".encode()
    ).hexdigest()[:24]
    copy = folder / f"listen-{name}.m4a"
    if not copy.is_file():
        with atomic_path(copy) as temporary:
            run(
                [
                    *source(path),
                    "-map",
                    "0:a:0",
                    "-map_metadata",
                    "-1",
                    "-c:a",
                    "aac",
                    "-b:a",
                    "160k",
                    "-movflags",
                    "+faststart",
                    str(temporary),
                ]
            )
    return copy
