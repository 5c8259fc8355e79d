"""From a watched film and a catalogue to a score: spot the cues, choose a track each, fit it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np

from data.beat_corrections import Correction, Corrections
from data.errors import InputError, Progress
from data.profiles import VideoProfile
from data.words import Sentence
from features.audio.bars import Bars, read_bars
from features.audio.soundtrack import Soundtrack, hear
from features.video.container import content_sha256, read_container
from features.video.timeline import Timeline
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.score.ducking import clashes, duck, frames_of
from leitmotif.score.fit import Fit, fit
from leitmotif.score.kept import kept_sound
from leitmotif.score.model import Candidate, Cue, Ducking, Film, HitPoint, Score, Track
from leitmotif.score.neighbours import smoothest
from leitmotif.score.sound import Tracks, powers
from leitmotif.score.spotting import SHORTEST_S, group, respot
from leitmotif.score.timecode import COMMON, FrameRate, nearest_common
from leitmotif.settings import data_folder
from leitmotif.taste import refused
from matcher.metric import standard_scaling
from matcher.query import Query
from matcher.search import Match
from recommender import load_recommender

CHOICES = 5
"""Tracks that a cue offers."""
_NEIGHBOURS_S = 3.0
"""After a longer silence nobody compares keys (heuristic)."""
_ROUNDS = 3
"""A cue of more lengths of its track is heard to repeat it (heuristic)."""
_SHORT_SOUND_S = 0.5
"""A film's sound may end this much before its picture without a word."""
_LITTLE_S = 0.001
_VARIABLE_S = 0.001
"""Frames farther from a constant rate than this make a rate variable."""
_FACTS = ("composer", "publisher", "isrc", "license", "license_url", "key", "bpm")


def film_of(path: str | os.PathLike[str], *, drop: bool | None = None) -> Film:
    """What a score needs to know of a film's file.

    drop : drop-frame numbering at 29.97 and 59.94; None follows the film's own timecode.
    Raises `InputError` for a file without pictures.
    """
    found = read_container(path)
    fps = found.fps if found.fps in COMMON else nearest_common(found.fps)
    error = found.rate_error_s(fps)
    dropped = ";" in found.timecode if drop is None else drop
    rate = FrameRate(fps, dropped and fps.denominator == 1001 and fps > 29)
    constant = error <= max(_VARIABLE_S, float(0.5 / fps))
    frames = found.frames if constant else rate.frame_at(found.times_s[-1]) + 1
    start = rate.parse(found.timecode) if found.timecode else 0
    return Film(
        str(Path(path).resolve()),
        content_sha256(path),
        rate,
        frames,
        found.width,
        found.height,
        start,
        found.has_sound,
        error,
    )


def score(
    video: str | os.PathLike[str],
    catalogue: str | os.PathLike[str] | Library,
    *,
    before: Score | None = None,
    shortest: float = SHORTEST_S,
    reprise: bool = False,
    stretch: bool = False,
    drop: bool | None = None,
    ducking: Ducking | None = None,
    progress: Progress | None = None,
) -> Score:
    """Spot a film, choose a track of the catalogue for every cue, and fit each to the frame.

    before : an earlier score of the film; what a person has locked in it stays as it is.
    shortest : seconds; no cue is shorter. reprise : whether a track may come twice.
    stretch : whether tracks may be stretched to fit, by 1.5 % at most.
    ducking : how music gives way to speech; None takes that of `before`, or 10 LU below it.
    Raises `InputError` for a film or catalogue that cannot be used.
    """
    library = catalogue if isinstance(catalogue, Library) else Library.open(catalogue)
    film = film_of(video, drop=drop)
    if before and before.film.sha256 != film.sha256:
        raise InputError("score.other_film", file=Path(video).name, film=before.film.path)
    timeline = pipeline.read_video(video, progress=progress)
    own = own_sound(video, progress)
    plan = respot(before or Score(film), spot(timeline, film, library, shortest))
    speech = frames_of(own.speech, film.rate, film.frames)
    own_music = frames_of(own.music or (), film.rate, film.frames)
    plan = replace(plan, film=film, speech=speech, own_music=own_music)
    plan = choose(plan, timeline, library, reprise=reprise)
    if stretch:
        cues = (replace(cue, stretch=not cue.locked or cue.stretch) for cue in plan.cues)
        plan = replace(plan, cues=tuple(cues))
    plan = complete(plan)
    if ducking and ducking != plan.ducking:
        plan = with_ducking(plan, ducking)
    return replace(plan, notes=(*_notes(film, own, plan), *clashes(plan)))


