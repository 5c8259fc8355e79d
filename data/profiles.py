"""The two vectors: what Leitmotif says of a picture (11 numbers) and of music (10 numbers).

Order, names, units and ranges are fixed here and nowhere else; table columns, network heads and
chart labels are read from `VIDEO_FIELDS` and `MUSIC_FIELDS`.

Conventions: `values` and `confidence` are float64 in field order. Confidence runs from 0 (no
evidence: the value is the field's neutral one) to 1. Valence and arousal of picture and music share
one scale, −100 to 100 with 0 neutral, so that "as tense as the picture" means something.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from data.errors import InputError
from data.numbers import parse_number


class Field(NamedTuple):
    """One dimension of a profile."""

    name: str
    """Our column name, snake_case."""
    label: str
    """English, for people."""
    zh: str
    """Chinese, for people."""
    low: float
    high: float
    neutral: float
    """The value when there is no evidence."""
    meaning: str
    """What a high value says."""
    aliases: tuple[str, ...] = ()
    """Other column names that mean this field."""


VIDEO_FIELDS: tuple[Field, ...] = (
    Field(
        "character_tension",
        "Character tension",
        "人物张力",
        0,
        100,
        50,
        "the people on screen look tense",
    ),
    Field("scene_tension", "Scene tension", "场景张力", 0, 100, 50, "the scene itself feels tense"),
    Field(
        "narrative_pacing",
        "Narrative pacing",
        "叙事节奏",
        0,
        100,
        50,
        "short shots and much motion",
    ),
    Field(
        "narrative_content", "Narrative content", "叙事内容", 0, 100, 50, "there is much to tell"
    ),
    Field(
        "image_affinity",
        "Image affinity",
        "形象亲缘",
        -100,
        100,
        0,
        "figures are close and inviting",
    ),
    Field(
        "action_energy",
        "Action energy",
        "动作能量",
        0,
        100,
        50,
        "things in the picture move with force",
    ),
    Field("color_weight", "Colour weight", "色彩轻重", 0, 1, 0.5, "dark, heavy colours"),
    Field("color_warmth", "Colour warmth", "色彩冷暖", 0, 1, 0.5, "warm colours"),
    Field(
        "motion_amplitude",
        "Motion amplitude",
        "动作幅度",
        0,
        1,
        0.5,
        "the whole picture moves far, camera included",
    ),
    Field("visual_arousal", "Visual arousal", "画面唤醒度", -100, 100, 0, "the picture excites"),
    Field("visual_valence", "Visual valence", "画面效价", -100, 100, 0, "the picture pleases"),
)

MUSIC_FIELDS: tuple[Field, ...] = (
    Field("richness", "Richness", "丰富度", -10, 10, 0, "dense texture, many sounds at once"),
    Field("variation", "Variation", "变化度", -10, 10, 0, "the music keeps changing"),
    Field("rhythm", "Rhythm", "节奏感", -10, 10, 0, "a clear, strong pulse"),
    Field("warmth", "Warmth", "温暖度", -10, 10, 0, "full low middle, soft attacks"),
    Field("harmony", "Harmony", "和谐度", -10, 10, 0, "consonant, clearly in a key"),
    Field(
        "brightness",
        "Brightness",
        "明亮度",
        0,
        100,
        50,
        "energy in the high frequencies",
        ("brightness_score",),
    ),
    Field(
        "melody_trend",
        "Melody trend",
        "旋律走向",
        0,
        100,
        50,
        "the melody rises (50 = level)",
        ("melody_trend_score",),
    ),
    Field(
        "rhythm_speed",
        "Rhythm speed",
        "节奏速度",
        0,
        100,
        50,
        "fast tempo, many onsets",
        ("rhythm_speed_score",),
    ),
    Field(
        "arousal", "Arousal", "音乐唤醒度", -100, 100, 0, "the music excites", ("music_arousal",)
    ),
    Field(
        "valence",
        "Valence",
        "音乐效价",
        -100,
        100,
        0,
        "the music sounds positive",
        ("music_valence",),
    ),
)

VIDEO_NAMES: tuple[str, ...] = tuple(f.name for f in VIDEO_FIELDS)
MUSIC_NAMES: tuple[str, ...] = tuple(f.name for f in MUSIC_FIELDS)


def column_key(name: str) -> str:
    """Fold a column name so that case, spaces, underscores and hyphens don't matter."""
    return re.sub(r"[\s_\-]+", "", name).casefold()


