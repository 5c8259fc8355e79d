"""Which tracks may be answered: `bpm>=90, license=CC*, artist!=A|B, duration<=3:00`.

A filter is a list of conditions that must all hold, separated by commas, semicolons or "and". A
condition is a column (any spelling), one of = != < <= > >= ~ (contains), and a value; = and != take
alternatives between bars, `*` for any text, and = a range such as 90..130. Text is compared without
regard to case; times may be written 3:00. A track whose value is missing passes no condition
except != . A tempo is that of either metrical level, `bpm` or `bpm_alternative`: people count one
track at 70 and at 140. `energy=calm|groove` goes by arousal (`data.buckets`).
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.buckets import ENERGIES, energies
from data.catalogue import HEARD_COLUMNS, NUMBER_COLUMNS, Catalogue, metadata_name
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, column_key, field_lookup
from matcher.selection import select

_MUSIC = field_lookup(MUSIC_FIELDS)
_CONDITION = re.compile(r"\s*([^=!<>~]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*", re.DOTALL)
_NUMERIC = (*NUMBER_COLUMNS, *MUSIC_NAMES)


class Condition(NamedTuple):
    """One column compared with values.

    Numbers for <, <=, >, >= and "range"; text or numbers for the rest.
    """

    column: str
    operator: str
    values: tuple[str | float, ...]


@dataclass(frozen=True, eq=False)
class Filter:
    """Which tracks may be answered: those that meet conditions, or rows that are named.

    text : the filter in words, for people. conditions : all must hold. rows : a boolean per row or
    row numbers of the catalogue; None for all.
    """

    text: str
    conditions: tuple[Condition, ...] = ()
    rows: np.ndarray | None = None
    argument: str = "--filter"
    """What messages call it."""

    @classmethod
    def parse(cls, text: str | Sequence[str], argument: str = "--filter") -> Filter:
        """Conditions typed by a person; of several texts all must hold. Raises `InputError`."""
        texts = [text] if isinstance(text, str) else list(text)
        conditions = tuple(c for t in texts for c in parse_filter(t, argument))
        return cls(", ".join(texts), conditions, argument=argument)

    @classmethod
    def of(cls, where: str | np.ndarray | Sequence[int]) -> Filter:
        """A filter in words, or of rows. Raises `InputError`."""
        if isinstance(where, str):
            return cls.parse(where, "where")
        return cls("", rows=np.asarray(where), argument="where")

    def mask(self, catalogue: Catalogue) -> np.ndarray:
        """The rows that pass, boolean (N,).

        Raises `InputError` for a column or rows that are not there.
        """
        mask = passing(catalogue, self.conditions, self.argument)
        return mask if self.rows is None else mask & select(self.rows, len(catalogue)).mask


def parse_filter(text: str, argument: str = "--filter") -> tuple[Condition, ...]:
    """Conditions typed by a person. Raises `InputError`."""
    conditions = [_condition(piece, argument) for piece in _pieces(text) if piece.strip()]
    if not conditions:
        raise InputError("matcher.no_condition", argument=argument, text=text)
    return tuple(conditions)


def passing(
    catalogue: Catalogue, conditions: Sequence[Condition], argument: str = "--filter"
) -> np.ndarray:
    """The rows that meet all conditions, boolean (N,). `InputError` for an unknown column."""
    mask = np.ones(len(catalogue), dtype=bool)
    for condition in conditions:
        mask &= _holds(catalogue, condition, argument)
    return mask


def _pieces(text: str) -> list[str]:
    """The text cut at commas, semicolons and "and", but not inside quotes."""
    pieces = re.findall(r"""(?:"[^"]*"|'[^']*'|\s+and\s+|[^,;，；])+""", text, re.IGNORECASE)
    return [
        part
        for piece in pieces
        for part in re.split(
            r"""\s+and\s+(?=[^"'=<>~!]+(?:!=|<=|>=|=|<|>|~))""", piece, flags=re.IGNORECASE
        )
    ]


