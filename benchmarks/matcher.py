"""How fast the matcher is, beside what else one could use, and how often each finds the true five.

    python benchmarks/matcher.py --sizes 1e4 1e5 1e6 --output benchmarks/results

Every query has its own weights, as when sliders move: ones, uniform, skewed, half of them zero, or
arousal and valence alone, a fifth of the queries each. Contenders take turns on every query, so
that a busy machine slows all alike; times are CPU times of one thread, medians over queries. "true
five" is the share of the five nearest rows (float64, every row) that a contender found.

faiss, hnswlib and usearch are used where they are installed (`pip install faiss-cpu hnswlib
usearch`).
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and faiss are loaded
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data.profiles import MUSIC_FIELDS
from matcher import TrackIndex
from matcher.blocks import workers
from matcher.metric import EUCLIDEAN, VA, Scaling
from matcher.scan import scan

K = 5
LOW, HIGH = (
    np.array([getattr(f, side) for f in MUSIC_FIELDS], dtype=float) for side in ("low", "high")
)
KINDS = ("ones", "uniform", "skewed", "half zero", "VA only")
Search = Callable[[np.ndarray, np.ndarray], np.ndarray]


# ------------------------------------------------------------------------------ material


def catalogue(n: int, shape: str, rng: np.random.Generator) -> np.ndarray:
    """n profiles within the fields' ranges, float32: "styles" are 40 overlapping clouds with
    correlated dimensions.
    """
    if shape == "uniform":
        unit = rng.random((n, 10), dtype=np.float32)
    else:
        mixing = rng.normal(size=(10, 10)) * np.geomspace(2, 0.5, 10)
        middles = rng.normal(size=(40, 10)) @ mixing
        unit = np.empty((n, 10), np.float32)
        for i in range(0, n, 1 << 18):
            m = min(1 << 18, n - i)
            unit[i : i + m] = (
                middles[rng.integers(0, 40, m)] + (rng.normal(size=(m, 10)) @ mixing) * 0.6
            )
        unit = 1 / (1 + np.exp(-unit / unit[:10_000].std(axis=0)))
    return (LOW + unit * (HIGH - LOW)).astype(np.float32)


def questions(
    x: np.ndarray, spread: np.ndarray, n: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Queries near tracks (0.3 deviations away), each with weights of the next kind."""
    return [
        (
            x[rng.integers(len(x))] + rng.normal(size=10) * 0.3 * spread,
            _weights(KINDS[i % 5], rng),
            KINDS[i % 5],
        )
        for i in range(n)
    ]


