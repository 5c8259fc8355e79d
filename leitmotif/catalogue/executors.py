"""Who does the work of a build: processes of this machine, or a Dask cluster. Outcomes as they
come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from data.errors import InputError
from data.words import Sentence
from leitmotif.catalogue.track import Outcome, Task, analyse_file
from leitmotif.workers.pool import run_each

Pool = Callable[[list[str]], Iterator[Outcome]]
"""From sources to their outcomes, in any order, one each."""
_AT_ONCE = 4096
"""Files handed to a cluster at a time."""
_PATIENCE_S = 30.0
"""How long a cluster may have no worker before that is said."""


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
    if not sources:
        return
    try:
        from distributed import Client
    except ImportError:
        raise InputError("build.no_dask") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error) or "timed out"
        raise InputError("build.no_scheduler", address=address, why=why) from None
    with client:
        for at in range(0, len(sources), _AT_ONCE):
            yield from _part_on_cluster(client, address, tags, sources[at : at + _AT_ONCE])


def _part_on_cluster(
    client: Any, address: str, tags: bool, sources: list[str]
) -> Iterator[Outcome]:
    """A part's outcomes. Raises `InputError` once the cluster is lost or stays without workers."""
    from distributed import CancelledError, wait

    futures = client.map(analyse_file, [Task(s, tags) for s in sources], pure=False)
    open_ones = dict(zip(futures, sources, strict=True))
    while open_ones:
        try:
            with client.as_current():
                done = wait(list(open_ones), _PATIENCE_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            if client.status != "running" or not client.scheduler_info()["workers"]:
                raise InputError("build.no_workers", address=address) from None
            continue
        except (OSError, CancelledError):
            raise InputError("build.lost_scheduler", address=address) from None
        for future in done:
            source = open_ones.pop(future)
            if future.status == "lost" or future.status == "cancelled":
                raise InputError("build.lost_scheduler", address=address)
            yield _crashed(source) if future.status == "error" else future.result()
            future.release()
