"""Find the tracks of a catalogue nearest to ten music numbers.

    python match_audio.py --audio_csv audio_features.csv \\
        --pred_feat="-0.8,2.9,-3.8,-5.1,-4.2,22.4,50.9,76.2,56.2,-20.4"

Distances are raw Euclidean unless told otherwise. Answers go to stdout, notes to stderr. Exit
codes: 0, 2 for what a person can put right. Options may be spelt with underscores or hyphens.
"""

from __future__ import annotations

import argparse
import os
import re
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, parse_vector
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

_VECTOR = re.compile(r"[-−+\[(]?[-−+]?[.\d][-−+.,;\s\deE\])]*|[-−+]?(nan|inf)\b.*", re.IGNORECASE)

_WORTH_PREPARING = 20_000_000
"""Distances in all from which the block index earns back its second of preparation
(heuristic)."""


_HELP = "match_audio.py --help"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError("command.usage", why=f"{message[:1].lower()}{message[1:]}", help=_HELP)


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
        action="append",
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
        action="append",
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
    """Options as the parser knows them: with underscores, tied to values that begin with a minus.

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
    # argparse would drop the value
    empty = next((word for word in words if word.endswith("=--")), None)
    if empty is not None:
        raise InputError("command.value_missing", argument=empty.removesuffix("=--"))
    return words


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


def say(text: str) -> None:
    """One line on stderr; what a terminal would obey is spelt out."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    print(f"match_audio.py: {line}", file=sys.stderr)


def note(code: str, **values: object) -> None:
    """Something worth knowing, on stderr."""
    say(f"note: {Sentence(code, **values)}")


def read_queries(args: argparse.Namespace) -> list[tuple[str, np.ndarray]]:
    """The vectors (10,) of --pred_feat or --pred_csv, each with what it is called."""
    if (args.pred_feat is None) == (args.pred_csv is None):
        raise InputError("command.pred_feat_or_csv", help=_HELP)
    if args.pred_feat is not None:
        return [("", parse_vector(args.pred_feat, MUSIC_FIELDS, "--pred_feat"))]
    table = read_table(args.pred_csv)
    return list(zip(table.track_ids, table.features, strict=True))


def read_table(path: str) -> Catalogue:
    """A catalogue, with a note about the rows that could not be used. Raises `InputError`."""
    check_plain_file(path)
    table = Catalogue.read(path)
    if table.skipped:
        first = table.skipped[0]
        note(
            "command.rows_skipped",
            file=path,
            n=len(table.skipped),
            total=len(table) + len(table.skipped),
            line=first.line,
            why=first.reason,
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
    importance = chosen_weights(args.features, args.weights)
    return Query(
        importance=importance,
        k=parse_count(args.top_k, "--top_k"),
        metric=check_choice(args.metric, METRICS, "--metric"),
        scale=check_choice(args.scale, SCALES, "--scale"),
        filter=None if args.filter is None else Filter.parse(args.filter),
        diversity=check_diversity(args.diverse, "--diverse"),
    )


def check_room(query: Query, catalogue: Catalogue) -> None:
    """Say where fewer tracks pass than are asked for. Raises `InputError` where none does."""
    there = len(catalogue)
    if query.filter is not None:
        there = int(query.filter.mask(catalogue).sum())
        if there == 0:
            raise InputError("matcher.none_passes", n=len(catalogue), filter=query.filter.text)
    if query.k > there:
        note("command.all_listed", k=query.k, n=there)


def run(args: argparse.Namespace) -> None:
    """Answer on stdout. Raises `InputError`."""
    style = check_choice(args.format, FORMATS, "--format")
    query = parse_query(args)
    vectors = read_queries(args)
    catalogue = read_table(args.audio_csv)
    check_room(query, catalogue)
    index = get_index(args.index, catalogue, len(vectors))
    asked = [(name, replace(query, values=values)) for name, values in vectors]
    answers = [Answer(name, query, rank(catalogue, query, index)) for name, query in asked]
    unheard = int((catalogue.evidence == 0).sum())
    if unheard and any(len(answer.matches) < query.k for answer in answers):
        note("command.unheard", n=unheard)
    write(answers, style, catalogue)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, and turn what went wrong into one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Windows consoles default to a code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        run(get_parser().parse_args(spell(sys.argv[1:] if argv is None else argv)))
        sys.stdout.flush()
    except InputError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `… | head`
        _leave_stdout()
    except OSError as error:  # stdout is a file on a full disk
        _leave_stdout()
        say(str(Sentence("command.cannot_print", why=error.strerror or str(error))))
        return 2
    return 0


def _leave_stdout() -> None:
    """What is still held back goes nowhere, also when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
