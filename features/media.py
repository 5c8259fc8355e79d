"""What a media file says of itself, and which kinds of files count as media.

A playlist (HLS, DASH, concat, image sequences) is none: it names other files, and whatever opens
it opens those. So files are opened as one of `FORMATS`, through no protocol but that of files.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

import av

from data.errors import InputError

FORMATS = tuple(
    "3g2 3gp aac ac3 aiff amr ape asf au avi caf dirac dnxhd dts dtshd dv eac3 flac flv gif gxf "
    "h261 h263 h264 hevc ivf m4a m4v matroska mj2 mjpeg mlp mov mp3 mp4 mpc mpc8 mpeg mpegts "
    "mpegvideo mxf nut obu ogg rm swf tak truehd tta vc1 voc vvc w64 wav webm wtv wv "
    "yuv4mpegpipe".split()
)
"""Names of ffmpeg's demuxers that read sound and moving pictures from one file."""


class Media(NamedTuple):
    """What a file says of itself. `duration` is in seconds, NaN where it does not say."""

    duration: float
    video: str
    """Codec of the picture (cover art is not one), or empty."""
    audio: str
    """Codec of the first sound, or empty."""


def probe(path: str | os.PathLike[str]) -> Media:
    """What is in a media file, without decoding all of it.

    Raises `InputError` if there is none, or it is not media.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise InputError("render.no_such_file", file=path)
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
            return _told(container)
    except (av.error.FFmpegError, OSError, ValueError, UnicodeError):
        raise InputError("render.nothing_readable", file=path.name) from None


def _told(container: av.container.InputContainer) -> Media:
    cover = av.stream.Disposition.attached_pic
    pictures = [s for s in container.streams.video if not s.disposition & cover]
    duration = container.duration / av.time_base if container.duration else math.nan
    return Media(duration, _codec(pictures), _codec(container.streams.audio))


def _codec(streams: object) -> str:
    """Codec of the first stream; "unknown" for one that no decoder is there for."""
    for stream in streams:  # type: ignore[attr-defined]
        context = stream.codec_context
        return context.codec.canonical_name if context is not None else "unknown"
    return ""
