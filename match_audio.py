"""Find the tracks of a catalogue nearest to ten music numbers.

    python match_audio.py --audio_csv audio_features.csv --pred_feat="-0.8,2.9,-3.8,-5.1,-4.2,22.4,50.9,76.2,56.2,-20.4"

Distances are raw Euclidean unless told otherwise. Answers go to stdout, notes to stderr. Exit codes:
0, 2 for what a person can put right. Options may be spelt with underscores or hyphens.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, parse_vector
from matcher.diversity import check_diversity
from matcher.exact import TrackIndex
from matcher.filters import parse_filter, passing
from matcher.metric import (
    METRICS,
    SCALES,
    check_choice,
    check_weights,
    parse_features,
    parse_weights,
)
from matcher.report import FORMATS, Answer, write
from matcher.search import open_index, rank

_VECTOR = re.compile(r"[-+\[(]?[-+]?[.\d][-+.,;\s\deE\])]*|[-+]?(nan|inf)\b.*", re.IGNORECASE)


_WORTH_PREPARING = 20_000_000
"""Distances in all from which the block index earns back its second of preparation (ours)."""


class Query(NamedTuple):
    name: str
    values: np.ndarray


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise InputError(f"{message[:1].lower()}{message[1:]}; see match_audio.py --help.")


def get_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="match_audio.py",
        description="Find the tracks of a catalogue nearest to ten music numbers.",
        epilog="the ten numbers, in this order: " + ", ".join(MUSIC_NAMES),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--audio_csv",
        required=True,
        metavar="FILE",
        help="the catalogue: CSV or Parquet, one row per track",
    )
    parser.add_argument("--pred_feat", metavar="NUMBERS", help="ten numbers, separated by commas")
    parser.add_argument(
        "--pred_csv",
        metavar="FILE",
        help="many vectors at once: a table with the same ten columns, or ten bare ones",
    )
    parser.add_argument("--top_k", default="5", metavar="K", help="how many tracks (5)")
    parser.add_argument("--metric", default="euclidean", help="euclidean (default) or cosine")
    parser.add_argument(
        "--weights",
        metavar="W",
        help="valence=2,arousal=2 (the others stay 1), or ten numbers; 0 leaves one out",
    )
    parser.add_argument(
        "--features",
        default="all",
        help="all (default), va (arousal and valence), or names: arousal,rhythm",
    )
    parser.add_argument(
        "--scale",
        default="raw",
        help="raw (default): the numbers as they are; standard: in standard deviations",
    )
    parser.add_argument(
        "--filter",
        metavar="F",
        help="only tracks such as bpm=90..130, license=CC*, duration<=3:00, artist!=A|B",
    )
    parser.add_argument(
        "--diverse",
        metavar="L",
        default="0",
        help="0 (default) lists the nearest; up to 1 avoids similar tracks",
    )
    parser.add_argument(
        "--index",
        metavar="I",
        help="a prepared index: a file (made if missing), or the address of a Milvus server",
    )
    parser.add_argument("--format", default="text", help="text (default), json or csv")
    return parser


def spell(argv: Sequence[str]) -> list[str]:
    """Options as the parser knows them: underscores, and values that begin with a minus tied to their option.

    Numbers that stand apart (`--pred_feat -5.5 3 …`) are one value, as a shell may have split them.
    """
    words: list[str] = []
    for word in argv:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            words.append("--" + name[2:].replace("-", "_") + equals + value)
        elif (
            words and words[-1].startswith("--") and "=" not in words[-1] and words[-1] != "--help"
        ):
            words[-1] += "=" + word
        elif words and re.match("--(pred_feat|weights)=", words[-1]) and _VECTOR.fullmatch(word):
            words[-1] += " " + word
        else:
            words.append(word)
    empty = next(
        (word for word in words if word.endswith("=--")), None
    )  # argparse would drop the value
    if empty is not None:
        raise InputError(f"{empty.removesuffix('=--')}: a value is missing.")
    return words


def parse_count(text: str, argument: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise InputError(f"{argument}: '{text}' given; it needs to be a whole number from 1 up.")
    return count


def chosen_weights(features: str, weights: str | None) -> np.ndarray:
    """The weights (10,) of --features and --weights together."""
    mask = parse_features(features)
    if weights is None:
        return mask
    asked = parse_weights(weights)
    if not (asked * mask).any():
        raise InputError(
            "--weights: every dimension of --features has weight 0; give at least one a weight above 0."
        )
    return check_weights(asked * mask, "--weights")


def say(text: str) -> None:
    """One line on stderr; what a terminal would obey is spelt out."""
    print(
        "match_audio.py: " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in text),
        file=sys.stderr,
    )


def note(text: str) -> None:
    say(f"note: {text}")


def read_queries(args: argparse.Namespace) -> list[Query]:
    """The vectors of --pred_feat or --pred_csv."""
    if (args.pred_feat is None) == (args.pred_csv is None):
        raise InputError(
            "give either --pred_feat (ten numbers) or --pred_csv (a table of vectors); see match_audio.py --help."
        )
    if args.pred_feat is not None:
        return [Query("", parse_vector(args.pred_feat, MUSIC_FIELDS, "--pred_feat"))]
    table = read_table(args.pred_csv)
    return [
        Query(name, values) for name, values in zip(table.track_ids, table.features, strict=True)
    ]


def read_table(path: str) -> Catalogue:
    """A catalogue, with a note about the rows that could not be used."""
    table = Catalogue.read(path)
    if table.skipped:
        first = table.skipped[0]
        note(f"{path}: {len(table.skipped)} of {len(table) + len(table.skipped)} rows skipped; "
             f"the first is line {first.line}: {first.reason}.")  # fmt: skip
    return table


def get_index(where: str | None, catalogue: Catalogue, queries: int):
    """What answers the queries: a prepared index, or whatever is quickest for so many."""
    if where is not None:
        return open_index(where, catalogue)
    prepare = queries * len(catalogue) >= _WORTH_PREPARING
    return TrackIndex.build(catalogue.features, engine="auto" if prepare else "scan")


def run(args: argparse.Namespace) -> None:
    weights = chosen_weights(args.features, args.weights)
    k = parse_count(args.top_k, "--top_k")
    metric = check_choice(args.metric, METRICS, "--metric")
    scale = check_choice(args.scale, SCALES, "--scale")
    style = check_choice(args.format, FORMATS, "--format")
    diverse = check_diversity(args.diverse, "--diverse")
    conditions = None if args.filter is None else parse_filter(args.filter)
    queries = read_queries(args)

    catalogue = read_table(args.audio_csv)
    if conditions is not None:
        there = int(passing(catalogue, conditions).sum())
        if there == 0:
            raise InputError(
                f"--filter: none of the {len(catalogue)} tracks passes '{args.filter}'; loosen it."
            )
    else:
        there = len(catalogue)
    if k > there:
        note(f"--top_k {k} is more than the {there} tracks there are; all are listed.")
    index = get_index(args.index, catalogue, len(queries))
    answers = [
        Answer(
            q.name,
            q.values,
            rank(catalogue, q.values, k, weights, metric, scale, conditions, index, diverse),
        )
        for q in queries
    ]
    write(answers, style, catalogue, weights, metric, scale)


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                encoding="utf-8", errors="replace"
            )  # Windows consoles default to a code page
    try:
        run(get_parser().parse_args(spell(sys.argv[1:] if argv is None else argv)))
        sys.stdout.flush()
    except InputError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `… | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
