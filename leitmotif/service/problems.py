"""What went wrong, as RFC 9457 problems: an error's code, its sentence in the client's language.

{"type": "urn:leitmotif:error:video.empty_file", "title": "Unprocessable Content",
 "status": 422, "detail": "a.mp4: this file is empty …", "code": "video.empty_file"}
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from data.errors import InputError
from data.words import DEFAULT, Sentence, languages, words

MEDIA_TYPE = "application/problem+json"
UNUSABLE = 422
"""The status of an error that is not in `STATUS`."""
STATUS = {
    "files.disk_full": 507,
    "scenes.empty": 409,
    "scenes.film_gone": 410,
    "scenes.no_film": 404,
    "service.busy": 503,
    "service.film_failed": 409,
    "service.key_used": 422,
    "service.media_type": 415,
    "service.method": 405,
    "service.mistake": 500,
    "service.no_catalogue": 404,
    "service.no_film": 404,
    "service.no_job": 404,
    "service.no_page": 404,
    "service.no_render": 404,
    "service.no_score": 404,
    "service.not_done": 409,
    "service.not_watched": 409,
    "service.outside": 403,
    "service.queue_full": 503,
    "service.too_fast": 429,
    "service.too_large": 413,
    "service.token": 401,
    "session.cannot_keep": 507,
    "session.wrong_kind": 415,
    "store.busy": 503,
}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "2"},
}
_OF_STATUS = {404: "service.no_page", 405: "service.method", 413: "service.too_large"}


def language_of(accepted: str) -> str:
    """The language of ours that an Accept-Language header prefers; English where it names none."""
    best, quality = DEFAULT, 0.0
    for piece in accepted.split(",")[:20]:
        name, _, rest = piece.strip().partition(";")
        ours = next((code for code in languages() if name.lower().split("-")[0] == code), None)
        given = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", rest)
        wanted = float(given[1]) if given else 1.0
        if ours and wanted > quality:
            best, quality = ours, wanted
    return best


def problem(sentence: Sentence, accepted: str = "", **more: Any) -> JSONResponse:
    """The answer that says what is wrong. more : further members of the problem."""
    status = STATUS.get(sentence.code, UNUSABLE)
    language = language_of(accepted)
    content = {
        "type": f"urn:leitmotif:error:{sentence.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence.into(language),
        "code": sentence.code,
        **more,
    }
    headers = {"Content-Language": words(language)["language.tag"], **_HEADERS.get(status, {})}
    return JSONResponse(content, status, headers, MEDIA_TYPE)


async def of_input_error(request: Request, error: Exception) -> JSONResponse:
    """A person can put it right."""
    assert isinstance(error, InputError)
    return problem(error.sentence, request.headers.get("accept-language", ""))


async def of_request(request: Request, error: Exception) -> JSONResponse:
    """The request is not what the route takes; `errors` says where."""
    assert isinstance(error, RequestValidationError)
    places = [
        {"pointer": "/" + "/".join(map(_pointed, e["loc"])), "detail": e["msg"]}
        for e in error.errors()
    ]
    first = f"{places[0]['pointer']}: {places[0]['detail']}"
    accepted = request.headers.get("accept-language", "")
    return problem(Sentence("service.request", why=first), accepted, errors=places)


def _pointed(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


async def of_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses."""
    assert isinstance(error, HTTPException)
    accepted = request.headers.get("accept-language", "")
    code = _OF_STATUS.get(error.status_code)
    if code == "service.too_large":
        return problem(Sentence("service.too_large", file=request.url.path, mb=1), accepted)
    if code is not None:
        return problem(Sentence(code), accepted)
    return problem(Sentence("service.request", why=str(error.detail)), accepted)


async def of_mistake(request: Request, error: Exception) -> JSONResponse:
    """Our own mistake: its traceback is on stderr."""
    traceback.print_exception(error, file=sys.stderr)
    return problem(Sentence("service.mistake"), request.headers.get("accept-language", ""))


HANDLERS: Mapping[Any, Any] = {
    InputError: of_input_error,
    RequestValidationError: of_request,
    HTTPException: of_http,
    Exception: of_mistake,
}

SCHEMA: dict[str, Any] = {
    "description": "What is wrong, as RFC 9457 has it",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string", "description": "in the language asked for"},
                    "code": {"type": "string", "description": "the same in every language"},
                },
            },
            "example": {
                "type": "urn:leitmotif:error:service.no_film",
                "title": "Not Found",
                "status": 404,
                "detail": "no film 0123abcd here; send it to /v1/films first.",
                "code": "service.no_film",
            },
        }
    },
}
