"""One of several machines' share of some files: every n-th, so that the parts make the whole."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from data.errors import InputError

T = TypeVar("T")


class Part(NamedTuple):
    """The `number`-th of `of` parts, counted from 1."""

    number: int
    of: int

    def share(self, items: Sequence[T]) -> list[T]:
        """This part's items; all parts together have each once."""
        return list(items[self.number - 1 :: self.of])


def add_part_arguments(parser: argparse._ActionsContainer) -> None:
    """`--part I --of N`."""
    parser.add_argument(
        "--part",
        type=int,
        metavar="I",
        help="do only the I-th of N parts (--of), as on several machines with one shared folder; "
        "the same command without --part then joins them",
    )
    parser.add_argument("--of", type=int, metavar="N", help="how many parts there are")


def part_of(args: argparse.Namespace) -> Part | None:
    """The part asked for; None for all. Raises `InputError` for one that cannot be."""
    if args.part is None and args.of is None:
        return None
    if args.part is None or args.of is None or not 1 <= args.part <= args.of:
        raise InputError("command.part", part=args.part, of=args.of)
    return Part(args.part, args.of)
