"""`leitmotif scenes conform EDIT`: where every shot of an edit is from, to the frame."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from leitmotif.scenes.conform import conform
from leitmotif.scenes.conformed import report
from leitmotif.scenes.edit_lists import FORMATS, export
from leitmotif.scenes.library import Library
from leitmotif.scenes.rebuild import rebuild
from leitmotif.show.conform_table import print_conformed
from leitmotif.show.progress import progress_bar, warn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("edit", type=Path, metavar="EDIT")
    parser.add_argument(
        *("-o", "--output"),
        type=Path,
        metavar="NAME",
        help="folder and name of what is written, without an ending (default: beside the edit)",
    )
    parser.add_argument(
        "--format",
        action="append",
        metavar="F",
        help=f"{', '.join(form.name for form in FORMATS)} (default: all)",
    )
    parser.add_argument(
        "--render",
        type=Path,
        metavar="FILE.mp4",
        help="make the edit again from its films, with its own sound",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    with (
        Library.open(args.library, index=args.index) as library,
        progress_bar("Conform", args.quiet) as progress,
    ):
        found = conform(library, args.edit, progress=progress)
        stem = args.output or args.edit.with_suffix("")
        written = export(found, stem, args.format)
        if args.render:
            written.append(rebuild(found, args.render, progress=progress))
    warn(args.edit, found.notes)
    if args.json:
        files = {"files": [str(path) for path in written]}
        print(json.dumps(report(found) | files, ensure_ascii=False))
        return
    print_conformed(found)
    for path in written:
        print(path)
