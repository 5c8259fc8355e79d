"""`leitmotif reference build`: measure the population that the video fields are scaled on."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.errors import InputError
from features.video import read_timeline
from features.video.population import build
from features.video.reference import PATH
from leitmotif.show.progress import progress_bar

VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".mkv",
    ".webm",
    ".avi",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".ts",
    ".wmv",
    ".flv",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    build = actions.add_parser(
        "build", help="write the reference of the video fields from named inputs"
    )
    build.add_argument(
        "folders", nargs="+", type=Path, metavar="FOLDER", help="folders of ordinary clips"
    )
    build.add_argument(
        "--shots",
        type=Path,
        required=True,
        help="CSV of film shots with a column 'duration', seconds",
    )
    build.add_argument(
        "--liris", type=Path, required=True, help="folder of the LIRIS-ACCEDE discrete tables"
    )
    build.add_argument(
        "-o",
        "--output",
        type=Path,
        help="the file (default: the shipped data/reference/video.json)",
    )
    build.add_argument("--quiet", action="store_true", help="no progress bar")
    build.set_defaults(run=run_build)


def run_build(args: argparse.Namespace) -> None:

    files = [
        f
        for folder in args.folders
        for f in sorted(folder.glob("*"))
        if f.suffix.lower() in VIDEO_SUFFIXES
    ]
    if not files:
        raise InputError("command.no_clips", folders=args.folders)
    timelines = []
    with progress_bar("reference", args.quiet) as progress:
        for k, file in enumerate(files):
            progress(file.name, k, len(files))
            timelines.append(read_timeline(file))
    made_from = {
        "clips_from": [f.name for f in args.folders],
        "shot_lengths_from": args.shots.name,
        "ratings_from": args.liris.name,
    }
    reference = build(timelines, args.shots, args.liris, made_from)
    output = args.output or PATH
    reference.write(output)
    print(f"{output}: {reference.made_from['clips']} clips, {reference.made_from['scenes']} scenes")
    for name, fit in (("arousal", reference.arousal), ("valence", reference.valence)):
        s = fit.score
        print(
            f"{name}: cross-validated r {s['r']:.3f} "
            f"({s['r_low']:.3f} to {s['r_high']:.3f}), R² {s['r2']:.3f}; "
            f"the mean predictor has 0"
        )
