"""Routes of scenes: which film of the library a picture is from.

The answer to a search has the shape of trace.moe's (github.com/soruly/trace.moe-api), the best
known public search of this kind, so that its clients work here; `anilist` is the film's id.
"""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from data.errors import InputError
from features.video.pictures import picture_of
from leitmotif.scenes.find import Hit, find
from leitmotif.scenes.library import Film
from leitmotif.scenes.preview import preview
from leitmotif.service.shared import WITH_TOKEN, Here, Id
from leitmotif.service.state import Service

ROUTES = APIRouter(prefix="/v1/scenes", tags=["scenes"], dependencies=WITH_TOKEN)
PICTURE = "application/octet-stream"
_HITS = 5
_KINDS = {"mp4": "video/mp4", "gif": "image/gif", "jpg": "image/jpeg"}
_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {kind: _IMAGE for kind in (PICTURE, "image/jpeg", "image/png", "image/webp")},
    }
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {kind: _IMAGE for kind in _KINDS.values()}}
}


class SceneFilm(BaseModel):
    """A film of the library."""

    id: str
    title: str
    season: int | None
    episode: int | None
    filename: str
    duration: float


class SceneHit(BaseModel):
    """Where a picture may be from: seconds, cosine, whether that is enough; previews."""

    anilist: str
    filename: str
    episode: int | None
    at: float
    duration: float
    similarity: float
    known: bool
    mirrored: bool
    video: str
    image: str
    # "from" is a word of Python
    model_config = {"extra": "allow"}


class SceneAnswer(BaseModel):
    """frameCount : frames that were asked. error : always empty; errors have a status."""

    frameCount: int
    error: str
    result: list[SceneHit]


@ROUTES.get("")
def list_scene_films(here: Here) -> list[SceneFilm]:
    """The films of the library."""
    with here.scenes() as library:
        return [_shown(film) for film in library.films]


def _shown(film: Film) -> SceneFilm:
    return SceneFilm(
        id=film.id,
        title=film.title,
        season=film.season,
        episode=film.episode,
        filename=_filename(film),
        duration=film.duration,
    )


def _filename(film: Film) -> str:
    return film.path.replace("\\", "/").rpartition("/")[2]


@ROUTES.post("/search", openapi_extra=_BODY)
async def search_scenes(request: Request, here: Here) -> SceneAnswer:
    """Send a picture, as it is or as the first file of a form; the films it may be from come back.

    `similarity` is a cosine; `known` says whether the picture is from there at all.
    """
    content = _picture(request.headers.get("content-type", ""), await request.body())
    return await run_in_threadpool(_answer, here, content, str(request.base_url))


def _picture(kind: str, body: bytes) -> bytes:
    """The picture in a body. Raises `InputError`."""
    if not kind.lower().startswith("multipart/"):
        return body
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace")
    try:
        for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and part.get_filename():
                return content
    except (ValueError, LookupError, TypeError, AttributeError):
        pass  # what Python's parser says to headers that are none
    raise InputError("scenes.no_picture", file="form")


def _answer(here: Service, content: bytes, base: str) -> SceneAnswer:
    picture = picture_of(content, "picture")
    with here.scenes() as library:
        if not library.films:
            raise InputError("scenes.empty", folder=library.folder)
        hits = find(library, picture, k=_HITS)
        return SceneAnswer(
            frameCount=len(library.vectors), error="", result=[_hit(hit, base) for hit in hits]
        )


def _hit(hit: Hit, base: str) -> SceneHit:
    place = f"{base}v1/scenes/{quote(hit.film.id)}"
    return SceneHit(
        anilist=hit.film.id,
        filename=_filename(hit.film),
        episode=hit.film.episode,
        at=hit.at,
        duration=hit.film.duration,
        similarity=round(hit.similarity, 4),
        known=hit.known,
        mirrored=hit.mirrored,
        video=f"{place}/preview?at={hit.at:.3f}&kind=mp4",
        image=f"{place}/preview?at={hit.at:.3f}&kind=jpg",
        **{"from": hit.start, "to": hit.end},
    )


@ROUTES.get("/{id}/preview", responses=_FILE, response_class=FileResponse)
def preview_scene(
    id: Id,
    here: Here,
    at: Annotated[float, Query(ge=0, le=1e6, allow_inf_nan=False)] = 0.0,
    kind: Literal["mp4", "gif", "jpg"] = "mp4",
) -> FileResponse:
    """The second of a film around a moment, or the frame itself."""
    with here.scenes() as library:
        film = library.film(id)
    return FileResponse(preview(film, min(at, film.duration), kind), media_type=_KINDS[kind])
