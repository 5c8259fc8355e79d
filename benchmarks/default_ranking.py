"""Which ranking should be the default? `python benchmarks/default_ranking.py MUVI_SYNC
[--network]`.

Predictors (prior, ridge, network) × what becomes of their request (as it is, stretched, aligned to
the tracks, and ranked by how unusually near a track is) × without and with the arc, on the middle
windows of 120 s of a folder laid out like MuVi-Sync. Whatever learns is fitted on the shipped pairs
of other videos, five folds. Hubs: the share of the top-five places that the most frequent track of
a pool takes, and the share of the pool that is ever shown. Intervals are over videos.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data import muvi_sync  # noqa: E402
from data.pairs import Pairs, read_pairs  # noqa: E402
from leitmotif.learning import arc_protocol as course  # noqa: E402
from matcher import arc  # noqa: E402
from recommender import prior  # noqa: E402
from recommender.alignment import Requests, align  # noqa: E402
from recommender.comparison import fit_network  # noqa: E402
from recommender.linear import fit_ridge  # noqa: E402
from recommender.stretch import fit_stretch  # noqa: E402

WINDOW = 120
FOLDS = 5


def profiles(videos: list[course.Video], whole: bool) -> Pairs:
    """Pictures of the middle windows; music of the whole video (without its edges), or the same."""
    records = []
    for video in videos:
        seconds, start = len(video), (len(video) - WINDOW) // 2
        picture = course.averages.part(video.columns, start, start + WINDOW)
        edges = (30, seconds - 30) if whole else (start, start + WINDOW)
        music = course.averages.part(video.columns, *edges)
        seen, heard = (muvi_sync._quantities(part) for part in (picture, music))
        pictorial = {n for f in muvi_sync.VIDEO_NAMES for n in muvi_sync.PARTS.get(f, ())}
        records.append({n: (seen if n in pictorial else heard)[n] for n in seen})
    quantities = {n: np.array([r[n] for r in records]) for n in records[0]}
    reference = json.loads(muvi_sync.REFERENCE.read_text(encoding="utf-8"))["quantities"]
    names = tuple(v.name for v in videos)
    return muvi_sync._pairs(quantities, names, np.zeros(len(videos)), reference, "windows")


def predictions(pairs: Pairs, fit: Callable[[Pairs], Callable[[Pairs], np.ndarray]]) -> list:
    """By fold: rows judged, their predictions, and those of the pairs that were learned from."""
    shipped = read_pairs(ROOT / "data" / "pairs_muvi_sync.csv")
    fold_of = np.arange(len(pairs)) % FOLDS
    found = []
    for fold in range(FOLDS):
        rows = np.flatnonzero(fold_of == fold)
        held = {pairs.sources[i] for i in rows}
        known = shipped.take(np.array([s not in held for s in shipped.sources]))
        predict = fit(known)
        found.append((rows, predict(pairs.take(rows)), predict(known), known.music))
    return found


def distances(found: list, tracks: np.ndarray, how: str) -> np.ndarray:
    """(n, n) distances of requests and tracks in standard deviations of the tracks."""
    heard = np.isfinite(tracks).any(0)
    sd = np.nanstd(tracks[:, heard], axis=0)
    filled = np.where(np.isfinite(tracks), tracks, np.nanmean(tracks, axis=0))
    apart = np.zeros((len(tracks), len(tracks)))
    for rows, asked, known, music in found:
        change = {
            "as it is": lambda x, *_: x,
            "stretched": lambda x, k=known, m=music: fit_stretch(k, m).apply(x),
            "aligned": lambda x, k=known: _aligned(x, k, filled),
        }[how.split(",")[0]]

        def far(x: np.ndarray) -> np.ndarray:
            off = (x[:, None, heard] - filled[None][:, :, heard]) / sd
            return np.sqrt(np.square(np.nan_to_num(off)).sum(2))

        apart[rows] = far(change(asked))
        if how.endswith("unusual"):
            usual = far(change(known[:: max(len(known) // 300, 1)]))
            apart[rows] = (apart[rows] - usual.mean(0)) / usual.std(0)
    return apart


def _aligned(asked: np.ndarray, known: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """NaN stays where nothing is asked."""
    filled = np.nan_to_num(asked)
    return np.where(
        np.isfinite(asked), align(filled, Requests.of(known), np.nan_to_num(tracks)), asked
    )


def hubs(scores: np.ndarray, pools: np.ndarray) -> tuple[float, float]:
    """Over disjoint pools: the most frequent track's share of places, and the share ever shown."""
    size, most, shown = pools.shape[1], [], []
    for first in range(0, len(scores) - size + 1, size):
        inside = scores[first : first + size, first : first + size]
        count = np.bincount(np.argsort(-inside, axis=1)[:, :5].ravel(), minlength=size)
        most.append(count.max() / count.sum())
        shown.append((count > 0).mean())
    return float(np.mean(most)), float(np.mean(shown))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--network", action="store_true", help="fit networks, too (minutes)")
    args = parser.parse_args()
    videos = [
        course.Video(name, columns, arc.amplitude_curve(columns["loudness"]))
        for name, columns in muvi_sync.read_seconds(args.folder).items()
        if len(columns["t_s"]) >= WINDOW + 60
    ]
    videos.sort(key=lambda v: (len(v), v.name))
    pools = course.nearest_in_order(len(videos), 100)
    fits = {
        "prior": lambda known: lambda p: prior.forward(p.video, p.video_confidence)[0],
        "ridge": lambda known: _forward(fit_ridge(known)),
    } | ({"network": fit_network()} if args.network else {})
    by_place = {
        "known": (profiles(videos, False), course._known(videos, WINDOW)[0]),
        "unknown": (
            profiles(videos, True),
            course._unknown(
                videos,
                WINDOW,
                pools,
                [v.middle(WINDOW) for v in videos],
                [v.places(WINDOW) for v in videos],
            ),
        ),
    }
    print(
        "| predictor | request | place | Recall@10 | 95 % | with the arc | 95 % "
        "| most frequent | shown |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, fit in fits.items():
        for place, (pairs, evidence) in by_place.items():
            found = predictions(pairs, fit)
            weights = arc.rank_weights(WINDOW, place == "known")
            for how in ("as it is", "stretched", "aligned", "aligned, unusual"):
                profile = -distances(found, pairs.music, how)
                parts = [course._standardised(x, pools) for x in (profile, evidence)]
                both = weights[0] * parts[0] + weights[1] * parts[1]
                cells = [name, how, place]
                for scores in (profile, both):
                    row = course._rank_row(WINDOW, place, "", scores, pools, 0)
                    cells += [f"{row.recall_at_10:.3f}", "[{:.3f}, {:.3f}]".format(*row.interval)]
                most, shown = hubs(profile, pools)
                print("|", " | ".join([*cells, f"{most:.3f}", f"{shown:.2f}"]), "|", flush=True)


def _forward(model) -> Callable[[Pairs], np.ndarray]:
    return lambda p: model.forward(p.video, p.video_confidence)[0]


if __name__ == "__main__":
    main()
