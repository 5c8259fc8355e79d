"""Files to profiles: what a picture is like, what a piece of music is like.

Heavy libraries are imported when a function is called, not with the package.
"""

from __future__ import annotations

import os

from data.errors import Progress
from data.profiles import MusicProfile, VideoProfile

__all__ = ["music_profile", "video_profile"]


def video_profile(path: str | os.PathLike, *, progress: Progress | None = None) -> VideoProfile:
    """The 11-D profile of a video file, with its curves; see `features.video`."""
    from features import video

    return video.video_profile(path, progress=progress)


def music_profile(path: str | os.PathLike) -> MusicProfile:
    """The 10-D profile of a music file or of a video's soundtrack, with its curves.

    See `features.audio`.
    """
    from features import audio

    return audio.music_profile(path)
