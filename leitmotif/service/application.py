"""The HTTP service as an application: what all routes share, and who may ask.

uvicorn.run(build_application(Options(folder=data_folder(), catalogue=…)))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from leitmotif.service import film_routes, job_routes, scene_routes, score_routes
from leitmotif.service.limits import Limits
from leitmotif.service.problems import HANDLERS, SCHEMA
from leitmotif.service.shelf import Shelf
from leitmotif.service.state import Options, Service
from leitmotif.sessions.guard import Guard

_TIDY_S = 3600.0
_ABOUT = """
Everything that takes long is a job: `202 Accepted` with its address in `Location`. Ask there, or
follow its `/events`; `href` says where the result lies. Errors are RFC 9457 problems with a `code`
that is the same in every language, and a sentence in the one that `Accept-Language` prefers.
"""


def build_application(options: Options) -> FastAPI:
    """The service as an ASGI application; its workers live as long as it is run."""
    service = Service(options)

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(_tidy(service.shelf))
        service.workers.start()
        yield
        tidying.cancel()
        await run_in_threadpool(service.workers.stop)

    application = FastAPI(
        title="Leitmotif",
        version="1",
        summary="A film in, its music out: profiles, tracks, scores.",
        description=_ABOUT,
        lifespan=lifespan,
        exception_handlers=dict(HANDLERS),
        responses={"4XX": SCHEMA, "5XX": SCHEMA},
        docs_url=None,  # their pages load scripts of other sites
        redoc_url=None,
        redirect_slashes=False,
    )
    application.state.service = service
    for routes in (job_routes, film_routes, score_routes, scene_routes):
        application.include_router(routes.ROUTES)
    application.add_middleware(Limits, tokens=options.tokens, per_second=options.per_second)
    if not options.tokens:  # another site cannot know a token, but could ask without one
        application.add_middleware(Guard)
    return application


async def _tidy(shelf: Shelf) -> None:
    while True:
        await run_in_threadpool(shelf.tidy)
        await asyncio.sleep(_TIDY_S)
