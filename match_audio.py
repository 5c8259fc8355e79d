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
import sys
from collections.abc import Sequence
from typing import NoReturn

from data.errors import InputError
from data.filter_options import add_filter_options
from data.profiles import MUSIC_NAMES
from data.words import Sentence

_VECTOR = re.compile(r"[-−+\[(]?[-−+]?[.\d][-−+.,;\s\deE\])]*|[-−+]?(nan|inf)\b.*", re.IGNORECASE)

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
    add_filter_options(parser)
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


def say(text: str) -> None:
    """One line on stderr; what a terminal would obey is spelt out."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    print(f"match_audio.py: {line}", file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run, and turn what went wrong into one sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Windows consoles default to a code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        args = get_parser().parse_args(spell(sys.argv[1:] if argv is None else argv))
        from matcher.command import run  # after parsing: help and mistakes need not wait for it

        run(args, lambda sentence: say(f"note: {sentence}"))
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
