"""What a sound file's container says of itself: its tags, and whether it has a picture."""

from __future__ import annotations

import os
from pathlib import Path

import av
from av.stream import Disposition


def container_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """Tags by their keys as the container or its first sound has them; none where it has none."""
    try:
        with _opened(path) as container:
            streams = container.streams.audio[:1]
            return {**container.metadata, **(streams[0].metadata if streams else {})}
    except (av.FFmpegError, OSError, ValueError):
        return {}


def has_picture(path: str | os.PathLike[str]) -> bool:
    """Whether there is a moving picture in a file; cover art is none. False where it cannot say."""
    try:
        with _opened(path) as container:
            pictures = container.streams.video
            return any(not s.disposition & Disposition.attached_pic for s in pictures)
    except (av.FFmpegError, OSError, ValueError):
        return False


def _opened(path: str | os.PathLike[str]) -> av.container.InputContainer:
    address = f"file:{Path(path).resolve()}"
    return av.open(address, metadata_errors="replace", options={"protocol_whitelist": "file"})
