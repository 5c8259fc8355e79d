"""What `match_audio.py` does once its arguments are taken apart: read, rank, print.

Apart from the command line itself, so that `--help` need not wait for it.
"""

from __future__ import annotations

import argparse
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.filter_options import conditions
from data.profiles import MUSIC_FIELDS, parse_vector
from data.words import Sentence
from matcher.answer import FORMATS, Answer, write
from matcher.checks import check_choice
from matcher.diversity import check_diversity
from matcher.exact import TrackIndex
from matcher.filters import Filter
from matcher.importance import check_weights, parse_features, parse_weights
from matcher.index import Index, open_index
from matcher.metric import METRICS, SCALES
from matcher.query import Query
from matcher.search import rank

HELP = "match_audio.py --help"
Note = Callable[[Sentence], None]
"""What takes a sentence that is worth knowing."""

_WORTH_PREPARING = 20_000_000
"""Distances in all from which the block index earns back its second of preparation
(heuristic)."""


def parse_count(text: str, argument: str) -> int:
    """A whole number from 1 up, as typed. Raises `InputError`."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise InputError("matcher.count", argument=argument, value=f"'{text}'")
    return count


def chosen_weights(features: str, weights: Sequence[str] | None) -> np.ndarray:
    """The weights (10,) of --features and --weights together."""
    mask = parse_features(features)
    if weights is None:
        return mask
    asked = parse_weights(weights)
    if not (asked * mask).any():
        raise InputError("matcher.features_without_weight")
    return check_weights(asked * mask, "--weights")


def read_queries(args: argparse.Namespace, note: Note) -> list[tuple[str, np.ndarray]]:
    """The vectors (10,) of --pred_feat or --pred_csv, each with what it is called."""
    if (args.pred_feat is None) == (args.pred_csv is None):
        raise InputError("command.pred_feat_or_csv", help=HELP)
    if args.pred_feat is not None:
        return [("", parse_vector(args.pred_feat, MUSIC_FIELDS, "--pred_feat"))]
    table = read_table(args.pred_csv, note)
    return list(zip(table.track_ids, table.features, strict=True))


def read_table(path: str, note: Note) -> Catalogue:
    """A catalogue, with a note about the rows that could not be used. Raises `InputError`."""
    check_plain_file(path)
    table = Catalogue.read(path)
    if table.skipped:
        first = table.skipped[0]
        note(
            Sentence(
                "command.rows_skipped",
                file=path,
                n=len(table.skipped),
                total=len(table) + len(table.skipped),
                line=first.line,
                why=first.reason,
            )
        )
    return table


def check_plain_file(path: str) -> None:
    """A table is read more than once: a pipe (`<(…)`, /dev/stdin) or a device is not a file."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return  # the reader says what is wrong
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise InputError("command.no_plain_file", file=path)


def get_index(where: str | None, catalogue: Catalogue, queries: int) -> Index:
    """What answers the queries: a prepared index, or whatever is quickest for so many."""
    if where is not None:
        return open_index(where, catalogue)
    prepare = queries * len(catalogue) >= _WORTH_PREPARING
    return TrackIndex.build(catalogue.features, engine="auto" if prepare else "scan")


def parse_query(args: argparse.Namespace) -> Query:
    """What is asked, but for the vectors. Raises `InputError`."""
    asked = conditions(args)
    importance = chosen_weights(args.features, args.weights)
    return Query(
        importance=importance,
        k=parse_count(args.top_k, "--top_k"),
        metric=check_choice(args.metric, METRICS, "--metric"),
        scale=check_choice(args.scale, SCALES, "--scale"),
        filter=Filter.parse(asked) if asked else None,
        diversity=check_diversity(args.diverse, "--diverse"),
    )


def check_room(query: Query, catalogue: Catalogue, note: Note) -> None:
    """Say where fewer tracks pass than are asked for. Raises `InputError` where none does."""
    there = len(catalogue)
    if query.filter is not None:
        there = int(query.filter.mask(catalogue).sum())
        if there == 0:
            raise InputError("matcher.none_passes", n=len(catalogue), filter=query.filter.text)
    if query.k > there:
        note(Sentence("command.all_listed", k=query.k, n=there))


def run(args: argparse.Namespace, note: Note) -> None:
    """Answer on stdout. Raises `InputError`."""
    style = check_choice(args.format, FORMATS, "--format")
    query = parse_query(args)
    vectors = read_queries(args, note)
    catalogue = read_table(args.audio_csv, note)
    check_room(query, catalogue, note)
    index = get_index(args.index, catalogue, len(vectors))
    asked = [(name, replace(query, values=values)) for name, values in vectors]
    answers = [Answer(name, query, rank(catalogue, query, index)) for name, query in asked]
    unheard = int((catalogue.evidence == 0).sum())
    if unheard and any(len(answer.matches) < query.k for answer in answers):
        note(Sentence("command.unheard", n=unheard))
    write(answers, style, catalogue)
