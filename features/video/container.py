"""What a film's container says, for those who count frames: rate, length, start timecode.

Packets are listed, nothing is decoded. Presentation times in seconds from the first frame.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from data.errors import InputError
from data.words import Sentence
from features.video.frames import open_film

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Container:
    """A film as its file describes it.

    fps : the picture's average rate. frames : packets of picture. width, height : pixels as stored.
    timecode : of the first frame, "HH:MM:SS:FF", or empty. times_s : (frames,) sorted.
    """

    fps: Fraction
    frames: int
    width: int
    height: int
    timecode: str
    has_sound: bool
    times_s: np.ndarray

    def rate_error_s(self, fps: Fraction) -> float:
        """Largest distance of a frame from where a constant rate would have it, in seconds."""
        regular = np.arange(self.frames) / float(fps)
        return float(np.abs(self.times_s - regular).max(initial=0.0))


def read_container(path: str | os.PathLike[str]) -> Container:
    """List a film's picture packets. Raises `InputError` where there is no picture to count."""
    name = Path(path).name
    try:
        with open_film(Path(path).resolve()) as container:
            pictures = [s for s in container.streams.video if not _is_cover(s)]
            if not pictures:
                raise InputError("video.no_stream", file=name)
            stream = pictures[0]
            base = stream.time_base or Fraction(1, 90_000)
            stamps = [p.pts for p in container.demux(stream) if p.pts is not None]
            sound = bool(container.streams.audio)
            timecode = stream.metadata.get("timecode", container.metadata.get("timecode", ""))
            times = np.sort(np.array(stamps, dtype=np.int64)) - min(stamps, default=0)
            seconds = times * float(base)
            fps = Fraction(stream.average_rate or stream.guessed_rate or _rate_of(seconds))
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("video.not_openable", file=name, cure=Sentence("video.cure")) from None
    if not len(seconds):
        raise InputError("video.no_stream", file=name)
    return Container(fps, len(seconds), width, height, timecode, sound, seconds)


def _is_cover(stream: av.VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _rate_of(seconds: np.ndarray) -> Fraction:
    step = float(np.median(np.diff(seconds))) if len(seconds) > 1 else 0.04
    return Fraction(1 / step).limit_denominator(1001)


def content_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
