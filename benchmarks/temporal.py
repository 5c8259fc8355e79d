"""What the temporal Transformer costs, how well calibration recovers a known rule, what soundtracks
teach.

    python benchmarks/temporal.py cost
    python benchmarks/temporal.py recovery FOLDER… [--windows 20 50 100 200] [--draws 6] [--rule
    build-up] python benchmarks/temporal.py soundtracks FOLDER

Folders hold video clips; recovery takes all of them together. `soundtracks` groups clips by the
part of their name before a double underscore, or by the column source_repo of a clips.csv in the
folder.
"""

from __future__ import annotations

import argparse
import csv
import resource
import sys
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np


def cost() -> None:
    """Milliseconds of one thread for a 60-s clip; seconds and memory for two hours."""
    import torch

    from features.video.temporal import TemporalSettings, TemporalTransformer, residuals

    torch.set_num_threads(1)
    network = TemporalTransformer(TemporalSettings(inputs=48))

    def run(tokens: int, pieces: int = 1) -> float:
        part = np.zeros((tokens // pieces, 48), np.float32)
        windows = [(part, np.ones(part.shape, bool))] * pieces
        began = time.process_time()
        residuals(network, windows)
        return time.process_time() - began

    run(120)
    whole, pieces = (min(run(120, n) for _ in range(200)) for n in (1, 6))
    print(
        f"60 s as one window {1e3 * whole:.2f} ms, "
        f"as six {1e3 * pieces:.2f} ms (least of 200, CPU time)"
    )
    print(
        f"60 s in six pieces by profile weights, tokens read, summary model and network: "
        f"{1e3 * min(_bending() for _ in range(50)):.2f} ms"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = min(run(14_400) for _ in range(3))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"2 h as one window {seconds:.2f} s, {(after - before) / 1024:.0f} MiB more than before")


def _bending() -> float:
    """CPU seconds that profile weights of 200 rated windows add to the closed form of a minute."""
    from features.video import score

    timeline, weights = _minute()
    closed = score(timeline)
    began = time.process_time()
    weights.residuals(timeline, closed)
    return time.process_time() - began


@cache
def _minute():
    """A minute of random signals, and weights that keep both models."""
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.signals import COLUMNS
    from features.video.summary import SummaryModel
    from features.video.temporal import TemporalSettings, TemporalTransformer
    from features.video.timeline import Timeline
    from features.video.tokens import TokenScale

    rng = np.random.default_rng(0)
    values = rng.random((120, len(COLUMNS)))
    values[:, COLUMNS.index("seconds")] = 0.5
    embedding = rng.normal(size=(120, 1024)).astype(np.float32)
    palette = rng.dirichlet(np.ones(36), 120).astype(np.float32)
    timeline = Timeline(
        np.arange(120) * 0.5,
        values,
        COLUMNS,
        [(0.0, 60.0)],
        60.0,
        palette,
        embedding,
        extractor="none",
    )
    scale = TokenScale.fit([timeline])
    d = 11 + 3 * len(scale.names) + len(scale.axes)
    arrays = (np.ones((11, d)), np.ones((200, 11)), np.ones((11, 200)))
    summary, network = (
        SummaryModel(np.zeros(d), np.ones(d), *arrays),
        TemporalTransformer(TemporalSettings(inputs=scale.width)),
    )
    curves = np.repeat(np.stack([np.linspace(-2, 2, 33)] * 2)[None], 11, axis=0)
    return timeline, ProfileCoefficients(
        ("transformer",) * 11, curves, "none", 10.0, scale, summary, network
    )


def recovery(
    folders: list[Path],
    counts: list[int],
    draws: int,
    reliability: float,
    agreement: float,
    rule: str,
) -> None:
    """R² against the number of rated windows: cross-validated as calibrate prints it, and on clips
    nobody rated.
    """
    from benchmarks.simulated_raters import SimulatedRaters
    from features.video import read_timeline

    files = sorted(p for folder in folders for p in folder.glob("*.mp4"))
    clips = {path: read_timeline(path) for path in files}
    raters = SimulatedRaters(clips, step=2.0, agreement=agreement, rule=rule)
    print(
        f"{len(raters.windows)} windows of {len(clips)} clips, rule {rule}, "
        f"reliability {reliability}, agreement {agreement}"
    )
    print(
        "R² as shares of the ceiling | held out: closed calibrated summary transformer | "
        "kept | clips nobody rated: closed kept | CPU s"
    )
    for count in counts:
        rows = [recovered(raters, clips, count, draw, reliability) for draw in range(draws)]
        numbers = np.array([(*held_out.values(), *fresh) for held_out, _, fresh in rows])
        middle, spread = (
            numbers.mean(axis=0),
            numbers.std(axis=0, ddof=1) if draws > 1 else np.zeros(numbers.shape[1]),
        )
        times = Counter(kept for _, kept, _ in rows)
        print(
            f"{count:4d} mean ± sd |",
            " ".join(f"{m:.3f}±{s:.3f}" for m, s in zip(middle, spread, strict=True)),
            "|",
            dict(times),
            flush=True,
        )


def recovered(
    raters, clips, count: int, draw: int, reliability: float
) -> tuple[dict[str, float], str, tuple[float, float]]:
    """One draw: held-out R² by model, which is kept, and R² of closed form and file on clips nobody
    rated.
    """
    from leitmotif.calibration import measures
    from leitmotif.calibration.calibrate import calibrate

    began = time.process_time()
    rows, others = split(np.array([w.clip.name for w in raters.windows]), count, draw)
    ratings = raters.rate(rows, reliability=reliability, seed=draw)
    with tempfile.TemporaryDirectory() as folder:
        found = calibrate(ratings, Path(folder), read=clips.get)
    (row,) = found.fields
    ceiling = measures.r_squared(ratings.values[:, raters.field], raters.truth[rows])
    held_out = {model: score.r2 / ceiling for model, score in row.scores.items()}
    scores = fresh(found, raters, clips, others)
    texts = " ".join(f"{r2:6.3f}" for r2 in held_out.values()), f"{scores[0]:6.3f} {scores[1]:6.3f}"
    print(
        f"{count:4d} {draw} | {texts[0]} | {row.kept:11s} | {texts[1]} | "
        f"{time.process_time() - began:.0f}",
        flush=True,
    )
    return held_out, row.kept, scores


def split(groups: np.ndarray, count: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn windows of four fifths of the clips, and all windows of the others."""
    rng = np.random.default_rng(draw)
    names = rng.permutation(np.unique(groups))
    held_out = np.isin(groups, names[: len(names) // 5])
    return np.sort(rng.permutation(np.flatnonzero(~held_out))[:count]), np.flatnonzero(held_out)


def fresh(found, raters, clips, others: np.ndarray) -> tuple[float, float]:
    """R² against the truth on windows of clips that were not rated, of the closed form and of the
    weights.
    """
    from leitmotif.calibration import measures

    windows = [raters.windows[i] for i in others]
    given = np.array(
        [found.weights.score(clips[w.clip], w.start, w.end).values[raters.field] for w in windows]
    )
    truth = raters.truth[others]
    return measures.r_squared(truth, raters.closed[others]), measures.r_squared(truth, given)


def soundtracks(folder: Path) -> None:
    """The table of what scored videos teach a model that only sees their picture, cross-validated
    by source.
    """
    from leitmotif.calibration.calibrate import calibrate
    from leitmotif.calibration.score_table import calibration_table
    from leitmotif.calibration.soundtrack import soundtrack_ratings
    from leitmotif.show.terminal import console

    listed = folder / "clips.csv"
    sources = {}
    if listed.is_file():
        with listed.open(encoding="utf-8-sig", newline="") as file:
            sources = {row["file"]: row["source_repo"] for row in csv.DictReader(file)}
    ratings = soundtrack_ratings(
        folder,
        sources={p.name: sources.get(p.name, p.name.split("__")[0]) for p in folder.iterdir()},
    )
    with tempfile.TemporaryDirectory() as work:
        found = calibrate(ratings, Path(work))
    print(f"{len(np.unique(ratings.groups))} sources")
    console().print(calibration_table(found))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("cost", "recovery", "soundtracks"))
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--windows", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--draws", type=int, default=6)
    parser.add_argument("--reliability", type=float, default=0.8)
    parser.add_argument(
        "--agreement",
        type=float,
        default=0.8,
        help="weight of the closed form in what the raters feel",
    )
    parser.add_argument(
        "--rule", default="build-up", help="the rest of it: build-up, dark, late rise"
    )
    args = parser.parse_args()
    if args.part == "cost":
        cost()
    elif not args.folders:
        parser.error("name a folder with video clips")
    elif args.part == "recovery":
        recovery(
            args.folders, args.windows, args.draws, args.reliability, args.agreement, args.rule
        )
    else:
        soundtracks(*args.folders)


if __name__ == "__main__":
    main()
