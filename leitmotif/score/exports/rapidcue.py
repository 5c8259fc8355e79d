"""The cue sheet as XML, field by field as RapidCue's sheet has them.

BMI and ASCAP publish what a RapidCue sheet holds (sequence and cue number, title, composers and
publishers with role, affiliation and share, usage, time) but no schema; the elements carry those
names. Who wrote a piece comes from the tags of its file: several names are divided by ";" or "/",
and "Jane Doe (BMI 60%)" gives an affiliation and a share. What a file does not say stays empty:
nobody's share is guessed.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

from leitmotif.score.model import Cue, Score

USAGE = "BI"
"""Background instrumental: the usage that a bed under a film has."""
_PARTS = re.compile(r"\s*[;/]\s*")
_SHARE = re.compile(
    r"^(?P<name>.*?)\s*\((?P<society>[^()\d%]*?)\s*(?:(?P<share>\d+(?:\.\d+)?)\s*%)?\)$"
)
_CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Party(NamedTuple):
    """Who has a part in a piece; what is unknown is empty."""

    name: str
    affiliation: str = ""
    share: str = ""


def parties(tag: str) -> list[Party]:
    """The names of a composer's or publisher's tag."""
    found = []
    for part in filter(None, _PARTS.split(tag.strip())):
        named = _SHARE.match(part)
        if named and (named["society"] or named["share"]):
            found.append(Party(named["name"], named["society"].strip(), named["share"] or ""))
        else:
            found.append(Party(part))
    return found


def rapidcue(score: Score) -> str:
    """Cue sheet of the cues that play, in order."""
    film = score.film.path.replace("\\", "/").rsplit("/", 1)[-1]
    root = ET.Element("RapidCue", version="1.0")
    production = ET.SubElement(root, "Production")
    _add(production, "Title", film)
    _add(production, "Length", _clock(score, score.film.frames))
    sheet = ET.SubElement(root, "Cues")
    for k, cue in enumerate(score.sounding(), 1):
        _cue(ET.SubElement(sheet, "Cue", sequence=str(k)), cue, score)
    total = sum(cue.frames for cue in score.sounding())
    _add(production, "MusicLength", _clock(score, total))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cue(element: ET.Element, cue: Cue, score: Score) -> None:
    assert cue.track
    facts = cue.track.facts
    _add(element, "CueNumber", cue.number)
    _add(element, "Title", cue.title)
    _add(element, "Artist", cue.track.artist)
    _add(element, "ISRC", facts.get("isrc", ""))
    _add(element, "Usage", USAGE)
    _add(element, "In", score.timecode(cue.start))
    _add(element, "Out", score.timecode(cue.end))
    _add(element, "Duration", _clock(score, cue.frames))
    for role, kind, tag in (("C", "Composer", "composer"), ("E", "Publisher", "publisher")):
        for party in parties(facts.get(tag, "")):
            one = ET.SubElement(element, "InterestedParty", role=role)
            _add(one, kind, party.name)
            _add(one, "Affiliation", party.affiliation)
            _add(one, "Share", party.share)


def _clock(score: Score, frames: int) -> str:
    """Minutes and seconds, to the nearest second."""
    minutes, seconds = divmod(round(score.film.rate.seconds(frames)), 60)
    return f"{minutes:02d}:{seconds:02d}"


def _add(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = _CONTROL.sub("", text)
