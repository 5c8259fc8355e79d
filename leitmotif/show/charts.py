"""The page's two charts that answer to the mouse: the film over time, a catalogue's map."""

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
    import altair as alt

    from leitmotif.words.page_words import Words

CURVES = tuple(CURVE_COLOURS)
"""The fields that are shown over time, top to bottom."""
MOST_POINTS = 480
"""Points per curve: more than a screen's width of them cannot be seen."""
PICTURES = 8
"""Keyframes in the strip: enough to recognise the film, and seen on a phone (heuristic)."""
MOST_PICTURES = 32
"""So many where there are many scenes: smaller ones show nothing (heuristic)."""
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
) -> alt.LayerChart:
    """Keyframes, cuts and four curves over one time axis.

    Hovering reads the values; a click selects the parameter `scene` (its number counts from 0).
    chosen : the scene to show as chosen, or None for the whole film.
    """
    import altair as alt

    rows = _moments(curves, duration, scenes)
    x = alt.X(
        "time:Q",
        title=None,
        scale=alt.Scale(domain=[0, duration], nice=False),
        axis=alt.Axis(labelExpr=_CLOCK, grid=False, tickCount=8),
    )
    y = alt.Y("at:Q", scale=alt.Scale(domain=[0, len(CURVES) + 1.35], nice=False), axis=None)
    layers = [
        _bands(alt, rows, x, y, words),
        _strip(alt, keyframes, duration, scenes, y),
        _cut_ticks(alt, cuts, duration),
        _names(alt, words),
        _reader(alt, rows, scenes, chosen, words),
    ]
    return (
        alt.layer(*[layer for layer in layers if layer is not None])
        .properties(height=390)
        .configure_view(strokeWidth=0)
    )


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


def _bands(alt: Any, rows: list[dict[str, Any]], x: Any, y: Any, words: Words) -> Any:
    """The curves, each in its band, and the neutral line of each."""
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
    colour = alt.Color(
        "curve:N",
        scale=alt.Scale(domain=list(CURVES), range=list(CURVE_COLOURS.values())),
        legend=None,
    )
    neutral = (
        alt.Chart(alt.Data(values=lines))
        .mark_rule(strokeDash=[2, 3], opacity=0.35, color="gray")
        .encode(y=y)
    )
    return neutral + alt.Chart(alt.Data(values=points)).mark_line(
        strokeWidth=2, interpolate="monotone"
    ).encode(x=x, y=y, color=colour)


def _names(alt: Any, words: Words) -> Any:
    names = [{"at": _band(n)[1] + 0.26, "name": words.field(n)} for n in CURVES]
    y = alt.Y("at:Q")
    return (
        alt.Chart(alt.Data(values=names))
        .mark_text(align="left", baseline="top", dx=4, fontSize=12, fontWeight=600, color="gray")
        .encode(x=alt.value(0), y=y, text="name:N")
    )


def _strip(
    alt: Any,
    keyframes: Sequence[tuple[float, bytes]],
    duration: float,
    scenes: Sequence[tuple[float, float]],
    y: Any,
) -> Any:
    """Pictures of the film, each over its own moment."""
    if not keyframes:
        return None
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
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_image(aspect=True)
        .encode(x="time:Q", x2="end:Q", y=y, y2="top:Q", url="picture:N")
    )


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


def _cut_ticks(alt: Any, cuts: Sequence[float], duration: float) -> Any:
    if not len(cuts):
        return None
    at = len(CURVES)
    rows = [{"time": float(t), "at": at - 0.02, "top": at + 0.1} for t in cuts if t <= duration]
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_rule(opacity=0.7, color="gray")
        .encode(x="time:Q", y="at:Q", y2="top:Q")
    )


def _reader(
    alt: Any,
    rows: list[dict[str, Any]],
    scenes: Sequence[tuple[float, float]],
    chosen: int | None,
    words: Words,
) -> Any:
    """Invisible columns that show the values under the mouse, tinted in the chosen scene."""
    table = [
        row
        | {
            "from": words.clock(row["time"]),
            "at": 0,
            "top": len(CURVES) + 1.35,
            "chosen": row["scene"] == chosen,
        }
        for row in rows
    ]
    for row in table:
        row["place"] = words("scene_n", n=row["scene"] + 1) if scenes else ""
    hover = alt.selection_point(
        name="hover", on="pointerover", nearest=False, clear="pointerout", empty=False
    )
    scene = alt.selection_point(name="scene", fields=["scene"], on="click", empty=False)
    read = [
        alt.Tooltip("from:N", title=words("time")),
        alt.Tooltip("place:N", title=words("scene")),
    ]
    read += [alt.Tooltip(f"{n}:Q", title=words.field(n), format=".0f") for n in CURVES]
    opacity = (
        alt.when(hover)
        .then(alt.value(0.22))
        .when("datum.chosen")
        .then(alt.value(0.12))
        .otherwise(alt.value(0.0))
    )
    return (
        alt.Chart(alt.Data(values=table))
        .mark_rect(color=ACCENT, cursor="pointer")
        .encode(x="time:Q", x2="end:Q", y="at:Q", y2="top:Q", opacity=opacity, tooltip=read)
        .add_params(hover, scene)
    )
