"""A query in words, read: which concepts, how much of each, and what nobody knows.

The longest phrase that the lexicon has is taken at each place, in both languages alike, so that
Chinese needs no spaces. English words are also known by their stems ("calmer", "drummed").
Negation and degree change what follows them, up to the next comma or turn of the sentence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from leitmotif.find.lexicon import Concept, Lexicon, Sign, lexicon, plain
from leitmotif.find.numbers import Range, read_numbers

_JOINS = "、/&+"
_HARMLESS = "'\"`()[]{}*#“”‘’《》「」（）【】 "
_NEGATED = -0.8
"""“Not happy” asks for less of it, but for no more than that (heuristic)."""
_LESS = -0.5

Nearest = Callable[[str], str | None]
"""From a word to the known word that means nearly the same, None where none does."""


class Piece(NamedTuple):
    """A part of a query: what it is, None where nobody knows, and its text."""

    sign: Sign | None
    text: str
    mark: str = ""
    """A comma between parts, "&" where both sides belong together."""
    taken_as: str = ""
    """The known word that an unknown one was taken for."""


@dataclass(frozen=True)
class Meaning:
    """One concept as it was asked for.

    degree : 1 as the lexicon says, below 0 turned round. taken_as : the known word that an unknown
    one was taken for.
    """

    word: str
    concept: Concept
    degree: float = 1.0
    taken_as: str = ""


@dataclass(frozen=True)
class Reading:
    """What was understood of a query, and the words that were not."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    unknown: tuple[str, ...] = ()
    bpm: Range | None = None
    seconds: Range | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.meanings or self.bpm or self.seconds)


def read(text: str, nearest: Nearest | None = None, words: Lexicon | None = None) -> Reading:
    """Read a query. nearest : what takes unknown words to known ones, where something does."""
    words = words or lexicon()
    numbers = read_numbers(unicodedata.normalize("NFKC", text).casefold())
    pieces = list(_known(_pieces(numbers.rest, words), nearest, words))
    meanings = tuple(_meanings(pieces))
    unknown = tuple(dict.fromkeys(p.text for p in pieces if p.sign is None and not p.mark))
    return Reading(text.strip(), meanings, unknown, numbers.bpm, numbers.seconds)


# ------------------------------------------------------------------------------ cutting


def _pieces(text: str, words: Lexicon) -> Iterator[Piece]:
    """The text cut into phrases that are known, words that are not, and marks."""
    text = plain(text)
    place = 0
    unknown = ""
    while place < len(text):
        phrase = _phrase(text, place, words)
        letter = text[place]
        if not phrase and _is_wide(letter):
            unknown += letter
            place += 1
            continue
        if unknown:
            yield Piece(None, unknown)
            unknown = ""
        if phrase:
            yield Piece(words.signs[phrase], phrase)
            place += len(phrase)
        elif letter.isalnum():
            word = _word(text, place)
            yield _stemmed(word, words)
            place += len(word)
        else:
            if letter in _JOINS:
                yield Piece(None, letter, "&")
            elif letter not in _HARMLESS:
                yield Piece(None, letter, ",")
            place += 1
    if unknown:
        yield Piece(None, unknown)


def _phrase(text: str, place: int, words: Lexicon) -> str:
    """The longest known phrase that begins at a place; empty where none does."""
    if place and _joined(text[place - 1], text[place]):
        return ""
    for length in range(min(words.longest, len(text) - place), 0, -1):
        end = place + length
        phrase = text[place:end]
        if phrase in words.signs and (end == len(text) or not _joined(text[end - 1], text[end])):
            return phrase
    return ""


def _joined(a: str, b: str) -> bool:
    """Whether two letters stand within one word of a script with spaces."""
    return (a.isalnum() or a == "'") and b.isalnum() and not _is_wide(a) and not _is_wide(b)


def _is_wide(letter: str) -> bool:
    """Whether a script without spaces writes it."""
    return letter.isalnum() and unicodedata.east_asian_width(letter) in "WF"


def _word(text: str, place: int) -> str:
    end = place
    while end < len(text) and (text[end].isalnum() or text[end] == "'") and not _is_wide(text[end]):
        end += 1
    return text[place:end]


def _stemmed(word: str, words: Lexicon) -> Piece:
    """A word that is not known as it is, by its stem."""
    for ending, others, degree in _ENDINGS:
        if not word.endswith(ending) or len(word) < len(ending) + 3:
            continue
        stem = word.removesuffix(ending)
        doubled = [stem[:-1]] if stem[-1] == stem[-2] else []
        for candidate in (*(stem + o for o in others), *doubled):
            sign = words.signs.get(candidate)
            if sign and sign.kind == "concept":
                return Piece(replace(sign, degree=degree), word)
    return Piece(None, word)


_ENDINGS = (
    ("iest", ("y",), 1.5),
    ("ier", ("y",), 1.0),
    ("ily", ("y",), 1.0),
    ("iness", ("y",), 1.0),
    ("ies", ("y",), 1.0),
    ("ness", ("",), 1.0),
    ("est", ("", "e"), 1.5),
    ("ers", ("", "e"), 1.0),
    ("ing", ("", "e"), 1.0),
    ("ish", ("", "e"), 0.5),
    ("es", ("", "e"), 1.0),
    ("ed", ("", "e"), 1.0),
    ("er", ("", "e"), 1.0),
    ("ly", ("", "e"), 1.0),
    ("y", ("", "e"), 1.0),
    ("s", ("",), 1.0),
    ("'s", ("",), 1.0),
)
"""Endings of English, what stands in their place in the stem, and the degree that they say."""


def _known(pieces: Iterator[Piece], nearest: Nearest | None, words: Lexicon) -> Iterator[Piece]:
    """Pieces with unknown words taken for the known ones that are nearest."""
    for piece in pieces:
        known = nearest(piece.text) if nearest and piece.sign is None and not piece.mark else None
        yield piece if known is None else Piece(words.signs[known], piece.text, "", known)


# ------------------------------------------------------------------------------ meaning


def _meanings(pieces: list[Piece]) -> Iterator[Meaning]:
    """Concepts with what stands before them."""
    factor, degree = 1.0, 1.0
    last: Concept | None = None
    joined = False
    for piece in pieces:
        kind = piece.mark or (piece.sign.kind if piece.sign else "unknown")
        if kind in (",", "breaks") or (kind == "stop" and last and _ends_scope(piece.text, last)):
            factor, degree, last = 1.0, 1.0, None
        elif kind in ("&", "joins"):
            joined = True
            degree = 1.0
        elif kind in ("negation", "less"):
            factor, last = (_NEGATED if kind == "negation" else _LESS), None
        elif piece.sign and kind == "degree":
            if factor == _NEGATED and piece.sign.degree > 1:
                factor = _LESS  # "not very"
            else:
                degree *= piece.sign.degree
        elif piece.sign and piece.sign.concept:
            concept = piece.sign.concept
            if last and last.is_thing and not concept.is_thing and not joined:
                factor = 1.0  # "no drums slow": the second phrase has its own say
            amount = factor * degree * piece.sign.degree
            yield Meaning(piece.text, concept, amount, piece.taken_as)
            last, degree, joined = concept, 1.0, False


def _ends_scope(stop: str, last: Concept) -> bool:
    """Whether a small word behind a concept ends what a negation before it says.

    “没有鼓的钢琴” is a piano without drums, “没有强烈的鼓” no strong drums.
    """
    return last.is_thing if stop in ("的", "般的") else True
