"""`leitmotif models list|pull`: the pretrained files that we did not train."""

from __future__ import annotations

import argparse
import json

from rich.table import Table

from features.pretrained import OPTIONAL, PRETRAINED, find, known, pull
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="what there is, and where it lies here")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_list)
    pull = actions.add_parser("pull", help="fetch what is missing into the cache folder")
    pull.add_argument(
        "names", nargs="*", metavar="NAME", help="by default all but those of other eyes"
    )
    pull.add_argument("--quiet", action="store_true", help="no progress bar")
    pull.set_defaults(run=run_pull)


def run_list(args: argparse.Namespace) -> None:

    found = [
        entry._asdict() | {"path": str(path) if (path := find(entry.name)) else None}
        for entry in (*PRETRAINED, *OPTIONAL)
    ]
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("name", "MB", "licence", "where", "serves"):
        table.add_column(column, justify="right" if column == "MB" else "left", overflow="fold")
    for entry in found:
        table.add_row(
            entry["name"],
            f"{entry['size'] / 1e6:.1f}" if entry["size"] else "",
            entry["licence"],
            entry["path"] or f"not here: leitmotif models pull {entry['name']}",
            entry["serves"],
        )
    console().print(table)


def run_pull(args: argparse.Namespace) -> None:

    for entry in [known(name) for name in args.names] or PRETRAINED:
        with progress_bar(entry.name, args.quiet) as progress:
            print(pull(entry.name, progress))
