"""What the full and the quick look cost, and how far they agree with an earlier look.

    python -m benchmarks.look cost FILM… --before CHECKOUT [--rounds 3] [--without NAME…]
    python -m benchmarks.look agree FOLDER… --before CHECKOUT [--catalogue FILE…]

`cost` runs, one after the other in every round and each in a process of its own: plain decoding
(`ffmpeg -threads 1 -i FILM -f null -`), PySceneDetect's AdaptiveDetector alone, the look of
another checkout, the full look and the quick one; the networks are opened before the clock starts.
Medians of CPU seconds, their ratio to decoding, seconds on the clock, and the most memory that was
resident. `agree` compares the profiles of the clips in the folders, field by field, and the tracks
that each catalogue has for them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from data.media import VIDEO_SUFFIXES
from data.profiles import VIDEO_FIELDS, VideoProfile

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
HERE = Path(__file__).resolve().parents[1]
TOP = 5

_LOOK = """
import json, sys, time
from features.video import read_timeline
film, warm, quick = sys.argv[1], sys.argv[2], {} if sys.argv[3] == "full" else {"quick": True}
read_timeline(warm, cache=False, **quick)
cpu, wall = time.process_time(), time.perf_counter()
read_timeline(film, cache=False, **quick)
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""
_DETECT = """
import json, sys, time
from scenedetect import AdaptiveDetector, detect
cpu, wall = time.process_time(), time.perf_counter()
detect(sys.argv[1], AdaptiveDetector())
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""
_PROFILES = """
import json, sys
from features.video import read_timeline, score
for line in sys.stdin:
    quick = {"quick": True} if "quick" in sys.argv else {}
    timeline = read_timeline(line.strip(), cache=False, **quick)
    profile = score(timeline)
    print(json.dumps([profile.values.tolist(), profile.confidence.tolist(), profile.extractor,
                      timeline.cuts]), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    dear = commands.add_parser("cost")
    dear.add_argument("films", nargs="+", type=Path)
    dear.add_argument("--rounds", type=int, default=3)
    dear.add_argument("--without", nargs="*", default=[])
    like = commands.add_parser("agree")
    like.add_argument("folders", nargs="+", type=Path)
    like.add_argument("--catalogue", nargs="*", type=Path, default=[])
    for command in (dear, like):
        command.add_argument("--before", type=Path, required=True)
    args = parser.parse_args()
    if args.command == "cost":
        for film in args.films:
            cost(film, args.before, args.rounds, args.without)
    else:
        agree(args.folders, args.before, args.catalogue)


# ------------------------------------------------------------------------------------ cost


def cost(film: Path, before: Path, rounds: int, without: list[str]) -> None:
    """Print a table of what each way of looking at a film costs."""
    warm = _tiny_film()
    ways: dict[str, Callable[[], tuple[list[float], float]]] = {
        "decoding": lambda: _run([FFMPEG, "-v", "error", "-threads", "1", "-i", str(film),
                                  "-f", "null", "-"]),
        "PySceneDetect": lambda: _run([sys.executable, "-c", _DETECT, str(film)]),
        "before": lambda: _run([sys.executable, "-c", _LOOK, str(film), warm, "full"], before),
        "full": lambda: _run([sys.executable, "-c", _LOOK, str(film), warm, "full"], HERE),
        "quick": lambda: _run([sys.executable, "-c", _LOOK, str(film), warm, "quick"], HERE),
    }  # fmt: skip
    spent: dict[str, list[tuple[list[float], float]]] = {w: [] for w in ways if w not in without}
    for _ in range(rounds):
        for way in spent:
            spent[way].append(ways[way]())
    medians = {
        way: [statistics.median(s[i] for s, _ in runs) for i in (0, 1)]
        for way, runs in spent.items()
    }
    base = medians["decoding"][0] if "decoding" in medians else float("nan")
    print(f"\n{film.name}, {rounds} rounds\n")
    print("| | CPU s | of decoding | s on the clock | MiB |\n|---|---|---|---|---|")
    for way, (cpu, wall) in medians.items():
        most = max(memory for _, memory in spent[way])
        print(f"| {way} | {cpu:.2f} | {cpu / base:.3f} | {wall:.1f} | {most:.0f} |", flush=True)


def _run(command: list[str], checkout: Path | None = None) -> tuple[list[float], float]:
    """([CPU seconds, seconds], MiB resident at most) of a program: what it prints of itself, else
    what the system says of it."""
    environment = os.environ | ({"PYTHONPATH": str(checkout)} if checkout else {})
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=checkout
    )
    said = child.communicate()[0] if child.stdout is None else child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise SystemExit(f"{command[:3]} ended with {status}")
    own = json.loads(said) if said.strip() else [used.ru_utime + used.ru_stime, float("nan")]
    return own, used.ru_maxrss / 1024


