"""Results to take away: a table for spreadsheets, everything as JSON, one page to print or send.

A cell of the table that a spreadsheet would take for a formula gets an apostrophe in front; the
page escapes every text, holds its pictures itself and asks no other machine for anything.
"""

from __future__ import annotations

import base64
import csv
import datetime
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS, VideoProfile
from leitmotif import __version__
from leitmotif.pipeline import Recommendation
from leitmotif.show import drawing
from leitmotif.show.templates import render
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
    """A text that no spreadsheet takes for a formula (OWASP: CSV injection), or a number."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def file_stem(video: str, result: Recommendation) -> str:
    """The name of a file about a result: `film-music`, of a scene `film-0m08.0s-0m21.5s-music`."""
    end = "" if result.end is None else f"-{_clock(result.start)}-{_clock(result.end)}"
    return f"{Path(video).stem}{end}-music"


def _clock(seconds: float) -> str:
    """Seconds for a file's name, to a tenth: two scenes never share one."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{minutes:.0f}m{rest:04.1f}s"


def results_csv(video: str, result: Recommendation) -> str:
    """One row per track: part of the video, place, what is known of it, why it is there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    shares = [f"{n}_share" for n in MUSIC_NAMES]
    known = ["place", "track_id", *_COLUMNS, "distance", "sentence"]
    writer.writerow(["video", "start_s", "end_s", *known, *MUSIC_NAMES, *shares])
    end = "" if result.end is None else f"{result.end:.3f}"
    part = [safe_cell(video), f"{result.start:.3f}", end]
    for place, m in enumerate(result.matches, start=1):
        about = [safe_cell(m.track.get(column, "")) for column in _COLUMNS]
        numbers = [*map(repr, m.values.tolist()), *(f"{s:.4f}" for s in m.contributions)]
        row = [place, safe_cell(m.track_id), *about, repr(m.distance), m.sentence]
        writer.writerow([*part, *row, *numbers])
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
    over_time = whole.curves
    assert over_time is not None
    curves = [(f, over_time[f.name]) for f in VIDEO_FIELDS if f.name in drawing.CURVE_COLOURS]
    return render(
        "report.html",
        words=words,
        title=_title(video, result, words),
        pictures=_pictures(timeline.keyframes),
        curves=drawing.curve_lines(over_time.times, curves, timeline.cuts, words.field),
        saw=drawing.profile_bars(result.video, words),
        wants=drawing.profile_bars(result.music, words),
        result=result,
        edited=words.joined(words.field(n) for n in result.edited),
        heads=("", words("track"), words("artist"), words("metric"), "", words("licence")),
        tracks=_tracks(result, words),
        chosen=_chosen(result.query, words),
        warnings=[words.sentence(w) for w in result.warnings],
        made=_made(result, words),
    )


def _title(video: str, result: Recommendation, words: Words) -> str:
    title = words("report_title", name=video)
    if result.end is None:
        return title
    return f"{title} ({words.clock(result.start)} – {words.clock(result.end)})"


def _made(result: Recommendation, words: Words) -> str:
    return words(
        "report_made",
        version=__version__,
        date=datetime.date.today().isoformat(),
        catalogue=_name(result.catalogue.source),
    )


def _pictures(keyframes: Sequence[tuple[float, bytes]]) -> list[str]:
    """Some keyframes along the film, as base64."""
    if not keyframes:
        return []
    chosen = np.linspace(0, len(keyframes) - 1, min(_PICTURES, len(keyframes))).round().astype(int)
    return [base64.b64encode(keyframes[i][1]).decode("ascii") for i in chosen]


def _tracks(result: Recommendation, words: Words) -> list[tuple[str, ...]]:
    """The cells of the table of tracks."""
    rows: list[tuple[str, ...]] = []
    for place, m in enumerate(result.matches, start=1):
        reason = words.reason(m.reason)
        known = m.track.get("artist", ""), f"{m.distance:.3f}", reason, m.track.get("license", "")
        rows.append((str(place), m.name, *known))
    return rows


def _chosen(query: Query, words: Words) -> str:
    assert query.importance is not None
    weights = words.joined(
        f"{words.field(f)} {w:g}" for f, w in zip(MUSIC_FIELDS, query.importance, strict=True)
    )
    said = words(
        "report_choices", weights=weights, metric=words(query.metric), scale=words(query.scale)
    )
    text = query.filter.text if query.filter else ""
    return f"{said} {words('report_filters', filters=text)}" if text else said


def _name(source: str) -> str:
    return re.split(r"[\\/]", source)[-1]
