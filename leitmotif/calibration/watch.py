"""Watching the rated clips: from windows of files to windows of Timelines with their closed
form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from data.errors import InputError, Progress
from features import video
from features.video.profile import score, window
from features.video.profile_coefficients import to_z
from features.video.timeline import Timeline
from leitmotif.calibration.crossval import Rated
from leitmotif.calibration.ratings import Ratings

Reader = Callable[[Path], Timeline]


def watch(
    ratings: Ratings, progress: Progress, read: Reader | None = None
) -> tuple[Ratings, Rated, list[str]]:
    """Watch every rated clip and score its windows by the closed form.

    Clips that cannot be read and windows outside their clip are left out, each with a sentence; the
    ratings come back without them. Raises `InputError` if nothing is left.
    """
    timelines, notes = _timelines(ratings, progress, read or video.read_timeline)
    rows, parts, answers = [], [], []
    for row, w in enumerate(ratings.windows):
        if w.clip not in timelines:
            continue
        try:
            answers.append(score(timelines[w.clip], w.start, w.end).values)
        except InputError as error:
            notes.append(f"left out: {w.clip.name}, {error}")
            continue
        parts.append(window(timelines[w.clip], w.start, w.end))
        rows.append(row)
    if not rows:
        raise InputError("calibration.no_clip", file=ratings.source, why=notes[0])
    ratings = ratings.take(np.array(rows))
    used = list(dict.fromkeys(w.clip for w in ratings.windows))
    clip = np.array([used.index(w.clip) for w in ratings.windows])
    closed = np.array(answers)
    return (
        ratings,
        Rated(
            parts,
            [timelines[p] for p in used],
            clip,
            closed,
            to_z(closed),
            ratings.values,
            ratings.groups,
        ),
        notes,
    )


def _timelines(
    ratings: Ratings, progress: Progress, read: Reader
) -> tuple[dict[Path, Timeline], list[str]]:
    paths = list(dict.fromkeys(w.clip for w in ratings.windows))
    timelines: dict[Path, Timeline] = {}
    notes: list[str] = []
    for done, path in enumerate(paths):
        progress("watching", done, len(paths))
        try:
            timelines[path] = read(path)
        except InputError as error:
            notes.append(f"left out: {error}")
    extractors = sorted({t.extractor for t in timelines.values()})
    if len(extractors) > 1:
        raise InputError("calibration.mixed", extractors=extractors)
    return timelines, notes
