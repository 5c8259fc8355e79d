"""What the temporal Transformer costs, how well calibration recovers a known rule, what soundtracks teach.

    python benchmarks/temporal.py cost
    python benchmarks/temporal.py recovery FOLDER… [--windows 20 50 100 200] [--draws 3]
    python benchmarks/temporal.py soundtracks FOLDER

Folders hold video clips; recovery takes all of them together. `soundtracks` groups clips by the part of
their name before a double underscore, or by the column source_repo of a clips.csv in the folder.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from pathlib import Path

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
    print(f"60 s as one window {1e3 * whole:.2f} ms, as six {1e3 * pieces:.2f} ms (least of 200, CPU time)")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = min(run(14_400) for _ in range(3))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"2 h as one window {seconds:.2f} s, {(after - before) / 1024:.0f} MiB more than before")


def recovery(folders: list[Path], counts: list[int], draws: int, reliability: float, agreement: float) -> None:
    """R² against the number of rated windows: cross-validated as calibrate prints it, and on clips nobody rated."""
    from benchmarks.simulated_raters import FIELD, SimulatedRaters
    from features.video import read_timeline
    from leitmotif.calibration import measures
    from leitmotif.calibration.calibrate import calibrate

    files = sorted(p for folder in folders for p in folder.glob("*.mp4"))
    clips = {path: read_timeline(path) for path in files}
    raters = SimulatedRaters(clips, step=2.0, agreement=agreement)
    groups = np.array([w.clip.name for w in raters.windows])
    print(f"{len(groups)} windows of {len(clips)} clips, reliability {reliability}, agreement {agreement}; R² as shares of the ceiling")
    print("windows draw | ceiling | held out: closed calibrated transformer | kept | clips nobody rated: closed, what was kept")
    for draw in range(draws):
        for count in counts:
            rows, others = split(groups, count, draw)
            ratings = raters.rate(rows, reliability=reliability, seed=draw)
            with tempfile.TemporaryDirectory() as folder:
                found = calibrate(ratings, Path(folder), read=clips.get)
            (row,) = found.fields
            ceiling = measures.r_squared(ratings.values[:, FIELD], raters.truth[rows])
            held_out = " ".join(f"{score.r2 / ceiling:6.3f}" for score in row.scores.values())
            print(f"{count:4d} {draw} | {ceiling:.3f} | {held_out} | {row.kept:11s} |", fresh(found, raters, clips, others), flush=True)


def split(groups: np.ndarray, count: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` drawn windows of four fifths of the clips, and all windows of the others."""
    rng = np.random.default_rng(draw)
    names = rng.permutation(np.unique(groups))
    held_out = np.isin(groups, names[: len(names) // 5])
    return np.sort(rng.permutation(np.flatnonzero(~held_out))[:count]), np.flatnonzero(held_out)


def fresh(found, raters, clips, others: np.ndarray) -> str:
    """R² against the truth on windows of clips that were not rated, of the closed form and of the weights."""
    from benchmarks.simulated_raters import FIELD
    from leitmotif.calibration import measures

    windows = [raters.windows[i] for i in others]
    given = np.array([found.weights.rate(clips[w.clip], w.start, w.end).values[FIELD] for w in windows])
    truth = raters.truth[others]
    return f"{measures.r_squared(truth, raters.closed[others]):.3f} {measures.r_squared(truth, given):.3f}"


def soundtracks(folder: Path) -> None:
    """The table of what scored videos teach a model that only sees their picture, cross-validated by source."""
    from leitmotif.calibration.calibrate import calibrate
    from leitmotif.calibration.report import calibration_table
    from leitmotif.calibration.soundtrack import soundtrack_ratings
    from leitmotif.tables import console

    listed = folder / "clips.csv"
    sources = {}
    if listed.is_file():
        with listed.open(encoding="utf-8-sig", newline="") as file:
            sources = {row["file"]: row["source_repo"] for row in csv.DictReader(file)}
    ratings = soundtrack_ratings(folder, sources={p.name: sources.get(p.name, p.name.split("__")[0]) for p in folder.iterdir()})
    with tempfile.TemporaryDirectory() as work:
        found = calibrate(ratings, Path(work))
    print(f"{len(np.unique(ratings.groups))} sources")
    console().print(calibration_table(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("cost", "recovery", "soundtracks"))
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--windows", type=int, nargs="+", default=[20, 50, 100, 200])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--reliability", type=float, default=0.8)
    parser.add_argument("--agreement", type=float, default=0.8, help="weight of the closed form in what the raters feel")
    args = parser.parse_args()
    if args.part == "cost":
        cost()
    elif not args.folders:
        parser.error("name a folder with video clips")
    elif args.part == "recovery":
        recovery(args.folders, args.windows, args.draws, args.reliability, args.agreement)
    else:
        soundtracks(*args.folders)


if __name__ == "__main__":
    main()
