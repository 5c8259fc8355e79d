"""Pictures to a file, one after the other, with the sound of another file under them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from leitmotif.render import ffmpeg


def write_pictures(
    pictures: Iterable[np.ndarray],
    size: tuple[int, int],
    rate: Fraction,
    output: str | os.PathLike[str],
    sound: str | os.PathLike[str] | None = None,
) -> Path:
    """Write BGR uint8 pictures (h, w, 3) as H.264 in MP4; returns the path written (.mp4).

    size : width and height, even. sound : a file whose first sound lies under them from the start,
    encoded as AAC. Raises `InputError` with ffmpeg's last line if it fails.
    """
    target = Path(output).with_suffix(".mp4")
    shape = f"{size[0]}x{size[1]}"
    with atomic_path(target) as temporary:
        command = [
            *(ffmpeg.executable(), "-hide_banner", "-v", "error", "-y", "-f", "rawvideo"),
            *("-pix_fmt", "bgr24", "-s", shape, "-r", str(rate), "-i", "pipe:0"),
            *(ffmpeg.source(sound) if sound else ()),
            *("-map", "0:v:0", *(("-map", "1:a:0") if sound else ())),
            *("-c:v", "libx264", "-preset", "fast", "-crf", "17", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-b:a", "192k", "-map_metadata", "-1"),
            *("-movflags", "+faststart", str(temporary)),
        ]
        with tempfile.TemporaryFile() as log:
            code = _feed(command, pictures, log.fileno())
            log.seek(0)
            said = log.read().decode("utf-8", "replace").strip().splitlines()
        if code:
            last = said[-1].strip() if said else "no reason given"
            raise InputError("render.ffmpeg_failed", reason=last)
    return target


def _feed(command: list[str], pictures: Iterable[np.ndarray], log: int) -> int:
    """Run ffmpeg on the pictures; its exit code."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log) as process:
        assert process.stdin
        try:
            for picture in pictures:
                process.stdin.write(picture.tobytes())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says why when it ends
        except BaseException:
            process.kill()
            raise
        return process.wait()
