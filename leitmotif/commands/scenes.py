"""`leitmotif scenes add|list|find|conform|train`: films to be asked with a picture or edit."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.table import Table

from data.errors import InputError
from features.video.pictures import read_picture
from features.video.signals import networks
from leitmotif.commands import scenes_conform, scenes_train
from leitmotif.scenes.by_words import find_words
from leitmotif.scenes.find import find
from leitmotif.scenes.library import Library
from leitmotif.scenes.preview import write_preview
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console
from matcher.checks import check_count

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""How the names of pictures end: such a name that is no file is a mistake, and no words."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser(
        "add",
        help="read films into the library, those that are new",
        description="Read the films of files and folders; those that are there are left alone.",
    )
    add.add_argument("sources", nargs="+", metavar="FOLDER|FILE")
    add.add_argument("-j", "--jobs", type=int, default=-1, help="worker processes (one per core)")
    add.add_argument(
        "--dask", metavar="ADDRESS", help="run on a Dask cluster instead, as tcp://host:8786"
    )
    add.set_defaults(run=run_add)
    films = actions.add_parser("list", help="the films of the library")
    films.set_defaults(run=run_list)
    found = actions.add_parser(
        "find",
        help="which film a picture is from, and where in it; or scenes that words describe",
        description="Find the place of a picture: a screenshot, cropped, mirrored or recoded. "
        "Words find scenes that show what they say, where a network that reads them is installed.",
    )
    found.add_argument("picture", type=Path, metavar="IMAGE|WORDS")
    found.add_argument("-k", "--count", type=int, default=5, metavar="N", help="hits (%(default)s)")
    found.add_argument(
        "--preview", type=Path, metavar="FOLDER", help="write the second around each hit there"
    )
    found.add_argument("--gif", action="store_true", help="previews as GIF, not as MP4")
    found.set_defaults(run=run_find)
    conformed = actions.add_parser(
        "conform",
        help="where every shot of an edit is from, to the frame",
        description="Find every shot of an edit in the films of the library, to the frame.",
    )
    scenes_conform.add_arguments(conformed)
    train = actions.add_parser("train", help="train the encoder on the library's own films")
    scenes_train.add_arguments(train)
    for action in (add, films, found, conformed, train):
        add_library_arguments(action)


def add_library_arguments(parser: argparse.ArgumentParser) -> None:
    """What every action on a library takes."""
    parser.add_argument("--library", type=Path, metavar="FOLDER", help="(in the data folder)")
    parser.add_argument(
        "--index", metavar="ADDRESS", help="a Milvus instead of the library's own index"
    )
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def run_add(args: argparse.Namespace) -> None:
    with (
        Library.open(args.library, index=args.index) as library,
        progress_bar("Scenes", args.quiet) as progress,
    ):
        done = library.add(args.sources, jobs=args.jobs, cluster=args.dask, progress=progress)
        films = len(library.films)
        frames = len(library.vectors)
    if args.json:
        failed = [{"path": path, "reason": reason} for path, reason in done.failed]
        record = {"library": str(library.folder), "films": films, "frames": frames}
        record |= {"added": list(done.added), "unchanged": done.unchanged, "moved": done.moved}
        print(json.dumps(record | {"failed": failed}, ensure_ascii=False))
        return
    for path, reason in done.failed:
        print(f"left out {path}: {reason}", file=sys.stderr)
    print(
        f"{library.folder}: {films} films, {frames} frames; {len(done.added)} added, "
        f"{done.unchanged} unchanged, {done.moved} moved, {len(done.failed)} left out"
    )


def run_list(args: argparse.Namespace) -> None:
    library = Library.open(args.library, index=args.index)
    films = library.films
    if args.json:
        facts = ("id", "path", "title", "season", "episode", "duration", "rate")
        names = (*facts, "opening", "ending")
        print(json.dumps([{n: getattr(f, n) for n in names} for f in films], ensure_ascii=False))
        return
    table = Table("film", "length", "id", "file")
    for film in films:
        table.add_row(film.name, _clock(film.duration), film.id, Path(film.path).name)
    console().print(table)


def run_find(args: argparse.Namespace) -> None:
    count = check_count(args.count, "--count")
    if not args.picture.is_file() and args.picture.suffix.lower() not in PICTURES:
        run_words(args, count)
        return
    picture = read_picture(args.picture)
    with Library.open(args.library, index=args.index) as library:
        if not library.films:
            raise InputError("scenes.empty", folder=library.folder)
        hits = find(library, picture, k=count)
    previews: list[str | None] = [None] * len(hits)
    if args.preview:
        ending = "gif" if args.gif else "mp4"
        for place, hit in enumerate(hits):
            file = args.preview / f"{args.picture.stem}-{place + 1}.{ending}"
            previews[place] = str(write_preview(hit.film, hit.at, file))
    if args.json:
        record = {"picture": str(args.picture), "known": bool(hits and hits[0].known)}
        each = [hit.to_dict() | {"preview": file} for hit, file in zip(hits, previews, strict=True)]
        print(json.dumps(record | {"hits": each}, ensure_ascii=False))
        return
    if not hits or not hits[0].known:
        print("Not in the library. The nearest:")
    for hit in hits:
        span = f"{_clock(hit.start)}–{_clock(hit.end)}"
        print(f"{hit.similarity:.3f}  {_clock(hit.at)}  ({span})  {hit.film.name}")


def run_words(args: argparse.Namespace, count: int) -> None:
    """Scenes that words describe."""
    kind, words = networks.reader(), str(args.picture)
    with (
        Library.open(args.library, index=args.index) as library,
        networks.opened(kind.name) as eyes,
        progress_bar("Scenes", args.quiet) as progress,
    ):
        if not library.films:
            raise InputError("scenes.empty", folder=library.folder)
        identity = networks.identity(kind.name)
        found, failed = find_words(library, words, eyes, identity, k=count, progress=progress)
    for film, error in failed:
        print(f"left out {film.name}: {error}", file=sys.stderr)
    if args.json:
        record = {"words": words, "eyes": identity, "hits": [s.to_dict() for s in found]}
        print(json.dumps(record, ensure_ascii=False))
        return
    for seen in found:
        span = f"{_clock(seen.start)}–{_clock(seen.end)}"
        print(f"{seen.similarity:.3f}  {_clock(seen.at)}  ({span})  {seen.film.name}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes) // 60}:{int(minutes) % 60:02d}:{rest:04.1f}"
