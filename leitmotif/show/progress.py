"""What a command says on stderr while it works: warnings, and a bar with time left.

The bar is for terminals alone: there is silence where stderr is a file, or with `--quiet`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from data.errors import Progress


@contextmanager
def progress_bar(title: str, quiet: bool = False) -> Iterator[Progress]:
    """A `Progress` callback that draws one bar: title, stage, share done, time left."""
    if quiet or not sys.stderr.isatty():
        yield lambda stage, done, total: None
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


def warn(video: str | os.PathLike, warnings: Iterable[str]) -> None:
    """Print each warning once; one about the file (see `Timeline.warnings`) names it."""
    for warning in dict.fromkeys(warnings):
        about = f"{video}: " if warning.startswith("The file ") else ""
        print(f"leitmotif: {about}{warning}", file=sys.stderr)
