"""Results to take away: a table for spreadsheets, everything as JSON, one page to print or send.

A cell of the table that a spreadsheet would take for a formula gets an apostrophe in front; the page
escapes every text, holds its pictures itself and asks no other machine for anything.
"""

from __future__ import annotations

import base64
import csv
import datetime
import html
import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS, VideoProfile
from leitmotif import __version__
from leitmotif.pipeline import Recommendation
from leitmotif.show import drawing
from leitmotif.words.page_words import Words
from matcher.query import Query

if TYPE_CHECKING:
    from features.video.timeline import Timeline

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COLUMNS = (
    "title",
    "artist",
    "path",
    "duration_s",
    "bpm",
    "key",
    "loudness_lufs",
    "license",
    "license_url",
)
_PICTURES = 8


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP: CSV injection); numbers stay numbers."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def results_csv(result: Recommendation) -> str:
    """One row per track: place, id, what is known of it, distance, sentence, ten values, ten shares."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    shares = [f"{n}_share" for n in MUSIC_NAMES]
    writer.writerow(["place", "track_id", *_COLUMNS, "distance", "sentence", *MUSIC_NAMES, *shares])
    for place, m in enumerate(result.matches, start=1):
        known = [safe_cell(m.track.get(column, "")) for column in _COLUMNS]
        numbers = [*map(repr, m.values.tolist()), *(f"{s:.4f}" for s in m.contributions)]
        writer.writerow(
            [place, safe_cell(m.track_id), *known, repr(m.distance), m.sentence, *numbers]
        )
    return text.getvalue()


def results_json(video: str, result: Recommendation) -> str:
    """The whole result, laid out as `leitmotif recommend --json` does."""
    record = {
        "video": video,
        "catalogue": _name(result.catalogue.source),
        "recommendations": [result.to_dict()],
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


def report_html(
    video: str, timeline: Timeline, whole: VideoProfile, result: Recommendation, words: Words
) -> str:
    """One page: keyframes, curves, the two profiles, the choices, the tracks with their reasons.

    whole : the profile of the whole video, with its curves. The result may be of one scene.
    """
    title = words("report_title", name=video)
    if result.end is not None:
        title += f" ({words.clock(result.start)} – {words.clock(result.end)})"
    curves = [(f, whole.curves[f.name]) for f in VIDEO_FIELDS if f.name in drawing.CURVE_COLOURS]
    made = words(
        "report_made",
        version=__version__,
        date=datetime.date.today().isoformat(),
        catalogue=_name(result.catalogue.source),
    )
    body = [
        f"<h1>{_t(title)}</h1>",
        _pictures(timeline.keyframes),
        drawing.curve_lines(whole.curves.times, curves, timeline.cuts, words.field),
        "<div class='two'><section>",
        f"<h2>{_t(words('saw'))}</h2>{drawing.profile_bars(result.video, words.field, words.evidence)}",
        f"</section><section><h2>{_t(words('wants'))}</h2>",
        drawing.profile_bars(result.music, words.field, words.evidence),
        f"<p class='small'>{_t(words('predicted_by', what=result.predictor))}</p>{_edited(result, words)}</section></div>",
        f"<h2>{_t(words('tracks'))}</h2>{_tracks(result, words)}",
        f"<p class='small'>{_t(_chosen(result.query, words))}</p>",
        "".join(f"<p class='small'>{_t(words.sentence(w))}</p>" for w in result.warnings),
        f"<p class='small'>{_t(made)}</p>",
    ]
    language = "zh-Hans" if words.language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{_t(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{drawing.STYLE}{_PAPER}</style></head><body>{''.join(body)}</body></html>"
    )


_PAPER = """
body { font-family: system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #1c1b22; background: #fff; max-width: 52rem; margin: 1.5rem auto; padding: 0 1rem; line-height: 1.4; }
h1 { font-size: 1.45rem; margin: 0 0 .7rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 1rem 0 .35rem; }
.small { font-size: .75rem; opacity: .75; margin: .3rem 0; }
.pictures { display: flex; gap: 4px; margin-bottom: .6rem; }
.pictures img { flex: 1; min-width: 0; object-fit: cover; height: 4.2rem; border-radius: 3px; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }
.two .lm { font-size: .78rem; }
.tracks { border-collapse: collapse; width: 100%; font-size: .82rem; }
.tracks td, .tracks th { padding: .28rem .6rem .28rem 0; text-align: left; vertical-align: top; }
.tracks td, .tracks th { border-bottom: 1px solid #e4e2ea; overflow-wrap: break-word; max-width: 14rem; }
.tracks td:nth-child(5) { max-width: none; width: 45%; }
@media (max-width: 40rem) { .two { grid-template-columns: 1fr; } }
@page { size: A4; margin: 11mm; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } h1, h2, tr, svg { break-inside: avoid; } }
"""


def _pictures(keyframes: Sequence[tuple[float, bytes]]) -> str:
    if not keyframes:
        return ""
    chosen = np.linspace(0, len(keyframes) - 1, min(_PICTURES, len(keyframes))).round().astype(int)
    images = (
        f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(keyframes[i][1]).decode("ascii")}">'
        for i in chosen
    )
    return f'<div class="pictures">{"".join(images)}</div>'


def _tracks(result: Recommendation, words: Words) -> str:
    rows = []
    for place, m in enumerate(result.matches, start=1):
        cells = (
            str(place),
            m.name,
            m.track.get("artist", ""),
            f"{m.distance:.3f}",
            words.reason(m.reason),
            m.track.get("license", ""),
        )
        rows.append("<tr>" + "".join(f"<td>{_t(cell)}</td>" for cell in cells) + "</tr>")
    heads = ("", words("track"), words("artist"), words("metric"), "", words("licence"))
    return f'<table class="tracks"><tr>{"".join(f"<th>{_t(h)}</th>" for h in heads)}</tr>{"".join(rows)}</table>'


def _chosen(query: Query, words: Words) -> str:
    weights = ", ".join(
        f"{words.field(f)} {w:g}" for f, w in zip(MUSIC_FIELDS, query.importance, strict=True)
    )
    said = words(
        "report_choices", weights=weights, metric=words(query.metric), scale=words(query.scale)
    )
    text = query.filter.text if query.filter else ""
    return said + (" " + words("report_filters", filters=text) if text else "")


def _edited(result: Recommendation, words: Words) -> str:
    names = ", ".join(words.field(n) for n in result.edited)
    return f"<p class='small'>{_t(words('edited', names=names))}</p>" if names else ""


def _name(source: str) -> str:
    return source.replace("\\", "/").rsplit("/", 1)[-1]


def _t(text: str) -> str:
    return html.escape(str(text), quote=True)
