"""What is taken away: complete, readable alone, and harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from data.catalogue import Catalogue
from data.profiles import MUSIC_NAMES, Curves, MusicProfile, VideoProfile
from leitmotif import pipeline
from leitmotif.pipeline import Recommendation
from leitmotif.show import result_page as report
from leitmotif.words.page_words import Words
from matcher.filters import Filter
from matcher.query import Query
from recommender import load_recommender

EVIL = "<img src=x onerror=alert(1)>\"'&"


class Timeline:
    """The part of a timeline that the report looks at."""

    keyframes = ((0.5, b"\xff\xd8first"), (1.5, b"\xff\xd8second"))
    cuts = (1.0,)


@pytest.fixture(scope="module")
def whole() -> VideoProfile:
    times = np.arange(6) * 0.5
    values = np.tile(np.linspace(0, 50, 6)[:, None], (1, 11))
    return VideoProfile(
        np.zeros(11), np.linspace(0, 1, 11), "test", Curves(times, values, VideoProfile.names())
    )


@pytest.fixture(scope="module")
def result(whole: VideoProfile) -> Recommendation:
    rng = np.random.default_rng(3)
    rows = [
        dict(zip(MUSIC_NAMES, rng.normal(size=10).tolist(), strict=True)) | {"track_id": str(i)}
        for i in range(6)
    ]
    rows[0] |= {"title": EVIL, "artist": "=1+1", "license": EVIL}
    rows[1] |= {"title": "+SUM(A1)", "artist": "@x", "path": "-x", "bpm": "-1.5"}
    catalogue = Catalogue.from_rows(rows, "my tracks.csv")
    asked = pipeline.request(whole, catalogue, load_recommender())
    query = Query(
        asked.values + 5.0 * (np.array(MUSIC_NAMES) == "warmth"),
        np.array([1, 1, 1, 1, 1, 1, 1, 1, 2, 0.5]),
        k=6,
        filter=Filter("CC0", rows=np.ones(6, dtype=bool)),
    )
    return pipeline.match(whole, catalogue, query)


class Pieces(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_holds_everything_and_asks_nobody(whole, result, language):
    text = report.report_html(EVIL, Timeline, whole, result, Words(language))
    page = Pieces(text)
    said = " ".join(page.words)
    for match in result.matches:
        assert match.name in said
    assert all(
        f.zh in said if language == "zh" else f.label in said
        for f in (*VideoProfile.FIELDS, *MusicProfile.FIELDS)
    )
    assert "CC0" in said and "my tracks.csv" in said
    sources = [a["src"] for _, a in page.tags if "src" in a]
    assert len(sources) == 2 and all(s.startswith("data:image/jpeg;base64,") for s in sources)
    assert not re.search(r"https?://|url\(|@import", text.replace("http://www.w3.org/2000/svg", ""))


def test_nothing_from_a_file_becomes_markup(whole, result):
    page = Pieces(report.report_html(EVIL, Timeline, whole, result, Words("en")))
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert EVIL in " ".join(page.words)


def test_table_has_a_row_per_track_and_no_formula(result):
    rows = list(csv.DictReader(io.StringIO(report.results_csv("film.mp4", result))))
    assert [int(r["place"]) for r in rows] == [1, 2, 3, 4, 5, 6]
    assert [r["track_id"] for r in rows] == [m.track_id for m in result.matches]
    for row, match in zip(rows, result.matches, strict=True):
        assert [float(row[n]) for n in MUSIC_NAMES] == match.values.tolist()
        assert sum(float(row[f"{n}_share"]) for n in MUSIC_NAMES) == pytest.approx(1, abs=1e-3)
    text = {c for r in rows for n, c in r.items() if n in ("title", "artist", "path", "license")}
    assert {"'=1+1", "'+SUM(A1)", "'@x", "'-x"} <= text


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("-1.5", "-1.5"), ("+3", "+3"), ("=1", "'=1"), ("-1-1", "'-1-1"), ("a=1", "a=1"), ("", "")],
)
def test_numbers_stay_numbers(cell: str, safe: str):
    assert report.safe_cell(cell) == safe


def test_a_scene_has_a_name_and_times_of_its_own(result):
    scene = replace(result, start=8.0, end=21.46)
    assert report.file_stem("my film.mp4", result) == "my film-music"
    assert report.file_stem("my film.mp4", scene) == "my film-0m08.0s-0m21.5s-music"
    rows = list(csv.DictReader(io.StringIO(report.results_csv("my film.mp4", scene))))
    assert {(r["video"], r["start_s"], r["end_s"]) for r in rows} == {
        ("my film.mp4", "8.000", "21.460")
    }
    assert next(csv.DictReader(io.StringIO(report.results_csv("=a", result))))["video"] == "'=a"


def test_json_says_what_was_asked(result):
    record = json.loads(report.results_json("film.mp4", result))
    assert record["video"] == "film.mp4" and record["catalogue"] == "my tracks.csv"
    found = record["recommendations"][0]
    request = found["request"]
    assert request["importance"]["arousal"] == 2 and request["edited"] == ["warmth"]
    assert (request["filter"], request["k"], request["scale"]) == ("CC0", 6, "standard")
    assert len(found["matches"]) == 6 and set(found["music"]["values"]) == set(MUSIC_NAMES)
