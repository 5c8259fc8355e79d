"""Jobs on a Dask cluster, whose workers see the same folders as the service.

The service's own workers only hand over and wait; the scheduler moves the work of a dead machine to
another one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from data.errors import Cancelled, InputError, Progress
from leitmotif.service.jobs import Claim
from leitmotif.service.work import do

_CONNECT_S = "10s"
_LOOK_S = 0.3
_PATIENCE_S = 60.0
"""How long a cluster may be without any worker before the job fails (heuristic)."""


def do_on_cluster(address: str, claim: Claim, progress: Progress) -> dict[str, Any]:
    """As `leitmotif.service.work.do`, by the cluster whose scheduler is named.

    Raises `InputError` where the cluster does not answer, is lost, or stays without workers.
    """
    try:
        from distributed import Client, Event
    except ImportError:
        raise InputError("build.no_dask") from None
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error) or "timed out"
        raise InputError("build.no_scheduler", address=address, why=why) from None
    said: list[tuple[str, float, float | None]] = []
    with client:
        client.subscribe_topic(claim.lease, lambda event: said.append(event[1]))
        stop = Event(f"stop-{claim.lease}", client=client)
        future = client.submit(_remote, claim.kind, claim.task, claim.lease, pure=False)
        try:
            return _follow(client, future, address, said, progress)
        except BaseException:
            stop.set()
            future.cancel()
            raise


def _follow(
    client: Any,
    future: Any,
    address: str,
    said: list[tuple[str, float, float | None]],
    progress: Progress,
) -> dict[str, Any]:
    """Pass on what is said until the work is done. Raises what it raised."""
    last: tuple[str, float, float | None] = ("", 0.0, None)
    alone_since = None
    while not future.done():
        time.sleep(_LOOK_S)
        last = said[-1] if said else last
        progress(*last)
        if client.status != "running":
            raise InputError("build.lost_scheduler", address=address)
        if client.scheduler_info()["workers"]:
            alone_since = None
        elif time.monotonic() - (alone_since := alone_since or time.monotonic()) > _PATIENCE_S:
            raise InputError("build.no_workers", address=address)
    if future.status in ("lost", "cancelled"):
        raise InputError("build.lost_scheduler", address=address)
    return future.result()


def _remote(kind: str, task: Mapping[str, Any], lease: str) -> dict[str, Any]:
    """In a worker of the cluster: work, say how far it is, stop when asked."""
    from distributed import Event, get_worker

    worker, last, stop = get_worker(), 0.0, Event(f"stop-{lease}")

    def progress(stage: str, done: float, total: float | None) -> None:
        nonlocal last
        if time.monotonic() - last < _LOOK_S:
            return
        last = time.monotonic()
        worker.log_event(lease, (stage, done, total))
        if stop.is_set():
            raise Cancelled

    return do(kind, task, progress)
