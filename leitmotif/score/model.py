"""The score: plain data that spotting, fitting, rendering and every export read or return.

Times of the film are frame numbers from 0 with exclusive ends; times in a track are exact seconds
(`fractions.Fraction`). Everything is frozen: a change is a new score.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from data.atomic import atomic_path
from data.beat_corrections import AS_MEASURED, Correction
from data.checksums import parse_json
from data.errors import InputError
from data.words import Sentence, from_record, to_record
from leitmotif.score.timecode import FrameRate

VERSION = 3
READABLE = (2, 3)
"""Versions that `Score.read` knows: 2 had neither speeds nor sentences."""
MOST_HITS = 3
"""Hit points that one cue can have."""


@dataclass(frozen=True)
class Film:
    """The picture that a score belongs to."""

    path: str
    sha256: str
    rate: FrameRate
    frames: int
    width: int = 0
    height: int = 0
    start: int = 0
    """Frame number of its start timecode."""
    has_sound: bool = False
    rate_error_s: float = 0.0
    """Where the picture's rate varies: the largest distance of a frame from where `rate` has it."""


@dataclass(frozen=True)
class Track:
    """What is known of a track, for cue sheets and for finding its file again."""

    track_id: str
    path: str
    duration: Fraction
    title: str = ""
    artist: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    """More columns of the catalogue: composer, publisher, license, isrc, …"""
    beats: Correction = AS_MEASURED
    """What a person said of its beats."""


@dataclass(frozen=True)
class Candidate:
    """A track that a cue can take.

    in_point : second of the track at which music and picture move together best, where that is
    known.
    """

    track: Track
    in_point: Fraction | None = None


@dataclass(frozen=True)
class Piece:
    """A stretch of a track that plays without an edit.

    track_in, track_out : seconds in the track, the out-point exclusive. film_in : seconds from the
    film's first frame. fade_in, fade_out : seconds of cross-fade over the neighbours, or of fade at
    the cue's ends; they lie inside the piece. speed : seconds of the track in a second of the film.
    """

    track_in: Fraction
    track_out: Fraction
    film_in: Fraction
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)

    @property
    def film_out(self) -> Fraction:
        return self.film_in + (self.track_out - self.track_in) / self.speed

    @property
    def begins(self) -> Fraction:
        """Second of the film at which it takes over from the piece before: amid the cross-fade."""
        return self.film_in + self.fade_in / 2

    def film_at(self, track_s: float) -> float:
        """Second of the film at which a second of the track is heard."""
        return float(self.film_in) + (track_s - float(self.track_in)) / float(self.speed)


@dataclass(frozen=True)
class HitPoint:
    """A frame of the film at which the music should strike; `miss`: frames that it comes late."""

    frame: int
    label: str = ""
    miss: int | None = None


@dataclass(frozen=True)
class Cue:
    """One stretch of music (or of silence, where it is muted), in frames of the film."""

    number: str
    start: int
    end: int
    track: Track | None = None
    pieces: tuple[Piece, ...] = ()
    gain: tuple[tuple[int, float], ...] = ()
    """(frame, dB) keyframes, linear between, held outside; none is 0 dB."""
    hits: tuple[HitPoint, ...] = ()
    locked: bool = False
    muted: bool = False
    note: str = ""
    candidates: tuple[Candidate, ...] = ()
    """Tracks that fit the picture, best first; the chosen one may be among them."""
    in_point: Fraction | None = None
    """Second of the track to begin at, where that is decided."""
    stretch: bool = False
    """Whether the track may be played a little slower or faster (`fit.MOST_STRETCH`)."""

    @property
    def frames(self) -> int:
        return self.end - self.start

    def gains(self, frames: np.ndarray | float) -> np.ndarray:
        """Gain in dB at frames of the film, of their shape."""
        if not self.gain:
            return np.zeros(np.shape(frames))
        keys = np.array(self.gain)
        return np.asarray(np.interp(frames, keys[:, 0], keys[:, 1]))

    @property
    def title(self) -> str:
        return (self.track.title or self.track.track_id) if self.track else ""


