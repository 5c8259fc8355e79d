"""`leitmotif tune PAIRS`: search for the network's sizes and rates; stop and resume at will."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data.errors import InputError
from data.pairs import read_pairs
from leitmotif.show.progress import progress_bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Run an Optuna study for Recall@3 on the validation split of PAIRS. Finished trials are"
        " kept in FILE: run the command again to go on, or in several terminals at once to go "
        "faster."
    )
    parser.add_argument("pairs", type=Path, help="CSV from `leitmotif learn`")
    parser.add_argument(
        "--study",
        type=Path,
        default=Path("study.db"),
        metavar="FILE",
        help="SQLite file of the study (%(default)s)",
    )
    parser.add_argument(
        "--trials", type=int, default=30, help="finished trials in all (%(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=30, help="epochs of a trial (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the best trial as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:

    if args.trials < 1 or args.epochs < 1:
        raise InputError("command.trials")
    pairs = read_pairs(args.pairs)
    if pairs.left_out:
        print(f"leitmotif: {pairs.left_out}", file=sys.stderr)

    from recommender.lit_module import Settings
    from recommender.tune import OBJECTIVE, finished, tune

    with progress_bar("Tune", args.quiet) as progress:
        study = tune(
            pairs,
            args.study,
            args.trials,
            seed=args.seed,
            settings=Settings(epochs=args.epochs, seed=args.seed),
            progress=progress,
        )
    best = study.best_trial
    if args.json:
        record = {
            "study": str(args.study),
            "trials": finished(study),
            "best": best.number,
            OBJECTIVE: best.value,
            "parameters": best.params,
        }
        print(json.dumps(record, ensure_ascii=False))
        return
    print(
        f"{args.study}: best of {finished(study)} trials is {best.number}, "
        f"{OBJECTIVE} {best.value:.3f} on validation"
    )
    for parameter, value in best.params.items():
        print(
            f"  {parameter} = {value:.3g}"
            if isinstance(value, float)
            else f"  {parameter} = {value}"
        )
    print(f"train with it: leitmotif train {args.pairs} --study {args.study}")
