"""What `match_audio.py` prints: text for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple, TextIO

import numpy as np

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES
from matcher.query import Query
from matcher.search import Match

FORMATS = ("text", "json", "csv")
_CSV_COLUMNS = (
    *("query", "rank", "distance", "row", "track_id", "title", "artist", "path", "reason"),
    *MUSIC_NAMES,
)


class Answer(NamedTuple):
    """One query, complete, and its tracks."""

    name: str
    """What the query is called where there are many."""
    query: Query
    matches: list[Match]


def write(answers: Sequence[Answer], style: str, catalogue: Catalogue) -> None:
    """Print answers, which differ in their values alone, to stdout in one of `FORMATS`."""
    {"text": _text, "json": _json, "csv": _csv}[style](answers, catalogue, sys.stdout)


def _text(answers: Sequence[Answer], catalogue: Catalogue, out: TextIO) -> None:
    for number, answer in enumerate(answers):
        if number:
            print(file=out)
        _heading(answer, catalogue, out)
        matches = answer.matches
        width = max((_columns(m.name) for m in matches), default=0)
        for place, m in enumerate(matches, start=1):
            name = m.name + " " * (width - _columns(m.name))
            print(f"{place:3d}  {m.distance:12.4f}  {name}  {m.sentence}", file=out)
        if matches and matches[0].next_wins:
            print(f"\n{matches[0].name} is first; {matches[0].next_wins.into()}.", file=out)


def _heading(answer: Answer, catalogue: Catalogue, out: TextIO) -> None:
    query = answer.query
    values, importance = query.complete()
    used = np.flatnonzero(importance)
    if answer.name:
        print(f"query:         {answer.name}", file=out)
    print(f"numbers used:  {_listed(values, used, '.10g')}", file=out)
    if len(set(importance[used])) > 1:
        print(f"weights:       {_listed(importance, used, 'g')}", file=out)
    print(f"metric:        {query.metric}, {query.scale} scale", file=out)
    print(f"catalogue:     {catalogue.source}, {len(catalogue)} tracks\n", file=out)


def _listed(values: np.ndarray, used: np.ndarray, digits: str) -> str:
    return ", ".join(f"{MUSIC_NAMES[j]} {values[j]:{digits}}" for j in used)


def _columns(text: str) -> int:
    """Places a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def to_record(answers: Sequence[Answer], catalogue: Catalogue) -> dict[str, Any]:
    """Answers, which differ in their values alone, as plain values; a single one without a list."""
    asked = [answer.query.to_dict() for answer in answers]
    results = [
        {"name": a.name, "query": q["values"], "matches": [m.to_dict() for m in a.matches]}
        for a, q in zip(answers, asked, strict=True)
    ]
    head = {
        "catalogue": catalogue.source,
        "tracks": len(catalogue),
        "skipped": [{"line": s.line, "reason": s.reason} for s in catalogue.skipped],
        "metric": asked[0]["metric"],
        "scale": asked[0]["scale"],
        "weights": asked[0]["importance"],
    }
    return head | ({"results": results} if answers[0].name else results[0])


def _json(answers: Sequence[Answer], catalogue: Catalogue, out: TextIO) -> None:
    record = to_record(answers, catalogue)
    json.dump(record, out, ensure_ascii=False, indent=2)
    print(file=out)


def _csv(answers: Sequence[Answer], catalogue: Catalogue, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for number, answer in enumerate(answers, start=1):
        for place, m in enumerate(answer.matches, start=1):
            about = [answer.name or number, place, repr(m.distance), m.row, m.track_id]
            names = [m.track.get(n, "") for n in ("title", "artist", "path")]
            writer.writerow([*about, *names, m.sentence, *map(repr, m.values.tolist())])