def own_sound(video: str | os.PathLike[str], progress: Progress | None = None) -> Soundtrack:
    """A film's own sound; the last few films stay in memory."""
    path = Path(video).resolve()
    key = (str(path), path.stat().st_mtime_ns)
    if key not in _HEARD:
        while len(_HEARD) >= _MOST_HEARD:
            _HEARD.pop(next(iter(_HEARD)))
        _HEARD[key] = hear(path, progress)
    return _HEARD[key]


_HEARD: dict[tuple[str, int], Soundtrack] = {}
_MOST_HEARD = 8


def complete(plan: Score) -> Score:
    """What a person's edit left open: cues without pieces are fitted, and ducked under speech."""
    waiting = [cue.number for cue in plan.cues if not cue.pieces]
    return _under_speech(fit_all(plan), waiting)


def with_ducking(plan: Score, ducking: Ducking) -> Score:
    """The score with other ducking, all of its cues' gains made again."""
    return _under_speech(replace(plan, ducking=ducking), None)


def _under_speech(plan: Score, numbers: Sequence[str] | None) -> Score:
    if not plan.speech or not Path(plan.film.path).is_file():
        return plan
    own = own_sound(plan.film.path)
    with Tracks() as tracks:
        found = partial(_powers, rate=plan.film.rate, tracks=tracks)
        return duck(plan, own, found, numbers)


def _powers(cue: Cue, rate: FrameRate, tracks: Tracks) -> np.ndarray:
    return powers(kept_sound(cue, rate, tracks))


def spot(
    timeline: Timeline, film: Film, library: Library, shortest: float = SHORTEST_S
) -> list[tuple[int, int]]:
    """Cues as frames of the film, without gaps."""
    from features.video import scenes

    parts = scenes(timeline)
    recommender = load_recommender()
    seen = np.array([_profile(timeline, start, end).values for start, end in parts])
    wishes = np.asarray(recommender.predict(seen))
    scaling = standard_scaling(library.catalogue.features)
    edges = [start for start, _ in parts] + [parts[-1][1]]
    grouped = group(edges, (wishes - scaling[0]) / scaling[1], shortest=shortest)
    frames = [film.rate.frame_at(start) for start, _ in grouped] + [film.frames]
    return [(a, b) for a, b in pairwise(frames) if b > a]


def _profile(timeline: Timeline, start: float, end: float) -> VideoProfile:
    return pipeline.score(timeline, start, end)


def choose(plan: Score, timeline: Timeline, library: Library, *, reprise: bool = False) -> Score:
    """A track for every cue that has none: near, there, not used yet, and smooth to come to."""
    used = {cue.track.track_id for cue in plan.cues if cue.track}
    cues: list[Cue] = []
    for cue in plan.cues:
        if cue.track is None and not cue.muted:
            offered = _offered(cue, plan, timeline, library, 0 if reprise else len(used))
            free = [c for c in offered if reprise or c.track.track_id not in used]
            if not free:
                cues.append(replace(cue, note=Sentence("score.no_track_left")))
                continue
            best = smoothest(free[:CHOICES], _before(cue, cues, plan))
            cue = replace(cue, track=best.track, in_point=best.in_point)
            cue = replace(cue, candidates=tuple(free[:CHOICES]))
            used.add(best.track.track_id)
        cues.append(cue)
    return replace(plan, cues=tuple(cues))


def _before(cue: Cue, cues: Sequence[Cue], plan: Score) -> Track | None:
    """The track that plays until shortly before a cue."""
    if not cues or cues[-1].muted:
        return None
    gap = float(plan.film.rate.seconds(cue.start - cues[-1].end))
    return cues[-1].track if gap < _NEIGHBOURS_S else None


def _offered(
    cue: Cue, plan: Score, timeline: Timeline, library: Library, more: int
) -> list[Candidate]:
    """Tracks whose files are there, best first, and where the arc says to begin, if it decides."""
    rate = plan.film.rate
    start, end = (float(rate.seconds(frame)) for frame in (cue.start, cue.end))
    end = min(end, timeline.duration)
    course = pipeline.course_of(timeline, library.courses, start, end)
    query = Query(k=CHOICES + more, never=refused(data_folder()))
    profile = _profile(timeline, start, end)
    answer = pipeline.match(profile, library.catalogue, query, course=course)
    found = ((match, library.sound(match.row)) for match in answer.matches)
    said = library.corrections
    return [
        Candidate(_track(match.track, path, said), _in_point(match))
        for match, path in found
        if path
    ]


