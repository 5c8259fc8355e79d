"""Pieces of HTML and SVG that page and report share: profile bars, reasons, waveforms, curves.

Texts are escaped where the templates put them in. Colours were chosen to be
told apart by the colour-blind (after Okabe & Ito 2008, darkened or lightened until each has a
contrast of 3 : 1 on white and on the dark ground alike); none is the only carrier of a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from markupsafe import Markup

from data.profiles import MUSIC_FIELDS, Field, Profile
from leitmotif.show.templates import render
from leitmotif.words.page_words import Words

ACCENT = "#6C63D9"
CURVE_COLOURS = {
    "scene_tension": "#D2601A",
    "narrative_pacing": "#2B8CC4",
    "visual_arousal": "#B9811A",
    "visual_valence": "#149674",
}

STYLE = str(render("style.css"))


def profile_bars(profile: Profile, words: Words) -> Markup:
    """A table of bars, one row per field: from the neutral value to the measured one.

    Beside each its evidence, and in words for screen readers and hovering.
    """
    measured = zip(profile.FIELDS, profile.values, profile.confidence, strict=True)
    return render("profile_bars.html", rows=[_row(f, v, sure, words) for f, v, sure in measured])


def _row(f: Field, value: float, confidence: float, words: Words) -> dict[str, object]:
    """One bar over the field's range; paler where there is less evidence."""
    at, middle = (
        100 * (min(max(v, f.low), f.high) - f.low) / (f.high - f.low) for v in (value, f.neutral)
    )
    return {
        "label": words.field(f),
        "meaning": words.meaning(f),
        "range": f"{f.low:g} – {f.high:g}",
        "number": number(f, value),
        "none": confidence == 0,
        "left": f"{min(at, middle):.1f}",
        "width": f"{max(abs(at - middle), 0.8):.1f}",
        "middle": f"{middle:.1f}",
        "opacity": f"{0.3 + 0.7 * confidence:.2f}",
        "evidence": words.evidence(confidence),
        "pips": round(confidence * 4) if confidence < 0.125 or confidence >= 0.375 else 1,
    }


def number(f: Field, value: float) -> str:
    """A value with the digits that its range deserves, and a true minus sign."""
    return (f"{value:z.2f}" if f.high - f.low <= 20 else f"{value:z.0f}").replace("-", "−")


def reason_bars(off: np.ndarray, weights: np.ndarray, words: Words) -> Markup:
    """How a track differs from what was asked, one small bar per dimension: left less, right more.

    off : (10,) track minus query in the catalogue's standard deviations; bars end at ±2.5. A
    dimension of weight 0 is shown pale: it did not count.
    """
    cells = []
    for f, d, w in zip(MUSIC_FIELDS, off, weights, strict=True):
        reach = 20 * min(abs(d), 2.5)
        cells.append(
            {
                "label": words.field(f),
                "said": words.off(d),
                "out": not w > 0,
                "left": f"{50 - reach if d < 0 else 50:.1f}",
                "width": f"{max(reach, 1):.1f}",
            }
        )
    return render("reason_bars.html", cells=cells)


def track_head(place: int, title: str, artist: str, facts: Sequence[str], distance: str) -> Markup:
    """The first two lines of a track: place, title, artist, distance; what is known of it."""
    return render(
        "track_head.html", place=place, title=title, artist=artist, facts=facts, distance=distance
    )


def film_player(address: str, start: float, end: float | None, label: str) -> Markup:
    """A player that stands at the first picture of a stretch, and stops at its end.

    It takes fractions of a second, in the address (Media Fragments URI 1.0, section 4.2.1); a
    thousandth is added, for a time that is rounded down would show the picture before.
    """
    stretch = f"#t={start + 0.001:.3f}" + ("" if end is None else f",{end:.3f}")
    return render(
        "film_player.html", address=address + (stretch if start or end else ""), label=label
    )


def outline_picture(outline: np.ndarray, arousal: np.ndarray | None = None) -> str:
    """SVG of a track's loudness outline (0–1) and, if known, its arousal curve (−100 to 100).

    Each is drawn over the whole width, whatever its length.
    """
    n = len(outline)
    bars = "".join(
        f"M{x} {20 - 18 * v:.1f}V{20 + 18 * v:.1f}" for x, v in enumerate(np.maximum(outline, 0.02))
    )
    curve = ""
    if arousal is not None and len(arousal) > 1:
        xs = np.linspace(0, n - 1, len(arousal))
        points = " ".join(
            f"{x:.1f},{20 - 0.18 * v:.1f}"
            for x, v in zip(xs, np.clip(arousal, -100, 100), strict=True)
            if np.isfinite(v)
        )
        curve = points
    colour = CURVE_COLOURS["visual_arousal"]
    return str(render("waveform.svg", n=n, bars=bars, curve=curve, colour=colour))


def curve_lines(
    times: np.ndarray,
    curves: Sequence[tuple[Field, np.ndarray]],
    marks: Sequence[float],
    label: Callable[[Field], str],
) -> Markup:
    """Curves over time, one band each, with the cuts as ticks; for paper, so nothing in it moves.

    times : (T,) seconds. curves : field and values (T,). marks : seconds of the cuts.
    """
    end = float(times[-1]) if len(times) > 1 else 1.0
    bottom = len(curves) * _BAND
    ticks = "".join(f"M{_WIDTH * t / end:.1f} {bottom:.0f}v6" for t in marks if t <= end)
    bands = [
        {"label": label(f)} | _band(f, times / end, values, row * _BAND + 18)
        for row, (f, values) in enumerate(curves)
    ]
    return render(
        "curve_lines.html",
        width=f"{_WIDTH:.0f}",
        height=f"{bottom + 10:.0f}",
        bands=bands,
        ticks=ticks,
    )


_WIDTH, _BAND = 880.0, 52.0


def _band(f: Field, at: np.ndarray, values: np.ndarray, top: float) -> dict[str, str]:
    """One curve. at : (T,), 0–1 along the width. top : where its band begins."""
    tall = _BAND - 22
    high = (np.clip(values, f.low, f.high) - f.low) / (f.high - f.low)
    points = (
        f"{_WIDTH * x:.1f},{top + tall * (1 - v):.1f}"
        for x, v in zip(at, high, strict=True)
        if np.isfinite(v)
    )
    middle = top + tall * (1 - (f.neutral - f.low) / (f.high - f.low))
    return {
        "text": f"{top - 6:.0f}",
        "middle": f"{middle:.1f}",
        "points": " ".join(points),
        "colour": CURVE_COLOURS.get(f.name, ACCENT),
    }
