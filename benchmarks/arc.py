"""What the arc costs: `python benchmarks/arc.py [--tracks 5000 100000] [--film 180]`.

One core. Tracks are made up: 200 s on average, places to begin as `matcher.placement` finds them in
real tracks (six on average). Times are the best of five, CPU seconds of this process; the profile's
search, the first of the two stages, is measured in the same run.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from matcher import arc, arc_store  # noqa: E402
from matcher.arc_store import CatalogueCurves, evidence_of  # noqa: E402

POOL = 5000
"""Tracks of the profile's search that the arc looks at where a catalogue is large."""


def best_of(work: Callable[[], object], runs: int = 5) -> float:
    """CPU seconds of the fastest run."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def made_up(tracks: int, seed: int = 0) -> CatalogueCurves:
    """Curves of tracks of 30 to 370 s with four to eight places each."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(30, 370, tracks)
    first = np.concatenate([[0], np.cumsum(seconds)])
    loudness = arc.smooth(rng.normal(-6, 4, first[-1])).astype(np.float32)
    counts = rng.integers(4, 9, tracks)
    of = np.concatenate([[0], np.cumsum(counts)])
    owner = np.repeat(np.arange(tracks), counts)
    places = np.floor(rng.random(of[-1]) * seconds[owner] * 0.8)
    places[of[:-1]] = 0
    return CatalogueCurves(loudness, first, places, of)


def film(seconds: int) -> arc.PictureCurves:
    """A film with a cut every five seconds."""
    rng = np.random.default_rng(1)
    cuts = (rng.random(seconds) < 0.2).astype(float)
    return arc.window(cuts, rng.exponential(0.05, seconds))


def measure(tracks: int, seconds: int) -> list[tuple[str, float]]:
    """What was done, and seconds it took (MB where it says so)."""
    from matcher import TrackIndex

    curves, picture = made_up(tracks), film(seconds)
    everything = np.arange(tracks)
    rng = np.random.default_rng(2)
    index = TrackIndex.build(rng.normal(size=(tracks, 10)))
    query, few = rng.normal(size=10), min(POOL, tracks)
    index.search(query, few)
    evidence_of(picture, curves, everything[:10])

    def two_stages() -> None:
        rows, _ = index.search(query, few)
        evidence_of(film(seconds), curves, np.sort(rows))

    def all_of_them() -> None:
        evidence_of(film(seconds), curves, everything)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalogue.arc")
        arc_store.write(path, curves, "these")
        opening = best_of(lambda: arc_store.read(path, "these"))
        size = path.stat().st_size / 1e6
    return [
        (f"arc on all {tracks:,} tracks", best_of(all_of_them)),
        (f"profile, then arc on {few:,}", best_of(two_stages)),
        ("the profile's search alone", best_of(lambda: index.search(query, few))),
        ("open the mapped file, checksum included", opening),
        ("size of the mapped file, MB", size),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, nargs="+", default=[5_000, 100_000])
    parser.add_argument("--film", type=int, default=180, help="seconds (%(default)s)")
    args = parser.parse_args()
    print("| tracks | what | seconds |\n| ---: | --- | ---: |")
    for tracks in args.tracks:
        for what, value in measure(tracks, args.film):
            print(f"| {tracks:,} | {what} | {value:.4f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of the process: {peak:.0f} MB.")


if __name__ == "__main__":
    main()
