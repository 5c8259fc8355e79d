"""The packaged ffmpeg, for what is written: one run with progress and a way to stop, outlines.

Seconds everywhere. File names are passed as `file:` addresses, so that a name can never be an
option or an address of another kind, and ffmpeg may open files and pipes and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError, Progress
from features.media import FORMATS

_OUTLINE_HZ = 4000
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@cache
def executable() -> str:
    """The ffmpeg that comes with `imageio-ffmpeg`, or one named by IMAGEIO_FFMPEG_EXE."""
    try:
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise InputError("render.no_ffmpeg") from None


def source(path: str | os.PathLike[str]) -> list[str]:
    """The arguments that open a file for reading: as media, not as a list of other files."""
    allowed = ["-protocol_whitelist", "file,pipe", "-format_whitelist", ",".join(FORMATS)]
    return [*allowed, "-i", f"file:{Path(path).resolve()}"]


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
        assert process.stdout
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
        raise InputError("render.ffmpeg_failed", reason=last)
    return said


def outline(path: str | os.PathLike[str], points: int = 240) -> np.ndarray:
    """How loud a file is along its length: RMS of `points` equal stretches, 0–1 (the loudest is 1).

    Shape (points,); zeros for silence. Raises `InputError` if there is no sound in it.
    """
    samples = _samples(path)
    rms = _rms(samples, np.linspace(0, len(samples), points + 1).astype(int))
    return rms / rms.max() if rms.max() > 0 else rms


def levels(path: str | os.PathLike[str], per_second: int) -> np.ndarray:
    """RMS of a file's sound at a number of points a second, float (n,), full scale 1.

    Raises `InputError` if there is no sound in it.
    """
    samples = _samples(path)
    count = -(-len(samples) * per_second // _OUTLINE_HZ)
    edges = np.minimum(np.arange(count + 1) * _OUTLINE_HZ // per_second, len(samples))
    return _rms(samples, edges) / 2**15


def _samples(path: str | os.PathLike[str]) -> np.ndarray:
    """Mono samples at `_OUTLINE_HZ`, float32 (n,), full scale 2¹⁵."""
    form = ("-map", "0:a:0", "-ac", "1", "-ar", str(_OUTLINE_HZ), "-f", "s16le", "-")
    raw = subprocess.run(
        [executable(), "-v", "error", "-nostdin", *source(path), *form],
        capture_output=True,
        creationflags=_NO_WINDOW,
    ).stdout
    samples = np.frombuffer(raw, dtype="<i2").astype(np.float32)
    if not len(samples):
        raise InputError("render.no_sound", file=Path(path).name)
    return samples


def _rms(samples: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """RMS between rising edges, (len(edges) − 1,)."""
    sums = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    power = np.maximum(sums[edges[1:]] - sums[edges[:-1]], 0)
    return np.asarray(np.sqrt(power / np.maximum(np.diff(edges), 1)))


def listening_copy(path: str | os.PathLike[str], folder: Path) -> Path:
    """A small AAC copy of a sound file, for players that cannot take the original.

    Made once per folder.
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
