"""`find("dark ambient drone, no drums", catalogue)`: words, a track, or both; tracks out."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_FIELDS, MusicProfile, VideoProfile
from data.track_sounds import TrackSounds
from data.words import Sentence
from leitmotif.find import likeness
from leitmotif.find.likeness import Original
from leitmotif.find.ranking import FAINT, Ranking, SoundEvidence, sound_costs
from leitmotif.find.reading import Nearest, Reading, read
from leitmotif.find.wish import Sound, Wish, account, allowed
from leitmotif.pipeline import Recommendation
from matcher.course import TrackCourses
from matcher.filters import Filter
from matcher.query import Query
from matcher.search import rank

_CENTRE = 0.1
"""Weight of a dimension where only sounds are asked for: it orders tracks that sound alike."""
_TYPICAL = 10
"""One track in so many speaks for what a sound is like in a catalogue."""


@dataclass(frozen=True)
class Found(Recommendation):
    """The tracks for words; the answer that `recommend` gives, without a picture.

    reading : what was understood. heard : how much each track has of each sound that was asked
    for, 0–1, one mapping a match.
    """

    reading: Reading = field(default_factory=lambda: Reading(""))
    heard: tuple[dict[str, float], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a recommendation; its video is None."""
        found = super().to_dict() | {"video": None}
        matches = [
            match | {"heard": heard}
            for match, heard in zip(found["matches"], self.heard, strict=True)
        ]
        understood = [
            {"word": word, "asks": [str(a) for a in asks]} for word, asks in account(self.reading)
        ]
        words = {"text": self.reading.text, "unknown": list(self.reading.unknown)}
        return found | {"matches": matches, "words": words | {"understood": understood}}


@dataclass(frozen=True, eq=False)
class Request:
    """What words and an original ask of one catalogue.

    values, importance : (10,). ranking : the order of the tracks. sounds : what is to be heard, and
    evidence for it. said : what could not be asked.
    """

    values: np.ndarray
    importance: np.ndarray
    ranking: Ranking
    sounds: tuple[Sound, ...]
    evidence: SoundEvidence | None
    said: tuple[Sentence, ...] = ()

    def heard(self, rows: Collection[int]) -> tuple[dict[str, float], ...]:
        """How much some tracks have of each sound that was asked for, 0–1."""
        if self.evidence is None:
            return tuple({} for _ in rows)
        columns = {s.word: self.evidence.of(s) for s in self.sounds}
        return tuple({w: round(float(e[r]), 3) for w, e in columns.items()} for r in rows)


def request(
    reading: Reading,
    catalogue: Catalogue,
    original: Original | None = None,
    sounds: TrackSounds | None = None,
    courses: TrackCourses | None = None,
) -> Request:
    """A reading as a request to a catalogue, with what lies beside that."""
    wish = Wish.of(reading)
    mask, said = allowed(wish, catalogue)
    evidence = SoundEvidence(sounds) if sounds is not None and wish.sounds else None
    if wish.sounds and evidence is None:
        said.append(Sentence("find.no_sounds", words=[s.word for s in wish.sounds]))
    costs = np.zeros(len(catalogue)) if evidence is None else sound_costs(wish.sounds, evidence)
    if original is None:
        values, importance = _asked(wish, catalogue, evidence)
    else:
        values = likeness.offset_values(original, wish, catalogue.features)
        importance = likeness.offset_weights(wish)
        mask = mask & likeness.others(original, catalogue)
        further = mask & likeness.beyond(original, wish, catalogue.features)
        if further.any():
            mask = further
        else:
            said.append(Sentence("find.none_further", name=original.name))
        costs = costs + _unlike(original, sounds, courses, len(catalogue))
    ranking = Ranking(catalogue, costs, mask)
    return Request(values, importance, ranking, wish.sounds, evidence, tuple(said))


def _unlike(
    original: Original, sounds: TrackSounds | None, courses: TrackCourses | None, n: int
) -> np.ndarray:
    costs = np.zeros(n)
    if sounds is not None:
        costs += likeness.cost(likeness.timbre_distances(original, sounds), likeness.TIMBRE)
    if courses is not None:
        costs += likeness.cost(likeness.course_distances(original, courses), likeness.COURSE)
    return costs