@dataclass(frozen=True)
class Ducking:
    """How music gives way to speech; the ramps lie outside the speech.

    mode : "below" brings music `amount` LU under the speech it plays under, and never raises it;
    "dip" lowers it by `amount` dB wherever there is speech; "off" leaves it. attack_s, release_s :
    seconds of the ramps before and after.
    """

    mode: Literal["below", "dip", "off"] = "below"
    amount: float = 10.0
    attack_s: float = 0.3
    release_s: float = 0.8

    def __post_init__(self) -> None:
        if self.mode not in ("below", "dip", "off"):
            raise InputError("score.bad_ducking", value=self.mode)
        for value in (self.amount, self.attack_s, self.release_s):
            if not 0 <= value <= 60:
                raise InputError("score.bad_ducking", value=value)


DUCKINGS = {
    "below": Ducking(),
    "light": Ducking("dip", 4.0),
    "medium": Ducking("dip", 8.0),
    "deep": Ducking("dip", 14.0),
    "off": Ducking("off", 0.0),
}
"""Presets. "below": 10 LU under commentary is the least that mixing engineers and listeners want
(Torcoli, Freke-Morin, Paulus, Simon & Shirley, JAES 67(12), 2019); the dips are heuristic."""

Stretch = tuple[int, int]
"""Frames of the film, the end exclusive."""


