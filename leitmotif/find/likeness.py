"""More like this: nearness to one track in profile, timbre and course, with words as offsets.

Timbre is the cosine between embeddings of what YAMNet hears (`data.track_sounds`), course the shape
of the loudness over the whole. Either costs what the median track of the catalogue differs by: that
brings all parts onto one scale. Weights and steps are heuristic.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES
from data.track_sounds import TrackSounds
from leitmotif.find.wish import Wish
from matcher.arc import loudness_curve
from matcher.course import TrackCourses
from matcher.metric import standard_scaling

FIELDS, TIMBRE, COURSE = 0.5, 14.0, 1.0
"""Weight of each of the ten dimensions, and what the median track's timbre and course cost."""
ASKED = 1.5
"""Weight of a dimension that words move."""
STEP = 0.6
"""Part of a word's standard deviations by which it moves away from a track."""
_LEADS = 0.7
"""A dimension with this part of a word's strongest effect must move in its direction."""
_POINTS = 16
"""Points of a course: of a track of 3 minutes one in 11 s."""


@dataclass(frozen=True, eq=False)
class Original:
    """The track that others are to be like.

    values : (10,). row : in the catalogue; None for a file from elsewhere. sound : uint8 (521,) or
    None. loudness : (T,) LU per second, empty where it is not known.
    """

    name: str
    values: np.ndarray
    row: int | None = None
    sound: np.ndarray | None = None
    loudness: np.ndarray | None = None

    @classmethod
    def of_row(
        cls,
        catalogue: Catalogue,
        row: int,
        sounds: TrackSounds | None = None,
        courses: TrackCourses | None = None,
    ) -> Original:
        """A track of the catalogue, with what lies beside that."""
        track = catalogue.track(row)
        return cls(
            track.get("title") or track["track_id"],
            catalogue.features[row],
            row,
            sounds.sounds[row] if sounds is not None and sounds.known[row] else None,
            courses.curves.track(row) if courses else None,
        )

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> Original:
        """Any audio file. Raises `InputError` where it cannot be read."""
        from features import audio

        heard = audio.analyze(path, tags=True)
        assert heard.profile.curves is not None
        loudness = loudness_curve(heard.profile.curves["loudness"])
        return cls(Path(path).name, heard.profile.values, None, heard.sound, loudness)

    @classmethod
    def named(
        cls,
        name: str,
        catalogue: Catalogue,
        sounds: TrackSounds | None = None,
        courses: TrackCourses | None = None,
    ) -> Original:
        """A track by its id or its title, else an audio file by its path. Raises `InputError`."""
        for column in (catalogue.track_ids, catalogue.text("title"), catalogue.text("path")):
            rows = [i for i, text in enumerate(column) if text == name]
            if len(rows) == 1 or (rows and column is catalogue.track_ids):
                return cls.of_row(catalogue, rows[0], sounds, courses)
            if rows:
                raise InputError("find.several", name=name, n=len(rows))
        if not Path(name).is_file():
            raise InputError("find.no_original", name=name)
        return cls.of_file(name)


def offset_values(original: Original, wish: Wish, features: np.ndarray) -> np.ndarray:
    """The original's values, moved as words ask and held within the catalogue's, (10,)."""
    moves = np.array([wish.fields.get(name, 0.0) for name in MUSIC_NAMES])
    low, high = np.quantile(features, [0.01, 0.99], axis=0)
    moved = original.values + STEP * moves * standard_scaling(features).sd
    values: np.ndarray = np.where(moves == 0, original.values, np.clip(moved, low, high))
    return values


def offset_weights(wish: Wish) -> np.ndarray:
    """What each dimension weighs, (10,)."""
    return np.array([ASKED if name in wish.fields else FIELDS for name in MUSIC_NAMES])


def beyond(original: Original, wish: Wish, features: np.ndarray) -> np.ndarray:
    """The tracks that lie on the side that words ask for: "calmer" is calmer. Bool (N,)."""
    mask = np.ones(len(features), bool)
    strongest = max((abs(a) for a in wish.fields.values()), default=0.0)
    for name, amount in wish.fields.items():
        if abs(amount) >= _LEADS * strongest:
            j = MUSIC_NAMES.index(name)
            mask &= np.sign(amount) * (features[:, j] - original.values[j]) > 0
    return mask


def others(original: Original, catalogue: Catalogue) -> np.ndarray:
    """All tracks but the original and what is marked as its copy, bool (N,)."""
    mask = np.ones(len(catalogue), bool)
    if original.row is not None:
        ids, copies = catalogue.track_ids, catalogue.text("duplicate_of")
        own = copies[original.row] or ids[original.row]
        mask = np.array([own not in (i, c) for i, c in zip(ids, copies, strict=True)], bool)
    return mask


def timbre_distances(original: Original, sounds: TrackSounds) -> np.ndarray:
    """1 − cosine of the embeddings, (N,) 0–2; NaN where a track's sound is not known."""
    if original.sound is None:
        return np.full(len(sounds.known), np.nan)
    axes = sounds.axes()
    near = axes.place(sounds.sounds) @ axes.place(original.sound)[0]
    return np.where(sounds.known, 1 - near, np.nan)


def course_distances(original: Original, courses: TrackCourses) -> np.ndarray:
    """Mean squared difference of loudness between the tracks' shapes, LU², (N,); NaN unknown."""
    if original.loudness is None or len(original.loudness) < _POINTS:
        return np.full(len(courses.curves), np.nan)
    own = _shape(original.loudness)
    curves = (courses.curves.track(row) for row in range(len(courses.curves)))
    return np.array([
        np.mean((_shape(c) - own) ** 2) if len(c) >= _POINTS else np.nan for c in curves
    ])  # fmt: skip


def _shape(loudness: np.ndarray) -> np.ndarray:
    """A course of `_POINTS` points about its own mean, LU."""
    edges = np.linspace(0, len(loudness), _POINTS + 1).astype(int)
    points = np.add.reduceat(loudness.astype(np.float64), edges[:-1]) / np.diff(edges)
    return points - points.mean()


def cost(distances: np.ndarray, weight: float) -> np.ndarray:
    """Distances as costs ≥ 0, `weight` for the median track; the unknown cost as much as that."""
    known = np.isfinite(distances)
    if not known.any():
        return np.zeros(len(distances))
    middle = float(np.median(distances[known]))
    scaled = np.where(known, distances, middle) / (middle if middle > 0 else 1.0)
    return weight * np.maximum(scaled, 0.0)
