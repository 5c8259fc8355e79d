"""`leitmotif …`: one module per command in `leitmotif/commands`; each adds its parser and runs.

Data goes to stdout, progress and logs to stderr. Exit codes: 0, 2 for what a person can put right,
1 for our own mistakes. Heavy imports happen inside `run`, after the arguments are known.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from leitmotif.commands import (
    analyze,
    app,
    calibrate,
    catalogue,
    evaluate,
    index,
    learn,
    models,
    recommend,
    reference,
    score,
    train,
    tune,
)
from leitmotif.words.errors import exit_code

COMMANDS = (
    recommend,
    app,
    analyze,
    catalogue,
    index,
    learn,
    calibrate,
    train,
    tune,
    evaluate,
    models,
    reference,
    score,
)


def get_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leitmotif",
        description="Music for moving pictures: a video in, the tracks of your own catalogue that fit it out.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                encoding="utf-8", errors="replace"
            )  # Windows consoles default to a code page
    args = get_parser().parse_args(argv)
    return exit_code(lambda: args.run(args))


if __name__ == "__main__":
    sys.exit(main())
