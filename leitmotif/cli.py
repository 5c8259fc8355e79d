"""`leitmotif …`: one module per command in `leitmotif/commands`.

Only the module of the command that is asked for is imported, so that `leitmotif --help` answers at
once. Data goes to stdout, progress and logs to stderr. Exit codes: 0, 2 for what a person can put
right, 1 for our own mistakes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from leitmotif.words.errors import exit_code

COMMANDS = {
    "recommend": "find the tracks that fit a video",
    "find": "find tracks by words, or like another: calm piano, no drums",
    "taste": "what was learned of your choices: show, undo, forget, export",
    "app": "open the page: drop a video in, move the sliders",
    "serve": "answer scripts over HTTP",
    "mcp": "give an agent the tools to search, explain, score and export",
    "analyze": "describe a video by its 11-D profile",
    "catalogue": "make a catalogue of a folder of music, or check one",
    "project": "list, export, import, relink or delete the page's projects",
    "score": "plan a film's music: cues, tracks, edits to the frame, exports",
    "scenes": "find which film of a library a picture is from",
    "map": "lay a catalogue out as a map, in groups that have names",
    "index": "prepare a catalogue for search, or push it to Milvus",
    "learn": "make pairs of picture and music from videos that have music",
    "calibrate": "learn from your own ratings of clips",
    "train": "train a predictor on your own pairs",
    "tune": "search for the network's sizes and rates",
    "evaluate": "measure how well predictors find the true track",
    "models": "list or fetch the pretrained files",
}
"""Name of each command to what it does. Its module has `add_arguments(parser)`, which sets the
default `run`, a function of the parsed arguments."""


def get_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The parser, with the arguments of one command (None: of all)."""
    parser = argparse.ArgumentParser(
        prog="leitmotif",
        description=(
            "Music for moving pictures: "
            "a video in, the tracks of your own catalogue that fit it out."
        ),
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=purpose)
        if command in (None, name):
            import_module(f"{__package__}.commands.{name}").add_arguments(subparser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Windows consoles default to a code page
            stream.reconfigure(encoding="utf-8", errors="replace")
    given = list(sys.argv[1:] if argv is None else argv)
    command = next((word for word in given if not word.startswith("-")), "")
    args = get_parser(command).parse_args(given)
    return exit_code(lambda: args.run(args))


if __name__ == "__main__":
    sys.exit(main())
