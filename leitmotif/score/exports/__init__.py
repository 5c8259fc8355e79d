"""A score for other programs: a table of formats, each a function from score to text.

Adding a format is a function and a line of `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from data.atomic import atomic_path
from data.errors import InputError
from leitmotif.score.exports import edl, fcp7, fcpxml, lists, otio, rapidcue
from leitmotif.score.model import Score


class Format(NamedTuple):
    """How a format is called, the ending of its files, and what writes it."""

    name: str
    suffix: str
    write: Callable[[Score], str]


FORMATS = (
    Format("otio", ".otio", otio.otio_json),
    Format("fcp7", ".xml", fcp7.fcp7),
    Format("fcpxml", ".fcpxml", fcpxml.fcpxml),
    Format("edl", ".edl", edl.edl),
    Format("markers", ".markers.edl", edl.markers),
    Format("cuesheet", ".cuesheet.csv", lists.cue_sheet),
    Format("rapidcue", ".rapidcue.xml", rapidcue.rapidcue),
    Format("audacity", ".labels.txt", lists.audacity),
    Format("reaper", ".regions.csv", lists.reaper),
    Format("chapters", ".chapters.txt", lists.chapters),
    Format("m3u8", ".m3u8", lists.m3u8),
)


def export(score: Score, name: str, path: str | Path) -> Path:
    """Write the score in one format. Raises `InputError` for an unknown format or file."""
    form = next((f for f in FORMATS if f.name == name), None)
    if form is None:
        raise InputError("score.unknown_format", name=name, names=[f.name for f in FORMATS])
    text = form.write(score)
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return Path(path)
