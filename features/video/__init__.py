"""Video to numbers: one pass gives a Timeline, closed forms make the 11-D profile of it.

`read_timeline` watches, `score` rates any part of what was seen, `scenes` divides it, and
`video_profile` does the usual: the profile of the whole file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from data.errors import Progress

if TYPE_CHECKING:
    from data.profiles import VideoProfile
    from features.video.timeline import Timeline

__all__ = ["glance", "known_timeline", "read_timeline", "scenes", "score", "video_profile"]


def read_timeline(
    path: str | os.PathLike,
    *,
    progress: Progress | None = None,
    cache: bool = True,
    quick: bool = False,
) -> Timeline:
    """Watch a video once and measure it, per half second. See `features.video.extract`.

    With `cache`, a file of the same content that was watched before by the same extractor is not
    watched again. With `quick`, only a few moments are looked at (`features.video.quick`), unless
    the file does not say where they are.
    """
    from features.video import extract, store

    first = glance(path, progress=progress) if quick else None
    if first is not None:
        return first
    return (
        store.read_timeline(path, progress)
        if cache
        else extract.read_timeline(path, progress=progress)
    )


def glance(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline | None:
    """A quick look at a video; None where the file does not say where its pictures are. See
    `features.video.quick`."""
    from features.video import quick as skimming

    return skimming.read_timeline(path, progress=progress)


def known_timeline(path: str | os.PathLike, content: str | None = None) -> Timeline | None:
    """The Timeline of a video that was watched before, without watching it; else None.

    content : SHA-256 of the file in hexadecimal, where it is known.
    """
    from features.video import store

    return store.known_timeline(path, content)


def score(timeline: Timeline, start: float = 0.0, end: float | None = None) -> VideoProfile:
    """The 11-D profile of a Timeline's part from `start` to `end` seconds. See
    `features.video.profile`."""
    from features.video import profile

    return profile.score(timeline, start, end)


def scenes(timeline: Timeline) -> list[tuple[float, float]]:
    """(start, end) of scenes of about 8–30 s, without gaps. See `features.video.grouping`."""
    from features.video.grouping import scenes as divide

    return divide(timeline)


def video_profile(
    path: str | os.PathLike, *, progress: Progress | None = None, cache: bool = True
) -> VideoProfile:
    """The 11-D profile of a video file, with its curves per half second.

    Raises `InputError` for a file that is missing, empty, no video, or cannot be decoded at all.
    """
    return score(read_timeline(path, progress=progress, cache=cache))
