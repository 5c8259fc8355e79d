"""Whether groups keep their numbers while a catalogue grows: `python -m benchmarks.map CATALOGUE`.

Tracks come in random orders, a quarter of them first; after each growth the map is drawn again from
the last one, the tracks shuffled. Counted are the tracks of groups that live on (neither split,
merged nor gone) and those of them whose number stayed. Rebuilt: the last map drawn again from
itself with other seeds. Seeds: adjusted Rand index of groups drawn afresh. `--large N` measures the
time for N tracks resampled from the catalogue with a third of its spread as noise.
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from data.catalogue import Catalogue
from leitmotif.catalogue.catalogue_map import CatalogueMap, draw, timbre

SIZES = (100, 150, 210, 375)


def kept(before: CatalogueMap, after: CatalogueMap) -> tuple[int, int, int]:
    """Tracks that kept their number, tracks of groups that live on, tracks of all last groups."""
    old = dict(zip(before.track_ids, before.numbers.tolist(), strict=True))
    live = set(after.history[-1].kept)
    pairs = [
        (old[name], number)
        for name, number in zip(after.track_ids, after.numbers.tolist(), strict=True)
        if old.get(name, 0) in live
    ]
    return sum(a == b for a, b in pairs), len(pairs), int((before.numbers > 0).sum())


def grow(catalogue: Catalogue, more: np.ndarray | None, seed: int) -> list[tuple[int, int, int]]:
    """`kept` of each growth and of two rebuilds."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(catalogue))
    last, found = None, []
    for n, chance in [*((n, 0) for n in SIZES), (SIZES[-1], 1), (SIZES[-1], 2)]:
        rows = rng.permutation(order[:n])
        drawn = draw(catalogue.take(rows), last, None if more is None else more[rows], chance)
        if last is not None:
            found.append(kept(last, drawn))
        last = drawn
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map", description=__doc__)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--large", type=int, default=0)
    args = parser.parse_args()
    catalogue = Catalogue.read(args.catalogue)
    for name, more in (("ten fields", None), ("fields and timbre", timbre(catalogue))):
        table = np.array([grow(catalogue, more, seed) for seed in range(args.orders)])
        total = table.sum(axis=0)
        steps = [f"{a} to {b}" for a, b in pairwise(SIZES)]
        for step, (stayed, living, grouped) in zip(
            [*steps, "rebuilt", "rebuilt again"], total, strict=True
        ):
            print(f"{name}, {step}: {stayed / living:.3f} of {living / grouped:.2f}")
        stayed, living, _ = total.sum(axis=0)
        print(f"{name}, all: {stayed / living:.3f}")
        maps = [draw(catalogue, more=more, seed=seed).numbers for seed in range(4)]
        pairs = [adjusted_rand_score(maps[0], other) for other in maps[1:]]
        print(f"{name}, seeds: adjusted Rand {min(pairs):.2f}, {maps[0].max()} groups")
    if args.large:
        rng = np.random.default_rng(0)
        rows = rng.integers(0, len(catalogue), args.large)
        noise = rng.normal(size=(args.large, 10)) * catalogue.features.std(axis=0) / 3
        ids = [str(i) for i in range(args.large)]
        large = Catalogue(catalogue.features[rows] + noise, {"track_id": ids, "title": ids})
        begin = time.perf_counter()
        drawn = draw(large)
        print(
            f"{args.large} tracks: {time.perf_counter() - begin:.0f} s, {len(drawn.groups)} groups"
        )


if __name__ == "__main__":
    main()
