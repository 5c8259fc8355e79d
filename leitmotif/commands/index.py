"""`leitmotif index build|push|range CATALOGUE`: prepare it for search, show what it spans."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from data.catalogue import Catalogue
from leitmotif.show.progress import progress_bar
from matcher.checks import check_count
from matcher.diversity import far_apart, unlike
from matcher.index import index_of
from matcher.metric import standard_scaling
from matcher.milvus import MilvusIndex


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    build = actions.add_parser(
        "build",
        help="write an index file that opens at once",
        description="Write an index of CATALOGUE to a file.",
    )
    build.add_argument(
        "-o", "--output", type=Path, help="the file (default: CATALOGUE.index beside it)"
    )
    build.set_defaults(run=run_build)

    push = actions.add_parser(
        "push",
        help="make a Milvus collection hold the catalogue",
        description="Add, replace and remove tracks until both agree.",
    )
    push.add_argument(
        "--uri",
        required=True,
        help="http://host:19530, a cluster's address, or a Milvus Lite file ending in .db",
    )
    push.add_argument("--token", help="user:password or API key (default: MILVUS_TOKEN)")
    push.add_argument("--collection", default="leitmotif_tracks", help="its name (%(default)s)")
    push.set_defaults(run=run_push)

    span = actions.add_parser(
        "range",
        help="tracks that span the catalogue",
        description="Tracks as different from each other as can be.",
    )
    span.add_argument(
        *("-n", "-k", "--count"),
        dest="count",
        type=int,
        default=12,
        metavar="N",
        help="how many (%(default)s)",
    )
    span.add_argument(
        "--method",
        choices=("farthest", "dpp"),
        default="farthest",
        help="the extremes, or a fair sample in which like tracks are rare (%(default)s)",
    )
    span.add_argument("--seed", type=int, default=0, help="of dpp's chance (%(default)s)")
    span.set_defaults(run=run_range)

    for action in (build, push, span):
        action.add_argument("catalogue", type=Path, metavar="CATALOGUE")
        action.add_argument("--json", action="store_true", help="the result as JSON on stdout")
        action.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run_build(args: argparse.Namespace) -> None:

    catalogue = Catalogue.read(args.catalogue)
    output = args.output or args.catalogue.with_name(args.catalogue.name + ".index")
    index = index_of(catalogue.features, output)
    record = {"index": str(output), "tracks": len(index), "bytes": output.stat().st_size}
    print(
        json.dumps(record, ensure_ascii=False)
        if args.json
        else f"{output}: {len(index)} tracks, ready to be searched"
    )


def run_push(args: argparse.Namespace) -> None:

    catalogue = Catalogue.read(args.catalogue)
    index = MilvusIndex.connect(args.uri, token=args.token, collection=args.collection)
    with progress_bar(args.catalogue.name, args.quiet) as progress:
        index.push(catalogue, progress=progress)
    record = {"uri": args.uri, "collection": args.collection, "tracks": len(index)}
    index.close()
    print(
        json.dumps(record, ensure_ascii=False)
        if args.json
        else f"{args.uri}: {record['tracks']} tracks in {args.collection}"
    )


def run_range(args: argparse.Namespace) -> None:

    check_count(args.count, "--count")
    catalogue = Catalogue.read(args.catalogue)
    scaling = standard_scaling(catalogue.features)
    if args.method == "dpp":
        rows = unlike(catalogue.features, args.count, scaling, args.seed)
    else:
        rows = far_apart(catalogue.features, args.count, scaling)
    tracks = [catalogue.track(int(row)) for row in rows]
    if args.json:
        print(
            json.dumps(
                {"catalogue": str(args.catalogue), "tracks": tracks}, ensure_ascii=False, indent=2
            )
        )
    for track in [] if args.json else tracks:
        print("  ".join(track[n] for n in ("track_id", "title", "artist") if n in track))
