"""`leitmotif recommend VIDEO`: the tracks of a catalogue that fit a video, with reasons."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser("recommend", help="find the tracks that fit a video")
    parser.add_argument("video", type=Path)
    parser.add_argument(
        "--catalogue",
        type=Path,
        help="CSV or Parquet (default: LEITMOTIF_CATALOGUE, else the demo's)",
    )
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="how many tracks (5)")
    parser.add_argument(
        "--weights",
        metavar="W",
        help="importance per dimension: valence=2,rhythm=0.5 (others 1), ten numbers, or equal (default: by measured reliability)",
    )
    parser.add_argument("--va-only", action="store_true", help="match on arousal and valence alone")
    parser.add_argument("--metric", choices=("euclidean", "cosine"), default="euclidean")
    parser.add_argument(
        "--scale",
        choices=("standard", "raw"),
        default="standard",
        help="divide by the catalogue's spread, or not",
    )
    parser.add_argument(
        "--filter",
        metavar="F",
        help="only tracks such as bpm=90..130, license=CC*, duration<=3:00, artist!=A|B",
    )
    parser.add_argument(
        "--diverse",
        default="0",
        metavar="L",
        help="0 (default) lists the nearest; up to 1 avoids similar tracks",
    )
    parser.add_argument(
        "--index", metavar="I", help="a prepared index: a file, or the address of a Milvus server"
    )
    parser.add_argument(
        "--profile-weights",
        type=Path,
        metavar="FILE",
        help="see the picture as somebody's ratings do (calibrate's file)",
    )
    parser.add_argument(
        "--per-scene", action="store_true", help="tracks for each scene of the video"
    )
    parser.add_argument(
        "--no-cache",
        action="store_true",
        help="watch the video again even if it was watched before",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from data.catalogue import Catalogue
    from leitmotif.settings import Settings
    from matcher import presets
    from matcher.diversity import check_diversity
    from matcher.filters import parse_filter
    from matcher.metric import parse_weights
    from matcher.search import open_index

    # Whatever can be wrong with the arguments is found before the long work.
    weights = (
        presets.equal()
        if args.weights == "equal"
        else parse_weights(args.weights)
        if args.weights
        else None
    )
    search = dict(
        where=parse_filter(args.filter) if args.filter else None,
        diverse=check_diversity(args.diverse, "--diverse"),
    )
    catalogue = Catalogue.read(args.catalogue or Settings.from_environment().catalogue)
    if catalogue.skipped:
        print(
            f"leitmotif: {catalogue.source}: {len(catalogue.skipped)} rows skipped; `leitmotif catalogue check` names them.",
            file=sys.stderr,
        )

    search["index"] = open_index(args.index, catalogue) if args.index else None

    from leitmotif import pipeline
    from leitmotif.show.progress import progress_bar, warn
    from leitmotif.show.terminal import console, print_recommendation

    learned = pipeline.load_profile_weights(args.profile_weights)
    with progress_bar(args.video.name, args.quiet) as progress:
        timeline = pipeline.read_video(args.video, progress=progress, cache=not args.no_cache)
    options = dict(
        k=args.top_k,
        weights=weights,
        metric=args.metric,
        scale=args.scale,
        va_only=args.va_only,
        **search,
    )
    if args.per_scene:
        results = pipeline.recommend_scenes(timeline, catalogue, profile_weights=learned, **options)
    else:
        results = [
            pipeline.match(pipeline.rate(timeline, profile_weights=learned), catalogue, **options)
        ]
    if args.json:
        record = {
            "video": str(args.video),
            "catalogue": catalogue.source,
            "recommendations": [r.to_dict() for r in results],
        }
        print(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        out = console()
        for result in results:
            print_recommendation(result, out)
    warn(args.video, (w for r in results for w in (*timeline.warnings, *r.warnings)))
