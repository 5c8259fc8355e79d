"""From what was read to a request: values, importance, what must be heard, what may be answered.

A word asks for so many standard deviations of the catalogue (`data/reference/lexicon.toml`). That
becomes a value by the catalogue's own quantiles, so that what is asked for is there: "very slow" is
what only a few tracks of this catalogue are slower than. Sizes are heuristic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr

from data.buckets import SUNG_FROM
from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from data.words import Sentence
from leitmotif.find.numbers import Range
from leitmotif.find.reading import Meaning, Reading

MOST = 2.2
"""No word asks for more standard deviations: fewer than 1.4 % of the tracks lie beyond."""
_AGREE = 0.25
"""What further words of the same direction add to the strongest."""


@dataclass(frozen=True)
class Sound:
    """Something that is to be heard, or not to be.

    word : as it was asked for. classes : AudioSet class to 0–1. weight : above 0 wanted, below 0
    unwanted; 1 is a plain word.
    """

    word: str
    classes: Mapping[str, float]
    weight: float = 1.0


@dataclass(frozen=True)
class Wish:
    """What is asked of the tracks.

    fields : dimension to standard deviations, signed. importance : dimension to weight. sounds :
    what is to be heard. vocals, mode, bpm, seconds : None or "" where nothing is said.
    """

    fields: Mapping[str, float] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    sounds: tuple[Sound, ...] = ()
    vocals: bool | None = None
    mode: str = ""
    bpm: Range | None = None
    seconds: Range | None = None

    @classmethod
    def of(cls, reading: Reading) -> Wish:
        """What a reading asks for."""
        asked: dict[str, list[float]] = {}
        for meaning in reading.meanings:
            for name, amount in meaning.concept.fields.items():
                asked.setdefault(name, []).append(amount * meaning.degree)
        fields = {name: _together(amounts) for name, amounts in asked.items()}
        fields = {name: amount for name, amount in fields.items() if abs(amount) > 0.05}
        importance = {name: min(max(abs(a), 0.2), 2.0) for name, a in fields.items()}
        bpm = reading.bpm or next(
            (m.concept.bpm for m in reading.meanings if m.concept.bpm and m.degree > 0), None
        )
        return cls(
            fields,
            importance,
            tuple(_sounds(reading.meanings)),
            _vocals(reading.meanings),
            _mode(reading.meanings),
            bpm,
            reading.seconds,
        )

    def values(self, features: np.ndarray) -> np.ndarray:
        """What the wish is in a catalogue's numbers, (10,); the middle where nothing is said."""
        asked = np.array([self.fields.get(name, 0.0) for name in MUSIC_NAMES])
        return np.array([
            np.quantile(column, ndtr(amount))
            for column, amount in zip(features.T, asked, strict=True)
        ])  # fmt: skip

    def weights(self) -> np.ndarray:
        """What each dimension weighs, (10,); 0 where nothing is said."""
        return np.array([self.importance.get(name, 0.0) for name in MUSIC_NAMES])


def _together(amounts: list[float]) -> float:
    """Several words on one dimension: the strongest leads, those that agree add a little.

    Words that contradict each other meet in the middle.
    """
    up, down = ([a for a in amounts if a * sign > 0] for sign in (1, -1))
    total = sum(
        sign * (max(map(abs, side)) * (1 - _AGREE) + _AGREE * sum(map(abs, side)))
        for sign, side in ((1, up), (-1, down))
        if side
    )
    return float(np.clip(total, -MOST, MOST))


def _sounds(meanings: Iterable[Meaning]) -> Iterable[Sound]:
    for m in meanings:
        if m.concept.classes:
            yield Sound(m.word, m.concept.classes, min(m.degree, 1.5))


def _vocals(meanings: Iterable[Meaning]) -> bool | None:
    said = [m.concept.vocals == (m.degree > 0) for m in meanings if m.concept.vocals is not None]
    return said[-1] if said else None


