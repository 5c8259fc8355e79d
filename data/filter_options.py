"""Options that say which tracks may be answered, for every command that has them.

They are short for conditions of `--filter`, and are turned into these.
"""

from __future__ import annotations

import argparse
import re

from data.buckets import ENERGIES, SUNG_FROM
from data.errors import InputError
from data.numbers import parse_number

_RANGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|–|\.\.)\s*(\d+(?:\.\d+)?)\s*")
_ONE_TEMPO = 0.03
"""A single BPM stands for tempos this close, as a share (heuristic)."""


def add_filter_options(parser: argparse.ArgumentParser) -> None:
    """`--filter` and its short forms."""
    parser.add_argument(
        "--filter",
        action="append",
        metavar="F",
        help="only tracks such as bpm=90..130, license=CC*, duration<=3:00, artist!=A|B",
    )
    parser.add_argument("--energy", metavar="E", help="calm, groove, peak, or several: calm,groove")
    parser.add_argument("--bpm", metavar="B", help="tempo, as 90-110; either metrical level counts")
    sung = parser.add_mutually_exclusive_group()
    sung.add_argument("--vocals", action="store_true", help="only tracks with singing")
    sung.add_argument("--instrumental", action="store_true", help="only tracks without singing")
    parser.add_argument(
        "--max-speech", "--max_speech", metavar="S", help="largest share of spoken seconds, 0 to 1"
    )


def conditions(args: argparse.Namespace) -> list[str]:
    """What was asked, as conditions of `--filter`; empty for every track. Raises `InputError`."""
    asked = list(args.filter or ())
    if args.energy is not None:
        asked.append("energy=" + "|".join(_energies(args.energy)))
    if args.bpm is not None:
        asked.append("bpm={:g}..{:g}".format(*_bpm(args.bpm)))
    if args.vocals:
        asked.append(f"vocals>={SUNG_FROM:g}")
    if args.instrumental:
        asked.append(f"vocals<{SUNG_FROM:g}")
    if args.max_speech is not None:
        asked.append(f"speech<={_share(args.max_speech):g}")
    return asked


def _energies(text: str) -> list[str]:
    names = [name.strip().casefold() for name in re.split(r"[,|，]", text) if name.strip()]
    wrong = next((name for name in names if name not in ENERGIES), None if names else text)
    if wrong is not None:
        raise InputError(
            "matcher.unknown_choice", argument="--energy", value=wrong, choices=list(ENERGIES)
        )
    return names


def _bpm(text: str) -> tuple[float, float]:
    one = parse_number(text)
    if 0 < one < float("inf"):
        return round(one * (1 - _ONE_TEMPO), 3), round(one * (1 + _ONE_TEMPO), 3)
    ends = _RANGE.fullmatch(text)
    if ends is None:
        raise InputError("matcher.bpm", value=text)
    low, high = sorted((float(ends[1]), float(ends[2])))
    return low, high


def _share(text: str) -> float:
    share = parse_number(text)
    if not 0 <= share <= 1:
        raise InputError("matcher.share", argument="--max-speech", value=text)
    return share
