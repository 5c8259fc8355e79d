"""What a command says on stderr while it works: warnings, and a bar with time left.

The bar is for terminals; elsewhere a line a minute says how far it is; `--quiet` is silent.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from data.errors import Progress

LINE_S = 60.0
"""Seconds between two lines where there is no terminal."""


@contextmanager
def progress_bar(title: str, quiet: bool = False) -> Iterator[Progress]:
    """A `Progress` callback that draws one bar: title, stage, share done, time left.

    Where stderr is no terminal it says so much in a line a minute.
    """
    if quiet:
        yield lambda stage, done, total: None
        return
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda stage, done, total: bar.update(
            task, description=f"{title} · {stage}", completed=done, total=total
        )


def _lines(title: str) -> Progress:
    """A callback that prints a line where a minute has passed since the last, or the start."""
    last = time.monotonic()

    def say(stage: str, done: float, total: float | None) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_S:
            last = time.monotonic()
            so_far = f"{done:.0f} of {total:.0f}" if total else f"{done:.0f}"
            print(f"leitmotif: {title}: {stage} {so_far}", file=sys.stderr, flush=True)

    return say


ABOUT_FILE = frozenset({"video.damaged_places", "video.cut_off"})
"""Codes of warnings that speak of "the file"."""


def warn(video: str | os.PathLike[str], warnings: Iterable[str]) -> None:
    """Print each warning once; one about the file names it."""
    for warning in dict.fromkeys(warnings):
        about = f"{video}: " if getattr(warning, "code", "") in ABOUT_FILE else ""
        print(f"leitmotif: {about}{warning}", file=sys.stderr)
