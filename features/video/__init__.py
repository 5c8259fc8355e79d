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

__all__ = ["read_timeline", "scenes", "score", "video_profile"]


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

    if quick:
        from features.video import quick as skimming

        glance = skimming.read_timeline(path, progress=progress)
        if glance is not None:
            return glance
    return (
        store.read_timeline(path, progress)
        if cache
        else extract.read_timeline(path, progress=progress)
    )


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
