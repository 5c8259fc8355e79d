"""Building the reference: statistics of the scenes of many clips, written to
`data/reference/video.json`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.errors import InputError
from features.video import profile, scorers
from features.video.grouping import scenes
from features.video.reference import Fit, Reference, Scale, scale_of
from features.video.timeline import Timeline
from tools.video_reference.fits import fit

_PLAIN = Scale(0.0, 1.0, 0)


def build(
    timelines: Sequence[Timeline], film_shots: Path, liris: Path, made_from: dict
) -> Reference:
    """The reference of these clips' scenes, of film shots, and of rated excerpts.

    film_shots : CSV with a column `duration`, seconds per shot.
    liris : folder of the LIRIS-ACCEDE discrete tables.
    made_from : where the clips came from; counts are added.
    """
    parts = [profile.window(t, start, end) for t in timelines for start, end in scenes(t)]
    forms = {
        name: {"floor": floor, "centre": scorers.CENTRES.get(name)}
        for name, floor in scorers.FLOORS.items()
    }
    unscaled = {name: Scale(0.0, 1.0, 0, **form) for name, form in forms.items()}
    means: dict[str, list[float]] = {name: [] for name in forms}
    for part in parts:
        for name, raw in scorers.quantities(part).items():
            means[name].append(_mean(unscaled[name].transform(raw), part["seconds"]))
    scales = {name: scale_of(np.array(values), **forms[name]) for name, values in means.items()}
    fits: dict[str, Fit] = fit(liris)
    counts = {
        "clips": len(timelines),
        "scenes": len(parts),
        "seconds": round(sum(t.duration for t in timelines), 1),
    }
    reference = Reference(
        scales | dict.fromkeys(scorers.DERIVED, _PLAIN),
        shot_scale(film_shots),
        fits["arousal"],
        fits["valence"],
        made_from | counts,
    )
    derived = {
        name: scale_of(np.array([_mean(_derived(name, p, reference), p["seconds"]) for p in parts]))
        for name in scorers.DERIVED
    }
    reference.scales.update(derived)
    return reference


def _derived(name: str, part: Timeline, reference: Reference) -> np.ndarray:
    if name == "content":
        return scorers.raw_content(part)
    z = scorers.standard_scores(part, reference)
    valence, arousal = (
        scorers.visual_valence(part, z, reference),
        scorers.visual_arousal(part, z, reference),
    )
    return scorers.raw_scene_tension(part, z, valence, arousal)


def _mean(curve: np.ndarray, weights: np.ndarray) -> float:
    known = np.isfinite(curve)  # a quantity of colour has no value in black and white
    return float(np.average(curve[known], weights=weights[known])) if known.any() else float("nan")


def shot_scale(path: Path) -> Scale:
    """Log shot length at a random moment of a film: each shot counts by its length. Seconds."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lengths = np.array([float(row["duration"]) for row in csv.DictReader(file)])
    except (OSError, KeyError, ValueError):
        raise InputError("video.no_shot_table", file=path) from None
    lengths = lengths[lengths > 0.1]
    logs = np.log(lengths)
    median = float(np.quantile(logs, 0.5, weights=lengths, method="inverted_cdf"))
    mad_sd = 1.4826 * float(
        np.quantile(np.abs(logs - median), 0.5, weights=lengths, method="inverted_cdf")
    )
    return Scale(round(median, 6), round(mad_sd, 6), len(lengths), 0.0)
