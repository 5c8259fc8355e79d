"""From the most likely music to music worth searching for.

Squared error teaches a predictor to stay near the average wherever pictures explain little, and a
query near the average finds the same average tracks for every picture. So before matching, a fitted
prediction is stretched about its centre until it spreads as widely as music does. On music videos
this takes ridge regression from chance to well above it (the model card has the numbers); errors
per output (R², CCC) are always given for the prediction before stretching.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.profiles import MUSIC_FIELDS
from recommender.units import from_units, to_units

FLAT = 1e-4
"""A prediction that varies by less than this share of half a range says nothing and is left alone.
"""


@dataclass(frozen=True, eq=False)
class Stretch:
    """centre, factor : (10,) in units; music = centre + factor · (prediction − centre), clipped to
    range.
    """

    centre: np.ndarray
    factor: np.ndarray

    def apply(self, music: np.ndarray) -> np.ndarray:
        """(n, 10) in field units to the same; NaN stays NaN."""
        return from_units(
            self.centre + self.factor * (to_units(music, MUSIC_FIELDS) - self.centre), MUSIC_FIELDS
        )


NO_STRETCH = Stretch(np.zeros(len(MUSIC_FIELDS)), np.ones(len(MUSIC_FIELDS)))
"""Leaves every prediction as it is."""


def fit_stretch(predicted: np.ndarray, music: np.ndarray) -> Stretch:
    """The stretch that makes `predicted` (n, 10) vary as `music` (n, 10) does; 1 where either says
    nothing.
    """
    p, y = to_units(predicted, MUSIC_FIELDS), to_units(music, MUSIC_FIELDS)
    centre, factor = np.zeros(len(MUSIC_FIELDS)), np.ones(len(MUSIC_FIELDS))
    for j in range(len(MUSIC_FIELDS)):
        have, truth = p[np.isfinite(p[:, j]), j], y[np.isfinite(y[:, j]), j]
        if len(have) > 1 and len(truth) > 1 and have.std() > FLAT:
            centre[j], factor[j] = have.mean(), truth.std() / have.std()
    return Stretch(centre, factor)
