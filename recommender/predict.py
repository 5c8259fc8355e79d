"""A loaded predictor and its one verb. Nothing here needs the training libraries.

Inputs are 11 numbers in the order of `VIDEO_FIELDS` with a confidence each; outputs are 10 in the
order of `MUSIC_FIELDS`. NaN in an array means "not measured" and counts as confidence 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data.profiles import VIDEO_FIELDS, MusicProfile, VideoProfile
from recommender import prior
from recommender.units import check_values

Forward = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""(n, 11) values and confidences to (n, 10) values and confidences."""


@dataclass(frozen=True)
class Recommender:
    """11-D to 10-D, with what is known about its worth.

    name : short, with a version; written into the `extractor` of every prediction.
    description : one or two sentences for people: what it is and what it learned from.
    reliability : held-out R² per output (10,), NaN where it was not measured; None for a predictor that saw no pairs.
    video_extractor, music_extractor : what measured the pairs it learned from; empty for any.
    """

    name: str
    description: str
    forward: Forward
    reliability: np.ndarray | None = None
    video_extractor: str = ""
    music_extractor: str = ""

    def predict(self, video: VideoProfile | np.ndarray) -> MusicProfile | np.ndarray:
        """The music a picture asks for.

        A `VideoProfile` or (11,) numbers give a `MusicProfile`; (n, 11) numbers give (n, 10).
        A profile measured by another extractor than the training pairs is still used, with a
        warning in the result. Raises `InputError` for another shape or a number out of range.
        """
        if isinstance(video, VideoProfile):
            return self._profile(check_values(video.values, VIDEO_FIELDS, "video profile"), video.confidence, self._warnings(video))
        values = check_values(video, VIDEO_FIELDS, "video features")
        confidence = np.isfinite(values).astype(np.float64)
        if values.ndim == 1:
            return self._profile(values, confidence, ())
        return self.forward(values, confidence)[0]

    def _profile(self, values: np.ndarray, confidence: np.ndarray, warnings: tuple[str, ...]) -> MusicProfile:
        music, evidence = self.forward(values[None], confidence[None])
        return MusicProfile(music[0], evidence[0], f"recommender:{self.name}", warnings=warnings)

    def _warnings(self, video: VideoProfile) -> tuple[str, ...]:
        if not self.video_extractor or not video.extractor or video.extractor == self.video_extractor:
            return ()
        return (f"The picture was measured by '{video.extractor}', but {self.name} learned from '{self.video_extractor}'.",)


def linear_prior() -> Recommender:
    """The predictor that needs no weights: see `recommender.prior`."""
    return Recommender(
        prior.NAME,
        "A documented linear prior: music follows the picture in arousal, valence, pace, tension and colour. It learned from no pairs.",
        prior.forward,
    )


def load_recommender(path: str | os.PathLike | None = None) -> Recommender:
    """The predictor that ships with the project."""
    return linear_prior()
