"""`leitmotif calibrate RATINGS.csv --videos FOLDER`: bend the picture's profile towards a person's
own ratings.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data.errors import InputError
from data.folders import cache_folder
from leitmotif.calibration.calibrate import calibrate
from leitmotif.calibration.ratings import read_ratings
from leitmotif.calibration.score_table import calibration_table
from leitmotif.calibration.soundtrack import soundtrack_ratings
from leitmotif.learning.scored_videos import read_sources
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "RATINGS.csv names a clip per row (columns clip, and if you like start and end in "
        "seconds, rater, group) and rates it in any of the eleven fields. Every field keeps the"
        " simplest model that wins on clips it has not seen: the closed form, a curve over it, "
        "a model of what a window is on the whole, or a light Transformer over time. The file "
        "that comes out is what --profile-weights takes."
    )
    parser.add_argument("ratings", type=Path, nargs="?", metavar="RATINGS.csv")
    parser.add_argument(
        "--videos",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="the folder with the rated clips",
    )
    parser.add_argument(
        "--soundtracks",
        action="store_true",
        help="no table: let the clips' own music say what the picture is like",
    )
    parser.add_argument(
        "--sources",
        type=Path,
        metavar="CSV",
        help="with --soundtracks: columns file and source: which are of one film",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("profile-weights.safetensors"),
        metavar="FILE",
        help="(%(default)s)",
    )
    parser.add_argument(
        "--logs",
        type=Path,
        metavar="FOLDER",
        help="checkpoints and CSV logs of training (default: the cache folder)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same numbers (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:

    if (args.ratings is None) != args.soundtracks:
        raise InputError("command.ratings_or_soundtracks")
    with progress_bar("Calibrate", args.quiet) as progress:
        if args.soundtracks:
            sources = read_sources(args.sources) if args.sources else {}
            ratings = soundtrack_ratings(args.videos, sources=sources, progress=progress)
        else:
            ratings = read_ratings(args.ratings, args.videos)
        for line, reason in ratings.skipped:
            print(f"leitmotif: {ratings.source}, line {line}: {reason}", file=sys.stderr)
        from leitmotif.calibration.residual import (
            TrainSettings,
        )  # the table is known to be good by now

        settings = TrainSettings(seed=args.seed)
        found = calibrate(
            ratings, args.logs or cache_folder("calibrate"), settings=settings, progress=progress
        )
    weights = found.weights.save(args.output)
    if args.json:
        record = {
            "weights": str(args.output),
            "digest": weights.digest,
            "skipped": [s._asdict() for s in ratings.skipped],
        }
        print(json.dumps(record | found.to_dict(), ensure_ascii=False, indent=2))
        return
    for note in found.notes:
        print(f"leitmotif: {note}", file=sys.stderr)
    console().print(calibration_table(found))
    print(f"\n{args.output}: give it to analyze and recommend as --profile-weights.")
