"""Which numbers speak for which: the split into the main task and valence and arousal."""

from __future__ import annotations

import numpy as np

from data.profiles import MUSIC_NAMES, VIDEO_NAMES

N_VA = 2
MAIN_INPUTS, VA_INPUTS = slice(0, len(VIDEO_NAMES) - N_VA), slice(len(VIDEO_NAMES) - N_VA, None)
MAIN_OUTPUTS, VA_OUTPUTS = slice(0, len(MUSIC_NAMES) - N_VA), slice(len(MUSIC_NAMES) - N_VA, None)
"""Arousal and valence come last on both sides, in this order; slices are much faster than lists of
positions.
"""
N_MAIN_INPUTS, N_MAIN_OUTPUTS = len(VIDEO_NAMES) - N_VA, len(MUSIC_NAMES) - N_VA
EMOTIONS = ("excited", "tense", "sad", "calm")
"""Quadrants of valence and arousal: + +, − +, − −, + −."""
FUSIONS = ("split", "shared")


def coefficient_mask(fusion: str) -> np.ndarray:
    """(10, 11) True where an output may follow an input."""
    if fusion == "shared":
        return np.ones((len(MUSIC_NAMES), len(VIDEO_NAMES)), dtype=bool)
    mask = np.zeros((len(MUSIC_NAMES), len(VIDEO_NAMES)), dtype=bool)
    mask[MAIN_OUTPUTS, MAIN_INPUTS] = True
    mask[VA_OUTPUTS, VA_INPUTS] = True
    return mask
