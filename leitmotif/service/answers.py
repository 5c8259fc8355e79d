"""What can be said at once of a film that was watched, or of ten numbers: as the command line does.

Results of reading (what was seen in a film, a catalogue with its tracks over time) stay in memory
for the last few; a few questions are computed at a time.
"""

from __future__ import annotations

import hashlib
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from data.errors import InputError
from features.video import scenes
from features.video.timeline import Timeline
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.service.asked import MatchRequest, RecommendationQuery, RecommendationRequest
from leitmotif.service.shelf import Listed, Shelf
from leitmotif.service.uploads import KEY_DIGITS
from leitmotif.service.work import library_of
from leitmotif.sessions.workspace import Kept
from matcher.answer import Answer, to_record
from matcher.search import rank
from recommender import load_recommender
from recommender.predict import Recommender

_SLOTS = threading.BoundedSemaphore(2)
"""Answers that are computed at once: each holds a film in memory and fills a core (heuristic)."""


class Answers:
    """Profiles, recommendations and matches from what lies on the shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def profiles(self, film: str, per_scene: bool, start: float, end: float | None) -> Any:
        """The 11-D profile of a film, of a stretch, or of each scene. Raises `InputError`."""
        with _SLOTS:
            timeline = self._timeline(film)
            last = timeline.duration if end is None else end
            stretches = scenes(timeline) if per_scene else [(start, last)]
            found = [
                {"start_s": a, "end_s": b} | pipeline.score(timeline, a, b).to_dict()
                for a, b in stretches
            ]
        return {"film": film, "profiles": found}

    def recommend(self, film: str, asked: RecommendationQuery | RecommendationRequest) -> Any:
        """The tracks that fit a film, a stretch, or each scene. Raises `InputError`."""
        query = asked.query()
        with _SLOTS:
            timeline, library = self._timeline(film), self._library(asked.catalogue)
            recommender = _recommender(asked.kind)
            if asked.per_scene:
                results = pipeline.recommend_scenes(
                    timeline,
                    library.catalogue,
                    query,
                    index=library.index,
                    recommender=recommender,
                    place=asked.place,
                )
            else:
                course = pipeline.course_of(
                    timeline, library.courses, asked.start, asked.end, asked.place
                )
                results = [
                    pipeline.match(
                        pipeline.score(timeline, asked.start, asked.end),
                        library.catalogue,
                        query,
                        index=library.index,
                        recommender=recommender,
                        course=course,
                        start=asked.start,
                        end=asked.end,
                    )
                ]
        return {
            "film": film,
            "catalogue": asked.catalogue,
            "recommendations": [result.to_dict() for result in results],
        }

    def match(self, asked: MatchRequest) -> Any:
        """The tracks nearest to ten numbers. Raises `InputError`."""
        query = asked.query()
        with _SLOTS:
            library = self._library(asked.catalogue)
            matches = rank(library.catalogue, query, library.index)
        record = to_record([Answer("", query, matches)], library.catalogue)
        return record | {"catalogue": asked.catalogue}

    def named_catalogue(self, path: Path) -> Listed:
        """List a table of this machine. Raises `InputError` for one that cannot be used."""
        key = hashlib.sha256(f"{path}".encode()).hexdigest()[:KEY_DIGITS]
        return self._checked(key, path.name, path, followed=True)

    def sent_catalogue(self, kept: Kept) -> Listed:
        """List a table that was sent. Raises `InputError` for one that cannot be used."""
        try:
            return self._checked(kept.key, kept.name, kept.path, followed=False)
        except InputError as error:
            kept.path.unlink(missing_ok=True)
            raise kept.renamed(error) from None

    def _checked(self, key: str, name: str, path: Path, followed: bool) -> Listed:
        with _SLOTS:
            _library(path, followed, _stamp(path))
        return self._shelf.add_catalogue(key, name, path, followed)

    def check(self, listed: Listed) -> Any:
        """What a catalogue holds, and the rows that cannot be used. Raises `InputError`."""
        with _SLOTS:
            library = self._library(listed.id)
        return {
            "id": listed.id,
            "name": listed.name,
            "tracks": len(library.catalogue),
            "skipped": [{"line": s.line, "reason": s.reason} for s in library.catalogue.skipped],
            "extractors": list(library.catalogue.extractors),
        }

    def _timeline(self, film: str) -> Timeline:
        file = self._shelf.watched(film)
        return _timeline(file, file.stat().st_mtime_ns)

    def _library(self, catalogue: str) -> Library:
        listed = self._shelf.catalogue(catalogue)
        return _library(listed.path, listed.followed, _stamp(listed.path))


@lru_cache(maxsize=4)
def _timeline(file: Path, changed: int) -> Timeline:
    return Timeline.load(file)


@lru_cache(maxsize=4)
def _library(path: Path, followed: bool, changed: int) -> Library:
    return library_of(path, followed)


@lru_cache(maxsize=2)
def _recommender(kind: str) -> Recommender:
    return load_recommender(kind)


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0
