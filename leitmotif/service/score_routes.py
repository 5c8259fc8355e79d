"""Routes of scores: a film's music as a plan, as sound, and for other programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from leitmotif.service.asked import ExportRequest, RenderRequest, ScoreRequest
from leitmotif.service.shared import (
    ACCEPTED,
    WITH_TOKEN,
    Here,
    Id,
    Key,
    Language,
    download,
    locate,
    repeatable,
)
from leitmotif.service.shown import Begun, JobShown, show_job

ROUTES = APIRouter(prefix="/v1/scores", tags=["scores"], dependencies=WITH_TOKEN)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@ROUTES.post("", status_code=202, responses=ACCEPTED)
def plan_score(
    request: Request,
    response: Response,
    asked: ScoreRequest,
    here: Here,
    language: Language,
    key: Key = None,
) -> Begun:
    """Plan a film's music: cues, a track for each, cut to the frame. Its id is that of its job."""
    again = repeatable(request, key, asked.model_dump_json())
    job = here.shelf.plan_score(asked.film, asked.catalogue, _settings(asked), again)
    locate(response, job)
    return Begun(job=show_job(job, language))


def _settings(asked: ScoreRequest) -> dict[str, Any]:
    return asked.model_dump(include={"shortest", "reprise", "drop_frame"})


@ROUTES.get("")
def list_scores(here: Here, language: Language) -> list[JobShown]:
    """The jobs that plan scores, or did, the newest first."""
    return [show_job(job, language) for job in here.jobs.newest(("score",))]


@ROUTES.get("/{id}")
def get_score(id: Id, here: Here) -> dict[str, Any]:
    """A score, the same as the file that `leitmotif score` writes."""
    return here.shelf.score(id).to_dict()


@ROUTES.post("/{id}/renders", status_code=202, responses=ACCEPTED)
def render_score(
    request: Request,
    response: Response,
    id: Id,
    asked: RenderRequest,
    here: Here,
    language: Language,
    key: Key = None,
) -> Begun:
    """Write the film with its music, or the music alone."""
    again = repeatable(request, key, asked.model_dump_json())
    job = here.shelf.render(id, asked.model_dump(), again)
    locate(response, job)
    return Begun(job=show_job(job, language))


@ROUTES.get("/{id}/renders/{render}", response_class=FileResponse, responses=_FILE)
def get_render(id: Id, render: Annotated[str, Path(max_length=64)], here: Here) -> FileResponse:
    """A file that was rendered."""
    file = here.shelf.rendered(id, render)
    return download(file, file.name)


@ROUTES.post("/{id}/exports", status_code=201)
async def export_score(
    id: Id, asked: ExportRequest, here: Here, response: Response
) -> dict[str, str]:
    """Write a score for another program, in a format of `docs/exports.md`."""
    file = await run_in_threadpool(here.shelf.export, id, asked.format)
    href = f"/v1/scores/{id}/exports/{asked.format}"
    response.headers["Location"] = href
    return {"href": href, "file": file.name}


@ROUTES.get("/{id}/exports/{format}", response_class=FileResponse, responses=_FILE)
def get_export(id: Id, format: Annotated[str, Path(max_length=40)], here: Here) -> FileResponse:
    """A score in a format for another program; written anew at each asking."""
    file = here.shelf.export(id, format)
    return download(file, file.name)