def _weights(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "ones":
        return np.ones(10)
    if kind == "uniform":
        return rng.uniform(0.01, 1, 10)
    if kind == "skewed":
        return rng.exponential(1, 10) ** 2 + 1e-3
    chosen = rng.permutation(10)[:5] if kind == "half zero" else np.array(VA)
    weights = np.zeros(10)
    weights[chosen] = rng.uniform(0.1, 1, len(chosen))
    return weights


# ------------------------------------------------------------------------------ contenders


def contenders(x: np.ndarray, index: TrackIndex) -> dict[str, Search]:
    """Everything that can answer at this size, by name; Leitmotif first."""
    n, scaling = len(x), index.scaling
    y = np.empty((n, 10), np.float32)
    for i in range(0, n, 1 << 18):
        y[i : i + (1 << 18)] = (x[i : i + (1 << 18)] - scaling.center) / scaling.sd
    found: dict[str, Search] = {
        "leitmotif": lambda q, w: index.search(q, K, w, scale="standard")[0]
    }
    for make in (_faiss, _numpy, _scipy, _sklearn, _hnswlib, _usearch):
        found |= make(y, scaling)
    return found


def _scaled(q: np.ndarray, scaling: Scaling) -> np.ndarray:
    return ((q - scaling.center) / scaling.sd).astype(np.float32)


def _faiss(y, scaling) -> dict[str, Search]:
    try:
        import faiss
    except ImportError:
        return {}
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(20)
    for i in range(0, len(y), 1 << 18):
        part = y[i : i + (1 << 18)]
        flat.add(np.hstack([part, part * part]))

    def search(q, w):
        v = _scaled(q, scaling)
        return flat.search(np.concatenate([2 * w * v, -w]).astype(np.float32).reshape(-1, 20), K)[
            1
        ][0]

    def batch(queries, weights):
        v = _scaled(queries, scaling)
        return flat.search(np.hstack([2 * weights * v, -weights]).astype(np.float32), K)[1]

    search.batch = batch
    return {"faiss flat (20-D)": search}


def _numpy(y, scaling) -> dict[str, Search]:
    def search(q, w):
        d = np.square(y - _scaled(q, scaling)) @ w.astype(np.float32)
        best = np.argpartition(d, K)[:K]
        return best[np.argsort(d[best])]

    return {"numpy float32": search}


def _scipy(y, scaling) -> dict[str, Search]:
    from scipy.spatial.distance import cdist

    def search(q, w):
        d = cdist(_scaled(q, scaling)[None], y, "sqeuclidean", w=w)[0]
        best = np.argpartition(d, K)[:K]
        return best[np.argsort(d[best])]

    return {"scipy cdist": search} if len(y) <= 1_000_000 else {}


def _sklearn(y, scaling) -> dict[str, Search]:
    from sklearn.neighbors import NearestNeighbors

    def search(q, w):
        root = np.sqrt(w).astype(np.float32)
        tree = NearestNeighbors(n_neighbors=K, algorithm="kd_tree").fit(y * root)
        return tree.kneighbors((_scaled(q, scaling) * root)[None], return_distance=False)[0]

    return {"scikit-learn kd-tree, refitted": search} if len(y) <= 100_000 else {}


def _hnswlib(y, scaling) -> dict[str, Search]:
    try:
        import hnswlib
    except ImportError:
        return {}
    if len(y) > 100_000:
        return {}
    graph = hnswlib.Index("l2", 10)
    graph.init_index(len(y), M=16, ef_construction=200)
    graph.add_items(y, num_threads=1)
    graph.set_ef(200)
    graph.set_num_threads(1)

    def search(q, w):
        v = _scaled(q, scaling)
        near = graph.knn_query(v, 200)[0][0].astype(np.int64)
        return near[np.argsort(np.square(y[near] - v) @ w)[:K]]

    return {"hnswlib, 200 fetched": search}


def _usearch(y, scaling) -> dict[str, Search]:
    try:
        from usearch.index import search as exact
    except ImportError:
        return {}
    if len(y) > 1_000_000:
        return {}
    both = np.hstack([y, y * y])

    def search(q, w):
        v = _scaled(q, scaling)
        return exact(
            both, np.concatenate([2 * w * v, -w]).astype(np.float32), K, "ip", exact=True, threads=1
        ).keys.astype(np.int64)

    return {"usearch exact (20-D)": search}


# ------------------------------------------------------------------------------ measurements


def race(x, index: TrackIndex, found: dict[str, Search], asked, seconds: float) -> dict[str, dict]:
    """CPU seconds per query and share of the true five, contenders taking turns."""
    times = {name: [] for name in found}
    right = {name: [] for name in found}
    spent = dict.fromkeys(found, 0.0)
    for search in found.values():
        search(*asked[0][:2])  # what is compiled or loaded once
    for number, (q, w, kind) in enumerate(asked):
        truth = (
            set(scan(x, q, K, w, EUCLIDEAN, index.scaling)[0].tolist())
            if number < max(5, 2_000_000 // len(x))
            else None
        )
        for name, search in found.items():
            if spent[name] > seconds:
                continue
            started = time.thread_time()
            rows = search(q, w)
            took = time.thread_time() - started
            spent[name] += took
            times[name].append((took, kind))
            if truth is not None:
                right[name].append(len(truth & set(np.asarray(rows).tolist())) / K)
    return {name: {"times": times[name], "right": float(np.mean(right[name]))} for name in found}


def race_batches(index: TrackIndex, flat, asked, rounds: int) -> tuple[float, float]:
    """CPU and wall time of a batch with different weights, as shares of faiss's on one thread."""
    queries, weights = (np.array([a[i] for a in asked]) for i in (0, 1))
    cpu, wall = [], []
    index.search_batch(queries, K, weights, scale="standard")
    for _ in range(rounds):
        marks = []
        for work in (
            lambda: index.search_batch(queries, K, weights, scale="standard"),
            lambda: flat.batch(queries, weights),
        ):
            c, t = time.process_time(), time.perf_counter()
            work()
            marks.append((time.process_time() - c, time.perf_counter() - t))
        cpu.append(marks[0][0] / marks[1][0])
        wall.append(marks[0][1] / marks[1][1])
    return float(np.median(cpu)), float(np.median(wall))


def race_cosine(x, index: TrackIndex, asked) -> float:
    """Cosine search as a share of a plain float32 scan with numpy (two products with the catalogue,
    then the best).
    """
    y = ((x - index.scaling.center) / index.scaling.sd).astype(np.float32)
    squares = y * y
    ratios = []
    index.search(asked[0][0], K, asked[0][1], "cosine", "standard")
    for q, w, _ in asked:
        started = time.thread_time()
        index.search(q, K, w, "cosine", "standard")
        ours = time.thread_time() - started
        started = time.thread_time()
        cosine = (y @ (_scaled(q, index.scaling) * w).astype(np.float32)) / np.sqrt(
            squares @ w.astype(np.float32)
        )
        np.argpartition(-cosine, K)[:K]
        ratios.append(ours / (time.thread_time() - started))
    return float(np.median(ratios))


def preparation(x: np.ndarray) -> dict[str, float]:
    """Seconds to build (warm; wall, and CPU over all threads), to load, and of a first query in a
    new process.
    """
    TrackIndex.build(x[:2048])
    started, cpu = time.perf_counter(), time.process_time()
    index = TrackIndex.build(x)
    record = {"build": time.perf_counter() - started, "build_cpu": time.process_time() - cpu}
    index.search(x[0], K, np.eye(10)[VA[0]])
    record["memory"] = index.nbytes / x.nbytes
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalogue.index")
        index.save(path)
        started = time.perf_counter()
        TrackIndex.load(path)
        record["load"] = time.perf_counter() - started
        code = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})\n"
            "import numpy as np; from matcher import TrackIndex\n"
            f"TrackIndex.load({str(path)!r}).search(np.zeros(10))"
        )
        for _ in range(2):  # the second time numba's cache is warm
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            record["first"] = time.perf_counter() - started
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            record["first_cpu"] = (
                after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            )
    return record


