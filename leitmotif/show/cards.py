"""The tracks of an answer as cards: the component's script and style, and the pieces of a card.

A card is a dict of strings, each a piece of HTML that the browser draws again only where it has
changed; `arc` alone is JSON, for the panel that is dragged. `track` names the card.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from leitmotif.show.templates import TEMPLATES, render

HTML = '<div class="cards"></div>'


@cache
def script() -> str:
    """The module that draws the cards."""
    return "\n".join(_text(name) for name in ("arc_panel.js", "cards.js"))


@cache
def style() -> str:
    return "\n".join(_text(name) for name in ("arc_panel.css", "cards.css"))


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


class Act(NamedTuple):
    """A button of a card.

    name : what is told when it is pressed. icon : its name in Material Symbols. pressed : for one
    that stays pressed, whether it is; None for one that does not.
    """

    name: str
    label: str
    icon: str
    help: str = ""
    pressed: bool | None = None


class Sound(NamedTuple):
    """The addresses of a track's sound and of its outline."""

    address: str
    outline: str


class Shown(NamedTuple):
    """The film with a track under it, as far as it is made.

    said : a sentence, of trouble where it `failed`. share : how much of the work is done, 0–1; None
    where none goes on. address : of the video, where a browser plays it. download : of its file.
    """

    said: str = ""
    failed: bool = False
    share: float | None = None
    address: str = ""
    label: str = ""
    download: str = ""
    name: str = ""
    take: str = ""


def sound_part(sound: Sound | None, label: str, outline: str, broken: str) -> str:
    """A player below the track's outline.

    label, outline : what they are called for those who do not see them. broken : what is said where
    there is no sound, or none that can be read.
    """
    return str(
        render(
            "track_sound.html",
            sound=sound and sound.address,
            wave=sound and sound.outline,
            label=label,
            outline=outline,
            broken=broken,
        )
    )


def lines_part(lines: Sequence[str]) -> str:
    """Sentences, one below the other."""
    return str(render("track_lines.html", lines=lines))


def acts_part(acts: Sequence[Act]) -> str:
    """The buttons."""
    return str(render("track_acts.html", acts=acts))


def film_part(shown: Shown | None) -> str:
    """The film with the track under it; nothing before it was asked for."""
    return "" if shown is None else str(render("track_film.html", **shown._asdict()))
