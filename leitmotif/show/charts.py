"""The page's chart that answers to the mouse, the film over time, as Vega-Lite has it.

Written down as it is: through Altair it would take a third of a second, and a second to import.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from data.profiles import VIDEO_FIELDS, Curves
from leitmotif.show.drawing import ACCENT, CURVE_COLOURS

if TYPE_CHECKING:
    from leitmotif.words.page_words import Words

CURVES = tuple(CURVE_COLOURS)
"""The fields that are shown over time, top to bottom."""
MOST_POINTS = 480
"""Points per curve: more than a screen's width of them cannot be seen."""
PICTURES = 8
"""Keyframes in the strip: enough to recognise the film, and seen on a phone (heuristic)."""
MOST_PICTURES = 32
"""So many where there are many scenes: smaller ones show nothing (heuristic)."""
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
_READER = "reader"
"""The layer that the mouse reads."""
_CLOCK = (
    "floor(datum.value / 60) + ':' + (datum.value % 60 < 9.5 ? '0' : '') + round(datum.value % 60)"
)


def film_chart(
    curves: Curves,
    duration: float,
    cuts: Sequence[float],
    keyframes: Sequence[tuple[float, bytes]],
    scenes: Sequence[tuple[float, float]],
    chosen: int | None,
    words: Words,
) -> dict[str, Any]:
    """Keyframes, cuts and four curves over one time axis, as a Vega-Lite specification.

    Hovering reads the values; a click selects the parameter `scene` (its number counts from 0).
    chosen : the scene to show as chosen, or None for the whole film.
    """
    rows = _moments(curves, duration, scenes)
    axis = {"labelExpr": _CLOCK, "grid": False, "tickCount": 8}
    x = _at("time", title=None, scale={"domain": [0, duration], "nice": False}, axis=axis)
    y = _at("at", scale={"domain": [0, len(CURVES) + 1.35], "nice": False}, axis=None)
    layers = [
        *_bands(rows, x, y),
        *_strip(keyframes, duration, scenes, y),
        *_cut_ticks(cuts, duration),
        _names(words),
        _reader(rows, scenes, chosen, words),
    ]
    hover = {"type": "point", "on": "pointerover", "nearest": False, "clear": "pointerout"}
    scene = {"type": "point", "fields": ["scene"], "on": "click"}
    return {
        "$schema": _SCHEMA,
        "config": {"view": {"strokeWidth": 0}},
        "height": 390,
        "layer": layers,
        "params": [
            {"name": "hover", "select": hover, "views": [_READER]},
            {"name": "scene", "select": scene, "views": [_READER]},
        ],
    }


def _at(field: str, **more: Any) -> dict[str, Any]:
    """A number on a channel."""
    return {"field": field, "type": "quantitative", **more}


def _layer(rows: list[dict[str, Any]], mark: dict[str, Any], **encoding: Any) -> dict[str, Any]:
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _moments(
    curves: Curves, duration: float, scenes: Sequence[tuple[float, float]]
) -> list[dict[str, Any]]:
    """One row per stretch of time: start, end, the four values or None, the scene."""
    edges = np.linspace(0, len(curves.times), min(len(curves.times), MOST_POINTS) + 1).astype(int)
    starts = [start for start, _ in scenes]
    rows = []
    for first, last in pairwise(edges):
        begin = float(curves.times[first])
        end = float(curves.times[last]) if last < len(curves.times) else duration
        scene = max(int(np.searchsorted(starts, begin + 1e-6)) - 1, 0)
        row: dict[str, Any] = {"time": begin, "end": max(end, begin), "scene": scene}
        for name in CURVES:
            known = curves[name][first:last]
            known = known[np.isfinite(known)]
            row[name] = float(known.mean()) if len(known) else None
        rows.append(row)
    return rows


def _band(name: str) -> tuple[float, float]:
    """The lower and upper end of a curve's band."""
    base = len(CURVES) - 1 - CURVES.index(name)
    return base + 0.06, base + 0.72


