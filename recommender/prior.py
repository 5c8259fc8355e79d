"""The linear prior: what film-music practice and the literature say, before any pair was seen.

    output = Σ weight · confidence · input        units of [−1, 1], see `recommender.units`

Music follows the picture (congruence: Boltz 2001, *Music Perception* 18, for mood; Bolivar, Cohen &
Fentress 1994, *Psychomusicology* 13, for motion). The weights of one output never sum to more than
1 in magnitude, so outputs stay within range without clipping, and an input that was not measured
moves nothing. A sum of 1, where the picture explains far less, is a choice: it asks for
music as far from the middle as the picture is, instead of ever the same average track.

Magnitudes are *fitted* only where `FITTED` stands beside them; all others are *heuristic*, and the
source given supports the sign alone. Nothing found ties a picture to the direction of a melody:
that output stays level, at confidence 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from data.profiles import MUSIC_NAMES, VIDEO_NAMES
from recommender.linear import Linear

NAME = "linear-prior-1"

FITTED = (
    "fitted: standardised regression of log tempo on arousal and valence, "
    "made from the rated happiness, peace, sadness and fear "
    "of 141 pieces of Eerola, Friberg & Bresin 2013 (Frontiers in Psychology 4:487); 10-fold R² .31"
)
CONGRUENCE = "heuristic; mood congruence, Boltz 2001"
TEMPO_MOTION = (
    "heuristic; sign: faster motion is heard in faster music, "
    "Eitan & Granot 2006 (Music Perception 23)"
)
DISSONANCE = (
    "heuristic; sign: dissonance is heard as tension, Farbood 2012 (Music Perception 29), "
    "Bigand et al. 1996"
)
CONSONANCE = (
    "heuristic; sign: simple consonant harmony goes with pleasure, Gabrielsson & Lindström 2010"
)
LIGHT_HIGH = (
    "heuristic; sign: light colours go with high sounds, Marks 1974, Ward et al. 2006 (Cortex 42)"
)
COLOUR_MOOD = "heuristic; sign: colours and music are joined by mood, Palmer et al. 2013 (PNAS 110)"
AROUSAL_CUE = (
    "heuristic; sign: Gomez & Danuser 2007 (Emotion 7), "
    "accented rhythm and loudness go with arousal"
)
UNSOURCED = "heuristic; no source found"


class Weight(NamedTuple):
    """One coefficient: how far an output follows an input, and why."""

    output: str
    input: str
    value: float
    source: str


WEIGHTS: tuple[Weight, ...] = (
    Weight("richness", "action_energy", 0.40, UNSOURCED),
    Weight("richness", "visual_arousal", 0.30, AROUSAL_CUE),
    Weight("richness", "color_weight", 0.30, UNSOURCED),
    Weight("variation", "narrative_content", 0.50, UNSOURCED),
    Weight("variation", "narrative_pacing", 0.30, UNSOURCED),
    Weight("variation", "scene_tension", 0.20, UNSOURCED),
    Weight("rhythm", "narrative_pacing", 0.40, TEMPO_MOTION),
    Weight("rhythm", "action_energy", 0.30, AROUSAL_CUE),
    Weight("rhythm", "visual_arousal", 0.30, AROUSAL_CUE),
    Weight("warmth", "color_warmth", 0.50, COLOUR_MOOD),
    Weight("warmth", "image_affinity", 0.30, UNSOURCED),
    Weight("warmth", "visual_arousal", -0.20, UNSOURCED),
    Weight("harmony", "scene_tension", -0.50, DISSONANCE),
    Weight("harmony", "character_tension", -0.20, DISSONANCE),
    Weight("harmony", "visual_valence", 0.30, CONSONANCE),
    Weight("brightness", "color_weight", -0.50, LIGHT_HIGH),
    Weight("brightness", "visual_arousal", 0.30, AROUSAL_CUE),
    Weight("brightness", "visual_valence", 0.20, COLOUR_MOOD),
    Weight("rhythm_speed", "visual_arousal", 0.56, FITTED),
    Weight("rhythm_speed", "visual_valence", 0.10, FITTED),
    Weight("rhythm_speed", "narrative_pacing", 0.24, TEMPO_MOTION),
    Weight("rhythm_speed", "motion_amplitude", 0.10, TEMPO_MOTION),
    Weight("arousal", "visual_arousal", 0.80, CONGRUENCE),
    Weight("arousal", "action_energy", 0.10, TEMPO_MOTION),
    Weight("arousal", "narrative_pacing", 0.10, TEMPO_MOTION),
    Weight("valence", "visual_valence", 0.75, CONGRUENCE),
    Weight("valence", "scene_tension", -0.15, DISSONANCE),
    Weight("valence", "image_affinity", 0.10, UNSOURCED),
)


def matrix() -> np.ndarray:
    """The weights as (10, 11): outputs in `MUSIC_NAMES` order, inputs in `VIDEO_NAMES` order."""
    table = np.zeros((len(MUSIC_NAMES), len(VIDEO_NAMES)))
    for weight in WEIGHTS:
        table[MUSIC_NAMES.index(weight.output), VIDEO_NAMES.index(weight.input)] = weight.value
    return table


def as_linear() -> Linear:
    """The prior in the form of a fitted linear model; the same predictions as `forward`."""
    inputs, outputs = len(VIDEO_NAMES), len(MUSIC_NAMES)
    return Linear(
        np.zeros(inputs),
        np.ones(inputs),
        np.zeros(outputs),
        np.ones(outputs),
        matrix(),
        np.ones(outputs, dtype=bool),
    )


def forward(values: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predict music from pictures.

    values : (n, 11) in field units; NaN where nothing was measured.
    confidence : (n, 11), 0–1.

    Returns values (n, 10) within the fields' ranges and confidence (n, 10): the share of an
    output's weights that had evidence behind it.
    """
    return as_linear().forward(values, confidence)
