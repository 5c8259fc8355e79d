"""A folder of films: the same work on each, a file beside it, and a table of all.

What is done stays done: each film's row is kept beside the outputs in `.leitmotif`, with what it
was made from (the film's content, the catalogue's, the options), and is made again only when one of
these has changed or its output is gone. A film that cannot be used is one line and stops nothing.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rich.table import Table

from data.atomic import atomic_path
from data.checksums import Damaged, read_json, write_json
from data.errors import InputError
from data.media import VIDEO_SUFFIXES
from data.media_files import media_files
from data.words import Sentence, Unnamed
from leitmotif.sessions.workspace import content_key
from leitmotif.show.progress import progress_bar
from leitmotif.show.terminal import console
from leitmotif.workers.parts import add_part_arguments, part_of
from leitmotif.workers.pool import run_each

KIND, VERSION = "batch", 1
_MEMORY = ".leitmotif"
_NOT_ASKED = frozenset(
    {"json", "quiet", "workers", "part", "of", "run", "command", "output", "video", "words"}
)
"""Arguments on which no film's result depends."""
Row = dict[str, Any]


class Work(NamedTuple):
    """A film, and what is to be done with it in a worker process.

    do : imported by its name; called with the film, its output and the arguments, gives the row.
    """

    do: Callable[[Path, Path, argparse.Namespace], Row]
    name: str
    film: Path
    output: Path
    memory: Path
    args: argparse.Namespace
    asked: str


class Outcome(NamedTuple):
    """row : of a film that is done. why : of one that cannot be. kept : whether it was before."""

    row: Row | None
    why: str = ""
    kept: bool = False


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """What a folder of films takes beside the arguments of one film."""
    group = parser.add_argument_group("a folder of films")
    group.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes (1; -1: one per core)"
    )
    add_part_arguments(group)


def run_batch(
    folder: Path,
    args: argparse.Namespace,
    do: Callable[[Path, Path, argparse.Namespace], Row],
    catalogue: Path,
    suffix: str,
    table: str,
) -> int:
    """Do the work for every film below a folder; exit code 2 where one of them could not be used.

    catalogue : the table that results depend on. suffix : of each film's output. table : name of
    the table in the output folder; a part writes none, whoever runs without a part does.
    """
    if args.workers == 0:
        raise InputError("build.jobs")
    part, into = part_of(args), args.output or folder
    names = _films(folder)
    asked = _asked(args, catalogue)
    works = [_work(folder / n, n, into, suffix, do, args, asked) for n in names]
    mine = part.share(works) if part else works
    found: dict[str, Outcome] = {}
    with progress_bar(folder.name, args.quiet) as progress:
        for work, outcome in run_each(do_one, mine, args.workers):
            died = Outcome(None, Sentence("learn.crashed"))
            found[work.name] = outcome if isinstance(outcome, Outcome) else died
            progress(work.name, len(found), len(mine))
    rows = [{"film": w.name, **(found[w.name].row or {"why": found[w.name].why})} for w in mine]
    if part is None:
        _write_table(into / table, rows)
    _say(rows, args.json)
    failed = [row for row in rows if row.get("why")]
    for row in failed:
        print(f"leitmotif: {row['film']}: {row['why']}", file=sys.stderr)
    kept = sum(outcome.kept for outcome in found.values())
    done = f"{len(rows) - len(failed)} of {len(rows)} films, {kept} of them before"
    print(f"leitmotif: {done}; {into / table if part is None else into}", file=sys.stderr)
    return 2 if failed else 0


def _films(folder: Path) -> list[str]:
    """Films below a folder, by their paths in it. Raises `InputError` if there are none."""
    found = (path for path, _ in media_files(folder, VIDEO_SUFFIXES))
    names = sorted(path.relative_to(folder).as_posix() for path in found)
    names = [n for n in names if not n.rsplit(".", 1)[0].endswith(".scored")]  # our own renders
    if not names:
        raise InputError("command.no_films", folder=folder)
    return names


def _work(
    film: Path,
    name: str,
    into: Path,
    suffix: str,
    do: Callable[[Path, Path, argparse.Namespace], Row],
    args: argparse.Namespace,
    asked: str,
) -> Work:
    output = into / f"{name}{suffix}"
    memory = into / _MEMORY / f"{hashlib.sha256(f'{name}{suffix}'.encode()).hexdigest()[:32]}.json"
    return Work(do, name, film.absolute(), output, memory, args, asked)


def _asked(args: argparse.Namespace, catalogue: Path) -> str:
    """Stands for the options and the catalogue with what lies beside it."""
    options = {k: str(v) for k, v in vars(args).items() if k not in _NOT_ASKED}
    beside = [*sorted(catalogue.parent.glob(f"{catalogue.stem}.*parquet")), catalogue]
    content = [content_key(path) for path in beside if path.is_file()]
    return json.dumps([sorted(options.items()), content])


def do_one(work: Work) -> Outcome:
    """One film, in a worker process: what is remembered of it, or what the work gives."""
    try:
        made_from = hashlib.sha256(f"{content_key(work.film)}|{work.asked}".encode()).hexdigest()
        row = _remembered(work, made_from)
        if row is not None:
            return Outcome(row, kept=True)
        work.output.parent.mkdir(parents=True, exist_ok=True)
        row = work.do(work.film, work.output, work.args)
        work.memory.parent.mkdir(parents=True, exist_ok=True)
        write_json(work.memory, KIND, VERSION, {"made_from": made_from, "row": row})
        return Outcome(row)
    except InputError as error:
        return Outcome(None, Unnamed(error.code, **error.values))
    except Exception as error:  # one film's surprise must not cost the others
        why = Sentence("learn.surprise", kind=type(error).__name__, why=error)
        return Outcome(None, why)


def _remembered(work: Work, made_from: str) -> Row | None:
    try:
        kept = read_json(work.memory, KIND, VERSION)
    except (Damaged, OSError):
        return None
    return kept["row"] if kept["made_from"] == made_from and work.output.is_file() else None


def _columns(rows: Iterable[Row]) -> Collection[str]:
    return dict.fromkeys(name for row in rows for name in row)


def _write_table(path: Path, rows: list[Row]) -> None:
    columns = [*(c for c in _columns(rows) if c != "why"), "why"]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _say(rows: list[Row], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    columns = list(_columns(rows))
    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(name, "")) for name in columns))
    console().print(table)
