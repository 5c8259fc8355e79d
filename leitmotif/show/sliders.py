"""Ten sliders as one element: the component's script and style, and what it is given.

A browser draws ten native sliders far faster than ten widgets. What stands below them (what was
changed, whether it leads, the way back) belongs to it, so that a move changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from leitmotif.show.templates import TEMPLATES

HTML = '<div class="sliders"></div>'


@cache
def script() -> str:
    """The module that draws the sliders and tells of moves."""
    return (TEMPLATES / "sliders.js").read_text(encoding="utf-8")


@cache
def style() -> str:
    return (TEMPLATES / "sliders.css").read_text(encoding="utf-8")


class Slider(NamedTuple):
    """name : what a move is told as. label : what people call it. help : a sentence, or nothing.
    low, high : its ends; it moves in steps of 0.1.
    """

    name: str
    label: str
    help: str
    low: float
    high: float


class Switch(NamedTuple):
    """Below the sliders: a choice that can be on or off."""

    label: str
    help: str


def fixed_part(
    sliders: Sequence[Slider], why: str, switch: Switch | None = None, reset: str = ""
) -> dict[str, Any]:
    """What no move changes.

    why : what the buttons are called that show a slider's help. reset : what the button is called
    that puts everything back; "" for none.
    """
    return {
        "sliders": [slider._asdict() for slider in sliders],
        "why": why,
        "switch": switch and switch._asdict(),
        "reset": reset,
    }


def moved_part(
    values: Sequence[float], said: str = "", on: bool | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """What a move may change.

    values : where the sliders stand. said : what was moved, if anything was. on : how the switch
    stands; None hides it. notes : sentences below.
    """
    return {"values": list(values), "said": said, "on": on, "notes": list(notes)}
