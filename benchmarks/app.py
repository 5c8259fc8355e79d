"""From a moved slider to the new list, on the server: `python benchmarks/app.py [--sizes 10000
100000]`.

What one move costs: filters, ranking with reasons, and the pieces of HTML of five cards, on a
catalogue that is open already. Opening it (reading nothing, building the index) is timed apart.
Metadata has the size of a real catalogue's; the numbers are random.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data.catalogue import Catalogue
from data.profiles import MUSIC_FIELDS, VideoProfile
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.show import drawing
from leitmotif.words.page_words import Words
from matcher.filters import Filter
from matcher.query import Query
from recommender import load_recommender


def catalogue(n: int) -> Catalogue:
    rng = np.random.default_rng(0)
    features = np.column_stack([rng.uniform(f.low, f.high, n) for f in MUSIC_FIELDS])
    columns = {
        "track_id": [f"track-{i}" for i in range(n)],
        "title": [f"Title of the track number {i}" for i in range(n)],
        "artist": [f"Artist {i % 997}" for i in range(n)],
        "duration_s": [str(60 + i % 300) for i in range(n)],
        "bpm": [str(60 + i % 120) for i in range(n)],
        "license": [("CC0-1.0", "CC BY 4.0", "")[i % 3] for i in range(n)],
        "extractor": ["leitmotif-audio 4"] * n,
    }
    return Catalogue(features, columns)


def measure(n: int, moves: int) -> dict:
    library, words, recommender = Library(catalogue(n)), Words("en"), load_recommender()
    began = time.perf_counter()
    library.index  # noqa: B018
    opened = time.perf_counter() - began
    video, rng = VideoProfile(np.full(11, 0.4), np.ones(11)), np.random.default_rng(1)

    def move(filtered: bool) -> float:
        weights = rng.uniform(0, 3, 10)
        began = time.perf_counter()
        where = library.where(licences=("CC0-1.0",), bpm=(80, 140)) if filtered else library.where()
        result = pipeline.match(
            video,
            library.catalogue,
            Query(
                importance=weights,
                filter=None if where is None else Filter("", rows=where),
            ),
            recommender=recommender,
            index=library.index,
        )
        for place, m in enumerate(result.matches, start=1):
            off = (m.values - result.music.values) / library.index.scaling.sd
            drawing.track_head(place, m.name, m.track["artist"], (), f"{m.distance:.3f}")
            drawing.reason_bars(off, weights, words)
        return 1000 * (time.perf_counter() - began)

    first = move(True)
    plain, filtered = ([move(f) for _ in range(moves)] for f in (False, True))
    return {
        "tracks": n,
        "open_ms": round(1000 * opened, 1),
        "first_move_ms": round(first, 1),
        "move_ms_median": round(statistics.median(plain), 2),
        "move_ms_p95": round(float(np.percentile(plain, 95)), 2),
        "filtered_ms_median": round(statistics.median(filtered), 2),
        "filtered_ms_p95": round(float(np.percentile(filtered, 95)), 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--moves", type=int, default=40)
    args = parser.parse_args()
    for size in args.sizes:
        print(json.dumps(measure(size, args.moves)), flush=True)
