"""`leitmotif scenes train`: an encoder of one's own, learned from the films of the library."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.table import Table

from data.errors import InputError
from leitmotif.scenes.judging import Alike, by_layout, by_parts, judge
from leitmotif.scenes.library import ENCODER, Library
from leitmotif.scenes.pool import gather
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Train the encoder on the films of the library, from the one that it has; keep it if it "
        "finds more of the held-out moments, and read the films again with it."
    )
    parser.add_argument("--epochs", type=int, default=60, help="(%(default)s)")
    parser.add_argument("--batch-size", type=int, default=512, help="(%(default)s)")
    parser.add_argument("--from-nothing", action="store_true", help="start with a new network")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="write the log (CSV) there")
    parser.add_argument("--queries", type=int, default=1000, help="of the table (%(default)s)")
    parser.add_argument(
        "-j", "--jobs", type=int, default=-1, help="worker processes (one per core)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from leitmotif.scenes.training import TrainSettings, train  # Lightning takes seconds

    if args.epochs < 1 or args.batch_size < 2:
        raise InputError("command.epochs")
    with (
        Library.open(args.library, index=args.index) as library,
        progress_bar("Train", args.quiet) as progress,
    ):
        films = library.films
        if not films:
            raise InputError("scenes.empty", folder=library.folder)
        pool = gather([(f.id, f.path) for f in films], jobs=args.jobs, progress=progress)
        before = library.encoder
        settings = TrainSettings(epochs=args.epochs, batch_size=args.batch_size, seed=args.seed)
        ways: dict[str, Alike] = {
            "colour layout": by_layout,
            f"before ({before.name})": by_parts(before),
        }
        # training goes on from the same object, so what was before is judged before
        table = judge(pool, ways, args.queries)
        start = None if args.from_nothing else before.network
        trained = train(pool, settings, folder=args.runs, start=start, progress=progress)
        after = trained.encoder
        table += judge(pool, {f"after ({after.name})": by_parts(after)}, args.queries)
        better = not table or table[-1].rank > table[-2].rank
        if better:
            after.save(library.folder / ENCODER)
            library.refresh()
            library.add([f.path for f in films], jobs=args.jobs, progress=progress)
            _ = library.vectors
    record: dict[str, Any] = {"kept": after.name if better else before.name, "epoch": trained.epoch}
    if args.json:
        print(json.dumps(record | {"table": [row._asdict() for row in table]}))
        return
    shown = Table("encoder", "queries", "top 1", "top 5", "top 10", "top 20", "MRR")
    for row in table:
        shown.add_row(row.name, str(row.queries), *(f"{v:.4f}" for v in (*row.top, row.rank)))
    console().print(shown)
    print(f"{record['kept']}: {'kept' if better else 'stays, the new one is no better'}")
