"""What the service answers of its jobs, films and catalogues, as typed bodies with examples."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from data.words import Sentence
from leitmotif.service.jobs import Job, State
from leitmotif.service.shelf import Film, Listed

_FILM = "0123456789abcdef0123456789abcdef"


class Failure(BaseModel):
    """Why a job failed."""

    code: str = Field(description="the same in every language")
    detail: str = Field(description="in the language asked for")


class JobShown(BaseModel):
    """A piece of long work."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "hT3vQ0bXy9mPZr2kLw8N1A",
                    "kind": "watch",
                    "state": "running",
                    "position": None,
                    "stage": "video",
                    "done": 12.5,
                    "total": 94.0,
                    "tries": 1,
                    "href": None,
                    "result": None,
                    "error": None,
                    "created": 1764108000.0,
                    "started": 1764108000.4,
                    "ended": None,
                }
            ]
        }
    )
    id: str
    kind: str = Field(description="watch, catalogue, score or render")
    state: State
    position: int | None = Field(description="place in the queue, 1 is next")
    stage: str = Field(description="what it is at")
    done: float = Field(description="seconds of media, or files of a catalogue")
    total: float | None = Field(description="of `done` in all, where that is known")
    tries: int = Field(description="workers that began it")
    href: str | None = Field(description="where the result lies, once it succeeded")
    result: dict[str, Any] | None
    error: Failure | None
    created: float = Field(description="seconds since 1970, as all times")
    started: float | None
    ended: float | None


class FilmShown(BaseModel):
    """A film of the service."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": _FILM,
                    "name": "reel-1.mov",
                    "bytes": 52428800,
                    "added": 1764108000.0,
                    "watched": True,
                    "job": "/v1/jobs/hT3vQ0bXy9mPZr2kLw8N1A",
                }
            ]
        }
    )
    id: str = Field(description="by content: the first half of its SHA-256")
    name: str
    bytes: int
    added: float
    watched: bool
    job: str = Field(description="the job that watches it, or did")


class CatalogueShown(BaseModel):
    """A catalogue of the service."""

    id: str
    name: str
    added: float


class Begun(BaseModel):
    """The answer of a route that begins a job; its address is in `Location`, too."""

    job: JobShown


class FilmBegun(Begun):
    """A film that was sent or named, and the job that watches it."""

    film: FilmShown


def show_job(job: Job, language: str) -> JobShown:
    """A job, with what went wrong in a language."""
    error = job.error
    said = error.into(language) if isinstance(error, Sentence) else str(error)
    code = error.code if isinstance(error, Sentence) else ""
    known = {n: getattr(job, n) for n in JobShown.model_fields if n not in ("href", "error")}
    return JobShown(
        **known,
        href=_href(job) if job.state == "succeeded" else None,
        error=Failure(code=code, detail=said) if error else None,
    )


def _href(job: Job) -> str:
    key = job.task["key"]
    return {
        "watch": f"/v1/films/{key}",
        "catalogue": f"/v1/catalogues/{key}",
        "score": f"/v1/scores/{job.id}",
        "render": f"/v1/scores/{key}/renders/{job.id}",
    }[job.kind]


def show_film(film: Film, watched: bool) -> FilmShown:
    """A film. watched : whether it can be asked about."""
    return FilmShown(
        id=film.id,
        name=film.name,
        bytes=film.bytes,
        added=film.added,
        watched=watched,
        job=f"/v1/jobs/{film.job}",
    )


def show_catalogue(listed: Listed) -> CatalogueShown:
    """A catalogue."""
    return CatalogueShown(id=listed.id, name=listed.name, added=listed.added)
