"""Who does the work of a build: processes of this machine, or a Dask cluster. Outcomes as they
come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from data.words import Sentence
from leitmotif.catalogue.track import Outcome, Task, analyse_file
from leitmotif.workers.cluster import run_on_cluster
from leitmotif.workers.pool import run_each

Pool = Callable[[list[str]], Iterator[Outcome]]
"""From sources to their outcomes, in any order, one each."""


def pool(jobs: int, cluster: str | None, tags: bool) -> Pool:
    """Processes of this machine, or of the Dask cluster whose scheduler is named."""
    if cluster:
        return partial(_on_cluster, cluster, tags)
    return partial(_on_this_machine, jobs, tags)


def _on_this_machine(jobs: int, tags: bool, sources: list[str]) -> Iterator[Outcome]:
    for task, outcome in run_each(analyse_file, (Task(s, tags) for s in sources), jobs):
        yield outcome if isinstance(outcome, Outcome) else _crashed(task.source)


def _crashed(source: str) -> Outcome:
    return Outcome(source, "", None, Sentence("build.crashed"))


def _on_cluster(address: str, tags: bool, sources: list[str]) -> Iterator[Outcome]:
    tasks = [Task(s, tags) for s in sources]
    for task, outcome in run_on_cluster(analyse_file, tasks, address):
        yield outcome if isinstance(outcome, Outcome) else _crashed(task.source)