def _in_point(match: Match) -> Fraction | None:
    placed = match.placement
    return Fraction(placed.in_point) if placed and placed.decided else None


def _track(row: dict[str, str], path: Path, said: Corrections) -> Track:
    facts = {name: str(row[name]) for name in _FACTS if row.get(name)}
    seconds = Fraction(str(row.get("duration_s") or 0)).limit_denominator(1000)
    title, artist = row.get("title", ""), row.get("artist", "")
    beats = said.of(row.get("content_sha256", ""))
    return Track(row.get("track_id", path.stem), str(path), seconds, title, artist, facts, beats)


def fit_all(plan: Score) -> Score:
    """Every cue with a track and no pieces yet is fitted to its length, to the frame."""
    return replace(plan, cues=tuple(_fitted(cue, plan.film.rate) for cue in plan.cues))


def _fitted(cue: Cue, rate: FrameRate) -> Cue:
    if cue.track is None or cue.muted or cue.pieces:
        return cue
    if not Path(cue.track.path).is_file():
        return replace(cue, note=Sentence("score.track_gone", track=cue.title, file=cue.track.path))
    bars = _bars(cue.track.path, cue.track.beats)
    start = rate.seconds(cue.start)
    asked = [float(rate.seconds(hit.frame) - start) for hit in cue.hits]
    place = None if cue.in_point is None else float(cue.in_point)
    length, free = rate.seconds(cue.frames), cue.stretch
    found = fit(bars, length, film_in=start, in_point=place, hits=asked, stretch=free)
    landed = tuple(replace(h, miss=_miss(h, bars, found.pieces, rate)) for h in cue.hits)
    return replace(cue, pieces=found.pieces, hits=landed, note=_note(bars, found, cue.frames, rate))


def _note(bars: Bars, found: Fit, frames: int, rate: FrameRate) -> str:
    """What there is to know of a fit: that a short track goes round and round, or fades out."""
    track, cue = float(bars.lines[-1]), float(rate.seconds(frames))
    if cue > _ROUNDS * track:
        return Sentence("score.goes_round", track=f"{track:.1f}", cue=f"{cue:.1f}")
    return "" if found.ends else Sentence("score.fades_out")


@lru_cache(maxsize=64)
def _bars(path: str, beats: Correction) -> Bars:
    return read_bars(path, beats)


def _miss(hit: HitPoint, bars: Bars, pieces: Sequence, rate: FrameRate) -> int | None:
    """Frames that the nearest accent or section comes after a hit point; negative is early."""
    marks = np.concatenate([bars.lines[:-1], bars.accents, bars.sections])
    struck = [
        rate.frame_at(piece.film_at(mark))
        for piece in pieces
        for mark in marks
        if piece.begins - _LITTLE_S <= piece.film_at(mark) and mark < piece.track_out
    ]
    return min((s - hit.frame for s in struck), key=abs, default=None)


def _notes(film: Film, own: Soundtrack, plan: Score) -> Iterator[Sentence]:
    yield from rate_note(film)
    rate = film.rate
    missing = float(rate.seconds(film.frames)) - own.duration_s
    if not own.duration_s:
        yield Sentence("score.no_film_sound")
    elif missing > _SHORT_SOUND_S:
        yield Sentence("score.short_sound", missing=f"{missing:.1f}")
    if own.duration_s and not own.speech:
        yield Sentence("score.no_speech")
    if own.duration_s and own.music is None:
        yield Sentence("score.own_music_unknown")


def rate_note(film: Film) -> Iterator[Sentence]:
    """Which rate a film of a varying one is counted at, and the largest error of that."""
    rate = film.rate
    if film.rate_error_s > max(_VARIABLE_S, float(0.5 / rate.fps)):
        shown = f"{float(rate.fps):.3f}".rstrip("0").rstrip(".")
        yield Sentence("score.variable_rate", rate=shown, error=f"{film.rate_error_s:.3f}")


def gone(plan: Score) -> Iterator[Sentence]:
    """A sentence for every file of a score that is not there any more."""
    files = {cue.track.path: cue.title for cue in plan.sounding() if cue.track}
    for path, title in files.items():
        if not Path(path).is_file():
            yield Sentence("score.track_gone", track=title, file=path)
    if not Path(plan.film.path).is_file():
        yield Sentence("score.film_gone", file=plan.film.path)