def _tiny_film() -> str:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / "leitmotif-look-warm.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
    subprocess.run(
        [FFMPEG, "-v", "error", "-y", *source, "-pix_fmt", "yuv420p", str(path)], check=True
    )
    return str(path)


# ------------------------------------------------------------------------------------ agreement


def agree(folders: list[Path], before: Path, catalogues: list[Path]) -> None:
    """Print how the full and the quick look agree with that of another checkout."""
    clips = [
        f for folder in folders for f in sorted(folder.iterdir()) if f.suffix in VIDEO_SUFFIXES
    ]
    ours = {"full": _profiles(clips, HERE), "quick": _profiles(clips, HERE, "quick")}
    theirs = _profiles(clips, before)
    spans = np.array([f.high - f.low for f in VIDEO_FIELDS])
    print(f"{len(clips)} clips\n\n| field | full: r | > 2 % | quick: r | mean, % of range |")
    print("|---|---|---|---|---|")
    was = np.array([values for values, *_ in theirs])
    now = {way: np.array([values for values, *_ in found]) for way, found in ours.items()}
    for i, field in enumerate(VIDEO_FIELDS):
        off = {way: 100 * np.abs(v[:, i] - was[:, i]) / spans[i] for way, v in now.items()}
        r = {way: np.corrcoef(v[:, i], was[:, i])[0, 1] for way, v in now.items()}
        print(
            f"| {field.name} | {r['full']:.4f} | {(off['full'] > 2).sum()} | {r['quick']:.3f} "
            f"| {off['quick'].mean():.2f} |"
        )
    for way, found in ours.items():
        same = sum(_alike(a[3], b[3]) for a, b in zip(found, theirs, strict=True))
        off = np.abs(now[way] - was) / spans
        print(f"\n{way}: {100 * (off <= 0.02).mean():.2f} % of fields and clips within 2 % of the")
        print(f"range, the same cuts (within .1 s) in {same} clips")
        for catalogue in catalogues:
            kept = _kept(catalogue, found, theirs)
            print(f"{catalogue}: {kept.mean():.3f} of the first {TOP} kept")
            for k in np.argsort(kept, kind="stable")[:5]:
                far = np.argmax(off[k])
                print(
                    f"  {kept[k]:.1f} {clips[k].name}: {VIDEO_FIELDS[far].name} {off[k][far]:.2f}"
                )


def _profiles(clips: Iterable[Path], checkout: Path, *words: str) -> list[list[Any]]:
    """[values, confidence, extractor, cuts] of every clip, as a checkout sees it."""
    told = subprocess.run(
        [sys.executable, "-c", _PROFILES, *words],
        input="\n".join(str(clip.resolve()) for clip in clips),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
    )
    return [json.loads(line) for line in told.stdout.splitlines() if line.startswith("[")]


def _alike(some: list[float], others: list[float]) -> bool:
    return len(some) == len(others) and np.allclose(some, others, rtol=0, atol=0.1)


def _kept(catalogue: Path, found: list[list[Any]], theirs: list[list[Any]]) -> np.ndarray:
    """Share of the first tracks that both have, by clip. The course over time is left out."""
    from data.catalogue import Catalogue
    from leitmotif.pipeline import match
    from matcher.query import Query

    tracks = Catalogue.read(catalogue)

    def first(row: list[Any]) -> set[str]:
        profile = VideoProfile(np.array(row[0]), np.array(row[1]), extractor=row[2])
        return {m.track_id for m in match(profile, tracks, Query(k=TOP)).matches}

    return np.array([len(first(a) & first(b)) / TOP for a, b in zip(found, theirs, strict=True)])


if __name__ == "__main__":
    main()
