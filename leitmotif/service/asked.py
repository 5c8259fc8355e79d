"""What a client may send: requests as typed bodies, and the queries that they mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, parse_vector
from leitmotif.score.spotting import SHORTEST_S
from leitmotif.service.shelf import DEFAULT
from matcher import presets
from matcher.filters import Filter
from matcher.importance import check_weights, field_position, parse_weights
from matcher.query import Query

MOST_TRACKS = 1000
LONGEST_S = 1e6
"""Seconds of a film or track that can be named."""
EXAMPLE: dict[str, JsonValue] = dict(
    zip(
        MUSIC_NAMES,
        (-0.8372, 2.8622, -3.8342, -5.1344, -4.2335, 22.4444, 50.9279, 76.1797, 56.2267, -20.4412),
        strict=True,
    )
)
Number = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
Numbers = dict[str, Number] | Annotated[list[Number], Field(min_length=10, max_length=10)]


class Strict(BaseModel):
    """A body in which a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class Ranking(Strict):
    """How tracks are ranked; the same for a query in an address and in a body."""

    catalogue: str = Field(DEFAULT, max_length=64, description="id of a catalogue")
    k: int = Field(5, ge=1, le=MOST_TRACKS, description="how many tracks")
    metric: Literal["euclidean", "cosine"] = "euclidean"
    scale: Literal["standard", "raw"] = "standard"
    filter: Annotated[list[str], Field(max_length=50)] | None = Field(
        None, description="only tracks such as bpm=90..130, license=CC*, duration<=3:00"
    )
    diversity: float = Field(0.0, ge=0, le=1, description="up to 1 avoids similar tracks")

    def ranked(self, values: np.ndarray | None, importance: np.ndarray | None) -> Query:
        """The query. Raises `InputError`."""
        return Query(
            values=values,
            importance=importance,
            metric=self.metric,
            scale=self.scale,
            k=self.k,
            filter=Filter.parse(self.filter, "filter") if self.filter else None,
            diversity=self.diversity,
        )


class Wished(Ranking):
    """Which part of a film, what leads it, and where in a track it begins."""

    start: Seconds = Field(0.0, description="second of the film")
    end: Seconds | None = Field(None, description="second of the film; its end where none is given")
    per_scene: bool = Field(False, description="an answer for each scene")
    kind: Literal["story", "music"] = Field("story", description="what leads the film")
    place: Seconds | None = Field(
        None, description="second of the track at which the film begins, where that is decided"
    )


class RecommendationQuery(Wished):
    """A request for recommendations in an address: numbers as text."""

    values: str | None = Field(
        None, max_length=1000, description="ten music numbers in place of the predicted ones"
    )
    importance: str | None = Field(
        None, max_length=1000, description="equal, va, ten numbers, or valence=2,rhythm=0.5"
    )

    def query(self) -> Query:
        """Raises `InputError`."""
        values = None if self.values is None else parse_vector(self.values, MUSIC_FIELDS, "values")
        return self.ranked(values, importance_of(self.importance))


class RecommendationRequest(Wished):
    """A request for recommendations as a body."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"k": 3, "importance": {"valence": 2, "arousal": 2}}]}
    )
    values: Numbers | None = Field(
        None, description="ten music numbers in place of the predicted ones, by name or in order"
    )
    importance: Numbers | Literal["equal", "va"] | None = Field(
        None, description="what each dimension weighs; those that are not named weigh 1"
    )

    def query(self) -> Query:
        """Raises `InputError`."""
        return self.ranked(values_of(self.values), importance_of(self.importance))


class MatchRequest(Ranking):
    """Ten music numbers, as `match_audio.py` takes them; its defaults, too."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"values": EXAMPLE, "k": 3}]})
    values: Numbers = Field(description="ten music numbers, by name or in order")
    importance: Numbers | Literal["equal", "va"] | None = None
    scale: Literal["standard", "raw"] = "raw"

    def query(self) -> Query:
        """Raises `InputError`."""
        return self.ranked(values_of(self.values), importance_of(self.importance))


class PathRequest(Strict):
    """A file or folder of the service's machine, inside a folder that it was started with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"path": "reel-1.mov"}]})
    path: str = Field(min_length=1, max_length=4000, description="absolute, or from a root on")


class ScoreRequest(Strict):
    """Which film's music is to be planned, and how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"film": "0123456789abcdef0123456789abcdef"}]}
    )
    film: str = Field(max_length=64, description="id of a film")
    catalogue: str = Field(DEFAULT, max_length=64, description="id of a catalogue")
    shortest: Annotated[float, Field(gt=0, le=LONGEST_S)] = Field(
        SHORTEST_S, description="seconds; no cue is shorter"
    )
    reprise: bool = Field(False, description="a track may come more than once")
    drop_frame: bool = Field(False, description="count in drop-frame timecode")


class RenderRequest(Strict):
    """How a score is to sound."""

    film_sound: Literal["mix", "mute"] = Field("mix", description="the film's own sound")
    loudness: Literal["streaming", "web", "broadcast"] = Field("web", description="of the whole")
    stem: bool = Field(False, description="the music alone, as WAV")


class ExportRequest(Strict):
    """The format in which another program is to read a score."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"format": "otio"}]})
    format: str = Field(max_length=40)


def values_of(given: Numbers | None) -> np.ndarray | None:
    """Ten numbers in field order; those that are not named are neutral. Raises `InputError`."""
    if not isinstance(given, dict):
        return None if given is None else np.array(given)
    values = np.array([field.neutral for field in MUSIC_FIELDS], dtype=float)
    for name, number in given.items():
        values[field_position(name, "values")] = number
    return values


def importance_of(given: Any) -> np.ndarray | None:
    """Ten weights in field order, None where nothing is asked. Raises `InputError`."""
    if given is None:
        return None
    if given == "equal":
        return presets.equal()
    if given == "va":
        return presets.va_only()
    if isinstance(given, str):
        return parse_weights(given, "importance")
    if isinstance(given, list):
        return check_weights(np.array(given), "importance")
    weights = np.ones(len(MUSIC_NAMES))
    for name, number in given.items():
        weights[field_position(name, "importance")] = number
    return check_weights(weights, "importance")
