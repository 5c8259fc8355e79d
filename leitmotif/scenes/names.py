"""Title, season and episode of a film as people write them into the names of folders and files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path, PurePath
from typing import NamedTuple


class Name(NamedTuple):
    """title : never empty. season, episode : None where nothing says so."""

    title: str
    season: int | None = None
    episode: int | None = None


_EPISODES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bs(?P<season>\d{1,4})[\s._-]*e(?:p(?:isode)?)?[\s._-]*(?P<episode>\d{1,4})(?!\d)",
        r"(?<![\da-z])(?P<season>\d{1,2})x(?P<episode>\d{1,3})(?![\da-z])",
        r"\bseason[\s._-]*(?P<season>\d{1,3})[\s._,-]*(?:episode|ep)[\s._-]*(?P<episode>\d{1,4})\b",
        r"第\s*(?P<season>\d{1,3})\s*季\s*第\s*(?P<episode>\d{1,4})\s*[集话話回]",
        r"第\s*(?P<episode>\d{1,4})\s*[集话話回]",
        r"\b(?:episode|ep|e|folge|épisode|capítulo)[\s._-]*(?P<episode>\d{1,4})(?![\da-z])",
        r"\s-\s(?P<episode>\d{1,3})(?:v\d)?(?=\s|$)",
    )
)
"""How an episode is written in a file's name, the plainest first."""
_SEASONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:season|series|staffel|saison|temporada)[\s._-]*(\d{1,3})\b",
        r"第\s*(\d{1,3})\s*季",
        r"^s(\d{1,3})$",
    )
)
"""How a season is written in a folder's name."""
_NUMBERED = re.compile(r"^(?P<number>\d{1,4})(?:[\s._-]+(?P<title>.*\D.*))?$")
"""`25_Title`, `01 Title`, `03`: a number in front."""
_BRACKETS = re.compile(r"\[[^\]]*\]|\((?:\d{3,4}p|[^)]*(?:x26[45]|hevc|bluray|web)[^)]*)\)", re.I)
"""What releases add: groups, sizes, codecs, checksums."""


def parse_name(path: str | PurePath) -> Name:
    """What the names of a file and of the folders above it say.

    Season and episode are looked for in the file's name, the season also in the folder above it;
    a file that is only a number with or without a title, in a folder that is one too or has a
    season's name, is that episode. The title is that of the series for an episode that says one.
    """
    path = Path(path)
    stem, above = _plain(path.stem), [_plain(part) for part in path.parts[:-1]][::-1]
    parent = above[0] if above else ""
    season = next((n for n in map(_season, above[:1]) if n is not None), None)
    for pattern in _EPISODES:
        if found := pattern.search(stem):
            said = found.groupdict()
            title = _title(stem[: found.start()]) or _series(above) or _title(stem)
            own = said.get("season")
            return Name(title, int(own) if own else season, int(said["episode"]))
    numbered, folder = _NUMBERED.match(stem), _NUMBERED.match(parent)
    if numbered and (season is not None or (folder and folder["title"])):
        title = _series(above) or _title(stem)
        return Name(title, season, int(numbered["number"]))
    return Name(_title(stem) or "?", season)


def _plain(name: str) -> str:
    """Without what releases add, with spaces for the signs that stand for them."""
    name = _BRACKETS.sub(" ", unicodedata.normalize("NFC", name))
    return re.sub(r"[\s_]+", " ", name if " " in name else name.replace(".", " ")).strip()


def _season(folder: str) -> int | None:
    found = next((f for p in _SEASONS if (f := p.search(folder))), None)
    return int(found[1]) if found else None


def _series(above: list[str]) -> str:
    """The title of the series: of the nearest folder that is more than a season."""
    for folder in above[:2]:
        for pattern in _SEASONS:
            folder = pattern.sub("", folder)
        numbered = _NUMBERED.match(folder.strip())
        title = _title(numbered["title"] or "") if numbered else _title(folder)
        if title:
            return title
    return ""


def _title(text: str) -> str:
    return text.strip(" .-_~–—·")