def _asked(
    wish: Wish, catalogue: Catalogue, evidence: SoundEvidence | None
) -> tuple[np.ndarray, np.ndarray]:
    """Values and importance of a wish; of sounds alone, what tracks with these are like."""
    values, importance = wish.values(catalogue.features), wish.weights()
    if importance.any():
        return values, importance
    wanted = [s for s in wish.sounds if s.weight > 0]
    if evidence is not None and wanted:
        best = np.argsort(-np.sum([evidence.of(s) for s in wanted], axis=0), kind="stable")
        values = catalogue.features[best[: max(5, len(catalogue) // _TYPICAL)]].mean(axis=0)
    return values, np.full(len(MUSIC_NAMES), _CENTRE)


def find(
    words: str | Reading,
    catalogue: str | os.PathLike[str] | Catalogue,
    *,
    like: str | Original | None = None,
    k: int = 5,
    where: str | np.ndarray | Filter | None = None,
    never: Collection[str] = (),
    diverse: float = 0.0,
    nearest: Nearest | None = None,
) -> Found:
    """The tracks of a catalogue that words describe.

    words : such as "calm piano, no drums" or "欢快的钢琴"; with `like`, offsets from that track
    ("calmer"), or nothing. like : id or title of a track of the catalogue, or an audio file.
    k, diverse : as of `Query`. where : a filter. never : ids that are not to be answered. nearest :
    takes unknown words to known ones (`leitmotif.find.embedding`).
    Raises `InputError` where nothing was understood, or the catalogue or the file cannot be used.
    """
    catalogue = catalogue if isinstance(catalogue, Catalogue) else Catalogue.read(catalogue)
    sounds, courses = TrackSounds.beside(catalogue), None
    if like is not None:
        courses = TrackCourses.beside(catalogue)
    original = Original.named(like, catalogue, sounds, courses) if isinstance(like, str) else like
    reading = words if isinstance(words, Reading) else read(words, nearest)
    if reading.is_empty and original is None:
        raise InputError("find.nothing", words=list(reading.unknown) or [reading.text])
    asked = request(reading, catalogue, original, sounds, courses)
    filter_ = where if isinstance(where, Filter) or where is None else Filter.of(where)
    query = Query(
        asked.values,
        asked.importance,
        k=k,
        filter=filter_,
        diversity=diverse,
        copies=False,
        never=frozenset(never),
    )
    matches = tuple(replace(m, next_wins=None) for m in rank(catalogue, query, asked.ranking))
    rows = [m.row for m in matches]
    return Found(
        _no_picture(),
        MusicProfile(asked.values, np.minimum(asked.importance, 1.0), _extractor(catalogue)),
        matches,
        catalogue,
        str(Sentence("find.by_words")),
        query,
        warnings=(*_not_read(reading), *warnings(asked, rows), *_too_few(k, rows)),
        reading=reading,
        heard=asked.heard(rows),
    )


def _no_picture() -> VideoProfile:
    neutral = np.array([f.neutral for f in VIDEO_FIELDS])
    return VideoProfile(neutral, np.zeros(len(neutral)), "")


def _extractor(catalogue: Catalogue) -> str:
    return next(iter(catalogue.extractors), "")


def _not_read(reading: Reading) -> list[Sentence]:
    """Words that were not understood, or taken for others."""
    said = [Sentence("find.unknown", words=list(reading.unknown))] if reading.unknown else []
    guesses = [m for m in reading.meanings if m.taken_as]
    return said + [Sentence("find.guess", word=m.word, near=m.taken_as) for m in guesses]


def warnings(asked: Request, rows: list[int]) -> list[Sentence]:
    """What could not be asked, and what is hardly heard in the tracks of the answer."""
    said = list(asked.said)
    if asked.evidence is not None and rows:
        faint = [
            s.word
            for s in asked.sounds
            if s.weight > 0 and asked.evidence.strongest(s, np.array(rows)) < FAINT
        ]
        said += [Sentence("find.faint", words=faint)] if faint else []
    return said


def _too_few(k: int, rows: list[int]) -> list[Sentence]:
    return [Sentence("find.few", k=k, n=len(rows))] if len(rows) < k else []
