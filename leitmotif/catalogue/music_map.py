"""A catalogue as a map: ten dimensions on two, so that near tracks lie near each other.

The axes are the two directions in which the standardised catalogue varies most (principal
components), turned so that arousal grows upwards and valence to the right as far as they can. The
same catalogue gives the same map every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.profiles import MUSIC_NAMES

_AROUSAL, _VALENCE = MUSIC_NAMES.index("arousal"), MUSIC_NAMES.index("valence")


@dataclass(frozen=True)
class MusicMap:
    """`place(features)` puts (n, 10) profiles on the map, (n, 2); `explained` is the share of the
    variance it shows.
    """

    center: np.ndarray
    spread: np.ndarray
    axes: np.ndarray
    """(10, 2), orthonormal."""
    explained: float

    @classmethod
    def of(cls, features: np.ndarray) -> MusicMap:
        """The map of a catalogue (N, 10); a single track, or equal ones, all lie at the origin."""
        center, spread = features.mean(axis=0), features.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        z = (features - center) / spread
        variances, directions = np.linalg.eigh(z.T @ z / len(z))
        axes = directions[:, ::-1][:, :2]
        explained = float(variances[-2:].sum() / variances.sum()) if variances.sum() > 0 else 1.0
        return cls(center, spread, axes @ _turn(axes), explained)

    def place(self, features: np.ndarray) -> np.ndarray:
        return (np.atleast_2d(features) - self.center) / self.spread @ self.axes


def _turn(axes: np.ndarray) -> np.ndarray:
    """The rotation or reflection (2, 2) that brings arousal closest to up and valence closest to
    right.
    """
    u, _, vt = np.linalg.svd(axes[[_VALENCE, _AROUSAL]].T)
    return u @ vt
