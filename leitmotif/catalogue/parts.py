"""A catalogue that several machines build: each measures its part, one joins what they measured.

Every part keeps a memory of its own beside the catalogue (`…part-2-of-3.build.sqlite`), so that no
two machines write one file. The build without a part takes those over, measures what is missing,
and writes the catalogue: the same bytes as one run makes, because rows depend on nothing but the
files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from data.atomic import check_writable
from data.errors import InputError, Progress
from data.locks import Busy, locked
from leitmotif.catalogue import executors
from leitmotif.catalogue.files import list_files
from leitmotif.catalogue.measure import extractor_of, measure
from leitmotif.catalogue.memory import State
from leitmotif.workers.parts import Part


def build_part(
    folders: Sequence[str | os.PathLike[str]],
    output: Path,
    part: Part,
    *,
    jobs: int = -1,
    cluster: str | None = None,
    tags: bool = True,
    progress: Progress | None = None,
) -> int:
    """Measure one part's files; how many were measured now. Raises `InputError` as `build` does."""
    if jobs == 0:
        raise InputError("build.jobs")
    output = output.absolute()
    check_writable(output)
    listed, _ = list_files(folders)
    memory = output.with_name(f"{output.stem}.part-{part.number}-of-{part.of}.build.sqlite")
    pool = executors.pool(jobs, cluster, tags)
    try:
        with (
            locked(memory.with_suffix(".lock")),
            closing(State(memory, extractor_of(tags))) as state,
        ):
            return measure(state, part.share(listed), pool, progress)[0]
    except Busy as busy:
        raise InputError("build.busy", file=output, lock=busy) from None


def part_memories(output: Path) -> list[Path]:
    """The memories that parts of a build left beside a catalogue."""
    return sorted(output.parent.glob(f"{output.stem}.part-*-of-*.build.sqlite"))


def take_over(state: State, output: Path) -> None:
    """Into a build's memory, what its parts remember. Raises `InputError` for one still at work."""
    for memory in part_memories(output):
        try:
            with (
                locked(memory.with_suffix(".lock")),
                closing(State(memory, state.extractor)) as part,
            ):
                state.learn_from(part)
        except Busy as busy:
            raise InputError("build.busy", file=output, lock=busy) from None


def forget_parts(output: Path) -> None:
    """Remove the memories of parts, once the catalogue holds everything."""
    for memory in part_memories(output):
        for ending in ("", "-wal", "-shm"):
            memory.with_name(memory.name + ending).unlink(missing_ok=True)
        memory.with_suffix(".lock").unlink(missing_ok=True)
