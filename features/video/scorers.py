"""The closed forms: from the signals of each token to the eleven fields, as curves.

Every function takes standardised signals per token and gives one curve (T,). Sources stand in the
docstrings; "heuristic" marks a choice that no publication makes for us. Scores read as percentiles
of the reference population: 67 of 100 is "more than two thirds of ordinary scenes".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.video.reference import Reference, percentile
from features.video.signals.colour import SEEN
from features.video.timeline import TOKEN, Timeline

FLOORS = {
    "motion": 1e-3,
    "steady_motion": 1e-3,
    "residual_energy": 1e-6,
    "lighting_key": 1e-3,
    "own_colour": 1.0,
    "hues": 1.0,
    "lightness": None,
    "contrast": None,
    "heat": None,
    "weight": None,
}
"""The raw quantities with a reference scale, and what is added before the logarithm where one is
taken. The floors lie at the noise of a still picture. Heuristic."""

CENTRES = {"heat": -0.5}
"""Grey is −0.5 warm; colours leave it in both directions, most a little, some far."""

DERIVED = ("tension", "content")
"""Quantities made of other scores, with a reference scale of their own."""


OF_COLOUR = ("own_colour", "hues")
"""What black-and-white film has none of."""


def quantities(timeline: Timeline) -> dict[str, np.ndarray]:
    """The raw quantities per token, (T,) each; those of colour are NaN where there is none."""
    raw = {name: timeline[name] for name in FLOORS}
    grey = in_colour(timeline) < 0.5
    return raw | {name: np.where(grey, np.nan, raw[name]) for name in OF_COLOUR}


def in_colour(timeline: Timeline) -> np.ndarray:
    """How surely the picture is in colour, (T,) 0–1: 1 − exp(−(own colour / two just noticed
    differences)²). Heuristic."""
    return np.asarray(1 - np.exp(-np.square(timeline["own_colour"] / (2 * SEEN))))


def standard_scores(timeline: Timeline, reference: Reference) -> dict[str, np.ndarray]:
    """z of every raw quantity per token, and `cutting`: how short the running shot is for a
    film.

    The colours of a picture without colours are ordinary ones: that film is black-and-white says
    when and how it was made, and no more. People's ratings of pictures are the same with and
    without their colours (Codispoti, De Cesarei & Ferrari 2012, *Psychophysiology* 49).
    """
    z = {name: reference.scales[name].z(timeline[name]) for name in FLOORS}
    z |= {name: in_colour(timeline) * z[name] for name in OF_COLOUR}
    z = {name: np.where(np.isfinite(curve), curve, 0.0) for name, curve in z.items()}
    return z | {"cutting": -reference.shot_length.z(shot_lengths(timeline))}


def shot_lengths(timeline: Timeline) -> np.ndarray:
    """Length in seconds of the shot that each token's middle lies in, (T,).

    A video without any cut shows only a part of its shot: it counts for 5 s more, which is what a
    moment of a film still has before it on the average (heuristic).
    """
    starts = np.array([start for start, _ in timeline.shots])
    lengths = np.array([end - start for start, end in timeline.shots])
    if len(lengths) == 1 and lengths[0] >= timeline.duration - 1e-6:
        lengths = lengths + 5.0
    middle = timeline.times + np.maximum(timeline["seconds"], 1e-3) / 2
    return np.maximum(
        lengths[np.maximum(np.searchsorted(starts, middle, side="right") - 1, 0)], 0.04
    )


def smooth(curve: np.ndarray, seconds: float, beta: float = 5.0) -> np.ndarray:
    """Kaiser-window mean over `seconds`; at the ends over the part of the window that exists."""
    taps = min(int(seconds / TOKEN) | 1, 2 * len(curve) - 1)
    window = np.kaiser(taps, beta)
    return (
        np.convolve(curve, window, "same")[: len(curve)]
        / np.convolve(np.ones(len(curve)), window, "same")[: len(curve)]
    )


# ------------------------------------------------------------------------------------ people


def prominence(timeline: Timeline) -> np.ndarray:
    """How much the people in the picture count, 0–1: time on screen × 1 − exp(−area / 2 %).
    Heuristic.

    A head-and-shoulders shot (face 5 % of the picture) reaches 0.9, a figure in full 0.1–0.3.
    """
    presence, area = (np.nan_to_num(timeline[name]) for name in ("face_presence", "face_area"))
    return presence * (1 - np.exp(-area / 0.02))


def face(timeline: Timeline, name: str) -> np.ndarray:
    """A face column with 0 (neutral) where no face was read."""
    return np.nan_to_num(timeline[name])


def tension(valence: np.ndarray, arousal: np.ndarray) -> np.ndarray:
    """Perceived tension of valence and arousal on [−1, 1]: T = 0.11 − 0.87·V + 0.55·E.

    Fitted to 110 film-music excerpts rated by people (Eerola & Vuoskoski 2011; R² .94): borrowed
    from music, for want of a rating of pictures.
    """
    return 0.11 - 0.87 * valence + 0.55 * arousal


def character_tension(timeline: Timeline) -> np.ndarray:
    """Tension of the faces' expressions and of the motion within them, by prominence; 50 without
    faces.

    A neutral face is 50. Agitation = residual motion inside the face boxes in face sizes per
    second, three quarters of its most at 0.4. Smoothed over 2 s. Blend heuristic.
    """
    felt = tension(face(timeline, "face_valence"), face(timeline, "face_arousal")) - 0.11
    size = np.sqrt(np.maximum(np.nan_to_num(timeline["face_area"]), 1e-3))
    agitation = np.tanh(face(timeline, "face_motion") / size / 0.4)
    return 50 + 50 * np.tanh(smooth(prominence(timeline) * (1.5 * felt + 0.4 * agitation), 2.0))


def image_affinity(timeline: Timeline, z: Mapping[str, np.ndarray]) -> np.ndarray:
    """How close and inviting the figures are; 0 = nobody, or nobody in particular. Heuristic.

    100·tanh(prominence × (valence + 0.4·smile + 0.2·gaze + warm light + soft contrast)).
    """
    inviting = (
        face(timeline, "face_valence")
        + 0.4 * face(timeline, "face_smile")
        + 0.2 * face(timeline, "face_gaze")
    )
    light = 0.1 * z["heat"] - 0.1 * z["contrast"]
    return 100 * np.tanh(prominence(timeline) * (inviting + light))


# ------------------------------------------------------------------------------------ affect


def visual_arousal(
    timeline: Timeline, z: Mapping[str, np.ndarray], reference: Reference
) -> np.ndarray:
    """Hanjalic & Xu (2005) without sound, weighted by the fit to LIRIS-ACCEDE, joined with face
    arousal.

    Motion is that of things and of lasting camera moves, by its root mean square: who moves before
    a camera that stands still counts, and a hand that holds one does not. It is smoothed by their
    Kaiser window (28 s, β = 5; their 700 frames at 25 fps), and cut density is exp((1 − (n − p))/δ)
    of the time from the previous to the next cut (δ = 300 frames, 12 s), here by its rank among
    film shots. Both constants from memory of the paper. Face arousal adds up to one reference
    standard deviation. −100–100, 0 = ordinary.

    Motion and cutting add up: to the raters of LIRIS-ACCEDE motion counted for as much in the 1,772
    excerpts without a cut (.148 per standard score) as in those with one (.141). So a dancer before
    a still camera is raised by the dance, and lowered by there being no cut.
    """
    steady = smooth(np.nan_to_num(timeline["steady_motion"]), 28.0)
    motion = reference.scales["steady_motion"].z(steady)
    picture = reference.arousal.z(
        {**z, "steady_motion": motion, "cutting": smooth(z["cutting"], 8.0)}
    )
    return 200 * percentile(picture + prominence(timeline) * face(timeline, "face_arousal")) - 100


def visual_valence(
    timeline: Timeline, z: Mapping[str, np.ndarray], reference: Reference
) -> np.ndarray:
    """Pleasure of the colours (Valdez & Mehrabian 1994), the fit to LIRIS-ACCEDE, and the faces.

    Pleasure = .69·lightness + .22·saturation in standard scores; saturation is the spread of the
    picture's own colours, so that a tint, cool or warm, pleases nobody more. 100·tanh(x), x = 0.25
    per standard score of either picture part + prominence × face valence (heuristic). −100–100; 0 =
    neutral.
    """
    pleasure = (0.69 * z["lightness"] + 0.22 * z["own_colour"]) / np.hypot(0.69, 0.22)
    picture = 0.25 * (pleasure + reference.valence.z(z))
    return 100 * np.tanh(picture + prominence(timeline) * face(timeline, "face_valence"))


def raw_scene_tension(
    timeline: Timeline, z: Mapping[str, np.ndarray], valence: np.ndarray, arousal: np.ndarray
) -> np.ndarray:
    """T of the picture's valence and arousal (−100–100), raised by low-key light and by shortening
    shots.

    Low key: Rasheed, Sheikh & Shah (2005). Heuristic coefficients: 0.2 per standard score of
    darkness of key, 0.15 when shots become e times shorter.
    """
    return (
        tension(valence / 100, arousal / 100)
        - 0.2 * z["lighting_key"]
        + 0.15 * shortening(timeline)
    )


def shortening(timeline: Timeline) -> np.ndarray:
    """How much shorter the running shot is than those of the 30 s before it: log ratio within
    ±1."""
    logs = np.log(shot_lengths(timeline))
    starts = np.array([start for start, _ in timeline.shots])
    result = np.zeros(len(timeline))
    for i, time in enumerate(timeline.times):
        shot = starts[max(np.searchsorted(starts, time + 1e-6, side="right") - 1, 0)]
        before = (timeline.times < shot) & (timeline.times >= shot - 30)
        if before.any():
            result[i] = np.clip(logs[before].mean() - logs[i], -1, 1)
    return result


# ------------------------------------------------------------------------------------ story


def narrative_pacing(z: Mapping[str, np.ndarray]) -> np.ndarray:
    """Tempo of Adams, Dorai & Venkatesh (2002): shortness of shots and motion, smoothed over 6 s.

    Shot length against film norms carries 0.7, motion 0.3 (heuristic: viewers follow the cutting).
    """
    tempo = (0.7 * z["cutting"] + 0.3 * z["steady_motion"]) / np.hypot(0.7, 0.3)
    return 100 * percentile(smooth(tempo, 6.0))


def raw_content(timeline: Timeline) -> np.ndarray:
    """How much there is to tell around each token: variety of the pictures within 30 s. Heuristic.

    log of: mean difference between the pictures of the window (embedding when there is one, palette
    always) + entropy of the window's colours, in shares of its maximum.
    """
    half = int(15 / TOKEN)
    palette = timeline.palette.astype(np.float64)
    result = np.empty(len(timeline))
    for i in range(len(timeline)):
        part = slice(max(i - half, 0), i + half + 1)
        result[i] = _variety(
            palette[part], None if timeline.embedding is None else timeline.embedding[part]
        )
    return result


def _variety(palette: np.ndarray, embedding: np.ndarray | None) -> float:
    """Dispersion of the window's pictures and entropy of its colours, 0–2."""
    mean = palette.mean(axis=0)
    root = np.sqrt(palette)
    dispersion = (
        1 - np.square(root.mean(axis=0)).sum()
    )  # mean pairwise 1 − Bhattacharyya coefficient
    if embedding is not None:
        dispersion = 0.5 * dispersion + 0.5 * (1 - float(np.square(embedding.mean(axis=0)).sum()))
    entropy = -(mean[mean > 0] * np.log(mean[mean > 0])).sum() / np.log(len(mean))
    return float(dispersion + entropy)
