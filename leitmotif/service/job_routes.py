"""Routes of jobs: how far they are, what happens to them, and an end to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from leitmotif.service.jobs import ENDED, Job
from leitmotif.service.limits import HEALTH
from leitmotif.service.shared import WITH_TOKEN, Here, Id, Language
from leitmotif.service.shown import JobShown, show_job

ROUTES = APIRouter(prefix="/v1", tags=["jobs"])
_LOOK_S = 0.25
"""How often an event stream looks for news."""
_LARGEST = (1 << 63) - 1
"""Number of an event that no event has."""


@ROUTES.get(HEALTH.removeprefix("/v1"), tags=["health"])
def get_health(here: Here) -> dict[str, int]:
    """Whether the service answers, and how many of its workers live; needs no token."""
    return {"workers": len(here.workers.pids)}


@ROUTES.get("/jobs/{id}", dependencies=WITH_TOKEN)
def get_job(id: Id, here: Here, language: Language) -> JobShown:
    """How far a job is: its state, stage, seconds of media done, place in the queue."""
    return show_job(here.jobs.get(id), language)


@ROUTES.delete("/jobs/{id}", dependencies=WITH_TOKEN)
def cancel_job(id: Id, here: Here, language: Language) -> JobShown:
    """Cancel a job. One that has ended stays as it is; that is no error."""
    return show_job(here.jobs.cancel(id), language)


def _job(id: Id, here: Here) -> Job:
    return here.jobs.get(id)


@ROUTES.get("/jobs/{id}/events", dependencies=WITH_TOKEN, response_class=EventSourceResponse)
async def follow_job(
    job: Annotated[Job, Depends(_job)],
    here: Here,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What happens to a job, as it happens, until it has ended.

    Event `state` has a new state, `progress` a stage with seconds of media done and in all. A
    client that comes back with the id of the last event it saw is given the rest.
    """
    given = last_event_id or ""
    last = min(int(given), _LARGEST) if given.isascii() and given.isdecimal() else 0
    while True:
        # first: what ended meanwhile has said so by the time of the second look
        ended = (await run_in_threadpool(here.jobs.get, job.id)).state in ENDED
        events = await run_in_threadpool(here.jobs.events, job.id, last)
        for number, event, data in events:
            last = number
            yield ServerSentEvent(data=data, event=event, id=str(number))
        if not events and ended:
            return
        if not events:
            await asyncio.sleep(_LOOK_S)