@dataclass(frozen=True)
class Score:
    """A film and its cues in order, without overlap. Raises `InputError` where they are not."""

    film: Film
    cues: tuple[Cue, ...] = ()
    notes: tuple[str, ...] = ()
    speech: tuple[Stretch, ...] = ()
    """Where somebody speaks in the film."""
    own_music: tuple[Stretch, ...] = ()
    """Where the film has music already."""
    ducking: Ducking = Ducking()

    def __post_init__(self) -> None:
        for cue in self.cues:
            if not 0 <= cue.start < cue.end <= self.film.frames:
                raise self._wrong("score.cue_outside", cue, frames=self.film.frames)
            if len(cue.hits) > MOST_HITS:
                raise self._wrong("score.many_hits", cue, most=MOST_HITS)
            for hit in cue.hits:
                if not cue.start <= hit.frame < cue.end:
                    raise self._wrong("score.hit_outside", cue, at=self.timecode(hit.frame))
        for before, after in pairwise(self.cues):
            if after.start < before.end:
                raise self._wrong("score.overlap", after, before=before.number)
        numbers = [cue.number for cue in self.cues]
        for cue in self.cues:
            if numbers.count(cue.number) > 1:
                raise self._wrong("score.same_number", cue)

    def _wrong(self, code: str, cue: Cue, **values: Any) -> InputError:
        start, end = (self.timecode(f) for f in (cue.start, cue.end))
        return InputError(code, cue=cue.number, start=start, end=end, **values)

    def timecode(self, frame: int) -> str:
        """The timecode that the film's own clock shows at a frame."""
        return self.film.rate.timecode(frame + self.film.start)

    def named(self, name: str) -> Score:
        """The score of a film that people know by another name: exports look for it beside them."""
        return replace(self, film=replace(self.film, path=Path(name).name))

    def sounding(self) -> tuple[Cue, ...]:
        """The cues that play music."""
        return tuple(cue for cue in self.cues if cue.track and cue.pieces and not cue.muted)

    def cue(self, number: str) -> Cue:
        """A cue by its number. Raises `InputError` if there is none."""
        for cue in self.cues:
            if cue.number == number:
                return cue
        numbers = [cue.number for cue in self.cues]
        raise InputError("score.no_cue", cue=number, cues=numbers)

    # What a person does. Every change locks what it touches, so that spotting again keeps it.
    # Cues whose length, track or hit points changed lose their pieces and gains: `fit_all` and
    # `duck` make them again.

    def move(self, number: str, start: int | None = None, end: int | None = None) -> Score:
        """A cue with its in-point, its out-point or both elsewhere.

        Neighbours that are not locked make way; hit points that come to lie outside go.
        """
        cue = self.cue(number)
        start, end = cue.start if start is None else start, cue.end if end is None else end
        moved = _remade(cue, start=start, end=end, locked=True, hits=_within(cue, start, end))
        others = [c for c in self.cues if c is not cue]
        return replace(self, cues=_ordered([moved, *(_beside(c, moved) for c in others)]))

    def split(self, number: str, frame: int) -> Score:
        """A cue cut in two at a frame.

        The second half takes the best of the cue's candidates that plays nowhere yet, if any.
        """
        cue = self.cue(number)
        if not cue.start < frame < cue.end:
            raise self._wrong("score.split_outside", cue, at=self.timecode(frame))
        used = {c.track.track_id for c in self.cues if c.track}
        free = [c for c in cue.candidates if c.track.track_id not in used]
        second = Cue(
            self._free_number(),
            frame,
            cue.end,
            track=free[0].track if free else None,
            hits=_within(cue, start=frame),
            locked=True,
            muted=cue.muted,
            stretch=cue.stretch,
            candidates=cue.candidates,
            in_point=free[0].in_point if free else None,
        )
        first = _remade(cue, end=frame, locked=True, hits=_within(cue, end=frame))
        return replace(
            self, cues=_ordered([*(c for c in self.cues if c is not cue), first, second])
        )

    def join(self, first: str, second: str) -> Score:
        """Two neighbouring cues as one, with the first one's track and what lies between."""
        a, b = self.cue(first), self.cue(second)
        if self.cues.index(b) - self.cues.index(a) != 1:
            raise InputError("score.not_neighbours", cue=first, other=second)
        hits = (*a.hits, *b.hits)
        if len(hits) > MOST_HITS:
            raise self._wrong("score.many_hits", a, most=MOST_HITS)
        joined = _remade(a, end=b.end, locked=True, hits=hits)
        return replace(self, cues=_ordered([*(c for c in self.cues if c not in (a, b)), joined]))

    def mute(self, number: str, muted: bool = True) -> Score:
        """A cue that stays silent, or no longer."""
        return self._change(number, lambda cue: replace(cue, muted=muted, locked=True))

    def lock(self, number: str, locked: bool = True) -> Score:
        """A cue that spotting again leaves alone, or no longer."""
        return self._change(number, lambda cue: replace(cue, locked=locked))

    def take(self, number: str, track_id: str) -> Score:
        """Another of a cue's candidates. Raises `InputError` for a track that is none of them."""
        cue = self.cue(number)
        found = [one for one in cue.candidates if one.track.track_id == track_id]
        if not found:
            names = [candidate.track.track_id for candidate in cue.candidates]
            raise self._wrong("score.no_candidate", cue, track=track_id, tracks=names)
        track, in_point = found[0].track, found[0].in_point
        chosen = _remade(cue, track=track, in_point=in_point, locked=True)
        return self._change(number, lambda _: chosen)

    def stretch(self, number: str, stretch: bool = True) -> Score:
        """A cue whose track may be stretched a little, or no longer."""
        return self._change(number, lambda cue: _remade(cue, stretch=stretch, locked=True))

    def hit(self, number: str, points: Iterable[int | HitPoint]) -> Score:
        """The hit points of a cue, at most three, in place of those it has."""
        hits = (p if isinstance(p, HitPoint) else HitPoint(p) for p in points)
        ordered = tuple(sorted((replace(h, miss=None) for h in hits), key=lambda h: h.frame))
        return self._change(number, lambda cue: _remade(cue, hits=ordered, locked=True))

    def _change(self, number: str, change: Callable[[Cue], Cue]) -> Score:
        chosen = self.cue(number)
        return replace(self, cues=tuple(change(c) if c is chosen else c for c in self.cues))

    def _free_number(self) -> str:
        taken = {cue.number for cue in self.cues}
        return next(n for k in range(1, 10_000) if (n := cue_number(k)) not in taken)

    # To and from a file.

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; fractions as "numerator/denominator"."""
        return {"leitmotif_score": VERSION, **_plain(self)}

    def write(self, path: str | Path) -> None:
        """Write the score as JSON."""
        with atomic_path(path) as temporary:
            text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: str | Path) -> Score:
        """A score from its file. Raises `InputError` for one that is missing or no score."""
        try:
            given = parse_json(Path(path).read_text(encoding="utf-8-sig"), path)
        except OSError as error:
            raise InputError("score.unreadable", file=path, why=error.strerror) from None
        except ValueError:
            raise InputError("score.not_a_score", file=path) from None
        return cls.from_dict(given, path)

    @classmethod
    def from_dict(cls, given: object, file: object = "") -> Score:
        """A score from what `to_dict` gave. file : what to name in an error.

        Raises `InputError` for anything else.
        """
        if not isinstance(given, dict) or "leitmotif_score" not in given:
            raise InputError("score.not_a_score", file=file)
        if given["leitmotif_score"] not in READABLE:
            raise InputError("score.other_version", file=file, version=given["leitmotif_score"])
        try:
            return _score(given)
        except InputError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise InputError("score.bad_field", file=file, why=error) from None


def cue_number(k: int, reel: int = 1) -> str:
    """As cue sheets count: 1m01 is the first cue of the first reel."""
    return f"{reel}m{k:02d}"


def _remade(cue: Cue, **changes: Any) -> Cue:
    """A changed cue that has to be fitted again; hit points wait for their misses."""
    hits = tuple(replace(hit, miss=None) for hit in changes.get("hits", cue.hits))
    return replace(cue, **{**changes, "hits": hits, "pieces": (), "gain": (), "note": ""})


def _within(cue: Cue, start: int | None = None, end: int | None = None) -> tuple[HitPoint, ...]:
    low, high = cue.start if start is None else start, cue.end if end is None else end
    return tuple(hit for hit in cue.hits if low <= hit.frame < high)


def _beside(cue: Cue, moved: Cue) -> Cue | None:
    """What is left of a cue where another has come to lie; a locked one stays (and may clash)."""
    if cue.locked or cue.end <= moved.start or cue.start >= moved.end:
        return cue
    if cue.start < moved.start:
        return _remade(cue, end=moved.start, hits=_within(cue, end=moved.start))
    if cue.end > moved.end:
        return _remade(cue, start=moved.end, hits=_within(cue, start=moved.end))
    return None


def _ordered(cues: Iterable[Cue | None]) -> tuple[Cue, ...]:
    return tuple(sorted((c for c in cues if c is not None), key=lambda cue: cue.start))


def _plain(value: Any) -> Any:
    if isinstance(value, Sentence):
        return to_record(value)
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _score(given: Mapping[str, Any]) -> Score:
    film = given["film"]
    rate = FrameRate(_fraction(film["rate"]["fps"]), bool(film["rate"]["drop"]))
    cues = tuple(_cue(cue) for cue in given["cues"])
    return Score(
        Film(**{**film, "rate": rate}),
        cues,
        tuple(from_record(note) for note in given.get("notes", ())),
        _stretches(given.get("speech", ())),
        _stretches(given.get("own_music", ())),
        Ducking(**given.get("ducking", {})),
    )


def _stretches(given: Iterable[Any]) -> tuple[Stretch, ...]:
    return tuple((int(start), int(end)) for start, end in given)


def _cue(given: Mapping[str, Any]) -> Cue:
    pieces = (_piece(piece) for piece in given["pieces"])
    rebuilt = {
        "track": _track(given["track"]) if given["track"] else None,
        "pieces": tuple(pieces),
        "note": from_record(given.get("note", "")),
        "gain": tuple((int(frame), float(level)) for frame, level in given["gain"]),
        "hits": tuple(HitPoint(**hit) for hit in given["hits"]),
        "candidates": tuple(_candidate(one) for one in given.get("candidates", ())),
        "in_point": _place(given.get("in_point")),
    }
    return Cue(**{**given, **rebuilt})


def _piece(given: Mapping[str, Any]) -> Piece:
    piece = Piece(**{name: _fraction(value) for name, value in given.items()})
    if not Fraction(1, 2) <= piece.speed <= 2:
        raise ValueError(f"speed {piece.speed}")
    return piece


def _candidate(given: Mapping[str, Any]) -> Candidate:
    return Candidate(_track(given["track"]), _place(given.get("in_point")))


def _place(value: Any) -> Fraction | None:
    return None if value is None else _fraction(value)


def _track(given: Mapping[str, Any]) -> Track:
    beats = Correction(*map(float, given.get("beats", AS_MEASURED)))
    if not beats.is_sane():
        raise ValueError(f"beats {beats}")
    return Track(**{**given, "duration": _fraction(given["duration"]), "beats": beats})


def _fraction(value: Any) -> Fraction:
    """An exact number; `ValueError` for exponents, which can ask for gigabytes of digits."""
    if isinstance(value, str) and "e" in value.lower():
        raise ValueError(value)
    return Fraction(value)
