"""`leitmotif map CATALOGUE`: which tracks sound alike, as places and groups with names."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from data.catalogue import Catalogue
from data.words import say
from leitmotif.catalogue.catalogue_map import (
    CatalogueMap,
    Group,
    draw,
    last_map,
    map_file,
    named,
    record,
    timbre,
)
from leitmotif.show.progress import progress_bar


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Lay the tracks of CATALOGUE out on a map, where near means alike, and group them. The map "
        "is kept beside the catalogue; drawn again, tracks stay near their places and groups keep "
        "their numbers."
    )
    parser.add_argument("catalogue", type=Path, metavar="CATALOGUE")
    parser.add_argument("--seed", type=int, default=0, help="of the layout's chance (%(default)s)")
    parser.add_argument("--afresh", action="store_true", help="forget the last map")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    catalogue = Catalogue.read(args.catalogue)
    file = map_file(args.catalogue)
    before = None if args.afresh else last_map(file)
    with progress_bar(args.catalogue.name, args.quiet) as progress:
        drawn = draw(catalogue, before, timbre(catalogue), args.seed, progress)
    if drawn is not before:
        drawn.write(file)
    if args.json:
        found = {"catalogue": str(args.catalogue), "file": str(file), **record(drawn, catalogue)}
        print(json.dumps(found, ensure_ascii=False))
        return
    print(_size(drawn))
    for group in drawn.groups:
        print(_line(group, catalogue))
    for line in _changes(drawn):
        print(line)


def _size(drawn: CatalogueMap) -> str:
    return say(
        "map.size",
        n=len(drawn.track_ids),
        groups=len(drawn.groups),
        between=int((drawn.numbers == 0).sum()),
        trust=float(drawn.trust.mean()),
        doubtful=int(drawn.doubtful.sum()),
    )


def _line(group: Group, catalogue: Catalogue) -> str:
    tracks = [catalogue.track(row) for row in group.typical]
    typical = [track.get("title", track["track_id"]) for track in tracks]
    name = named(group)
    return say("map.line", number=group.number, name=name, n=group.tracks, typical=typical)


def _changes(drawn: CatalogueMap) -> list[str]:
    """What became of the groups of the map before; nothing for a first map."""
    if len(drawn.history) < 2:
        return []
    last = drawn.history[-1]
    lines = [
        say(f"map.{what}", numbers=[str(n) for n in numbers])
        for what, numbers in (("kept", last.kept), ("new", last.new), ("gone", last.gone))
        if numbers
    ]
    lines += [say("map.split", whole=w, parts=[str(p) for p in parts]) for w, parts in last.split]
    return lines + [
        say("map.merged", parts=[str(p) for p in parts], whole=w) for parts, w in last.merged
    ]
