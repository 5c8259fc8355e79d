"""What an audio file's own tags say: title, artist, licence, ISRC, stated tempo.

mutagen reads tags of most kinds; what it has no reader for (INFO of WAV, Matroska, CAF) comes from
the container as the decoder sees it. ID3 text that calls itself Latin-1 is looked at again: much of
it is GBK, written by programs that never said so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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


def read_tags(path: Path, fallback_title: str) -> dict[str, str]:
    """Text by `COLUMNS`, empty where the file says nothing; its name is a title of last resort."""
    found = dict(_by_mutagen(path))
    if not found.keys() & {"title", "tit2", "\xa9nam"}:
        found = {k.casefold(): v for k, v in container_tags(path).items()} | found
    tags = {column: _first(found, keys) for column, keys in _NAMES.items()}
    if not tags["license_url"] and tags["license"].startswith("http"):
        tags["license_url"] = tags["license"]
    return tags | {"title": tags["title"] or fallback_title}


def _first(found: dict[str, str], keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := " ".join(found.get(key, "").split()))), "")


def _by_mutagen(path: Path) -> Iterator[tuple[str, str]]:
    try:
        file = mutagen.File(path)
        items = list(file.tags.items()) if file is not None and file.tags else []
    except Exception:  # every kind of damage is another error; the sound may be whole
        return
    for key, value in items:
        text = _text(value)
        if text:
            yield str(key).casefold(), text


def _text(value: Any) -> str:
    """A tag's first value as text."""
    encoding = getattr(value, "encoding", None)  # of an ID3 frame: 0 is Latin-1
    if hasattr(value, "url"):
        return str(value.url)
    values = getattr(value, "text", value)
    first = values[0] if isinstance(values, list | tuple) and values else values
    if isinstance(first, bytes):
        return first.decode("utf-8", "replace")
    text = str(getattr(first, "value", first))
    return latin1_again(text) if encoding == 0 else text


def latin1_again(text: str) -> str:
    """Text that was read as Latin-1, read again as what its bytes look like."""
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    again = None if raw.isascii() else to_utf8(raw)
    return text if again is None else again.decode("utf-8")
