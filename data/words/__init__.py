"""What is said to people: one TOML file per language, a table per part of the product.

A code is `table.name`, such as `video.empty_file`; its sentence is a `str.format` template over
named values. Adding a language is adding a file with the same codes; a test holds that each file
has every code and uses the same values.
"""

from __future__ import annotations

import numbers
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
DEFAULT = "en"


def languages() -> dict[str, str]:
    """Code of each language to its own name for itself, English first."""
    codes = sorted(
        (p.stem for p in FOLDER.glob("*.toml")), key=lambda code: (code != DEFAULT, code)
    )
    return {code: words(code)["language.name"] for code in codes}


@cache
def words(language: str) -> Mapping[str, str]:
    """Every template of a language by its code."""
    with (FOLDER / f"{language}.toml").open("rb") as file:
        tables = tomllib.load(file)
    return {
        f"{table}.{name}": text for table, lines in tables.items() for name, text in lines.items()
    }


def say(code: str, language: str = DEFAULT, /, **values: object) -> str:
    """The sentence of a code. A value that is a `Sentence` is said in the same language, too.

    A list or tuple is joined by the language's comma. Raises `KeyError` for an unknown code or a
    value that is missing.
    """
    return _filled(words(language)[code], language, values)


def _filled(template: str, language: str, values: Mapping[str, object]) -> str:
    return template.format(**{name: _spoken(value, language) for name, value in values.items()})


def _spoken(value: object, language: str) -> object:
    if isinstance(value, Sentence):
        return value.into(language)
    if isinstance(value, list | tuple):
        return words(language)["language.comma"].join(str(_spoken(v, language)) for v in value)
    return value


class Sentence(str):
    """A sentence that remembers what it says: English as a string, any language by `into`."""

    code: str
    values: dict[str, object]

    def __new__(cls, code: str, /, **values: object) -> Sentence:
        sentence = super().__new__(cls, say(code, **values))
        sentence.code, sentence.values = code, values
        return sentence

    def into(self, language: str) -> str:
        """The same sentence in another language."""
        return say(self.code, language, **self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return _sentence, (self.code, self.values)


class Unnamed(Sentence):
    """A sentence about a file without the name it begins with, which stands beside it."""

    def __new__(cls, code: str, /, **values: object) -> Unnamed:
        sentence = str.__new__(cls, _without_name(code, DEFAULT, values))
        sentence.code, sentence.values = code, values
        return sentence

    def into(self, language: str) -> str:
        return _without_name(self.code, language, self.values)

    def __reduce__(self) -> tuple[object, ...]:
        return from_record, (to_record(self),)  # a value may be an error that does not travel


def _without_name(code: str, language: str, values: Mapping[str, object]) -> str:
    template = words(language)[code]
    if template.startswith("{file}"):
        template = template.removeprefix("{file}").lstrip(":： ")
    return _filled(template, language, values)


def to_record(sentence: str) -> object:
    """A sentence as plain JSON, for a cache: code, values, English. Other text is itself."""
    if not isinstance(sentence, Sentence):
        return str(sentence)
    values = {name: _plain(value) for name, value in sentence.values.items()}
    record = {"code": sentence.code, "values": values, "english": str(sentence)}
    return record | {"unnamed": True} if isinstance(sentence, Unnamed) else record


def from_record(record: object) -> str:
    """Inverse of `to_record`; only the English of a sentence whose code is not known any more."""
    if not isinstance(record, Mapping):
        return str(record)
    values = {name: _full(value) for name, value in record["values"].items()}
    try:
        return (Unnamed if record.get("unnamed") else Sentence)(record["code"], **values)
    except (KeyError, ValueError, TypeError):
        return str(record["english"])


def _plain(value: object) -> object:
    if isinstance(value, Sentence):
        return to_record(value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if isinstance(value, numbers.Real) else str(value)


def _full(value: object) -> object:
    if isinstance(value, Mapping):
        return from_record(value)
    return [_full(v) for v in value] if isinstance(value, list) else value


def _sentence(code: str, values: Mapping[str, object]) -> Sentence:
    return Sentence(code, **values)
