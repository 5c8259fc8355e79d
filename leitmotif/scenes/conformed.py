"""An edit and where its shots are from: plain data, as JSON.

Frames count from 0 and ends are exclusive, those of the edit in its rate and those of a film in the
film's; seconds and speeds are fractions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from data.atomic import atomic_path
from data.words import Sentence
from leitmotif.score.model import Film

VERSION = 1


@dataclass(frozen=True)
class Source:
    """A film of the library. duration in seconds; missing : its file is not there any more."""

    film_id: str
    path: str
    title: str
    rate: Fraction
    duration: float
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Place:
    """A stretch of a film that a shot shows.

    source_in, source_out : frames of the film. time_in : seconds at which the film is when the shot
    begins. speed : seconds of the film per second of the edit. window : left, top, right, bottom of
    the film's picture that is seen, as shares of it. agreement : −1–1, mean correlation of the
    shot's pictures with the film's.
    """

    source: Source
    source_in: int
    source_out: int
    time_in: Fraction
    speed: Fraction
    mirrored: bool
    window: tuple[float, float, float, float]
    agreement: float

    def at(self, seconds: Fraction) -> Fraction:
        """Seconds of the film, so many seconds after the shot's beginning."""
        return self.time_in + self.speed * seconds


@dataclass(frozen=True)
class Shot:
    """One shot of the edit.

    place : where it is from, None if from no film of the library. confidence : 0–1, in what is said
    of it. second : the next best place, whether believed or not.
    """

    record_in: int
    record_out: int
    place: Place | None
    confidence: float
    second: Place | None = None

    @property
    def frames(self) -> int:
        return self.record_out - self.record_in


@dataclass(frozen=True)
class Conformed:
    """An edit, shot by shot, without gap or overlap."""

    edit: Film
    shots: tuple[Shot, ...]
    notes: tuple[Sentence, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.edit.path.replace("\\", "/")).name

    def sources(self) -> list[Source]:
        """The films that shots are from, in order of appearance."""
        found = {s.place.source.film_id: s.place.source for s in self.shots if s.place}
        return list(found.values())


def report(conformed: Conformed) -> dict[str, Any]:
    """Everything, as JSON has it: fractions as "24000/1001", timecodes beside frames."""
    edit = conformed.edit
    return {
        "kind": "leitmotif conformed edit",
        "version": VERSION,
        "edit": {
            "path": edit.path,
            "sha256": edit.sha256,
            "rate": str(edit.rate.fps),
            "frames": edit.frames,
            "width": edit.width,
            "height": edit.height,
            "has_sound": edit.has_sound,
        },
        "notes": list(conformed.notes),
        "shots": [
            {
                "number": k,
                "record_in": shot.record_in,
                "record_out": shot.record_out,
                "record_in_timecode": edit.rate.timecode(edit.start + shot.record_in),
                "record_out_timecode": edit.rate.timecode(edit.start + shot.record_out),
                "in_library": shot.place is not None,
                "confidence": round(shot.confidence, 3),
                "place": _place(shot.place),
                "second_best": _place(shot.second),
            }
            for k, shot in enumerate(conformed.shots, 1)
        ],
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "film": place.source.film_id,
        "title": place.source.title,
        "path": place.source.path,
        "rate": str(place.source.rate),
        "source_in": place.source_in,
        "source_out": place.source_out,
        "time_in": str(place.time_in),
        "seconds_in": round(float(place.time_in), 4),
        "speed": str(place.speed),
        "mirrored": place.mirrored,
        "window": [round(edge, 4) for edge in place.window],
        "agreement": round(place.agreement, 4),
    }


def report_text(conformed: Conformed) -> str:
    """The report as text."""
    return json.dumps(report(conformed), ensure_ascii=False, indent=1) + "\n"


def save_report(conformed: Conformed, path: str | Path) -> Path:
    """Write the report, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(report_text(conformed), encoding="utf-8")
    return Path(path)
