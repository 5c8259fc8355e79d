"""Routes of films and catalogues: what comes in, and what can be asked of it at once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from leitmotif.service.asked import (
    LONGEST_S,
    MatchRequest,
    PathRequest,
    RecommendationQuery,
    RecommendationRequest,
)
from leitmotif.service.shared import (
    ACCEPTED,
    BYTES,
    JSON,
    TABLE,
    WITH_TOKEN,
    Here,
    Id,
    Key,
    Language,
    json_body,
    locate,
    media_type,
    repeatable,
)
from leitmotif.service.shown import (
    Begun,
    CatalogueShown,
    FilmBegun,
    FilmShown,
    show_catalogue,
    show_film,
    show_job,
)
from leitmotif.service.state import Service
from leitmotif.service.uploads import inside, kept_film, receive
from leitmotif.sessions.workspace import CATALOGUE_SUFFIXES, VIDEO_SUFFIXES

ROUTES = APIRouter(prefix="/v1", dependencies=WITH_TOKEN)
Name = Annotated[str, Query(max_length=255, description="what a file that is sent is called")]
_PATH = {
    "schema": PathRequest.model_json_schema(),
    "example": PathRequest.model_config["json_schema_extra"]["examples"][0],  # type: ignore
}


def _body(kind: str, other: dict[str, Any]) -> dict[str, Any]:
    """The body of a route that takes a file, or its path, for the OpenAPI."""
    file = {"schema": {"type": "string", "format": "binary"}}
    return {"requestBody": {"required": True, "content": {kind: file, JSON: other}}}


# ------------------------------------------------------------------------------ films


@ROUTES.post(
    "/films",
    tags=["films"],
    status_code=202,
    responses=ACCEPTED,
    openapi_extra=_body(BYTES, _PATH),
)
async def add_film(
    request: Request,
    response: Response,
    here: Here,
    language: Language,
    name: Name = "film.mp4",
    key: Key = None,
) -> FilmBegun:
    """Send a film as it is, or name one inside the service's roots; watching it is a job.

    The same content twice is one film, which is watched once.
    """
    if media_type(request, JSON, BYTES) == JSON:
        asked = await json_body(request, PathRequest)
        path = await run_in_threadpool(inside, asked.path, here.roots)
        kept = await run_in_threadpool(kept_film, path, VIDEO_SUFFIXES)
    else:
        folder, limit = here.shelf.films_folder, here.max_upload_mb
        kept = await receive(folder, name, request.stream(), VIDEO_SUFFIXES, limit)
    again = repeatable(request, key, kept.key)
    film, job = await run_in_threadpool(here.shelf.add_film, kept, again)
    locate(response, job)
    return FilmBegun(film=_shown(film.id, here), job=show_job(job, language))


@ROUTES.get("/films", tags=["films"])
def list_films(here: Here) -> list[FilmShown]:
    """Every film, the newest first."""
    return [_shown(film.id, here) for film in here.shelf.films()]


@ROUTES.get("/films/{id}", tags=["films"])
def get_film(id: Id, here: Here) -> FilmShown:
    """A film, and whether it is watched."""
    return _shown(id, here)


@ROUTES.delete("/films/{id}", tags=["films"], status_code=204)
def forget_film(id: Id, here: Here) -> None:
    """Forget a film: what was seen in it, and its file if it was sent."""
    here.shelf.forget_film(id)


def _shown(film: str, here: Service) -> FilmShown:
    return show_film(here.shelf.film(film), here.shelf.timeline_file(film).is_file())


Second = Annotated[float, Query(ge=0, le=LONGEST_S)]


@ROUTES.get("/films/{id}/profile", tags=["films"])
def get_profile(
    id: Id,
    here: Here,
    per_scene: bool = False,
    start: Second = 0.0,
    end: Second | None = None,
) -> dict[str, Any]:
    """What a picture is like, as 11 numbers: of the film, of a stretch, or of each scene.

    The same as `leitmotif analyze --json`.
    """
    return here.answers.profiles(id, per_scene, start, end)


@ROUTES.get("/films/{id}/recommendations", tags=["films"])
def ask_recommendations(
    id: Id, here: Here, asked: Annotated[RecommendationQuery, Query()]
) -> dict[str, Any]:
    """The tracks that fit a film. The same as `leitmotif recommend --json`."""
    return here.answers.recommend(id, asked)


@ROUTES.post("/films/{id}/recommendations", tags=["films"])
def post_recommendations(id: Id, here: Here, asked: RecommendationRequest) -> dict[str, Any]:
    """The tracks that fit a film, asked for by a body."""
    return here.answers.recommend(id, asked)


@ROUTES.post("/match", tags=["match"])
def match(here: Here, asked: MatchRequest) -> dict[str, Any]:
    """The tracks nearest to ten music numbers. The same as `match_audio.py --format json`."""
    return here.answers.match(asked)


# ------------------------------------------------------------------------------ catalogues


@ROUTES.post(
    "/catalogues",
    tags=["catalogues"],
    responses={
        201: {"description": "A table that can be used at once", "model": CatalogueShown},
        202: {**ACCEPTED[202], "model": Begun},
    },
    status_code=201,
    response_model=CatalogueShown | Begun,
    openapi_extra=_body(TABLE, _PATH),
)
async def add_catalogue(
    request: Request,
    response: Response,
    here: Here,
    language: Language,
    name: Name = "catalogue.csv",
    key: Key = None,
) -> CatalogueShown | Begun:
    """Send a table of tracks, or name one inside the roots, or a folder of music there.

    A folder is analysed, as a job; its catalogue is listed once the job succeeded. In a table that
    was sent no paths are followed: its tracks can be found, not played.
    """
    if media_type(request, JSON, TABLE) == JSON:
        asked = await json_body(request, PathRequest)
        path = await run_in_threadpool(inside, asked.path, here.roots)
        if path.is_dir():
            again = repeatable(request, key, str(path))
            job = await run_in_threadpool(here.shelf.build_catalogue, path, again)
            locate(response, job)
            response.status_code = 202
            return Begun(job=show_job(job, language))
        listed = await run_in_threadpool(here.answers.named_catalogue, path)
    else:
        folder, limit = here.shelf.catalogues_folder, here.max_upload_mb
        kept = await receive(folder, name, request.stream(), CATALOGUE_SUFFIXES, limit)
        listed = await run_in_threadpool(here.answers.sent_catalogue, kept)
    response.headers["Location"] = f"/v1/catalogues/{listed.id}"
    return show_catalogue(listed)


@ROUTES.get("/catalogues", tags=["catalogues"])
def list_catalogues(here: Here) -> list[CatalogueShown]:
    """Every catalogue: the default one, then the newest first."""
    return [show_catalogue(listed) for listed in here.shelf.catalogues()]


@ROUTES.get("/catalogues/{id}", tags=["catalogues"])
def get_catalogue(id: Id, here: Here) -> dict[str, Any]:
    """What a catalogue holds, and the rows of it that cannot be used."""
    return here.answers.check(here.shelf.catalogue(id))
