"""Video in, tracks out: the one sentence that the page and the command line are written on.

video ─features.video→ timeline ─→ 11-D ─recommender→ 10-D ─matcher→ top-K tracks
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES, MusicProfile, VideoProfile
from data.words import Sentence
from features import video as watching
from matcher import presets
from matcher.arc import picture_curves
from matcher.arc_step import Step, film_rows
from matcher.course import Course, TrackCourses
from matcher.filters import Filter
from matcher.query import Query
from matcher.search import Match, rank
from recommender import load_recommender

if TYPE_CHECKING:
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.timeline import Timeline
    from matcher.index import Ordering
    from recommender.predict import Recommender


@dataclass(frozen=True)
class Recommendation:
    """What a video or a scene is like, the music it asks for, and the tracks nearest to that."""

    video: VideoProfile
    music: MusicProfile
    matches: tuple[Match, ...]
    catalogue: Catalogue
    predictor: str
    """What predicted `music` from `video`, in a sentence."""
    query: Query
    """What was asked, with the values and the importance that were used."""
    edited: tuple[str, ...] = ()
    """Music dimensions that a person moved away from the prediction."""
    start: float = 0.0
    end: float | None = None
    """Seconds of the scene; `end` is None for the whole video."""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        request = self.query.to_dict() | {"edited": list(self.edited)}
        return {
            "start_s": self.start,
            "end_s": self.end,
            "video": self.video.to_dict(),
            "music": self.music.to_dict(),
            "predictor": self.predictor,
            "weights": request["importance"],
            "matches": [m.to_dict() for m in self.matches],
            "warnings": list(self.warnings),
            "request": request,
        }


def read_video(
    path: str | os.PathLike,
    *,
    progress: Progress | None = None,
    cache: bool = True,
    quick: bool = False,
) -> Timeline:
    """Watch a video once; see `features.video.read_timeline`."""
    return watching.read_timeline(path, progress=progress, cache=cache, quick=quick)


def known_video(path: str | os.PathLike, content: str | None = None) -> Timeline | None:
    """What was seen of a video before, without watching it; else None. content : SHA-256 of the
    file in hexadecimal, where it is known."""
    return watching.known_timeline(path, content)


def glance(path: str | os.PathLike, *, progress: Progress | None = None) -> Timeline | None:
    """A quick look at a video; None where it would be no quicker than a full one."""
    return watching.glance(path, progress=progress)


def load_profile_weights(
    path: str | os.PathLike | ProfileCoefficients | None,
) -> ProfileCoefficients | None:
    """What `leitmotif calibrate` wrote; None and what is loaded already pass through.

    Raises `InputError`.
    """
    if path is None:
        return None
    from features.video.profile_coefficients import ProfileCoefficients

    return path if isinstance(path, ProfileCoefficients) else ProfileCoefficients.load(path)


def score(
    timeline: Timeline,
    start: float = 0.0,
    end: float | None = None,
    profile_weights: ProfileCoefficients | None = None,
) -> VideoProfile:
    """The profile of a part of a watched video: by the closed form, or as ratings bend it."""
    return (
        profile_weights.score(timeline, start, end)
        if profile_weights
        else watching.score(timeline, start, end)
    )


def match(
    video: VideoProfile,
    catalogue: Catalogue,
    query: Query | None = None,
    *,
    index: Ordering | None = None,
    recommender: Recommender | None = None,
    course: Course | None = None,
    start: float = 0.0,
    end: float | None = None,
) -> Recommendation:
    """The tracks for a picture that has been watched already.

    Only tracks whose files are there and in which something is heard, and one place to each
    recording. query : its values, where it has any, take the place of the predicted ones (a
    person's edit); without importance the default of `weigh` is taken. index : one of this
    catalogue, to be used again. course : the film over time (`course_of`), which then takes part in
    the order, and every match says where it should begin.
    Raises `InputError` for a catalogue of mixed extractors or another catalogue's index.
    """
    query = query or Query()
    recommender = recommender or load_recommender()
    predicted = request(video, catalogue, recommender)
    music, edited = _edit(predicted, query.values)
    importance = weigh(query.importance, music, recommender)
    warnings = [*video.warnings, *music.warnings, *check_extractors(catalogue, recommender)]
    query = replace(query, values=music.values, importance=importance, copies=False)
    if course and recommender.arc_step:
        course = replace(course, step=Step.from_dict(recommender.arc_step))
    matches = rank(catalogue, query, index, course)
    if len(matches) < query.k:
        warnings.append(_too_few(query.k, len(matches), catalogue))
    return Recommendation(
        video,
        music,
        tuple(matches),
        catalogue,
        recommender.description,
        query,
        edited,
        start,
        end,
        tuple(dict.fromkeys(warnings)),
    )


_ASKED: WeakKeyDictionary[Catalogue, dict[bytes, tuple[Recommender, MusicProfile]]] = (
    WeakKeyDictionary()
)
_PICTURES = 256
"""Pictures whose requests are kept for a catalogue."""


def request(video: VideoProfile, catalogue: Catalogue, recommender: Recommender) -> MusicProfile:
    """The music that a picture asks of a catalogue: predicted, then brought to its tracks.

    Kept as long as the catalogue is: the page asks at every move, and a large catalogue takes long.
    """
    kept = _ASKED.setdefault(catalogue, {})
    picture = b"".join(
        (video.values.tobytes(), video.confidence.tobytes(), video.extractor.encode())
    )
    found = kept.get(picture)
    if found is None or found[0] is not recommender:
        if len(kept) >= _PICTURES:
            kept.clear()
        heard = catalogue.features[catalogue.evidence > 0]
        predicted = recommender.predict(video)
        found = kept[picture] = recommender, recommender.ask(predicted, heard)
    return found[1]


def course_of(
    timeline: Timeline,
    tracks: TrackCourses | None,
    start: float = 0.0,
    end: float | None = None,
    place: float | None = None,
) -> Course | None:
    """A watched video (or a part of it) over time, before a catalogue's tracks over time.

    tracks : `TrackCourses.beside(catalogue)`; None gives None. place : the second of the track at
    which the film begins, where that is decided.
    """
    if tracks is None:
        return None
    picture = picture_curves(timeline.cuts, timeline["motion"], start=start, end=end)
    rows = film_rows(timeline.cuts, timeline["motion"], timeline["novelty"], start, end)
    return Course(picture, tracks, place, rows)


def _edit(
    predicted: MusicProfile, values: np.ndarray | None
) -> tuple[MusicProfile, tuple[str, ...]]:
    """The prediction as a person changed it, sure of what was changed; and the names of that."""
    if values is None:
        return predicted, ()
    moved = values != predicted.values
    music = MusicProfile(
        values,
        np.where(moved, 1.0, predicted.confidence),
        predicted.extractor,
        warnings=predicted.warnings,
    )
    return music, tuple(np.array(MUSIC_NAMES)[moved].tolist())


def _too_few(asked: int, shown: int, catalogue: Catalogue) -> Sentence:
    there, silent = len(catalogue), int((catalogue.evidence == 0).sum())
    if shown == there:
        return Sentence("matcher.all_shown", k=asked, n=there)
    if silent:
        return Sentence("matcher.few_heard", k=asked, n=shown, total=there, silent=silent)
    return Sentence("matcher.few_shown", k=asked, n=shown, total=there)


def weigh(
    importance: np.ndarray | None, music: MusicProfile, recommender: Recommender
) -> np.ndarray:
    """What each dimension weighs, (10,).

    As asked, else by reliability on held-out pairs where that was measured, else equal. A dimension
    of which the picture said nothing (confidence 0) weighs nothing: its neutral value would pull
    every answer towards the middle of the catalogue.
    """
    if importance is None:
        importance = next(iter(presets.presets(recommender.reliability).values()))
    known = importance * (music.confidence > 0)
    return known if known.any() else importance


def check_extractors(catalogue: Catalogue, recommender: Recommender) -> list[str]:
    """Rows measured in different ways cannot be compared.

    Raises `InputError` for a mix; says where the query and the rows differ, or the rows are older.
    """
    from features.audio.profile import EXTRACTOR, is_older

    found = catalogue.extractors
    name = catalogue.source or Sentence("matcher.the_catalogue")
    if len(found) > 1:
        raise InputError("matcher.mixed_extractors", file=name, n=len(found), names=list(found))
    if found and recommender.music_extractor and found[0] != recommender.music_extractor:
        return [
            Sentence(
                "matcher.other_extractor",
                file=name,
                theirs=found[0],
                ours=recommender.music_extractor,
            )
        ]
    if found and is_older(found[0]):
        return [Sentence("matcher.older_extractor", file=name, theirs=found[0], ours=EXTRACTOR)]
    return []


def recommend(
    video: str | os.PathLike,
    catalogue: str | os.PathLike | Catalogue,
    *,
    k: int = 5,
    weights: np.ndarray | None = None,
    metric: str = "euclidean",
    scale: str = "standard",
    va_only: bool = False,
    where: str | np.ndarray | None = None,
    diverse: float = 0.0,
    place: float | None = None,
    kind: str = "story",
    profile_weights: str | os.PathLike | ProfileCoefficients | None = None,
    progress: Progress | None = None,
    cache: bool = True,
) -> Recommendation:
    """Watch a video and find its tracks.

    video : path of a video file. catalogue : path of a catalogue, or one that is read already.
    k, weights, metric, scale, diverse : as k, importance, metric, scale and diversity of `Query`.
    va_only : arousal and valence alone, in place of weights. where : a filter such as "bpm>=90", or
        a boolean per row. place : the second of the track at which the film begins, where that is
        decided. kind : what leads the film, "story" or "music" (as in music videos).
        profile_weights : a file of `leitmotif calibrate`, for a profile bent
        towards somebody's ratings.
    Raises `InputError` if the video or the catalogue cannot be used.
    """
    query = Query(
        importance=presets.va_only() if va_only else weights,
        metric=metric,
        scale=scale,
        k=k,
        filter=None if where is None else Filter.of(where),
        diversity=diverse,
    )
    learned = load_profile_weights(profile_weights)
    catalogue = catalogue if isinstance(catalogue, Catalogue) else Catalogue.read(catalogue)
    timeline = read_video(video, progress=progress, cache=cache)
    course = course_of(timeline, TrackCourses.beside(catalogue), place=place)
    recommender = load_recommender(kind)
    return match(
        score(timeline, profile_weights=learned),
        catalogue,
        query,
        recommender=recommender,
        course=course,
    )


def recommend_scenes(
    timeline: Timeline,
    catalogue: Catalogue,
    query: Query | None = None,
    *,
    index: Ordering | None = None,
    recommender: Recommender | None = None,
    profile_weights: ProfileCoefficients | None = None,
    place: float | None = None,
) -> list[Recommendation]:
    """One recommendation per scene of a watched video; as `match`."""
    recommender = recommender or load_recommender()
    tracks = TrackCourses.beside(catalogue)
    return [
        match(
            score(timeline, start, end, profile_weights),
            catalogue,
            query,
            index=index,
            recommender=recommender,
            course=course_of(timeline, tracks, start, end, place),
            start=start,
            end=end,
        )
        for start, end in watching.scenes(timeline)
    ]
