"""Pieces of HTML and SVG that the page and the report share: profile bars, reasons, waveforms, curves.

Every text that comes from a person's file passes through `html.escape`. Colours were chosen to be
told apart by the colour-blind (after Okabe & Ito 2008, darkened or lightened until each has a
contrast of 3 : 1 on white and on the dark ground alike); none is the only carrier of a meaning.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Callable, Sequence

import numpy as np

from data.profiles import MUSIC_FIELDS, Field, Profile

ACCENT = "#6C63D9"
CURVE_COLOURS = {
    "scene_tension": "#D2601A",
    "narrative_pacing": "#2B8CC4",
    "visual_arousal": "#B9811A",
    "visual_valence": "#149674",
}
MOOD_COLOURS = {"excited": "#B9811A", "tense": "#C0527F", "sad": "#2B8CC4", "calm": "#149674"}

STYLE = """
.lm { font-size: .875rem; line-height: 1.35; --lm-accent: #6C63D9; --lm-line: color-mix(in srgb, currentColor 14%, transparent); }
.lm .soft { opacity: .72; }
.lm table { border-collapse: collapse; width: 100%; margin: 0; border: 0; }
.lm tr, .lm td, .lm th { border: 0 !important; background: none; }
.lm th { font-weight: 400; text-align: left; padding: .16rem .6rem .16rem 0; white-space: nowrap; width: 1%; }
.lm td { padding: .16rem 0; }
.lm td.number { text-align: right; width: 3.2rem; font-variant-numeric: tabular-nums; font-weight: 600; padding-left: .5rem; }
.lm td.evidence { width: 2.6rem; padding-left: .6rem; }
.lm .bar { position: relative; height: .5rem; border-radius: .25rem; background: var(--lm-line); min-width: 4rem; }
.lm .bar i { position: absolute; top: 0; bottom: 0; border-radius: .25rem; background: var(--lm-accent); }
.lm .bar b { position: absolute; top: -.15rem; bottom: -.15rem; width: 1px; background: currentColor; opacity: .55; }
.lm .pips { display: inline-flex; gap: 2px; vertical-align: middle; }
.lm .pips i { width: 5px; height: 11px; border-radius: 1.5px; background: var(--lm-line); }
.lm .pips i.on { background: currentColor; opacity: .62; }
.lm tr.none th, .lm tr.none td.number { opacity: .6; font-weight: 400; }
.lm .reasons { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .1rem 1.6rem; font-size: .75rem; }
.lm .reasons div { display: grid; grid-template-columns: 6.6rem 1fr; align-items: center; gap: .5rem; }
.lm .reasons span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.lm .reasons .bar { height: .4rem; border-radius: .2rem; }
.lm .reasons .out { opacity: .45; }
.lm .head { display: flex; gap: .75rem; align-items: baseline; }
.lm .head .place { font-size: 1.35rem; font-weight: 700; color: var(--lm-accent); min-width: 1.2rem; font-variant-numeric: tabular-nums; }
.lm .head .title { font-size: 1.02rem; font-weight: 650; overflow-wrap: anywhere; }
.lm .head .far { margin-left: auto; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lm img.wave { display: block; width: 100%; height: 2.6rem; }
.lm svg { display: block; width: 100%; overflow: visible; }
"""


def profile_bars(
    profile: Profile, label: Callable[[Field], str], evidence: Callable[[float], str]
) -> str:
    """A table of bars, one row per field: from the neutral value to the measured one, and how sure it is.

    label : a field's name for people. evidence : a confidence (0–1) in words, for screen readers and hovering.
    """
    rows = [
        f'<tr class="{"none" if confidence == 0 else ""}"><th scope="row" title="{_text(f.meaning)}">{_text(label(f))}</th>'
        f"<td>{_bar(f, value, confidence)}</td><td class='number'>{number(f, value)}</td>"
        f"<td class='evidence' title='{_text(evidence(confidence))}'>{_pips(confidence, evidence(confidence))}</td></tr>"
        for f, value, confidence in zip(
            profile.FIELDS, profile.values, profile.confidence, strict=True
        )
    ]
    return f'<div class="lm"><table>{"".join(rows)}</table></div>'


def number(f: Field, value: float) -> str:
    """A value with the digits that its range deserves, and a true minus sign."""
    return (f"{value:z.2f}" if f.high - f.low <= 20 else f"{value:z.0f}").replace("-", "−")


def _bar(f: Field, value: float, confidence: float) -> str:
    """A bar over the field's range from its neutral value; paler where there is less evidence."""
    at, middle = (
        100 * (min(max(v, f.low), f.high) - f.low) / (f.high - f.low) for v in (value, f.neutral)
    )
    left, width = min(at, middle), max(abs(at - middle), 0.8)
    opacity = 0.3 + 0.7 * confidence
    return (
        f'<div class="bar" role="img" aria-label="{f.low:g} – {f.high:g}">'
        f'<i style="left:{left:.1f}%;width:{width:.1f}%;opacity:{opacity:.2f}"></i><b style="left:{middle:.1f}%"></b></div>'
    )


def _pips(confidence: float, words: str) -> str:
    lit = round(confidence * 4) if confidence < 0.125 or confidence >= 0.375 else 1
    pips = "".join(f'<i class="{"on" if n < lit else ""}"></i>' for n in range(4))
    return f'<span class="pips" role="img" aria-label="{_text(words)}">{pips}</span>'


def reason_bars(
    off: np.ndarray,
    weights: np.ndarray,
    label: Callable[[Field], str],
    words: Callable[[float], str],
) -> str:
    """How a track differs from what was asked, one small bar per dimension: left less, right more.

    off : (10,) track minus query in the catalogue's standard deviations; bars end at ±2.5.
    words : one such number in words. A dimension of weight 0 is shown pale: it did not count.
    """
    cells = []
    for f, d, w in zip(MUSIC_FIELDS, off, weights, strict=True):
        reach = 20 * min(abs(d), 2.5)
        left = 50 - reach if d < 0 else 50
        cells.append(
            f'<div class="{"" if w > 0 else "out"}" title="{_text(words(d))}"><span>{_text(label(f))}</span>'
            f'<div class="bar" role="img" aria-label="{_text(words(d))}"><i style="left:{left:.1f}%;width:{max(reach, 1):.1f}%"></i>'
            f'<b style="left:50%"></b></div></div>'
        )
    return f'<div class="lm"><div class="reasons">{"".join(cells)}</div></div>'


def track_head(place: int, title: str, artist: str, facts: Sequence[str], distance: str) -> str:
    """The first two lines of a track: place, title, artist, distance; what is known of it."""
    by = f' <span class="soft">· {_text(artist)}</span>' if artist else ""
    about = f'<div class="soft">{" · ".join(map(_text, facts))}</div>' if facts else ""
    return (
        f'<div class="lm"><div class="head"><span class="place">{place}</span>'
        f'<div><span class="title">{_text(title)}</span>{by}{about}</div><span class="far soft">{_text(distance)}</span></div></div>'
    )


def waveform(outline: np.ndarray, arousal: np.ndarray | None = None, label: str = "") -> str:
    """A track's loudness outline (values 0–1) and over it, if known, its arousal curve (−100 to 100).

    Each is drawn over the whole width, whatever its length. It is a picture of its own, because the
    page lets no SVG into its HTML.
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
        colour = CURVE_COLOURS["visual_arousal"]
        curve = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" vector-effect="non-scaling-stroke"/>'
    shape = (
        f'<path d="{bars}" stroke="#8f8c9c" stroke-width="1.6" vector-effect="non-scaling-stroke"/>'
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 0 {n + 1} 40" preserveAspectRatio="none">{shape}{curve}</svg>'
    picture = base64.b64encode(svg.encode()).decode("ascii")
    return f'<div class="lm"><img class="wave" alt="{_text(label)}" src="data:image/svg+xml;base64,{picture}"></div>'


def curve_lines(
    times: np.ndarray,
    curves: Sequence[tuple[Field, np.ndarray]],
    marks: Sequence[float],
    label: Callable[[Field], str],
) -> str:
    """Curves over time, one band each, with the cuts as ticks; for paper, so nothing in it moves.

    times : (T,) seconds. curves : field and values (T,). marks : seconds of the cuts.
    """
    width, band = 880.0, 52.0
    end = float(times[-1]) if len(times) > 1 else 1.0
    parts = []
    for row, (f, values) in enumerate(curves):
        top = row * band + 18
        share = (np.clip(values, f.low, f.high) - f.low) / (f.high - f.low)
        points = " ".join(
            f"{width * t / end:.1f},{top + (band - 22) * (1 - v):.1f}"
            for t, v in zip(times, share, strict=True)
            if np.isfinite(v)
        )
        middle = top + (band - 22) * (1 - (f.neutral - f.low) / (f.high - f.low))
        parts.append(
            f'<text x="0" y="{top - 6:.0f}" font-size="13" fill="currentColor" fill-opacity=".75">{_text(label(f))}</text>'
            f'<line x1="0" x2="{width:.0f}" y1="{middle:.1f}" y2="{middle:.1f}" stroke="currentColor" stroke-opacity=".2"/>'
            f'<polyline points="{points}" fill="none" stroke="{CURVE_COLOURS.get(f.name, ACCENT)}" stroke-width="2"/>'
        )
    bottom = len(curves) * band
    ticks = "".join(f"M{width * t / end:.1f} {bottom:.0f}v6" for t in marks if t <= end)
    parts.append(f'<path d="{ticks}" stroke="currentColor" stroke-opacity=".6"/>')
    return f'<div class="lm"><svg viewBox="0 0 {width:.0f} {bottom + 10:.0f}">{"".join(parts)}</svg></div>'


def _text(value: str) -> str:
    return html.escape(str(value), quote=True)
