"""How fast music is described, beside separate librosa calls, and what builds and large catalogues
cost.

    python benchmarks/audio.py FOLDER [--tracks 20] [--rows 1000000] [--titles] [--ratings FOLDER]

FOLDER holds music. Our pass and librosa's separate calls take turns on every track, so that a busy
machine slows both alike; times are CPU seconds of one process, warm, per 30 s of music. `--titles`
prints how well arousal separates names that promise battle from names that promise peace, and the
tracks at both ends of every feature; `--ratings` the rank correlation with rated clips.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data.catalogue import METADATA_COLUMNS, Catalogue
from data.profiles import MUSIC_NAMES
from features.audio import analyze
from features.audio.descriptors import describe, listen
from features.audio.load import SAMPLE_RATE, load

EXCITED = ("battle", "boss", "danger", "sprinting", "tense")
PEACEFUL = ("town", "village", "inn", "lullaby", "waltz", "quiet")


def by_librosa(path: Path) -> None:
    """The same descriptors, each by its own librosa call, as people write it; decoded by our
    loader, as librosa's refuses some Opus.
    """
    import librosa

    y = load(path).samples
    for feature in (
        "rms",
        "spectral_centroid",
        "spectral_bandwidth",
        "spectral_rolloff",
        "spectral_flatness",
    ):
        getattr(librosa.feature, feature)(y=y)
    librosa.feature.mfcc(y=y, sr=SAMPLE_RATE)
    librosa.feature.melspectrogram(y=y, sr=SAMPLE_RATE)
    chroma = librosa.feature.chroma_stft(y=y, sr=SAMPLE_RATE)
    librosa.feature.tonnetz(chroma=chroma, sr=SAMPLE_RATE)
    librosa.onset.onset_detect(y=y, sr=SAMPLE_RATE)
    librosa.beat.beat_track(y=y, sr=SAMPLE_RATE)
    librosa.feature.tempogram(y=y, sr=SAMPLE_RATE)
    librosa.piptrack(y=y, sr=SAMPLE_RATE)
    librosa.estimate_tuning(y=y, sr=SAMPLE_RATE)


def cpu(work, *args, **kwargs) -> float:
    start = time.process_time()
    work(*args, **kwargs)
    return time.process_time() - start


def speed(files: list[Path]) -> None:
    contenders = {
        "decoding alone": load,
        "descriptors": lambda f: describe(listen(load(f))),
        "with curves, beats, sections": analyze,
        "with YAMNet too": lambda f: analyze(f, tags=True),
        "separate librosa calls": by_librosa,
    }
    for work in contenders.values():
        work(files[0])  # compiled and loaded
    times = {name: [] for name in contenders}
    for file in files:
        seconds = load(file).duration_s
        for name, work in contenders.items():
            times[name].append(cpu(work, file) / seconds * 30)
    decoding, base = np.array(times["decoding alone"]), np.array(times["separate librosa calls"])
    print(
        f"\nCPU seconds per 30 s, median of {len(files)} tracks; "
        f"ratio to separate librosa calls, both with and without decoding"
    )
    for name, values in times.items():
        whole, without = (
            np.median(np.array(values) / base),
            np.median((np.array(values) - decoding) / (base - decoding)),
        )
        print(f"  {name:30s} {np.median(values):.3f}  ({whole:.2f}, {without:.2f})")


def builds(folder: Path) -> None:
    """Whole builds with two worker processes; each begins with nothing, and ends with its workers
    so that their use can be read.
    """
    import resource

    from joblib.externals.loky import get_reusable_executor

    from features import pretrained
    from leitmotif.catalogue.build import build

    with tempfile.TemporaryDirectory() as temporary:
        for tags in (False, True) if pretrained.locate("yamnet") else (False,):
            output = Path(temporary, f"tags {tags}", "audio_features.csv")
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            tracks = len(build([folder], output, jobs=2, tags=tags).catalogue)
            took = time.perf_counter() - start
            get_reusable_executor().shutdown(wait=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"\nbuild {'with' if tags else 'without'} YAMNet: {tracks} tracks")
            print(f"  {took:.0f} s wall, {3600 / took * tracks:.0f} tracks an hour")
            print(
                f"  {used:.0f} s CPU of two workers, "
                f"{2 * 3600 / used * tracks:.0f} tracks an hour on two idle cores"
            )
            print(f"  largest worker so far: {after.ru_maxrss / 1024:.0f} MiB")
            start, used = time.perf_counter(), time.process_time()
            build([folder], output, jobs=2, tags=tags)
            print(
                f"  again, nothing changed: {time.perf_counter() - start:.2f} s wall, "
                f"{time.process_time() - used:.2f} s CPU"
            )


def large(rows: int) -> None:
    rng = np.random.default_rng(0)
    columns = {name: [""] * rows for name in METADATA_COLUMNS}
    columns |= {
        "track_id": [f"folder {i % 977}/track {i}.mp3" for i in range(rows)],
        "title": [f"Track {i}" for i in range(rows)],
    }
    columns |= {
        "artist": [f"Artist {i % 5000}" for i in range(rows)],
        "content_sha256": [f"{i:064x}" for i in range(rows)],
    }
    columns |= {
        "bpm": rng.uniform(60, 180, rows).round(2).tolist(),
        "extractor": ["leitmotif-audio 4"] * rows,
    }
    whole = Catalogue(rng.normal(size=(rows, len(MUSIC_NAMES))), columns)
    print(f"\n{rows} rows")
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("large.parquet", "large.csv"):
            whole.write(Path(temporary, name))
            for _ in range(2):
                start, used = time.perf_counter(), time.process_time()
                Catalogue.read(Path(temporary, name))
                print(
                    f"  read {name:14s} {time.perf_counter() - start:.2f} s wall, "
                    f"{time.process_time() - used:.2f} s CPU"
                )


def titles(files: list[Path]) -> None:
    from scipy.stats import bootstrap

    words = [set(f.stem.lower().replace("__", "_").split("_")) for f in files]
    values = np.array([analyze(f).profile.values for f in files])
    excited = np.array([any(e in f.stem.lower() for e in EXCITED) for f in files])
    peaceful = np.array([bool(w & set(PEACEFUL)) for w in words]) & ~excited

    def area(high: np.ndarray, low: np.ndarray, axis: int = -1) -> np.ndarray:
        return (high[..., :, None] > low[..., None, :]).mean(axis=(-2, -1)) + 0.5 * (
            high[..., :, None] == low[..., None, :]
        ).mean(axis=(-2, -1))

    print(
        f"\nnames: {excited.sum()} excited, {peaceful.sum()} peaceful; "
        f"area under the curve, 95 % interval"
    )
    for i, name in enumerate(MUSIC_NAMES):
        pair = values[excited, i], values[peaceful, i]
        interval = bootstrap(
            pair, area, n_resamples=2000, method="percentile", rng=0
        ).confidence_interval
        order = np.argsort(values[:, i])
        print(f"  {name:13s} {area(*pair):.2f} ({interval.low:.2f} to {interval.high:.2f})")
        print("     lowest  " + ", ".join(files[j].stem for j in order[:10]))
        print("     highest " + ", ".join(files[j].stem for j in order[:-11:-1]))


def ratings(folder: Path) -> None:
    from scipy.stats import spearmanr

    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values = np.array([analyze(folder / row["file"]).profile.values for row in rows])
    print(f"\nrank correlation with {len(rows)} rated clips")
    for name in ("arousal", "valence"):
        rho, p = spearmanr(
            [float(row[f"{name}_01"]) for row in rows], values[:, MUSIC_NAMES.index(name)]
        )
        print(f"  {name}: {rho:.2f} (p = {p:.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tracks", type=int, default=20)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--builds", action="store_true")
    parser.add_argument("--titles", action="store_true")
    parser.add_argument("--ratings", type=Path)
    args = parser.parse_args()
    files = sorted(
        f
        for f in args.folder.iterdir()
        if f.suffix.lower() in (".ogg", ".opus", ".mp3", ".flac", ".wav", ".m4a")
    )
    if args.tracks:
        speed(files[:: max(len(files) // args.tracks, 1)][: args.tracks])
    if args.builds:
        builds(args.folder)
    if args.rows:
        large(args.rows)
    if args.titles:
        titles(files)
    if args.ratings:
        ratings(args.ratings)


if __name__ == "__main__":
    main()
