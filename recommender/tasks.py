"""Which numbers speak for which: the split into the main task and valence and arousal."""

from __future__ import annotations

import numpy as np

from data.profiles import MUSIC_NAMES, VIDEO_NAMES

VA_INPUTS = tuple(VIDEO_NAMES.index(n) for n in ("visual_arousal", "visual_valence"))
VA_OUTPUTS = tuple(MUSIC_NAMES.index(n) for n in ("arousal", "valence"))
MAIN_INPUTS = tuple(i for i in range(len(VIDEO_NAMES)) if i not in VA_INPUTS)
MAIN_OUTPUTS = tuple(i for i in range(len(MUSIC_NAMES)) if i not in VA_OUTPUTS)
EMOTIONS = ("excited", "tense", "sad", "calm")
"""Quadrants of valence and arousal: + +, − +, − −, + −."""
FUSIONS = ("split", "shared")


def coefficient_mask(fusion: str) -> np.ndarray:
    """(10, 11) True where an output may follow an input."""
    if fusion == "shared":
        return np.ones((len(MUSIC_NAMES), len(VIDEO_NAMES)), dtype=bool)
    mask = np.zeros((len(MUSIC_NAMES), len(VIDEO_NAMES)), dtype=bool)
    mask[np.ix_(MAIN_OUTPUTS, MAIN_INPUTS)] = True
    mask[np.ix_(VA_OUTPUTS, VA_INPUTS)] = True
    return mask
