"""What a timeline draws of a score: waveforms of cues as they are edited, in the film's time."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from leitmotif.render.ffmpeg import levels
from leitmotif.score.model import Cue
from leitmotif.score.timecode import FrameRate

PER_SECOND = 20
"""Points of a waveform in a second."""


def waveform(cue: Cue, rate: FrameRate) -> np.ndarray:
    """How loud a cue is along the film, gains and mute included: RMS, float (n,), full scale 1.

    `PER_SECOND` points a second from the cue's first frame on; zeros without a track, or where its
    file is gone. The first call for a track decodes it, later ones take microseconds.
    """
    n = max(round(float(cue.frames / rate.fps) * PER_SECOND), 1)
    shown = np.zeros(n)
    if cue.track is None or cue.muted or not Path(cue.track.path).is_file():
        return shown
    level = _levels(cue.track.path, Path(cue.track.path).stat().st_mtime_ns)
    start = float(rate.seconds(cue.start))
    times = start + (np.arange(n) + 0.5) / PER_SECOND
    for piece in cue.pieces:
        inside = (times >= float(piece.film_in)) & (times < float(piece.film_out))
        played = (times[inside] - float(piece.film_in)) * float(piece.speed)
        place = (played + float(piece.track_in)) * PER_SECOND
        shown[inside] = np.append(level, 0.0)[np.minimum(place.astype(int), len(level))]
    return np.asarray(shown * 10 ** (cue.gains(times * float(rate.fps)) / 20))


@lru_cache(maxsize=64)
def _levels(path: str, changed: int) -> np.ndarray:
    return levels(path, PER_SECOND)
