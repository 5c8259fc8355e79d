"""`leitmotif train PAIRS -o FILE`: fit every predictor on pairs and keep the best on validation."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from data.errors import InputError
from data.pair_curves import curves_beside, read_film_curves
from data.pairs import read_pairs
from leitmotif.learning.arc_fit import ArcFit, fit_arc
from leitmotif.learning.filmed import Filmed
from leitmotif.show.evaluation_table import evaluation_table, step_table
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console
from recommender.network import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Fit the network and the linear predictors on the training split of PAIRS, "
        "keep the best on the validation split."
    )
    parser.add_argument("pairs", type=Path, help="CSV from `leitmotif learn`")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("recommender.safetensors"),
        help="weights file (%(default)s)",
    )
    parser.add_argument(
        "--study",
        type=Path,
        metavar="FILE",
        help="sizes and rates of the best trial of `leitmotif tune`",
    )
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch-size", type=int, help="(64, or the study's)")
    parser.add_argument("--learning-rate", type=float, help="(0.003, or the study's)")
    parser.add_argument(
        "--fusion",
        choices=("split", "shared"),
        help="two branches or one trunk (split, or the study's)",
    )
    parser.add_argument(
        "--keep",
        metavar="NAME",
        help="keep this predictor whatever validation says: network, ridge, …",
    )
    parser.add_argument("--name", help="name of the predictor (the output's)")
    parser.add_argument(
        "--runs",
        type=Path,
        metavar="FOLDER",
        help="write logs (CSV, TensorBoard) and the last checkpoint there",
    )
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="the tables as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    from recommender.select import select  # Lightning takes seconds

    if args.epochs < 1 or (args.batch_size is not None and args.batch_size < 1):
        raise InputError("command.epochs")
    if args.resume and not args.runs:
        raise InputError("command.resume")
    pairs = read_pairs(args.pairs)
    if pairs.left_out:
        print(f"leitmotif: {pairs.left_out}", file=sys.stderr)

    from recommender.lit_module import Settings

    config, settings = Config(), Settings(epochs=args.epochs, seed=args.seed)
    if args.study:
        from recommender.tune import best_of

        config, settings = best_of(args.study, settings)
    given = {"batch_size": args.batch_size, "learning_rate": args.learning_rate}
    settings = replace(settings, **{n: v for n, v in given.items() if v is not None})
    config = replace(config, fusion=args.fusion or config.fusion)
    with progress_bar("Train", args.quiet) as progress:
        selection = select(
            pairs,
            config,
            settings,
            keep=args.keep,
            folder=args.runs,
            resume=args.resume,
            progress=progress,
        )
    films = [Filmed.of(film) for film in read_film_curves(curves_beside(args.pairs))]
    course = fit_arc(films, args.seed)
    name = args.name or args.output.stem
    selection.save(
        args.output,
        name,
        f"{selection.winner}, learned from {len(selection.train)} scenes of {args.pairs.name}.",
        arc_step=course.step.to_dict() if course and course.wins else None,
    )
    if args.json:
        tables = {
            "validation": selection.validation.to_dict(),
            "test": selection.test and selection.test.to_dict(),
        }
        print(
            json.dumps(
                {
                    "weights": str(args.output),
                    "kept": selection.winner,
                    **tables,
                    "arc": course and course.to_dict(),
                },
                ensure_ascii=False,
            )
        )
        return

    for table in (selection.validation, selection.test):
        if table:
            console().print(evaluation_table(table))
    if course:
        console().print(step_table(course))
    print(f"{args.output}: {selection.winner}{_kept(course)}")


def _kept(course: ArcFit | None) -> str:
    if course is None or not course.wins:
        return ""
    return ", and the linear step over time"
