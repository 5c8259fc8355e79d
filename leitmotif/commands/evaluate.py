"""`leitmotif evaluate SOURCE`: how well predictors find the true track, beside chance."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data.errors import InputError
from data.muvi_sync import is_muvi_sync
from leitmotif.learning.arc_protocol import evaluate_arc
from leitmotif.learning.judging import evaluate_source
from leitmotif.show.evaluation_table import arc_tables, evaluation_table, output_table
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console
from recommender.comparison_page import write_page
from recommender.predictor_file import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Judge the shipped predictor and every baseline on SOURCE: a folder laid out "
        "like MuVi-Sync (with the arc, too), a folder of videos that have music, or a pairs file. "
        "Nothing is trained on SOURCE unless --cross-validate is given: then every source is "
        "judged by predictors fitted on the others."
    )
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument(
        "--cross-validate", action="store_true", help="fit on SOURCE itself, fold by fold"
    )
    parser.add_argument("--folds", type=int, default=5, help="folds of sources (%(default)s)")
    parser.add_argument(
        "--train",
        type=Path,
        metavar="PAIRS",
        help="pairs to fit the baselines on (the shipped ones of SOURCE's extractor)",
    )
    parser.add_argument(
        "--predictor",
        type=Path,
        metavar="FILE",
        help="judge this predictor instead of the shipped one (a file of `leitmotif train`)",
    )
    parser.add_argument(
        "--pool",
        type=int,
        default=100,
        metavar="N",
        help="tracks that the true one is ranked among (%(default)s)",
    )
    parser.add_argument(
        "--draws", type=int, default=20, help="draws of one scene per source (%(default)s)"
    )
    parser.add_argument(
        "--page", type=Path, metavar="HTML", help="also write a page with tables and charts"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--json", action="store_true", help="the whole evaluation as JSON on stdout"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:

    if args.pool < 2 or args.draws < 1 or args.folds < 2:
        raise InputError("command.pool")
    if args.cross_validate and args.train:
        raise InputError("command.train_or_cross")
    with progress_bar("Evaluate", args.quiet) as progress:
        evaluation = evaluate_source(
            args.source,
            cross_validate=args.cross_validate,
            folds=args.folds,
            train=args.train,
            predictor=args.predictor,
            progress=progress,
            pool=args.pool,
            draws=args.draws,
            seed=args.seed,
        )
        course = None
        if is_muvi_sync(args.source):
            course = evaluate_arc(args.source, pool=args.pool, seed=args.seed, progress=progress)
    if args.page:
        write_page(args.page, [evaluation])
    if args.json:
        record = evaluation.to_dict() | ({"arc": course.to_dict()} if course else {})
        print(json.dumps(plain(record), ensure_ascii=False, allow_nan=False))
        return

    console().print(evaluation_table(evaluation))
    console().print(output_table(evaluation))
    for table in arc_tables(course) if course else ():
        console().print(table)
    print(
        "Bold: fewer than 5 % of permutations do as well. "
        "Small: 95 % bootstrap interval over sources."
    )
    for note in evaluation.notes:
        print(f"leitmotif: {note}", file=sys.stderr)
