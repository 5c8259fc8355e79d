"""`leitmotif analyze VIDEO`: what a picture is like, as 11 numbers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from data.profiles import VideoProfile
from features.video import scenes
from features.video.timeline import Timeline
from leitmotif.pipeline import load_profile_weights, read_video, score
from leitmotif.show.curve_plot import plot_curves, write_curves
from leitmotif.show.progress import progress_bar, warn
from leitmotif.show.terminal import clock, console, profile_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("video", type=Path)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--per-scene", action="store_true", help="one profile per scene")
    parser.add_argument(
        "--curves",
        type=Path,
        metavar="FILE",
        help="write the eleven curves over time (.parquet or .csv)",
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the curves with cuts and key frames on one page (.png, .pdf, .svg)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="look at key frames only: a first answer in seconds, less sure",
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="watch the video again even if it was watched before",
    )
    parser.add_argument(
        "--profile-weights",
        type=Path,
        metavar="FILE",
        help="see the picture as somebody's ratings do (calibrate's file)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:

    learned = load_profile_weights(args.profile_weights)
    with progress_bar(args.video.name, args.quiet) as progress:
        timeline = read_video(
            args.video, progress=progress, cache=not args.no_cache, quick=args.quick
        )
    windows = scenes(timeline) if args.per_scene else [(0.0, timeline.duration)]
    profiles = [score(timeline, start, end, learned) for start, end in windows]
    if args.curves or args.plot:
        write_files(args, timeline, score(timeline, profile_weights=learned))
    if args.json:
        found = [
            {"start_s": start, "end_s": end} | p.to_dict()
            for (start, end), p in zip(windows, profiles, strict=True)
        ]
        print(
            json.dumps({"video": str(args.video), "profiles": found}, ensure_ascii=False, indent=2)
        )
        return
    out = console()
    for (start, end), profile in zip(windows, profiles, strict=True):
        out.print(
            profile_table(f"{args.video.name}  {clock(start)} – {clock(end)}", profile), end="\n\n"
        )
    warn(args.video, timeline.warnings)


def write_files(args: argparse.Namespace, timeline: Timeline, whole: VideoProfile) -> None:
    """What `--curves` and `--plot` ask for, of the profile of the whole video."""

    if args.curves:
        write_curves(args.curves, whole)
    if args.plot:
        plot_curves(args.plot, args.video.name, timeline, whole)
