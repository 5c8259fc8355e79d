"""What `match_audio.py` prints: text for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple, TextIO

import numpy as np

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from matcher.search import Match

FORMATS = ("text", "json", "csv")


class Answer(NamedTuple):
    """One query and its tracks."""

    name: str
    """What the query is called where there are many."""
    query: np.ndarray
    matches: list[Match]


def write(
    answers: Sequence[Answer],
    style: str,
    catalogue: Catalogue,
    weights: np.ndarray,
    metric: str,
    scale: str,
) -> None:
    """Print answers to stdout in one of `FORMATS`."""
    {"text": _text, "json": _json, "csv": _csv}[style](
        answers, catalogue, weights, metric, scale, sys.stdout
    )


def _text(answers, catalogue: Catalogue, weights, metric, scale, out: TextIO) -> None:
    used = np.flatnonzero(weights)
    for number, (name, query, matches) in enumerate(answers):
        if number:
            print(file=out)
        if name:
            print(f"query:         {name}", file=out)
        print(
            "numbers used:  " + ", ".join(f"{MUSIC_NAMES[j]} {query[j]:.10g}" for j in used),
            file=out,
        )
        if len(set(weights[used])) > 1:
            print(
                "weights:       " + ", ".join(f"{MUSIC_NAMES[j]} {weights[j]:g}" for j in used),
                file=out,
            )
        print(f"metric:        {metric}, {scale} scale", file=out)
        print(f"catalogue:     {catalogue.source}, {len(catalogue)} tracks\n", file=out)
        width = max((_columns(m.name) for m in matches), default=0)
        for place, match in enumerate(matches, start=1):
            padding = " " * (width - _columns(match.name))
            print(
                f"{place:3d}  {match.distance:12.4f}  {match.name}{padding}  {match.sentence}",
                file=out,
            )
        if matches and matches[0].next_wins:
            print(f"\n{matches[0].name} is first; {matches[0].next_wins}.", file=out)


def _columns(text: str) -> int:
    """Places a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _json(answers, catalogue: Catalogue, weights, metric, scale, out: TextIO) -> None:
    results = [
        {
            "name": name,
            "query": dict(zip(MUSIC_NAMES, query.tolist(), strict=True)),
            "matches": [m.to_dict() for m in matches],
        }
        for name, query, matches in answers
    ]
    head = {
        "catalogue": catalogue.source,
        "tracks": len(catalogue),
        "skipped": [{"line": s.line, "reason": s.reason} for s in catalogue.skipped],
        "metric": metric,
        "scale": scale,
        "weights": dict(zip(MUSIC_NAMES, weights.tolist(), strict=True)),
    }
    record = head | ({"results": results} if answers[0].name else results[0])
    json.dump(record, out, ensure_ascii=False, indent=2)
    print(file=out)


def _csv(answers, catalogue: Catalogue, weights, metric, scale, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            "query",
            "rank",
            "distance",
            "row",
            "track_id",
            "title",
            "artist",
            "path",
            "reason",
            *MUSIC_NAMES,
        ]
    )
    for number, (query_name, _, matches) in enumerate(answers, start=1):
        for place, m in enumerate(matches, start=1):
            about = [query_name or number, place, repr(m.distance), m.row, m.track_id]
            names = [m.track.get(n, "") for n in ("title", "artist", "path")]
            writer.writerow([*about, *names, m.sentence, *map(repr, m.values.tolist())])
