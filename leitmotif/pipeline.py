"""Video in, tracks out: the one sentence that the page and the command line are written on.

video ─features.video→ timeline ─→ 11-D ─recommender→ 10-D ─matcher→ top-K tracks
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES, MusicProfile, VideoProfile
from matcher import presets

if TYPE_CHECKING:
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.timeline import Timeline
    from matcher.search import Match
    from recommender import Recommender


@dataclass(frozen=True)
class Recommendation:
    """What a video (or one scene of it) is like, the music it asks for, and the tracks nearest to that."""

    video: VideoProfile
    music: MusicProfile
    matches: tuple[Match, ...]
    catalogue: Catalogue
    predictor: str
    """What predicted `music` from `video`, in a sentence."""
    weights: np.ndarray
    """(10,): what each dimension weighed."""
    start: float = 0.0
    end: float | None = None
    """Seconds of the scene; `end` is None for the whole video."""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """Everything as plain values, for JSON."""
        return {
            "start_s": self.start,
            "end_s": self.end,
            "video": self.video.to_dict(),
            "music": self.music.to_dict(),
            "predictor": self.predictor,
            "weights": dict(zip(MUSIC_NAMES, self.weights.tolist(), strict=True)),
            "matches": [m.to_dict() for m in self.matches],
            "warnings": list(self.warnings),
        }


def read_video(
    path: str | os.PathLike, *, progress: Progress | None = None, cache: bool = True
) -> Timeline:
    """Watch a video once; see `features.video.read_timeline`."""
    from features.video import read_timeline

    return read_timeline(path, progress=progress, cache=cache)


def load_profile_weights(
    path: str | os.PathLike | ProfileCoefficients | None,
) -> ProfileCoefficients | None:
    """What `leitmotif calibrate` wrote; None and what is loaded already pass through. Raises `InputError`."""
    if path is None:
        return None
    from features.video.profile_coefficients import ProfileCoefficients

    return path if isinstance(path, ProfileCoefficients) else ProfileCoefficients.load(path)


def rate(
    timeline: Timeline,
    start: float = 0.0,
    end: float | None = None,
    profile_weights: ProfileCoefficients | None = None,
) -> VideoProfile:
    """The profile of a part of a watched video: by the closed form, or as somebody's ratings bend it."""
    from features.video import score as closed_form

    return (
        profile_weights.score(timeline, start, end)
        if profile_weights
        else closed_form(timeline, start, end)
    )


def match(
    video: VideoProfile,
    catalogue: Catalogue,
    *,
    k: int = 5,
    weights: np.ndarray | None = None,
    metric: str = "euclidean",
    scale: str = "standard",
    va_only: bool = False,
    recommender: Recommender | None = None,
    music: MusicProfile | None = None,
    start: float = 0.0,
    end: float | None = None,
    **search,
) -> Recommendation:
    """The tracks for a picture that has been watched already: files that are there, one place to each recording.

    weights : (10,) ≥ 0, or None for the default of `weigh`; `va_only` replaces them by arousal and valence alone.
    music : a 10-D profile to match instead of the predicted one (a person's edit).
    search : passed to `matcher.search.rank` (`where`, `diverse`, `index`).
    Raises `InputError` for weights that cannot be used or a catalogue of mixed extractors.
    """
    from matcher.search import rank
    from recommender import load_recommender

    if k < 1:
        raise InputError(f"--top-k: {k} tracks asked for; ask for at least one.")
    recommender = recommender or load_recommender()
    music = music or recommender.predict(video)
    weights = weigh(presets.va_only() if va_only else weights, music, recommender)
    warnings = [*video.warnings, *music.warnings, *check_extractors(catalogue, recommender)]
    matches = rank(
        catalogue,
        music.values,
        k=min(k, len(catalogue)),
        weights=weights,
        metric=metric,
        scale=scale,
        copies=False,
        **search,
    )
    if len(matches) < k:
        warnings.append(_too_few(k, len(matches), len(catalogue)))
    return Recommendation(
        video,
        music,
        tuple(matches),
        catalogue,
        recommender.description,
        weights,
        start,
        end,
        tuple(dict.fromkeys(warnings)),
    )


def _too_few(asked: int, shown: int, there: int) -> str:
    if shown == there:
        return f"{asked} tracks asked for, the catalogue has {there}: all are shown."
    return f"{asked} tracks asked for, {shown} of the catalogue's {there} shown: the others are filtered out, copies, or gone."


def weigh(weights: np.ndarray | None, music: MusicProfile, recommender: Recommender) -> np.ndarray:
    """What each dimension weighs, (10,): as asked, else by reliability on held-out pairs where it was measured, else equal.

    A dimension of which the picture said nothing (confidence 0) weighs nothing: its neutral value
    would pull every answer towards the middle of the catalogue.
    """
    asked = (
        next(iter(presets.presets(recommender.reliability).values()))
        if weights is None
        else weights
    )
    known = asked * (music.confidence > 0)
    return known if known.any() else asked


def check_extractors(catalogue: Catalogue, recommender: Recommender) -> list[str]:
    """Rows measured in different ways cannot be compared: refuse a mix, and say where query and rows differ."""
    found = catalogue.extractors
    name = catalogue.source or "the catalogue"
    if len(found) > 1:
        raise InputError(
            f"{name}: its rows were measured by {len(found)} different extractors ({', '.join(found)}); "
            "build it again with one version: `leitmotif catalogue build`."
        )
    if found and recommender.music_extractor and found[0] != recommender.music_extractor:
        return [
            f"{name} was measured by {found[0]}, the predictor speaks of {recommender.music_extractor}: expect rougher matches."
        ]
    return []


def recommend(
    video: str | os.PathLike,
    catalogue: str | os.PathLike | Catalogue,
    *,
    k: int = 5,
    profile_weights: str | os.PathLike | ProfileCoefficients | None = None,
    progress: Progress | None = None,
    cache: bool = True,
    **options,
) -> Recommendation:
    """Watch a video and find its tracks.

    video : path of a video file. catalogue : path of a catalogue, or one that is read already.
    profile_weights : a file of `leitmotif calibrate`, for a profile bent towards somebody's ratings.
    options : as in `match` (weights, metric, scale, va_only, …).
    Raises `InputError` if the video or the catalogue cannot be used.
    """
    learned = load_profile_weights(profile_weights)
    catalogue = catalogue if isinstance(catalogue, Catalogue) else Catalogue.read(catalogue)
    timeline = read_video(video, progress=progress, cache=cache)
    return match(rate(timeline, profile_weights=learned), catalogue, k=k, **options)


def recommend_scenes(
    timeline: Timeline,
    catalogue: Catalogue,
    *,
    profile_weights: ProfileCoefficients | None = None,
    **options,
) -> list[Recommendation]:
    """One recommendation per scene of a watched video; options as in `match`."""
    from features.video import scenes
    from recommender import load_recommender

    recommender = options.pop("recommender", None) or load_recommender()
    return [
        match(
            rate(timeline, start, end, profile_weights),
            catalogue,
            recommender=recommender,
            start=start,
            end=end,
            **options,
        )
        for start, end in scenes(timeline)
    ]