def field_lookup(fields: Sequence[Field]) -> dict[str, int]:
    """Every spelling of every field (ours, label, Chinese, aliases), folded, to its position."""
    return {
        column_key(spelling): position
        for position, f in enumerate(fields)
        for spelling in (f.name, f.label, f.zh, *f.aliases)
    }


def parse_vector(text: str, fields: Sequence[Field], argument: str) -> np.ndarray:
    """Numbers typed by a person, as one vector in field order.

    Separators are commas (also `，` and `、`), semicolons and white space; brackets around the
    whole are ignored. Between semicolons, commas are decimal ones where that gives as many numbers
    as there are fields. `argument` names the source in the message of any `InputError`.
    """
    text = text.strip().strip("[]()").replace("−", "-")
    words = [w for w in re.split(r"[\s,;，、；]+", text) if w]
    pieces = [w.strip(",，") for w in re.split(r"[\s;、；]+", text) if w.strip(",，")]
    if len(words) != len(pieces) == len(fields):
        words = pieces
    values = np.array([_typed_number(w) for w in words])
    for word, value in zip(words, values, strict=True):
        if np.isnan(value) and word.casefold().lstrip("+-") != "nan":
            raise InputError("profile.word", argument=argument, word=word, n=len(fields))
    if len(values) != len(fields):
        names = tuple(f.name for f in fields)
        raise InputError(
            "profile.count", argument=argument, given=len(values), n=len(fields), names=names
        )
    if not np.isfinite(values).all():
        name = fields[int(np.flatnonzero(~np.isfinite(values))[0])].name
        raise InputError("profile.not_finite", argument=argument, field=name)
    return values


def _typed_number(word: str) -> float:
    """A number as `parse_number` reads it; infinity is one here, so that it can be named."""
    infinite = word.casefold().lstrip("+-") in ("inf", "infinity")
    return np.inf if infinite else parse_number(word)


