"""The composer's annotation: scored videos label themselves.

Whoever put music under a picture has said what the picture is like. Windows of a video are "rated"
by the music under them: its arousal and valence stand for the picture's, and the tension that
people hear in such music for the scene's. A model that only sees the picture then learns to answer
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.errors import InputError, Progress
from data.profiles import VIDEO_NAMES, MusicProfile
from features import audio, video
from leitmotif.calibration.ratings import Ratings, Skipped, Window
from leitmotif.calibration.watch import Reader
from leitmotif.learning.scored_videos import MIN_MUSIC_SHARE, video_files

SECONDS = 6.0
STEP = 3.0
"""Length of a window and distance to the next (heuristic: long enough to hear a mood, short enough
to follow it).
"""


def soundtrack_ratings(
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    read: Reader | None = None,
) -> Ratings:
    """Windows of the folder's videos, rated by the music under them; windows without music are left
    out.

    sources : file (path inside the folder) to what it was cut from; a file that is not named is its
    own.
    Raises `InputError` if no window has music.
    """
    read = read or video.read_timeline
    windows, values, skipped = [], [], []
    files = list(video_files(folder))
    for done, (name, path) in enumerate(files):
        if progress:
            progress("listening", done, len(files))
        try:
            found = [
                (w, heard(path, w))
                for w in cut(path, read(path).duration, (sources or {}).get(name, name))
            ]
        except InputError as error:
            skipped.append(Skipped(0, str(error)))
            continue
        windows += [w for w, rated in found if rated is not None]
        values += [rated for _, rated in found if rated is not None]
    if not windows:
        raise InputError("calibration.no_window", folder=folder)
    array = np.array(values)
    counts = np.isfinite(array).astype(int)
    return Ratings(
        tuple(windows), array, counts, np.full(array.shape, np.nan), tuple(skipped), str(folder)
    )


def cut(path: Path, duration: float, group: str) -> list[Window]:
    """Windows of one length, one step apart; a short clip is one window."""
    starts = np.arange(0, max(duration - SECONDS, 0) + 1e-6, STEP)
    return [Window(path, float(s), float(min(s + SECONDS, duration)), group) for s in starts]


def heard(path: Path, window: Window) -> np.ndarray | None:
    """What a window's music says of its picture, (11,) with NaN elsewhere; None without music."""
    found = audio.analyze(path, start=window.start, end=window.end, tags=True)
    music = found.tags is None or found.tags["music"] >= MIN_MUSIC_SHARE
    return said(found.profile) if music and found.profile.confidence.any() else None


def said(music: MusicProfile) -> np.ndarray:
    """(11,): the music's arousal and valence as the picture's, and its tension as the scene's.

    Tension T = 0.11 − 0.87·V + 0.55·E on [−1, 1], fitted to 110 film-music excerpts rated by people
    (Eerola & Vuoskoski 2011, R² .94), here 50 + 50·T.
    """
    valence, arousal = music["valence"], music["arousal"]
    values = np.full(len(VIDEO_NAMES), np.nan)
    values[VIDEO_NAMES.index("visual_arousal")] = arousal
    values[VIDEO_NAMES.index("visual_valence")] = valence
    tension = 0.11 - 0.87 * valence / 100 + 0.55 * arousal / 100
    values[VIDEO_NAMES.index("scene_tension")] = np.clip(50 + 50 * tension, 0, 100)
    return values
