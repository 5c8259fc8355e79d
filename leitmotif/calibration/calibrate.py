"""The whole path from rated windows to profile weights, and which model each field keeps.

A field keeps the closed form unless a model's held-out R² is better by a paired bootstrap interval
over groups that lies above zero: first the calibrated curve against the closed form, then the
summary model and the Transformer, each against what was kept before it. So held-out scores never
fall below the closed form's.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.errors import InputError, Progress
from data.profiles import VIDEO_FIELDS, VIDEO_NAMES
from features.video.profile_coefficients import MODELS, ProfileCoefficients
from leitmotif.calibration import crossval, measures
from leitmotif.calibration.ratings import Ratings
from leitmotif.calibration.watch import Reader, watch

if TYPE_CHECKING:
    from features.video.temporal import TemporalTransformer
    from leitmotif.calibration.residual import TrainSettings

FEWEST_WINDOWS = 20
FEWEST_GROUPS = 5
"""With fewer, held-out scores say nothing (heuristic)."""


@dataclass(frozen=True)
class Score:
    """Held-out agreement of one model with the ratings of one field."""

    r2: float
    r: float
    ccc: float


@dataclass(frozen=True)
class FieldReport:
    """One row of the table."""

    name: str
    windows: int
    groups: int
    ceiling: float | None
    """Reliability of the ratings, the most that R² can be; None where nobody rated twice."""
    scores: dict[str, Score]
    """By model, in the order of `MODELS`."""
    gains: dict[str, measures.Gain]
    """R² that each model but the closed form adds to the one that was kept of those before it."""
    kept: str

    def to_dict(self) -> dict:
        return asdict(self) | {
            "gains": {model: gain._asdict() for model, gain in self.gains.items()}
        }


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was learned, and the evidence."""

    weights: ProfileCoefficients
    fields: tuple[FieldReport, ...]
    windows: int
    clips: int
    notes: tuple[str, ...]
    """Sentences about ratings that could not be used."""

    def to_dict(self) -> dict:
        return {
            "windows": self.windows,
            "clips": self.clips,
            "fields": [f.to_dict() for f in self.fields],
            "notes": list(self.notes),
        }


def calibrate(
    ratings: Ratings,
    folder: Path,
    *,
    settings: TrainSettings | None = None,
    progress: Progress | None = None,
    read: Reader | None = None,
) -> Calibration:
    """Learn from ratings, scored by cross-validation over groups.

    folder : where training keeps checkpoints and CSV logs; the same ratings, pictures and settings
        take up there what was done before, and give the same numbers.
    read : path to Timeline; watches the file by default.
    Raises `InputError` where there are too few ratings for any field.
    """
    from leitmotif.calibration.residual import TrainSettings

    progress = progress or (lambda stage, done, total: None)
    ratings, notes = usable(ratings)
    ratings, rated, unread = watch(
        ratings.take(np.isfinite(ratings.values).any(axis=1)), progress, read
    )
    if unread:
        ratings, fewer = usable(ratings)
        rated, notes = replace(rated, values=ratings.values), [*notes, *unread, *fewer]
    settings = settings or TrainSettings()
    place = folder / _key(rated, settings)
    answers = crossval.cross_validate(
        rated, place, settings, lambda done, total: progress("learning", done, total)
    )
    reports = compare(rated, answers, ratings.reliability())
    simple, network = crossval.learn(
        rated, answers, place, settings, lambda done, total: progress("finishing", done, total)
    )
    found = Calibration(
        _weights(rated, reports, simple, network),
        tuple(reports),
        len(ratings),
        len(rated.clips),
        tuple(notes),
    )
    return replace(found, weights=replace(found.weights, report=found.to_dict()))


def _weights(
    rated: crossval.Rated,
    reports: list[FieldReport],
    simple: crossval.Below,
    network: TemporalTransformer | None,
) -> ProfileCoefficients:
    """The file's content: per field what it keeps, and each model that any field does."""
    by_name = {r.name: r for r in reports}
    models = tuple(by_name[n].kept if n in by_name else "closed" for n in VIDEO_NAMES)
    reliability = [
        max(by_name[n].scores[by_name[n].kept].r2, 0.0) if n in by_name else 0.0
        for n in VIDEO_NAMES
    ]
    longest = max(part["seconds"].sum() for part in rated.parts)
    found = ProfileCoefficients(
        models,
        simple.curve,
        rated.clips[0].extractor,
        float(longest),
        reliability=np.array(reliability),
    )
    if "summary" in models or "transformer" in models:
        found = replace(found, scale=simple.scale, summary=simple.model)
    return replace(found, network=network) if "transformer" in models else found


def compare(
    rated: crossval.Rated, answers: crossval.Answers, ceiling: np.ndarray
) -> list[FieldReport]:
    """The table, and per field the simplest model that wins outside noise."""
    reports = []
    for i, name in enumerate(VIDEO_NAMES):
        rows = np.isfinite(rated.values[:, i])
        if not rows.any():
            continue
        truth, groups = rated.values[rows, i], rated.groups[rows]
        given = {model: getattr(answers, model)[rows, i] for model in MODELS}
        possible = {"transformer": answers.epochs > 0 and answers.trust[i] > 0}
        kept, gains = "closed", {}
        for model in MODELS[1:]:
            gains[model] = measures.gain(truth, given[kept], given[model], groups)
            if gains[model].low > 0 and possible.get(model, True):
                kept = model
        scores = {
            m: Score(
                measures.r_squared(truth, a),
                measures.pearson(truth, a),
                measures.concordance(truth, a),
            )
            for m, a in given.items()
        }
        most = None if np.isnan(ceiling[i]) else float(ceiling[i])
        reports.append(
            FieldReport(name, int(rows.sum()), len(np.unique(groups)), most, scores, gains, kept)
        )
    return reports


def usable(ratings: Ratings) -> tuple[Ratings, list[str]]:
    """Ratings of the fields that can be learned from; the others are blanked, each with a sentence.

    Windows without any rating left stay in their place. Raises `InputError` if no field is left.
    """
    values, notes = ratings.values.copy(), []
    for i, f in enumerate(VIDEO_FIELDS):
        rows = np.isfinite(values[:, i])
        reason = (
            _reason(values[rows, i], ratings.groups[rows], f.high - f.low) if rows.any() else ""
        )
        if reason:
            notes.append(f"{f.name} keeps the closed form: {reason}.")
            values[:, i] = np.nan
    if not np.isfinite(values).any():
        raise InputError("calibration.too_little", file=ratings.source, why=notes[0].rstrip("."))
    return replace(ratings, values=values), notes


def _reason(values: np.ndarray, groups: np.ndarray, span: float) -> str:
    """Why a field's ratings cannot be learned from; empty if they can."""
    clips = len(np.unique(groups))
    if len(values) < FEWEST_WINDOWS or clips < FEWEST_GROUPS:
        found = f"{len(values)} rated windows of {'one clip' if clips == 1 else f'{clips} clips'}"
        return f"{found}, at least {FEWEST_WINDOWS} of {FEWEST_GROUPS} clips are needed"
    if np.ptp(values) <= 1e-6 * span:
        return f"all {len(values)} ratings are {values[0]:g}"
    return ""


def _key(rated: crossval.Rated, settings: TrainSettings) -> str:
    """A name for these ratings, pictures and settings."""
    digest = hashlib.sha256(
        repr(("summary", asdict(settings))).encode()
    )  # networks of another base are not taken up
    for array in (rated.values, rated.groups, rated.clip, *(p.values for p in rated.parts)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