@dataclass(frozen=True)
class Curves:
    """Values over time: one row per token.

    `times` (T,) are the tokens' start times in seconds; `values` is (T, n) in the order of `names`.
    """

    times: np.ndarray
    values: np.ndarray
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        assert self.values.shape == (len(self.times), len(self.names)), self.values.shape

    def __getitem__(self, name: str) -> np.ndarray:
        """The curve of one name, shape (T,)."""
        return self.values[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class Profile:
    """Values in field order with the evidence behind each, and who measured them.

    values : float64 (n,), within the fields' ranges.
    confidence : float64 (n,), 0–1.
    extractor : name, version and weights of what measured the values; empty when unknown.
    curves : the same fields (or descriptors) over time, where they were measured.
    warnings : sentences about the input that a person should read.

    Raises `InputError` for a wrong count or a non-finite number.
    """

    FIELDS: ClassVar[tuple[Field, ...]] = ()

    values: np.ndarray
    confidence: np.ndarray
    extractor: str = ""
    curves: Curves | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kind, n = type(self).__name__, len(self.FIELDS)
        for name in ("values", "confidence"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != (n,):
                shape = str(array.shape)
                raise InputError("profile.shape", kind=kind, name=name, shape=shape, n=n)
            if not np.isfinite(array).all():
                at = self.FIELDS[int(np.flatnonzero(~np.isfinite(array))[0])].name
                raise InputError("profile.value", kind=kind, name=name, field=at)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def neutral(cls, extractor: str = "") -> Self:
        """The profile of no evidence: neutral values, confidence 0."""
        return cls(np.array([f.neutral for f in cls.FIELDS]), np.zeros(len(cls.FIELDS)), extractor)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(f.name for f in cls.FIELDS)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.names().index(name)])

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and np.array_equal(self.values, other.values)
            and np.array_equal(self.confidence, other.confidence)
            and self.extractor == other.extractor
        )

    __hash__ = None  # type: ignore[assignment]

    def to_dict(self) -> dict[str, Any]:
        return {
            "values": dict(zip(self.names(), self.values.tolist(), strict=True)),
            "confidence": dict(zip(self.names(), self.confidence.tolist(), strict=True)),
            "extractor": self.extractor,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`; a missing confidence is 1.

        Raises `InputError` for a missing field, or a value outside its field's range.
        """
        values = _in_order(cls.FIELDS, record.get("values", record), cls.__name__)
        _check_range(values, cls.FIELDS, cls.__name__)
        confidence = record.get("confidence")
        sure = np.ones(len(cls.FIELDS))
        if confidence is not None:
            sure = _in_order(cls.FIELDS, confidence, cls.__name__)
            if not ((sure >= 0) & (sure <= 1)).all():
                raise InputError("profile.confidence", kind=cls.__name__)
        warnings = record.get("warnings") or ()
        if not isinstance(warnings, list | tuple):
            raise InputError("profile.warnings", kind=cls.__name__)
        return cls(
            values,
            sure,
            str(record.get("extractor", "")),
            warnings=tuple(w if isinstance(w, str) else str(w) for w in warnings),
        )

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        try:
            record = json.loads(text)
        except (ValueError, RecursionError):  # also numbers of thousands of digits
            raise InputError("profile.no_json", kind=cls.__name__) from None
        if not isinstance(record, dict):
            found = type(record).__name__
            raise InputError("profile.no_object", kind=cls.__name__, found=found)
        return cls.from_dict(record)

    def to_csv(self) -> str:
        """A header line and one row: the values, their confidences, the extractor."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.names(), *(f"{n}_confidence" for n in self.names()), "extractor"])
        writer.writerow(
            [*map(repr, self.values.tolist()), *map(repr, self.confidence.tolist()), self.extractor]
        )
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str) -> Self:
        """The first row of a table whose header names the fields in any known spelling."""
        try:
            rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        except csv.Error:
            rows = []
        if len(rows) < 2:
            raise InputError("profile.no_row", kind=cls.__name__)
        row = dict(zip(rows[0], rows[1], strict=False))
        confidence = {
            k.removesuffix("_confidence"): v for k, v in row.items() if k.endswith("_confidence")
        }
        return cls.from_dict(
            {"values": row, "extractor": row.get("extractor", "")}
            | ({"confidence": confidence} if confidence else {})
        )


def _check_range(values: np.ndarray, fields: Sequence[Field], kind: str) -> None:
    for f, value in zip(fields, values.tolist(), strict=True):
        slack = 1e-6 * (f.high - f.low)
        if value < f.low - slack or value > f.high + slack:  # NaN is named by the constructor
            raise InputError(
                "profile.range", kind=kind, field=f.name, value=value, low=f.low, high=f.high
            )


def _in_order(fields: Sequence[Field], record: Mapping[str, Any], kind: str) -> np.ndarray:
    """Values of a mapping with any spelling of the field names, in field order."""
    if not isinstance(record, Mapping):
        raise InputError("profile.no_fields", kind=kind, found=type(record).__name__)
    lookup = field_lookup(fields)
    found = {
        lookup[column_key(str(k))]: v for k, v in record.items() if column_key(str(k)) in lookup
    }
    missing = [f.name for i, f in enumerate(fields) if i not in found]
    if missing:
        raise InputError("profile.missing", kind=kind, missing=missing)
    try:
        return np.array([float(found[i]) for i in range(len(fields))])
    except (TypeError, ValueError, OverflowError):
        raise InputError("profile.numbers", kind=kind) from None


class VideoProfile(Profile):
    """What the picture is like: 11 values in the order of `VIDEO_FIELDS`."""

    FIELDS = VIDEO_FIELDS


class MusicProfile(Profile):
    """What the music is like: 10 values in the order of `MUSIC_FIELDS`."""

    FIELDS = MUSIC_FIELDS
