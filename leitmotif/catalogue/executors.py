"""Who does the work of a build: processes of this machine, or a Dask cluster. Both give outcomes as they come."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial

from data.errors import InputError
from leitmotif.catalogue.track import Outcome, analyse_file

Pool = Callable[[list[str]], Iterator[Outcome]]
"""From sources to their outcomes, in any order, one each."""
_AT_ONCE = 4096
"""Files handed to a cluster at a time."""
_CRASHED = "the decoder crashed on this file"
_FEW = 3
"""So few files are done before worker processes would have started."""


def pool(jobs: int, cluster: str | None, tags: bool) -> Pool:
    if cluster:
        return partial(_on_cluster, cluster, tags)
    return partial(_on_this_machine, jobs, tags)


def _on_this_machine(jobs: int, tags: bool, sources: list[str]) -> Iterator[Outcome]:
    if len(sources) < _FEW:
        for source in sources:
            yield analyse_file(source, tags)
        return
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    open_ones = dict.fromkeys(sources)
    while open_ones:
        try:
            for outcome in _in_processes(list(open_ones), jobs, tags):
                del open_ones[outcome.source]
                yield outcome
        except TerminatedWorkerError:
            # a native decoder took its process down: the culprit is among those in flight; try them one by one
            for source in list(open_ones)[: 4 * _processes(jobs)]:
                yield _alone(source, tags)
                del open_ones[source]


def _in_processes(sources: list[str], jobs: int, tags: bool) -> Iterator[Outcome]:
    from joblib import Parallel, delayed, parallel_config

    # what joblib says when its generator is left early is our own Ctrl-C or crash handling
    warnings.filterwarnings(
        "ignore", message=".*tasks which were still being processed", category=UserWarning
    )
    with parallel_config(backend="loky", inner_max_num_threads=1):
        run = Parallel(
            n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="3*n_jobs"
        )
        yield from run(delayed(analyse_file)(source, tags) for source in sources)


def _alone(source: str, tags: bool) -> Outcome:
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    executor = get_reusable_executor(max_workers=1)
    try:
        return executor.submit(analyse_file, source, tags).result()
    except TerminatedWorkerError:
        return Outcome(source, "", None, _CRASHED)
    finally:
        executor.shutdown()  # joblib would take it for one of its own, which it is not


def _processes(jobs: int) -> int:
    from joblib import effective_n_jobs

    return effective_n_jobs(jobs)


def _on_cluster(address: str, tags: bool, sources: list[str]) -> Iterator[Outcome]:
    if not sources:
        return
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise InputError(
            "--cluster: Dask is not installed; install it with `pip install leitmotif[cluster]`."
        ) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"--cluster {address}: no Dask scheduler answers ({error or 'timed out'}); start one with `dask scheduler`."
        ) from None
    with client:
        for at in range(0, len(sources), _AT_ONCE):
            part = sources[at : at + _AT_ONCE]
            futures = client.map(analyse_file, part, tags=tags, pure=False)
            by_key = {future.key: source for future, source in zip(futures, part, strict=True)}
            for future in as_completed(futures, loop=client.loop):
                failed = future.status == "error"
                yield Outcome(by_key[future.key], "", None, _CRASHED) if failed else future.result()
                future.release()