def _mode(meanings: Iterable[Meaning]) -> str:
    """The mode that was named last; a mode that was refused is the other."""
    other = {"minor": "major", "major": "minor"}
    said = [m.concept.mode if m.degree > 0 else other[m.concept.mode]
            for m in meanings if m.concept.mode]  # fmt: skip
    return said[-1] if said else ""


# ---------------------------------------------------------------- what may be answered


def allowed(wish: Wish, catalogue: Catalogue) -> tuple[np.ndarray, list[Sentence]]:
    """The rows that tempo, length, mode and voices leave, bool (N,), and what could not be asked.

    A condition that a catalogue says nothing about, or that no track meets, is left out and said.
    """
    mask = np.ones(len(catalogue), bool)
    said: list[Sentence] = []
    for name, met, known in _conditions(wish, catalogue):
        if not known:
            said.append(Sentence("find.not_known", what=name))
        elif not (mask & met).any():
            said.append(Sentence("find.none_such", what=name))
        else:
            mask &= met
    return mask, said


def _conditions(wish: Wish, catalogue: Catalogue) -> Iterable[tuple[Sentence, np.ndarray, bool]]:
    """What is asked, the rows that meet it, and whether the catalogue knows of such things."""
    if wish.bpm:
        tempos = [catalogue.numbers(n) for n in ("bpm", "bpm_alternative")]
        met = np.any([_within(t, wish.bpm) for t in tempos], axis=0)
        yield _range("tempo", wish.bpm), met, bool(np.isfinite(tempos[0]).any())
    if wish.seconds:
        length = catalogue.numbers("duration_s")
        met = _within(length, wish.seconds)
        yield _range("length", wish.seconds), met, bool(np.isfinite(length).any())
    if wish.mode:
        keys = catalogue.text("key")
        code = "find.minor" if wish.mode == "minor" else "find.major"
        yield Sentence(code), np.array([k.endswith(wish.mode) for k in keys]), any(keys)
    if wish.vocals is not None:
        share = catalogue.numbers("vocals")
        met = share >= SUNG_FROM if wish.vocals else share < SUNG_FROM
        code = "find.sung" if wish.vocals else "find.unsung"
        yield Sentence(code), met, bool(np.isfinite(share).any())


def _within(values: np.ndarray, limits: Range) -> np.ndarray:
    return (values >= limits[0]) & (values <= limits[1])


def _range(what: str, limits: Range) -> Sentence:
    low, high = limits
    if not math.isfinite(high):
        return Sentence(f"find.{what}_least", low=low)
    if not low:
        return Sentence(f"find.{what}_most", high=high)
    return Sentence(f"find.{what}", low=low, high=high)


# ------------------------------------------------------------------------------ in words


def account(reading: Reading) -> list[tuple[str, list[Sentence]]]:
    """What was understood, word by word: as typed, and what it asks for."""
    found: list[tuple[str, list[Sentence]]] = []
    for m in reading.meanings:
        asks = [_way(name, a * m.degree) for name, a in m.concept.fields.items()]
        if m.concept.vocals is not None:
            asks = [Sentence("find.sung" if m.concept.vocals == (m.degree > 0) else "find.unsung")]
        elif m.concept.classes:
            asks.append(Sentence("find.heard" if m.degree > 0 else "find.unheard", what=m.word))
        if m.concept.mode:
            minor = (m.concept.mode == "minor") == (m.degree > 0)
            asks.append(Sentence("find.minor" if minor else "find.major"))
        if m.concept.bpm and m.degree > 0:
            asks.append(_range("tempo", m.concept.bpm))
        found.append((m.taken_as or m.word, asks))
    for what, limits in (("tempo", reading.bpm), ("length", reading.seconds)):
        if limits:
            found.append((f"{limits[0]:g}–{limits[1]:g}", [_range(what, limits)]))
    return found


def _way(name: str, amount: float) -> Sentence:
    label = Sentence(f"field.{name}")
    code = "find.up" if amount > 0 else "find.down"
    return Sentence(code, field=label, d=f"{abs(amount):.1f}")
