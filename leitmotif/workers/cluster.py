"""The same work on a Dask cluster: items out, outcomes back as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from data.errors import InputError
from leitmotif.workers.pool import Crashed

Item = TypeVar("Item")
Result = TypeVar("Result")
_AT_ONCE = 4096
"""Files handed to a cluster at a time."""
_PATIENCE_S = 30.0
"""How long a cluster may have no worker before that is said."""


def run_on_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], address: str
) -> Iterator[tuple[Item, Result | type[Crashed]]]:
    """Yield (item, result) in the order in which they are done, as `run_each` does.

    address : of the scheduler. Raises `InputError` once it is lost or stays without workers.
    """
    if not items:
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
        for at in range(0, len(items), _AT_ONCE):
            yield from _part(client, address, function, items[at : at + _AT_ONCE])


def _part(
    client: Any, address: str, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[tuple[Item, Result | type[Crashed]]]:
    from distributed import CancelledError, wait

    futures = client.map(function, items, pure=False)
    open_ones = dict(zip(futures, items, strict=True))
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
            item = open_ones.pop(future)
            if future.status == "lost" or future.status == "cancelled":
                raise InputError("build.lost_scheduler", address=address)
            yield item, Crashed if future.status == "error" else future.result()
            future.release()
