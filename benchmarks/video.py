"""What watching costs: CPU seconds against plain decoding by ffmpeg, and the memory of a long film.

    python benchmarks/video.py [VIDEO] [--rounds 3] [--film]

The video should be about 60 s of 1080p30 H.264 with a face in each frame; without one, such a clip
is made from noise-grained pictures (then no face is found, and the second ratio is the cost of
looking). Each round measures ffmpeg and both passes one after the other; ratios are of medians.
`--film` also loops the video to two hours (`--film-minutes`) without encoding it again, watches
that, and prints the resident memory after 1, 2, 4, 8 … minutes of it and at its peak.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import imageio_ffmpeg
import psutil

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--film", action="store_true", help="also watch a two-hour film made by looping"
    )
    parser.add_argument("--film-minutes", type=float, default=120)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = args.video or _grainy_video(Path(folder) / "grain.mp4")
        measure_cost(video, args.rounds)
        if args.film:
            measure_memory(video, Path(folder), args.film_minutes)


def measure_cost(video: Path, rounds: int) -> None:
    """Print CPU seconds and ratios to `ffmpeg -threads 1 -i VIDEO -f null -`."""
    from features.video.extract import read_timeline
    from features.video.signals import networks

    timeline = read_timeline(video)  # opens the networks and compiles what is compiled once
    costs: dict[str, list[float]] = {
        "ffmpeg decode": [],
        "cuts + flow + colour": [],
        "everything": [],
    }
    for _ in range(rounds):
        costs["ffmpeg decode"].append(_ffmpeg_cost(video))
        costs["everything"].append(_own_cost(lambda: read_timeline(video)))
        located, networks.locate = networks.locate, lambda _: None
        costs["cuts + flow + colour"].append(_own_cost(lambda: read_timeline(video)))
        networks.locate = located
        print(
            "  " + ", ".join(f"{name} {spent[-1]:.2f}" for name, spent in costs.items()),
            "CPU s",
            flush=True,
        )
    faces = timeline["face_presence"].mean()
    print(
        f"{video.name}: {timeline.duration:.0f} s, faces in {faces:.0%} of looks; {rounds} rounds"
    )
    base = statistics.median(costs["ffmpeg decode"])
    for name, spent in costs.items():
        print(
            f"  {name:22s} {statistics.median(spent):7.2f} CPU s   "
            f"ratio {statistics.median(spent) / base:.2f}"
        )


def measure_memory(video: Path, folder: Path, minutes: float) -> None:
    """Print the resident memory while a long loop of `video` is watched."""
    from features.video.extract import read_timeline

    film = folder / "film.mp4"
    loop = [
        "-stream_loop",
        "-1",
        "-i",
        str(video),
        "-t",
        str(60 * minutes),
        "-c",
        "copy",
        str(film),
    ]
    subprocess.run([FFMPEG, "-v", "error", "-y", *loop], check=True)
    process, seen = psutil.Process(), {}
    done = threading.Event()
    peak = 0

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, process.memory_info().rss)

    def note(_stage: str, at: float, _total: float | None) -> None:
        minute = int(at // 60)
        if minute and minute & (minute - 1) == 0:
            seen.setdefault(minute, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    timeline = read_timeline(film, progress=note)
    done.set()
    watcher.join()
    print(
        f"film of {timeline.duration / 60:.0f} min watched in "
        f"{(time.perf_counter() - started) / 60:.1f} min"
    )
    print(
        "  resident memory:",
        ", ".join(f"{m} min {rss / 2**20:.0f} MiB" for m, rss in seen.items()),
        f"; peak {peak / 2**20:.0f} MiB",
    )


def _own_cost(work) -> float:
    before = psutil.Process().cpu_times()
    work()
    after = psutil.Process().cpu_times()
    return after.user + after.system - before.user - before.system


def _ffmpeg_cost(video: Path) -> float:
    before = psutil.Process().cpu_times()
    subprocess.run(
        [FFMPEG, "-v", "error", "-threads", "1", "-i", str(video), "-f", "null", "-"], check=True
    )
    after = psutil.Process().cpu_times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def _grainy_video(path: Path) -> Path:
    pictures = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=1920x1080:rate=30:duration=60,noise=alls=8:allf=t",
    ]
    subprocess.run(
        [
            FFMPEG,
            "-v",
            "error",
            *pictures,
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-pix_fmt",
            "yuv420p",
            str(path),
        ],
        check=True,
    )
    return path


if __name__ == "__main__":
    main()
