"""The film over time, which answers to the mouse: pictures, cuts and four curves on one clock.

Drawn by a script of its own: a library for charts takes the browser a third of a second, most of
what opening the page may cost. What it is given is plain values.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from data.profiles import VIDEO_FIELDS, Curves
from leitmotif.show.drawing import CURVE_COLOURS
from leitmotif.show.templates import TEMPLATES

if TYPE_CHECKING:
    from leitmotif.words.page_words import Words

HTML = '<div class="course"></div>'
CURVES = tuple(CURVE_COLOURS)
"""The fields that are shown over time, top to bottom."""
MOST_POINTS = 480
"""Points per curve: more than a screen's width of them cannot be seen."""
PICTURES = 8
"""Keyframes in the strip: enough to recognise the film, and seen on a phone (heuristic)."""
MOST_PICTURES = 32
"""So many where there are many scenes: smaller ones show nothing (heuristic)."""


@cache
def script() -> str:
    """The module that draws the chart."""
    return (TEMPLATES / "film_chart.js").read_text(encoding="utf-8")


@cache
def style() -> str:
    return (TEMPLATES / "film_chart.css").read_text(encoding="utf-8")


def film_chart(
    curves: Curves,
    duration: float,
    cuts: Sequence[float],
    scenes: Sequence[tuple[float, float]],
    words: Words,
) -> dict[str, Any]:
    """What the chart is drawn of, but for its pictures and the scene that is chosen.

    Of each stretch of time: where it begins, its scene (from 0), and of each curve its mean; None
    where that is not known.
    """
    moments = _moments(curves, scenes)
    return {
        "duration": duration,
        "cuts": [round(float(t), 3) for t in cuts if t <= duration],
        "begins": [round(m["time"], 3) for m in moments],
        "scene": [m["scene"] for m in moments],
        "scenes": [words("scene_n", n=n + 1) for n in range(len(scenes))],
        "curves": [_curve(name, moments, words) for name in CURVES],
    }


def _curve(name: str, moments: Sequence[dict[str, Any]], words: Words) -> dict[str, Any]:
    f = next(f for f in VIDEO_FIELDS if f.name == name)
    return {
        "name": words.field(f),
        "colour": CURVE_COLOURS[name],
        "low": f.low,
        "high": f.high,
        "neutral": f.neutral,
        "values": [None if m[name] is None else round(m[name], 2) for m in moments],
    }


def _moments(curves: Curves, scenes: Sequence[tuple[float, float]]) -> list[dict[str, Any]]:
    """One row per stretch of time: its start, the four values or None, the scene."""
    edges = np.linspace(0, len(curves.times), min(len(curves.times), MOST_POINTS) + 1).astype(int)
    starts = [start for start, _ in scenes]
    rows = []
    for first, last in pairwise(edges):
        begin = float(curves.times[first])
        scene = max(int(np.searchsorted(starts, begin + 1e-6)) - 1, 0)
        row: dict[str, Any] = {"time": begin, "scene": scene}
        for name in CURVES:
            known = curves[name][first:last]
            known = known[np.isfinite(known)]
            row[name] = float(known.mean()) if len(known) else None
        rows.append(row)
    return rows


def strip_places(
    times: Sequence[float], duration: float, scenes: Sequence[tuple[float, float]]
) -> tuple[float, list[tuple[int, float]]]:
    """How wide the strip's pictures are, and which stand where: (keyframe, left edge), in seconds.

    times : of the keyframes, rising. Each picture lies over its own time and none over another;
    every scene that has a keyframe has a picture, and the rest of the room is filled.
    """
    wanted = [i for scene in scenes if (i := _middle_one(times, scene)) is not None]
    width = duration / PICTURES
    while True:
        places = _places(times, duration, wanted, width)
        shown = {i for i, _ in places}
        if width <= duration / MOST_PICTURES or all(i in shown for i in wanted):
            return width, places
        width *= 0.9


def _middle_one(times: Sequence[float], scene: tuple[float, float]) -> int | None:
    """The keyframe of a scene that is nearest to its middle."""
    within = [i for i, time in enumerate(times) if scene[0] <= time < scene[1]]
    return min(within, key=lambda i: abs(times[i] - sum(scene) / 2), default=None)


def _places(
    times: Sequence[float], duration: float, wanted: Sequence[int], width: float
) -> list[tuple[int, float]]:
    """From left to right whatever fits, but nothing in the place of what is wanted."""
    places: list[tuple[int, float]] = []
    free = 0.0
    for i, time in enumerate(times):
        left = min(max(time - width / 2, free), max(duration - width, 0.0))
        following = next((times[j] for j in wanted if j > i), duration)
        if left < free - 1e-9 or left > time:
            continue
        if i in wanted or left + width <= following:
            places.append((i, left))
            free = left + width
    return places


def thumbnail(jpeg: bytes, width: int = 200) -> bytes:
    """A keyframe as a small 16 : 9 JPEG."""
    from PIL import Image, ImageOps

    image = ImageOps.fit(Image.open(io.BytesIO(jpeg)).convert("RGB"), (width, width * 9 // 16))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=78)
    return small.getvalue()