def _condition(piece: str, argument: str) -> Condition:
    found = _CONDITION.fullmatch(piece)
    if not found or not found[3]:
        raise InputError("matcher.bad_condition", argument=argument, text=piece.strip())
    spelling, operator, value = found.groups()
    position = _MUSIC.get(column_key(spelling))
    column = MUSIC_NAMES[position] if position is not None else metadata_name(spelling)
    if operator == "=" and (ends := re.fullmatch(r"\s*(\S+?)\s*\.\.\s*(\S+)\s*", value)):
        return Condition(
            column, "range", (_number(ends[1], piece, argument), _number(ends[2], piece, argument))
        )
    if operator[0] in "<>":
        return Condition(column, operator, (_number(value, piece, argument),))
    words = tuple(word.strip().strip("\"'") for word in value.split("|"))
    if column in _NUMERIC and operator != "~":
        return Condition(column, operator, tuple(_number(word, piece, argument) for word in words))
    return Condition(column, operator, words)


def _number(text: str, piece: str, argument: str) -> float:
    """A number, or a time such as 3:00 in seconds."""
    try:
        seconds = 0.0
        for part in text.replace("−", "-").split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError:
        seconds = float("nan")
    if not np.isfinite(seconds):
        raise InputError(
            "matcher.condition_no_number", argument=argument, value=text.strip(), text=piece.strip()
        )
    return seconds


def _holds(catalogue: Catalogue, condition: Condition, argument: str) -> np.ndarray:
    column, operator, values = condition
    if speaks_of_energy(condition):
        asked = [ENERGIES.index(str(value).casefold()) for value in values]
        of_kind = np.isin(energies(catalogue.features[:, MUSIC_NAMES.index("arousal")]), asked)
        return ~of_kind if operator == "!=" else of_kind
    if column not in MUSIC_NAMES and column not in catalogue.columns:
        known = [*(c for c in catalogue.columns if any(catalogue.text(c))), *MUSIC_NAMES]
        raise InputError("matcher.no_column", argument=argument, column=column, known=known)
    if operator in ("range", "<", "<=", ">", ">=") or isinstance(values[0], float):
        x = (
            catalogue.features[:, MUSIC_NAMES.index(column)]
            if column in MUSIC_NAMES
            else catalogue.numbers(column)
        )
        if column in HEARD_COLUMNS and not np.isfinite(x).any():
            raise InputError("matcher.not_heard", argument=argument, column=column)
        passed = _compare(x, operator, values)
        if column == "bpm" and "bpm_alternative" in catalogue.columns:
            other = _compare(catalogue.numbers("bpm_alternative"), operator, values)
            return passed & other if operator == "!=" else passed | other
        return passed
    cells = np.array([cell.strip().casefold() for cell in catalogue.text(column)])
    words = [str(word).casefold() for word in values]
    kinds, place = np.unique(cells, return_inverse=True)  # each distinct text is looked at once
    if operator == "~":
        hits = [cell != "" and any(word in cell for word in words) for cell in kinds]
    else:
        hits = [
            any(fnmatch.fnmatchcase(cell, _only_stars(word)) for word in words) for cell in kinds
        ]
    hit = np.array(hits, dtype=bool)[place]
    return ~hit if operator == "!=" else hit & (cells != "")


def speaks_of_energy(condition: Condition) -> bool:
    """Whether a condition names kinds of energy: these go by arousal, in any catalogue."""
    column, operator, values = condition
    return (
        column == "energy"
        and operator in ("=", "!=")
        and all(str(value).casefold() in ENERGIES for value in values)
    )


def _only_stars(word: str) -> str:
    """A pattern in which `*` alone is special."""
    return re.sub(r"[\[?]", lambda m: f"[{m[0]}]", word)


def _compare(x: np.ndarray, operator: str, values: tuple[str | float, ...]) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        if operator == "range":
            return (x >= min(values)) & (x <= max(values))
        if operator == "=":
            return np.isin(x, values)
        if operator == "!=":
            return ~np.isin(x, values)
        return {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[
            operator
        ](x, values[0])
