"""What every route takes: the service, the client's language, keys of repeated requests, bodies."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi import Path as InPath
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError

from data.errors import InputError
from leitmotif.service.jobs import Job
from leitmotif.service.jobs import Request as Repeatable
from leitmotif.service.problems import language_of
from leitmotif.service.state import Service

Body = TypeVar("Body", bound=BaseModel)
JSON, BYTES, TABLE = "application/json", "application/octet-stream", "text/csv"
WITH_TOKEN = [
    Depends(HTTPBearer(auto_error=False, description="where the service was given a token"))
]


def _service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)
    return found


Here = Annotated[Service, Depends(_service)]


def _language(accept_language: Annotated[str, Header(max_length=500)] = "") -> str:
    return language_of(accept_language)


Language = Annotated[str, Depends(_language)]
Id = Annotated[str, InPath(max_length=64)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="the same request again, by this key, begins nothing new",
    ),
]
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "Begun, or begun before; ask for the job at `Location`",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}


def repeatable(request: Request, key: str | None, content: str) -> Repeatable | None:
    """A request that may come again. content : all that it says."""
    if key is None:
        return None
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Repeatable(f"{request.method} {request.url.path} {key}", digest)


def locate(response: Response, job: Job) -> None:
    """Say where a job is asked for."""
    response.headers["Location"] = f"/v1/jobs/{job.id}"


def media_type(request: Request, *known: str) -> str:
    """What a body is, the last of `known` where nothing is said. Raises `InputError`."""
    given = request.headers.get("content-type", known[-1]).partition(";")[0].strip().lower()
    if given not in known:
        raise InputError("service.media_type", given=given[:80], known=list(known))
    return given


async def json_body(request: Request, kind: type[Body]) -> Body:
    """A body that is JSON. Raises `RequestValidationError`."""
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        places = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_url=False)]
        raise RequestValidationError(places) from None


def download(path: Path, name: str) -> FileResponse:
    """A file to keep, under a name. Raises `InputError` where it is gone."""
    if not path.is_file():
        raise InputError("files.missing", file=name)
    return FileResponse(path, filename=name)
