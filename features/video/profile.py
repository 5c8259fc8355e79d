"""From a Timeline to the eleven numbers, for a whole clip, a scene or any window: one code path.

Every field is first a curve over the tokens (`curves`) and then a time-weighted mean of it; for
tension, pacing and arousal the mean of the mean and the 90th percentile, because peaks decide what
people remember (heuristic).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data.errors import InputError
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES, Curves, VideoProfile
from features.video import scorers
from features.video.reference import Reference, percentile, shipped
from features.video.timeline import Timeline

PEAKED = ("character_tension", "scene_tension", "narrative_pacing", "visual_arousal")
_PEAKED = [VIDEO_NAMES.index(name) for name in PEAKED]

NEAR = np.array([0.90, 0.98, 0.95, 0.99, 0.97, 0.99, 0.99, 0.99, 0.99, 0.98, 0.99])
FAR = np.array([0.38, 0.78, 0.47, 0.86, 0.78, 0.42, 0.95, 0.90, 0.56, 0.60, 0.89])
"""What a quick look's evidence is worth against the full look's where it looked once a second,
and where it knows key frames and packets only: r² of the profiles of 77 clips,
rounded down (`benchmarks/results/quick.md`)."""


def score(
    timeline: Timeline,
    start: float = 0.0,
    end: float | None = None,
    reference: Reference | None = None,
) -> VideoProfile:
    """The profile of the part of a Timeline from `start` to `end` seconds (all of it by default).

    Only that part is looked at, as if it were a clip of its own (shots keep their full length).
    The profile's `curves` hold the eleven fields per token of the part. Raises `InputError` when
    the part holds no token.
    """
    part = window(timeline, start, end)
    scores = score_curves(part, reference or shipped())
    values = np.stack([scores[name] for name in VIDEO_NAMES], axis=1)
    evidence = confidence_curves(part)
    weights = part["seconds"]
    profile = summary(values, weights)
    if part.looked is not None:
        near = part.looked.copy()  # a token on either side: they last half a second
        near[1:] |= part.looked[:-1]
        near[:-1] |= part.looked[1:]
        evidence = evidence * np.where(near[:, None], NEAR, FAR)
    sure = np.average(evidence, axis=0, weights=weights) * _watched(weights.sum())
    curves = Curves(part.times, values, VIDEO_NAMES)
    return VideoProfile(profile, np.clip(sure, 0, 1), part.extractor, curves, part.warnings)


def window(timeline: Timeline, start: float = 0.0, end: float | None = None) -> Timeline:
    """The tokens whose middle lies in [start, end), with the shots that touch them."""
    end = timeline.duration if end is None else end
    middle = timeline.times + timeline["seconds"] / 2
    inside = (middle >= start) & (middle < end)
    if not inside.any():
        raise InputError(
            "video.nothing_in_window", start=start, end=end, duration=timeline.duration
        )
    if inside.all():
        return timeline
    return replace(
        timeline,
        times=timeline.times[inside],
        values=timeline.values[inside],
        shots=[(a, b) for a, b in timeline.shots if a < end and b > start],
        palette=timeline.palette[inside],
        embedding=None if timeline.embedding is None else timeline.embedding[inside],
        looked=None if timeline.looked is None else timeline.looked[inside],
    )


def score_curves(timeline: Timeline, reference: Reference) -> dict[str, np.ndarray]:
    """The eleven fields per token, (T,) each, by name."""
    z = scorers.standard_scores(timeline, reference)
    arousal = scorers.visual_arousal(timeline, z, reference)
    valence = scorers.visual_valence(timeline, z, reference)
    tension = scorers.raw_scene_tension(timeline, z, valence, arousal)
    return {
        "character_tension": scorers.character_tension(timeline),
        "scene_tension": 100 * percentile(reference.scales["tension"].z(tension)),
        "narrative_pacing": scorers.narrative_pacing(z),
        "narrative_content": 100
        * percentile(reference.scales["content"].z(scorers.raw_content(timeline))),
        "image_affinity": scorers.image_affinity(timeline, z),
        "action_energy": 100 * percentile(z["residual_energy"]),
        "color_weight": percentile(z["weight"]),
        "color_warmth": percentile(z["heat"]),
        "motion_amplitude": percentile(z["motion"]),
        "visual_arousal": arousal,
        "visual_valence": valence,
    }


def confidence_curves(timeline: Timeline) -> np.ndarray:
    """Evidence behind each field per token, 0–1, shape (T, 11). Heuristic.

    Colour is always seen. Motion counts by the share of flow pairs within one shot. People count by
    the share of looks that found a face; whether a face-less picture invites is known a little once
    it was searched. Affect leans on faces for a part. Content is surer with the embedding.
    """
    searched = np.isfinite(timeline["face_presence"]).astype(float)
    presence = np.nan_to_num(timeline["face_presence"])
    flow = np.nan_to_num(timeline["flow_valid"])
    curves = {name: np.ones(len(timeline)) for name in VIDEO_NAMES}
    curves |= {name: flow for name in ("action_energy", "motion_amplitude")}
    curves |= {name: 0.5 + 0.5 * flow for name in ("narrative_pacing", "visual_arousal")}
    curves["character_tension"] = presence
    curves["image_affinity"] = searched * (0.3 + 0.7 * presence)
    for name in ("visual_arousal", "visual_valence", "scene_tension"):
        curves[name] = curves[name] * (0.7 + 0.3 * searched)
    curves["narrative_content"] = np.full(len(timeline), 0.6 if timeline.embedding is None else 1.0)
    return np.stack([curves[name] for name in VIDEO_NAMES], axis=1)


def _watched(seconds: float) -> float:
    """Half a second says little, ten say nearly all there is to say: 1 − exp(−s / 3). Heuristic."""
    return float(1 - np.exp(-seconds / 3))


def summary(curves: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The eleven numbers (11,) of curves (T, 11) whose tokens last `seconds` (T,), within the
    fields' ranges."""
    values = np.average(curves, axis=0, weights=seconds)
    peaks = np.quantile(curves[:, _PEAKED], 0.9, axis=0, weights=seconds, method="inverted_cdf")
    values[_PEAKED] = (values[_PEAKED] + np.maximum(peaks, values[_PEAKED])) / 2
    return np.clip(values, [f.low for f in VIDEO_FIELDS], [f.high for f in VIDEO_FIELDS])
