"""`leitmotif find "words"`: the tracks of a catalogue that words describe, or that are like one."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from data.catalogue import Catalogue
from data.errors import InputError
from data.filter_options import add_filter_options, conditions
from leitmotif.find import embedding, find
from leitmotif.settings import Settings, data_folder
from leitmotif.show.found_table import print_found
from leitmotif.show.progress import warn
from leitmotif.show.terminal import console
from leitmotif.store.database import Database
from leitmotif.taste import Diary, refused
from leitmotif.taste.answer import POOL, taste
from leitmotif.taste.diary import ME
from matcher.checks import check_count
from matcher.diversity import check_diversity
from matcher.filters import Filter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORDS",
        help='such as "calm piano, no drums", "欢快的钢琴", "100-120 bpm funk"',
    )
    parser.add_argument(
        "--like",
        metavar="TRACK",
        help="a track of the catalogue (id or title) or an audio file; words are then offsets: "
        "calmer, 更快",
    )
    parser.add_argument(
        "--catalogue",
        type=Path,
        help="CSV or Parquet (default: LEITMOTIF_CATALOGUE, else the demo's)",
    )
    parser.add_argument("--top-k", type=int, default=5, metavar="K", help="how many tracks (5)")
    add_filter_options(parser)
    parser.add_argument(
        "--diverse",
        default="0",
        metavar="L",
        help="0 (default) lists the nearest; up to 1 avoids similar tracks",
    )
    parser.add_argument(
        "--taste",
        nargs="?",
        const=ME,
        metavar="PERSON",
        help="in the order of what was learned of a person, with one try; answer by "
        "`leitmotif taste like TRACK`",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Read the words, print the tracks."""
    words = " ".join(args.words)
    if not words.strip() and args.like is None:
        raise InputError("find.no_words")
    asked = conditions(args)
    k, diverse = check_count(args.top_k, "--top-k"), check_diversity(args.diverse, "--diverse")
    catalogue = Catalogue.read(args.catalogue or Settings.from_environment().catalogue)
    diary = Diary(Database(data_folder()), args.taste) if args.taste else None
    found = find(
        words,
        catalogue,
        like=args.like,
        k=k if diary is None else max(k, POOL),
        never=refused(data_folder(), args.taste or ME),
        where=Filter.parse(asked) if asked else None,
        diverse=diverse,
        nearest=embedding.nearest(),
    )
    tasted = None
    if diary is not None:
        found, tasted = taste(found, diary, k)
        found = replace(found, heard=tuple(found.heard[i] for i in tasted.places))
    if args.json:
        record: dict[str, Any] = {
            "catalogue": catalogue.source,
            "recommendations": [found.to_dict()],
            "taste": None if tasted is None else asdict(tasted),
        }
        json.dump(record, sys.stdout, ensure_ascii=False, indent=2)
        print()
    else:
        print_found(found, console())
        if tasted and tasted.attempt is not None:
            print(f"\n{found.matches[tasted.attempt].name} is a try.")
    warn(catalogue.source, found.warnings)
