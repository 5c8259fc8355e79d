"""Score it like that: the music under scenes that somebody names, as a request.

The ten numbers of the music under every named scene, weighted by how much its picture is like the
film that is to be scored. It stands beside the prediction, and is never mixed with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from data.profiles import VIDEO_FIELDS, MusicProfile, VideoProfile
from data.words import Sentence
from leitmotif import pipeline
from leitmotif.scenes.library import Film, Library
from matcher.course import Course
from matcher.query import Query
from recommender.predict import Recommender

_SPAN = re.compile(r"(.+)@([\d:.]+)-([\d:.]+)")
_NEAR = 0.5
"""Mean difference of two pictures, in standard deviations of an even spread over each field's
range, at which a scene weighs e⁻½ of one that looks the same. Heuristic."""


@dataclass(frozen=True)
class Scene:
    """A stretch of a film, in seconds; the whole of it where `end` is None."""

    path: str
    name: str
    start: float = 0.0
    end: float | None = None

    def __fspath__(self) -> str:
        """Its film, as what works on a file in another process is told by."""
        return self.path


@dataclass(frozen=True)
class Liked:
    """A named scene: what its picture and its music are like, and what it weighs (0–1)."""

    scene: Scene
    picture: VideoProfile
    music: MusicProfile
    weight: float = 1.0


def parse_scene(text: str, films: Sequence[Film] = ()) -> Scene:
    """`FILM` or `FILM@1:20-1:50`: a file, or the id or title of a film of the library.

    Raises `InputError` where there is no such film, or the stretch is none.
    """
    spanned = _SPAN.fullmatch(text)
    name = spanned[1] if spanned else text
    start, end = (_seconds(spanned[2]), _seconds(spanned[3])) if spanned else (0.0, None)
    if end is not None and end <= start:
        raise InputError("scenes.bad_span", given=text)
    found = [film for film in films if name in (film.id, film.title, film.name)]
    if found:
        return Scene(found[0].path, found[0].name, start, end)
    if not Path(name).is_file():
        raise InputError("scenes.no_such_scene", given=name)
    return Scene(str(Path(name)), Path(name).stem, start, end)


def _seconds(clock: str) -> float:
    try:
        parts = [float(part) for part in clock.split(":")]
    except ValueError:
        raise InputError("scenes.bad_span", given=clock) from None
    return sum(part * 60**k for k, part in enumerate(reversed(parts)))


def measure(scene: Scene, progress: Progress | None = None) -> Liked:
    """Look at a scene and hear its music.

    Raises `InputError` for a file that cannot be read, and for a scene without sound.
    """
    from features.audio import music_profile

    timeline = pipeline.read_video(scene.path, progress=progress)
    picture = pipeline.score(timeline, scene.start, scene.end)
    music = music_profile(scene.path, start=scene.start, end=scene.end)
    if not music.confidence.any():
        raise InputError("scenes.no_music", scene=scene.name)
    return Liked(scene, picture, music)


def weighed(picture: VideoProfile, liked: Sequence[Liked]) -> tuple[Liked, ...]:
    """The scenes with their weights, which sum to 1: those that look like the film count more."""
    spread = np.array([(field.high - field.low) / 12**0.5 for field in VIDEO_FIELDS])
    apart = []
    for one in liked:
        sure = picture.confidence * one.picture.confidence
        d = ((picture.values - one.picture.values) / spread) ** 2
        apart.append(float((sure * d).sum() / max(sure.sum(), 1e-9)))
    weights = np.exp(-0.5 * (np.array(apart) - min(apart)) / _NEAR**2)
    weights /= weights.sum()
    return tuple(replace(one, weight=float(w)) for one, w in zip(liked, weights, strict=True))


def request(picture: VideoProfile, liked: Sequence[Liked]) -> MusicProfile:
    """The music that the named scenes ask for, (10,): their mean by weight and confidence."""
    scenes = weighed(picture, liked)
    sure = np.array([one.weight * one.music.confidence for one in scenes])
    values = np.array([one.music.values for one in scenes])
    total = sure.sum(axis=0)
    plain = values.mean(axis=0)
    mean = np.where(total > 0, (sure * values).sum(axis=0) / np.maximum(total, 1e-9), plain)
    return MusicProfile(mean, np.minimum(total, 1.0), scenes[0].music.extractor)


def recommend_like(
    picture: VideoProfile,
    liked: Sequence[Liked],
    catalogue: Catalogue,
    query: Query,
    *,
    recommender: Recommender | None = None,
    course: Course | None = None,
) -> pipeline.Recommendation:
    """The tracks for a picture, asked for by the scenes and not by the prediction."""
    music = request(picture, liked)
    found = pipeline.match(
        picture,
        catalogue,
        replace(query, values=music.values),
        recommender=recommender,
        course=course,
    )
    names = ", ".join(one.scene.name for one in liked)
    said = Sentence("scenes.like_predictor", scenes=names)
    return replace(found, music=music, predictor=said, edited=())


def read_scenes(
    given: Sequence[str],
    library: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> list[Liked]:
    """The scenes named on a command line, measured. Raises `InputError`."""
    with Library.open(library) as known:
        films = known.films
    return [measure(parse_scene(text, films), progress) for text in given]
