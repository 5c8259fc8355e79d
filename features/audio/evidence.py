"""How far a recording lets its numbers be trusted: heard at all, at full bandwidth, and music."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.profiles import MUSIC_NAMES
from features.audio.load import Recording

SHORTEST_S = 0.4
"""One gating block of BS.1770: of less, not even the loudness can be told."""
_EDGES_HZ = (4_000.0, 5_500.0, 8_000.0, 11_000.0)
_SHIFT = {
    "richness": (0.93, 0.60, 0.26, 0.0),
    "variation": (0.34, 0.21, 0.09, 0.0),
    "rhythm": (0.22, 0.16, 0.07, 0.0),
    "warmth": (0.76, 0.38, 0.14, 0.0),
    "harmony": (0.03, 0.0, 0.0, 0.0),
    "brightness": (0.28, 0.15, 0.06, 0.0),
    "melody_trend": (0.04, 0.0, 0.0, 0.0),
    "rhythm_speed": (0.29, 0.23, 0.13, 0.0),
    "arousal": (0.79, 0.51, 0.22, 0.0),
    "valence": (0.09, 0.05, 0.02, 0.0),
}
"""Mean change of each field when sound ends at `_EDGES_HZ`, in standard deviations of the field
over the reference tracks: measured on 14 demo and 15 shared tracks, resampled, as
`leitmotif-audio 3` heard them (4 moves arousal less)."""
_MOST_SPEECH_COSTS = 0.9
"""Heuristic: what confidence is lost where nothing but speech is heard."""


def evidence(
    recording: Recording, active_s: float, tags: Mapping[str, float] | None = None
) -> np.ndarray:
    """Factors 0–1 on the confidence of each field, (10,).

    active_s : seconds that were not silent. tags : kind of sound (`features.audio.tags`).
    All are 0 where nothing is heard: no block passes BS.1770's gate of −70 LUFS, or there is less
    than one block.
    """
    if not recording.heard or active_s < SHORTEST_S:
        return np.zeros(len(MUSIC_NAMES))
    edge = recording.bandwidth_hz
    factors = np.array([1 - np.interp(edge, _EDGES_HZ, _SHIFT[name]) for name in MUSIC_NAMES])
    if tags:
        factors *= 1 - _MOST_SPEECH_COSTS * tags["speech"] * (1 - tags["music"])
    return factors
