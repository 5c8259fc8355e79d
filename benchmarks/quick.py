"""How far the quick look agrees with the full one, and what it costs.

    python -m benchmarks.quick FOLDER… [--keys-only] [--fit]
    python -m benchmarks.quick --cost FILM…

Of the clips in the folders: for every field the correlation of the two profiles over the clips and
their mean difference; `--keys-only` decodes nothing but key frames, as in a long film. `--fit` fits
`features.video.quick.COEFFICIENTS` to the full look's cuts (with `--keys-only`). `--cost` prints
CPU seconds of the quick look beside those of `ffmpeg -threads 1 -i FILM -f null -`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from data.media import VIDEO_SUFFIXES
from data.profiles import VIDEO_NAMES
from features.video import quick, read_timeline, score
from features.video.skim import Skimmer

_NEAR_S = 0.15
"""Seconds within which a packet stands for a cut."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--keys-only", action="store_true")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    if args.cost:
        for film in args.paths:
            cost(film)
        return
    if args.keys_only:
        quick.ALLOWANCE = 0.0
    folders = [sorted(folder.iterdir()) for folder in args.paths]
    clips = [f for files in folders for f in files if f.suffix.lower() in VIDEO_SUFFIXES]
    if args.fit:
        fit(clips)
    else:
        agreement(clips)


def agreement(clips: list[Path]) -> None:
    began = time.process_time()
    glances = [score(t).values for c in clips if (t := quick.read_timeline(c)) is not None]
    spent = (time.process_time() - began) / len(clips)
    full, near = np.array([score(read_timeline(c)).values for c in clips]), np.array(glances)
    print(f"{len(clips)} clips, {spent:.2f} CPU s each")
    print("| field | r | mean difference |")
    for i, name in enumerate(VIDEO_NAMES):
        r = np.corrcoef(full[:, i], near[:, i])[0, 1]
        print(f"| {name} | {r:.3f} | {np.abs(full - near)[:, i].mean():.2f} |")


def fit(clips: list[Path]) -> None:
    rows, cut, clip = [], [], []
    for number, path in enumerate(clips):
        cuts = np.array(read_timeline(path).cuts)
        for packet, row in _evidence(path):
            rows.append(row[1:])
            cut.append(len(cuts) > 0 and np.abs(cuts - packet).min() < _NEAR_S)
            clip.append(number)
    model, y = LogisticRegression(C=10), np.array(cut)
    sure = cross_val_predict(model, rows, y, groups=clip, cv=GroupKFold(7), method="predict_proba")[
        :, 1
    ]
    told = sure >= quick.LIKELY
    print(f"{len(y)} packets, {y.sum()} cuts: {(y & told).sum()} found, {(~y & told).sum()} false")
    model.fit(rows, y)
    print("COEFFICIENTS", [*model.intercept_.round(2), *model.coef_[0].round(2)])


def _evidence(path: Path) -> list[tuple[float, np.ndarray]]:
    """(seconds, `quick.evidence`) of every packet that may be a cut."""
    with Skimmer(path) as reader, ExitStack() as stack:
        packets = reader.packets
        if packets is None:
            return []
        glance = quick.Glance(reader, packets, stack)
        for seen in reader.frames(quick.plan(packets, reader.pixels, reader.price)):
            glance.see(seen)
        glance.finish()
        return [(packets.times[i], glance.cuts.evidence(i)) for i in packets.likely_cuts()]


def cost(film: Path) -> None:
    tool = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*tool, "-i", str(film), "-f", "null", "-"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    base = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    quick.read_timeline(film)  # opens the networks
    cpu, wall = time.process_time(), time.perf_counter()
    quick.read_timeline(film)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        f"{film.name}: decoding {base:.1f}, quick {cpu:.2f} CPU s ({cpu / base:.3f}), {wall:.1f} s"
    )


if __name__ == "__main__":
    main()
