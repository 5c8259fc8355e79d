"""`leitmotif mcp`: the tools for an agent, on stdin and stdout."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.errors import InputError
from leitmotif.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Tools for an agent that speaks the Model Context Protocol: search, explain, score, export."
    )
    parser.add_argument("--catalogue", type=Path, help="the default one (as `recommend`)")
    parser.add_argument(
        "--project",
        type=Path,
        metavar="FOLDER",
        help="the folder in which files may be written (without it, none are)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Answer until stdin ends."""
    try:
        from leitmotif.service.agent import build_agent
    except ImportError:
        raise InputError("service.no_mcp") from None
    if args.project and not args.project.is_dir():
        raise InputError("session.no_such_folder", folder=args.project)
    build_agent(args.catalogue or Settings.from_environment().catalogue, args.project).run()
