"""Scoring a film like others, judged: the music under those of their scenes that look most alike.

A scene of a folder is given the mean music of the scenes of other films whose picture profiles and
vectors are nearest. Nothing is fitted. The film itself and films that share a picture with it
(another cut, another language) are left out.
"""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.errors import InputError, Progress
from data.pairs import Pairs
from data.profiles import VIDEO_FIELDS
from features.video.encoder import Encoder
from features.video.gates import mark
from features.video.stills import Stills
from features.video.twins import Seen, seen, share
from recommender.comparison import Judge, Prediction

NAME = "like the scenes"
_NEAREST = 5
"""Scenes whose music is averaged. Heuristic."""


class _Film(NamedTuple):
    """Times (n,) of a film's pictures, their vectors (n, d), and what twins are told by."""

    times: np.ndarray
    vectors: np.ndarray
    seen: Seen


def like_judge(folder: str | os.PathLike[str], progress: Progress | None = None) -> Judge:
    """A predictor for pairs that `leitmotif.learning.scored_videos.learn` made of a folder."""
    encoder = Encoder.load()

    def judge(pairs: Pairs) -> Prediction:
        names = list(dict.fromkeys(pairs.sources))
        films: dict[str, _Film] = {}
        for count, name in enumerate(names, 1):
            films[name] = _look(Path(folder) / name, encoder)
            if progress:
                progress(name, count, len(names))
        music = _predicted(pairs, films)
        return Prediction(music, music)

    return judge


def _look(path: Path, encoder: Encoder) -> _Film:
    """Pictures that show something; none where the film cannot be read any more."""
    try:
        with Stills(path) as stills:
            found = [still for still in stills.pictures() if not mark(still.picture)]
    except InputError:
        found = []
    pictures = [still.picture for still in found]
    times = np.array([still.time for still in found])
    return _Film(times, encoder.embed(pictures) if found else np.zeros((0, 1)), seen(pictures))


def _predicted(pairs: Pairs, films: dict[str, _Film]) -> np.ndarray:
    """Music (n, 10), NaN where no other film has any."""
    apart = _apart(pairs, films)
    sources = np.array(pairs.sources)
    for name, other in combinations(films, 2):
        if share(films[name].seen, films[other].seen):
            apart[np.ix_(sources == name, sources == other)] = np.inf
            apart[np.ix_(sources == other, sources == name)] = np.inf
    apart[sources[:, None] == sources] = np.inf
    music = np.full(pairs.music.shape, np.nan)
    for row, distances in enumerate(apart):
        near = np.argsort(distances, kind="stable")[:_NEAREST]
        near = near[np.isfinite(distances[near])]
        known = np.isfinite(pairs.music[near])
        weight = np.where(known, pairs.music_confidence[near], 0.0)
        weight = weight * np.exp(-distances[near])[:, None]
        total = weight.sum(axis=0)
        values = (weight * np.where(known, pairs.music[near], 0.0)).sum(axis=0)
        music[row] = np.where(total > 0, values / np.maximum(total, 1e-9), np.nan)
    return music


def _apart(pairs: Pairs, films: dict[str, _Film]) -> np.ndarray:
    """How unlike the pictures of every two scenes are, (n, n): profile and vectors, each in units
    of its median."""
    spread = np.array([(field.high - field.low) / 12**0.5 for field in VIDEO_FIELDS])
    values = np.nan_to_num(pairs.video / spread)
    sure = pairs.video_confidence[:, None] * pairs.video_confidence
    profile = (sure * (values[:, None] - values) ** 2).sum(axis=2)
    profile = np.sqrt(profile / np.maximum(sure.sum(axis=2), 1e-9))
    means = [
        _mean(films[name], start, end)
        for name, start, end in zip(pairs.sources, pairs.start, pairs.end, strict=True)
    ]
    width = max(len(mean) for mean in means)
    vectors = np.array([mean if len(mean) == width else np.zeros(width) for mean in means])
    return _scaled(profile) + _scaled(1 - vectors @ vectors.T)


def _mean(film: _Film, start: float, end: float) -> np.ndarray:
    """The mean vector of a scene, length 1; zeros where nothing of it can be seen."""
    inside = (film.times >= start) & (film.times < end)
    if not inside.any():
        return np.zeros(film.vectors.shape[1])
    mean = film.vectors[inside].mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9))


def _scaled(distances: np.ndarray) -> np.ndarray:
    return np.asarray(distances / max(float(np.median(distances)), 1e-9))
