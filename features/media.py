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

_SOUND = "aac ac3 aiff amr ape au caf dsf dts dtshd eac3 flac iff loas mlp mp3 mpc mpc8 ogg oma tak"
_PICTURE = "dirac dnxhd dv gif h261 h263 h264 hevc ivf m4v mjpeg mpegvideo obu vc1 vvc yuv4mpegpipe"
_BOTH = "3g2 3gp asf avi flv gxf m4a matroska mj2 mov mp4 mpeg mpegts mxf nut rm swf webm wtv"
_WAVES = "truehd tta voc w64 wav wv"
FORMATS = tuple(f"{_SOUND} {_WAVES} {_PICTURE} {_BOTH}".split())
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
    try:
        with open_media(path) as container:
            return _told(container)
    except (av.error.FFmpegError, OSError, ValueError, UnicodeError):
        raise InputError("render.nothing_readable", file=path.name) from None


def open_media(
    path: str | os.PathLike[str], metadata_errors: str = "replace"
) -> av.container.InputContainer:
    """The container, opened as a file whatever its name looks like, and as nothing but media.

    metadata_errors : how tags that are no UTF-8 are decoded. Raises what `av.open` raises.
    """
    options = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    return av.open(f"file:{os.fspath(path)}", options=options, metadata_errors=metadata_errors)


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