def _bands(
    rows: list[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]
) -> list[dict[str, Any]]:
    """The neutral line of each curve, and the curves, each in its band."""
    points, lines = [], []
    for name in CURVES:
        f = next(f for f in VIDEO_FIELDS if f.name == name)
        low, high = _band(name)
        lines.append({"at": low + (high - low) * (f.neutral - f.low) / (f.high - f.low)})
        for row in rows:
            if row[name] is not None:
                share = (min(max(row[name], f.low), f.high) - f.low) / (f.high - f.low)
                points.append(
                    {
                        "time": (row["time"] + row["end"]) / 2,
                        "at": low + (high - low) * share,
                        "curve": name,
                    }
                )
    colours = {"domain": list(CURVES), "range": list(CURVE_COLOURS.values())}
    colour = {"field": "curve", "type": "nominal", "scale": colours, "legend": None}
    rule = {"type": "rule", "strokeDash": [2, 3], "opacity": 0.35, "color": "gray"}
    line = {"type": "line", "strokeWidth": 2, "interpolate": "monotone"}
    return [_layer(lines, rule, y=y), _layer(points, line, x=x, y=y, color=colour)]


def _names(words: Words) -> dict[str, Any]:
    names = [{"at": _band(n)[1] + 0.26, "name": words.field(n)} for n in CURVES]
    text = {"type": "text", "align": "left", "baseline": "top", "dx": 4, "fontSize": 12}
    text |= {"fontWeight": 600, "color": "gray"}
    name = {"field": "name", "type": "nominal"}
    return _layer(names, text, x={"value": 0}, y=_at("at"), text=name)


def _strip(
    keyframes: Sequence[tuple[float, bytes]],
    duration: float,
    scenes: Sequence[tuple[float, float]],
    y: dict[str, Any],
) -> list[dict[str, Any]]:
    """Pictures of the film, each over its own moment."""
    if not keyframes:
        return []
    times = [time for time, _ in keyframes]
    width, places = strip_places(times, duration, scenes)
    top, bottom = len(CURVES) + 1.33, len(CURVES) + 0.12
    rows = [
        {
            "time": left,
            "end": left + width,
            "at": bottom,
            "top": top,
            "picture": thumbnail(keyframes[i][1]),
        }
        for i, left in places
    ]
    image, url = {"type": "image", "aspect": True}, {"field": "picture", "type": "nominal"}
    ends = {"x2": {"field": "end"}, "y2": {"field": "top"}}
    return [_layer(rows, image, x=_at("time"), y=y, url=url, **ends)]


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


def thumbnail(jpeg: bytes, width: int = 200) -> str:
    """A keyframe as a small 16 : 9 picture in a data address."""
    from PIL import Image, ImageOps

    image = ImageOps.fit(Image.open(io.BytesIO(jpeg)).convert("RGB"), (width, width * 9 // 16))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=78)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode("ascii")


def _cut_ticks(cuts: Sequence[float], duration: float) -> list[dict[str, Any]]:
    if not len(cuts):
        return []
    at = len(CURVES)
    rows = [{"time": float(t), "at": at - 0.02, "top": at + 0.1} for t in cuts if t <= duration]
    rule = {"type": "rule", "opacity": 0.7, "color": "gray"}
    return [_layer(rows, rule, x=_at("time"), y=_at("at"), y2={"field": "top"})]


def _reader(
    rows: list[dict[str, Any]],
    scenes: Sequence[tuple[float, float]],
    chosen: int | None,
    words: Words,
) -> dict[str, Any]:
    """Invisible columns that show the values under the mouse, tinted in the chosen scene."""
    table = [
        row
        | {
            "from": words.clock(row["time"]),
            "at": 0,
            "top": len(CURVES) + 1.35,
            "chosen": row["scene"] == chosen,
            "place": words("scene_n", n=row["scene"] + 1) if scenes else "",
        }
        for row in rows
    ]
    read = [
        {"field": "from", "type": "nominal", "title": words("time")},
        {"field": "place", "type": "nominal", "title": words("scene")},
    ]
    read += [_at(n, title=words.field(n), format=".0f") for n in CURVES]
    shades = [
        {"param": "hover", "empty": False, "value": 0.22},
        {"test": "datum.chosen", "value": 0.12},
    ]
    return _layer(
        table,
        {"type": "rect", "color": ACCENT, "cursor": "pointer"},
        x=_at("time"),
        x2={"field": "end"},
        y=_at("at"),
        y2={"field": "top"},
        opacity={"condition": shades, "value": 0.0},
        tooltip=read,
    ) | {"name": _READER}
