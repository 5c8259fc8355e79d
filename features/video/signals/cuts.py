"""Where shots begin: PySceneDetect's detectors on every decoded frame.

Times are seconds; a cut is the time of the first frame of the new shot.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode, ThresholdDetector
from scenedetect.common import Timecode

SHORTEST = 0.2
"""Seconds between two cuts at least. Ours: five frames of film, the shortest shots of fast trailers."""


class CutSignal:
    """Hard cuts (AdaptiveDetector) and fades through black (ThresholdDetector)."""

    def __init__(self, rate: Fraction) -> None:
        self._rate = rate
        self._detectors = (
            AdaptiveDetector(min_scene_len=SHORTEST),
            ThresholdDetector(threshold=8, min_scene_len=SHORTEST),
        )
        self._cuts: list[float] = []
        self._last: FrameTimecode | None = None

    def update(self, time: float, image: np.ndarray) -> list[float]:
        """Look at the next frame (BGR uint8, all of one size); the cuts recognised now, a little late."""
        self._last = FrameTimecode(Timecode(round(time * 1e6), Fraction(1, 1_000_000)), self._rate)
        found = [cut.seconds for detector in self._detectors for cut in detector.process_frame(self._last, image)]
        self._cuts += found
        return found

    def finish(self) -> list[float]:
        """All cut times in order, no two closer than `SHORTEST`."""
        if self._last is not None:
            for detector in self._detectors:
                self._cuts += [cut.seconds for cut in detector.post_process(self._last)]
        kept: list[float] = []
        for cut in sorted(self._cuts):
            if cut > 0 and (not kept or cut - kept[-1] >= SHORTEST):
                kept.append(cut)
        return kept


def shots(cuts: list[float], duration: float) -> list[tuple[float, float]]:
    """(start, end) of every shot between the cuts, without gaps, from 0 to `duration`."""
    edges = [0.0, *(cut for cut in cuts if cut < duration), duration]
    return list(pairwise(edges))