# ------------------------------------------------------------------------------ report


def measure(n: int, shape: str, queries: int, seconds: float) -> tuple[list[str], dict[str, float]]:
    """Lines of the report for one size, and median CPU seconds by contender for the plot."""
    rng = np.random.default_rng(n)
    x = catalogue(n, shape, rng)
    prepared = preparation(x)
    index = TrackIndex.build(x)
    found = contenders(x, index)
    asked = questions(x, index.scaling.sd, queries, rng)
    results = race(x, index, found, asked, seconds)
    medians = {name: float(np.median([t for t, _ in r["times"]])) for name, r in results.items()}
    reference = medians.get("faiss flat (20-D)", medians["numpy float32"])
    lines = [
        f"### {n:,} tracks, {shape}",
        "",
        "| | CPU ms per query | of faiss | true five | " + " | ".join(KINDS) + " |",
        "|---|---|---|---|" + "---|" * len(KINDS),
    ]
    for name, r in results.items():
        kinds = [
            np.median([t for t, kind in r["times"] if kind == k] or [np.nan]) * 1e3 for k in KINDS
        ]
        cells = " | ".join(f"{ms:.3f}" for ms in kinds)
        lines.append(
            f"| {name} | {medians[name] * 1e3:.3f} | {medians[name] / reference:.4f} "
            f"| {r['right']:.3f} | {cells} |"
        )
    first, first_cpu = prepared["first"], prepared["first_cpu"]
    notes = [
        f"build {prepared['build']:.2f} s ({prepared['build_cpu']:.2f} CPU-s)",
        f"load {prepared['load'] * 1e3:.1f} ms",
        f"first query of a new process {first:.2f} s ({first_cpu:.2f} CPU-s)",
        f"memory {prepared['memory']:.2f} of the float32 numbers, VA index included",
    ]
    if "faiss flat (20-D)" in found and n <= 1_000_000:
        many = questions(x, index.scaling.sd, 256, rng)
        cpu, wall = race_batches(
            index, found["faiss flat (20-D)"], many, 3 if n >= 1_000_000 else 7
        )
        notes.append(
            f"batch of 256: {cpu:.3f} of faiss in CPU time, {wall:.3f} in wall time on "
            f"{workers()} threads against one"
        )
    if n <= 1_000_000:
        notes.append(
            f"cosine: {race_cosine(x, index, asked[: max(10, queries // 4)]):.3f} of a float32 scan"
        )
    return [*lines, "", "; ".join(notes) + ".", ""], medians


def draw(curves: dict[str, dict[int, float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5))
    for name, curve in curves.items():
        axes.loglog(
            list(curve),
            [t * 1e3 for t in curve.values()],
            "o-",
            label=name,
            linewidth=3 if name == "leitmotif" else 1,
        )
    axes.set(
        xlabel="tracks",
        ylabel="CPU ms per query (median, one thread)",
        title="Five nearest tracks, new weights with every query",
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=float, default=[1e4, 1e5, 1e6])
    parser.add_argument(
        "--data",
        choices=("styles", "uniform"),
        default="styles",
        help="how tracks lie in the ten dimensions",
    )
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument(
        "--seconds", type=float, default=20, help="CPU seconds for each contender and size"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    lines = [
        f"## The matcher on {platform.processor() or platform.machine()}, {workers()} cores, "
        f"Python {platform.python_version()}",
        "",
    ]
    curves: dict[str, dict[int, float]] = {}
    for size in args.sizes:
        report, medians = measure(int(size), args.data, args.queries, args.seconds)
        print("\n".join(report), flush=True)
        lines += report
        for name, seconds in medians.items():
            curves.setdefault(name, {})[int(size)] = seconds
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / f"matcher-{args.data}.md").write_text("\n".join(lines), encoding="utf-8")
    draw(curves, args.output / f"matcher-{args.data}.png")


if __name__ == "__main__":
    main()
