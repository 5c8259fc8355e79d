"""How large an index of scenes grows, and what it finds at which price.

    python -m benchmarks.scene_index --vectors 10000000 --candidates 128 256 512

Synthetic vectors, as of shots of 20 frames that differ a little; asked is with copies of frames of
the first shots. Results: `benchmarks/results/scenes.md`.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from matcher.hnsw import SEARCH, HnswVectors

SIZE, SHOT, GROUP = 128, 20, 100_000
QUERIES, NEAREST = 200, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, help="stop adding after so many")
    parser.add_argument("--candidates", type=int, nargs="+", default=[SEARCH])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenes.usearch"
        held = HnswVectors(path, SIZE)
        asked, right, adding = _fill(held, args.vectors, args.seconds)
        started = time.perf_counter()
        held.save()
        record = {
            "vectors": len(held),
            "built a second": round(len(held) / adding),
            "seconds to save": round(time.perf_counter() - started, 1),
            "bytes a vector in the file": path.stat().st_size / len(held),
            "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        held.close()
        print(json.dumps(record, indent=1), flush=True)
        for candidates in args.candidates:
            _search(HnswVectors(path, SIZE, candidates), asked, right, candidates)


def _fill(
    held: HnswVectors, vectors: int, seconds: float | None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Queries (200, size), the numbers of the 20 nearest by measuring all, seconds of adding."""
    chance = np.random.default_rng(0)
    spectrum = ((1 + np.arange(SIZE) / 8) ** -0.5).astype(np.float32)

    def like(vectors: np.ndarray) -> np.ndarray:
        noise = chance.standard_normal(vectors.shape, dtype=np.float32)
        return vectors + 0.25 / np.sqrt(SIZE, dtype=np.float32) * noise

    def unit(vectors: np.ndarray) -> np.ndarray:
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    asked = np.zeros((0, SIZE), np.float32)
    exact, names = np.zeros((QUERIES, 0)), np.zeros((QUERIES, 0), int)
    adding = 0.0
    for number in range(vectors // GROUP):
        middles = chance.standard_normal((GROUP // SHOT, SIZE), dtype=np.float32) * spectrum
        part = unit(like(np.repeat(unit(middles), SHOT, axis=0))).astype(np.float16)
        started = time.perf_counter()
        held.add(number, part)
        adding += time.perf_counter() - started
        if not number:
            asked = like(part[: 5 * QUERIES : 5].astype(np.float32))
        exact = np.concatenate([exact, asked @ part.astype(np.float32).T], axis=1)
        here = np.broadcast_to(number * GROUP + np.arange(GROUP), (QUERIES, GROUP))
        names = np.concatenate([names, here], axis=1)
        best = np.argpartition(-exact, NEAREST, axis=1)[:, :NEAREST]
        exact, names = (np.take_along_axis(a, best, axis=1) for a in (exact, names))
        if seconds and adding > seconds:
            break
    return asked, names, adding


def _search(held: HnswVectors, asked: np.ndarray, right: np.ndarray, candidates: int) -> None:
    held.search(asked, NEAREST)  # what is mapped is read
    spent, hits = [], []
    for query, names in zip(asked, right, strict=True):
        started = time.perf_counter()
        found = held.search(query, NEAREST)
        spent.append(1e3 * (time.perf_counter() - started))
        hits.append(np.isin(found.groups[0] * GROUP + found.rows[0], names).mean())
    median, most = np.quantile(spent, (0.5, 0.95))
    print(
        f"{candidates} candidates: recall@{NEAREST} {np.mean(hits):.4f}, "
        f"none found {np.mean(np.array(hits) == 0):.4f}, {median:.2f} ms, 95 % {most:.2f} ms",
        flush=True,
    )


if __name__ == "__main__":
    main()
