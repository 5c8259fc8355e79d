"""What an audio file's own tags say: title, artist, licence, ISRC, stated tempo.

mutagen reads tags of most kinds; what it has no reader for (INFO of WAV, Matroska, CAF) comes from
the container as the decoder sees it, field by field where mutagen finds none. ID3 text that calls
itself Latin-1, and INFO text that is no UTF-8, is looked at again: much of it is GBK or
Windows-1251, written by programs that never said so. All such texts of a file are judged together,
because one of them alone is short.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mutagen

from data.encoding import to_utf8
from features.audio.container import container_tags

_NAMES = {
    "title": ("title", "tit2", "\xa9nam", "inam"),
    "artist": (
        *("artist", "tpe1", "\xa9art", "author", "iart"),
        *("albumartist", "album_artist", "album artist", "tpe2", "aart", "wm/albumartist"),
        *("composer", "tcom", "\xa9wrt", "wm/composer"),
    ),
    "license": ("license", "licence", "txxx:license", "copyright", "tcop", "cprt", "icop"),
    "license_url": ("license_url", "website", "wcop", "woar", "copyrighturl", "wm/copyrighturl"),
    "isrc": ("isrc", "tsrc", "----:com.apple.itunes:isrc", "wm/isrc"),
    "bpm_stated": ("bpm", "tbpm", "tempo", "tmpo", "wm/beatsperminute"),
    "publisher": ("publisher", "tpub", "organization", "label", "wm/publisher"),
    "composer": ("composer", "tcom", "\xa9wrt", "wm/composer"),
}
"""Column to the keys of ID3, Vorbis, APE, MP4, ASF and RIFF that say it, in order of trust."""
COLUMNS = tuple(_NAMES)
_BREAK = re.compile(r"[\r\n]+")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]+")
_IN_WORDS, _IN_SMALL_WORDS = 0.8, 0.5
"""Shares of the letters beyond ASCII that stand in Cyrillic words, and in longer ones of small
letters, where a text is Windows-1251 (heuristic): Chinese bytes seldom make either."""


def read_tags(path: Path) -> dict[str, str]:
    """Text by `COLUMNS`, empty where the file says nothing."""
    first, second = _by_mutagen(path), _by_container(path)
    tags = {column: _first(first, keys) or _first(second, keys) for column, keys in _NAMES.items()}
    if not tags["license_url"] and tags["license"].startswith("http"):
        tags["license_url"] = tags["license"]
    return tags


def _first(found: dict[str, str], keys: Iterable[str]) -> str:
    said = (found.get(key, "").replace("\0", " ") for key in keys)
    return next((text for value in said if (text := " ".join(value.split()))), "")


def _by_mutagen(path: Path) -> dict[str, str]:
    try:
        file = mutagen.File(path)
        items = list(file.tags.items()) if file is not None and file.tags else []
    except Exception:  # every kind of damage is another error; the sound may be whole
        return {}
    found = {str(key).casefold(): _text(value) for key, value in items}
    return _mended(found, [str(key).casefold() for key, value in items if _is_latin1(value)])


def _by_container(path: Path) -> dict[str, str]:
    raw = {k.casefold(): _bytes(text) for k, text in container_tags(path).items()}
    utf8 = {k: text for k, value in raw.items() if (text := _utf8(value)) is not None}
    found = utf8 | {k: value.decode("latin-1") for k, value in raw.items() if k not in utf8}
    return _mended(found, [k for k in raw if k not in utf8])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _is_latin1(value: Any) -> bool:
    """Whether an ID3 frame calls its text Latin-1."""
    return getattr(value, "encoding", None) == 0 and hasattr(value, "text")


def _text(value: Any) -> str:
    """A tag's first value as text."""
    if hasattr(value, "url"):
        return str(value.url)
    values = getattr(value, "text", value)
    first = values[0] if isinstance(values, list | tuple) and values else values
    if isinstance(first, bytes):
        return first.decode("utf-8", "replace")
    return str(getattr(first, "value", first))


def _mended(found: dict[str, str], doubtful: list[str]) -> dict[str, str]:
    texts = [found[key] for key in doubtful]
    return found | dict(zip(doubtful, latin1_again(texts), strict=True))


def latin1_again(texts: Sequence[str]) -> list[str]:
    """Texts of one file that were read as Latin-1, read again as what their bytes look like.

    A line break inside a text becomes a space.
    """
    lines = [" ".join(_BREAK.split(text)) for text in texts]
    try:
        raw = "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError:
        return lines
    if raw.isascii():
        return lines
    again = (_cyrillic(raw) or (to_utf8(raw) or b"").decode("utf-8")).split("\n")
    return again if len(again) == len(lines) else lines


def _cyrillic(raw: bytes) -> str | None:
    """The text in Windows-1251, where nearly all of it is Cyrillic words in plain case."""
    text = raw.decode("cp1251", "replace")
    beyond = sum(c > "\x7f" for c in text)
    words = [w for w in _WORD.findall(text) if _CYRILLIC.fullmatch(w)]
    plain = sum(len(w) for w in words if w.isupper() or w[1:] == w[1:].lower())
    small = sum(len(w) for w in words if len(w) >= 3 and w[1:].islower())
    return text if plain >= _IN_WORDS * beyond and small >= _IN_SMALL_WORDS * beyond else None
