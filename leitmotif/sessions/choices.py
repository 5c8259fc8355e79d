"""What a person chose on the page, where it comes from outside: only what the page can hold.

Choices travel with an exported project as plain values. A widget that is given a value it cannot
show ends the redraw, and so every visit to the project; therefore each is looked at first.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from data.buckets import ENERGIES
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES
from data.words import languages
from matcher.metric import METRICS, SCALES
from matcher.presets import LARGEST

Check = Callable[[Any], bool]
_LONGEST = 10_000
"""Characters of a text, and values of a list."""
_LIMITS = {f.name: (f.low, f.high) for f in MUSIC_FIELDS}
_ENDS = re.compile(r"\((-?\d+), (-?\d+)\)$")


class Unfit(ValueError):
    """name : of the choice that the page cannot hold. value : what it was to be."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(name, value)
        self.name, self.value = name, value


def checked(given: Any) -> dict[str, Any]:
    """Choices as the page keeps them (`leitmotif.page.widgets.snapshot`), none of which it cannot
    hold. Raises `Unfit` for the first that it cannot."""
    rooms: dict[str, Check] = {
        "turns": _each(_turn),
        "remembered": _each(_remembered),
        "wishes": _each(lambda place: _each(_wish)),
        "places": _each(lambda key: lambda at: _number(at, 0, math.inf)),
        "own_weights": lambda names: isinstance(names, list) and set(names) <= set(MUSIC_NAMES),
        "language": lambda code: code is None or code in languages(),
    }
    if not isinstance(given, dict):
        raise Unfit("choices", given)
    for name, value in given.items():
        try:
            fits = rooms[name](value)
        except (KeyError, TypeError):
            fits = False
        if not fits:
            raise Unfit(name, value)
    return given


def _each(check: Callable[[str], Check]) -> Check:
    """Every value of a mapping, by the check of its name; `Unfit` names the one that does not."""

    def fits(values: Any) -> bool:
        if not isinstance(values, dict):
            return False
        for name, value in values.items():
            try:
                fit = isinstance(name, str) and check(name)(value)
            except (KeyError, TypeError):
                fit = False
            if not fit:
                raise Unfit(str(name), value)
        return True

    return fits


def _turn(name: str) -> Check:
    if name == "weights":
        return lambda v: isinstance(v, list) and len(v) == 10 and all(map(_weight, v))
    if name.startswith("scene|"):
        return lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= -1
    return _plain


def _remembered(name: str) -> Check:
    kind = name.split("|")[0]
    return {
        "metric": _one_of(METRICS),
        "scale": _one_of(SCALES),
        "led_by": _one_of(("story", "music")),
        "own_sound": _one_of(("mute", "duck")),
        "sung": _one_of(("either", "instrumental", "vocals")),
        "map_view": _one_of(("all_ten", "va_plane")),
        "leading": lambda v: isinstance(v, bool),
        "diverse": lambda v: _number(v, 0, 0.9),
        "speech": lambda v: _number(v, 0, 1),
        "score_shortest": lambda v: _number(v, 1, 600),
        "k": lambda v: isinstance(v, int) and _number(v, 1, 20),
        "words": _text,
        "find": _text,
        "energy": lambda v: isinstance(v, list) and set(v) <= set(ENERGIES),
        "licence": lambda v: isinstance(v, list) and len(v) <= _LONGEST and all(map(_text, v)),
        "lasso": _lasso,
        "bpm": _range_of(name),
        "seconds": _range_of(name),
    }.get(kind, _plain)


def _wish(name: str) -> Check:
    low, high = _LIMITS.get(name, (math.nan, math.nan))
    return lambda value: _number(value, low, high)


def _range_of(name: str) -> Check:
    """A pair within the ends that stand in the slider's name."""
    ends = _ENDS.search(name)
    low, high = (int(ends[1]), int(ends[2])) if ends else (math.nan, math.nan)

    def fits(value: Any) -> bool:
        pair = isinstance(value, list) and len(value) == 2
        return pair and all(_number(v, low, high) for v in value) and value[0] <= value[1]

    return fits


def _lasso(value: Any) -> bool:
    """A line around tracks: which drawing it is of, and its points."""
    if value is None:
        return True
    points = value["line"]
    whole = isinstance(points, list) and len(points) <= _LONGEST
    return (
        whole
        and _text(value["of"])
        and all(len(p) == 2 and all(_number(x, -math.inf, math.inf) for x in p) for p in points)
    )


def _one_of(known: Any) -> Check:
    return lambda value: isinstance(value, str) and value in known


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _weight(value: Any) -> bool:
    return _number(value, 0, LARGEST)


def _number(value: Any, low: float, high: float) -> bool:
    """A finite number within limits; no limit of NaN lets one pass."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low <= value <= high


def _plain(value: Any) -> bool:
    """None, a truth value, a number, a text, or a list of points or of such."""
    if value is None or isinstance(value, bool) or _text(value):
        return True
    if isinstance(value, list):
        return len(value) <= _LONGEST and all(map(_plain, value))
    if isinstance(value, dict):
        return len(value) <= _LONGEST and all(map(_plain, value.values()))
    return _number(value, -math.inf, math.inf)
