"""What a sound file's container says of itself: its tags, and whether it has a picture."""

from __future__ import annotations

import os
from pathlib import Path

import av
from av.stream import Disposition

from features.media import open_media


def container_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Tags by their keys as the container or its first sound has them; none where it has none.

    Bytes that are no UTF-8 are surrogate escapes.
    """
    try:
        with open_media(Path(path).resolve(), "surrogateescape") as container:
            streams = container.streams.audio[:1]
            return {**container.metadata, **(streams[0].metadata if streams else {})}
    except (av.FFmpegError, OSError, ValueError):
        return {}


def has_picture(path: str | os.PathLike[str]) -> bool:
    """Whether there is a moving picture in a file; cover art is none. False where it cannot say."""
    try:
        with open_media(Path(path).resolve()) as container:
            pictures = container.streams.video
            return any(not s.disposition & Disposition.attached_pic for s in pictures)
    except (av.FFmpegError, OSError, ValueError):
        return False
