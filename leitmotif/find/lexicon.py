"""What words say about music: `data/reference/lexicon.toml`, which tells where each comes from."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from data.folders import ROOT

LANGUAGES = ("en", "zh")
_AROUND = ("stop", "joins", "breaks", "less", "negation")
_PLAIN = str.maketrans({"-": " ", "_": " ", "‐": " ", "–": " ", "’": "'", "‘": "'"})


@dataclass(frozen=True)
class Concept:
    """What one or several words ask for.

    fields : dimension to how many standard deviations of a catalogue, signed. classes : AudioSet
    class to how well it stands for the concept, 0–1. bpm : lowest and highest. vocals : singing or
    none; None says nothing. mode : "major", "minor" or "".
    """

    name: str
    words: tuple[str, ...]
    fields: Mapping[str, float] = field(default_factory=dict)
    classes: Mapping[str, float] = field(default_factory=dict)
    bpm: tuple[float, float] | None = None
    vocals: bool | None = None
    mode: str = ""
    source: str = ""

    @property
    def is_thing(self) -> bool:
        """Whether it names what plays and not how: negation ends behind it."""
        return not self.fields


@dataclass(frozen=True)
class Sign:
    """What a phrase is: a concept, or what changes the one behind it.

    kind : concept, degree, negation, less, joins, breaks or stop. degree : factor of a degree.
    """

    kind: str
    concept: Concept | None = None
    degree: float = 1.0


@dataclass(frozen=True)
class Lexicon:
    """All phrases, normalised by `plain`, and what they are."""

    signs: Mapping[str, Sign]
    concepts: tuple[Concept, ...]

    @cached_property
    def longest(self) -> int:
        """Characters of the longest phrase."""
        return max(map(len, self.signs))


def plain(text: str) -> str:
    """Text as phrases are kept: compatibility forms, no case, hyphens as spaces, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN).split())


@cache
def lexicon() -> Lexicon:
    """The lexicon that ships with the project."""
    with (ROOT / "reference" / "lexicon.toml").open("rb") as file:
        return parse(tomllib.load(file))


def parse(tables: Mapping[str, Any]) -> Lexicon:
    """A lexicon from the tables of its file."""
    concepts = tuple(_concept(name, entry) for name, entry in tables["concept"].items())
    signs = {word: Sign(kind) for kind in _AROUND for word in _words(tables[kind])}
    signs |= {
        word: Sign("degree", degree=float(factor))
        for factor, entry in tables["degree"].items()
        for word in _words(entry)
    }
    signs |= {word: Sign("concept", c) for c in concepts for word in c.words}
    return Lexicon(signs, concepts)


def _concept(name: str, entry: Mapping[str, Any]) -> Concept:
    low_high = entry.get("bpm")
    return Concept(
        name,
        tuple(_words(entry)),
        entry.get("fields", {}),
        entry.get("classes", {}),
        (float(low_high[0]), float(low_high[1])) if low_high else None,
        entry.get("vocals"),
        entry.get("mode", ""),
        entry["source"],
    )


def _words(entry: Mapping[str, Any]) -> list[str]:
    return [plain(word) for language in LANGUAGES for word in entry[language]]
