"""Tools for agents, over the Model Context Protocol: search, explain, score, export.

Every tool reads and answers. A file is written only where a call names one (`save_as`), and only
inside the project folder that the person who started the tools has named. Films are read in a
process of their own (`leitmotif.workers.alone`), so that a damaged one costs a call and no more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

from anyio import from_thread, to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.find import embedding, find
from leitmotif.score.compose import score as plan_score
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.model import Score
from leitmotif.service.asked import Numbers, Ranking, importance_of, values_of
from leitmotif.settings import data_folder
from leitmotif.taste import refused
from leitmotif.workers.alone import in_child
from matcher.filters import Filter
from matcher.importance import field_position
from matcher.query import Query
from matcher.search import Match, rank
from recommender import load_recommender

T = TypeVar("T")
ABOUT = (
    "Finds music for films in a catalogue of tracks that were measured. A film's picture is "
    "described by 11 numbers, from which the music it asks for follows as 10; tracks are ranked by "
    "their distance to those. Paths are those of the machine on which these tools run."
)
Video = Annotated[str, Field(description="path of a video file")]
Catalogue = Annotated[
    str | None, Field(description="path of a catalogue (CSV or Parquet); the default one without")
]
Importance = Annotated[
    str | None, Field(description="equal, va, or weights such as valence=2,rhythm=0.5")
]
Filters = Annotated[
    list[str] | None, Field(description="only tracks such as bpm=90..130, license=CC*")
]
Count = Annotated[int, Field(ge=1, le=100, description="how many tracks")]
SaveAs = Annotated[
    str | None,
    Field(description="a file to write, inside the project folder; none is written without"),
]


class Tools:
    """What an agent can call. project : the folder in which files may be written; None for none."""

    def __init__(self, catalogue: Path, project: Path | None) -> None:
        self._default = catalogue
        self._project = project.resolve() if project else None

    async def search_by_film(
        self,
        video: Video,
        context: Context,
        catalogue: Catalogue = None,
        k: Count = 5,
        importance: Importance = None,
        filters: Filters = None,
    ) -> dict[str, Any]:
        """The tracks that fit a film, each with its reason, and the numbers behind them."""

        def work(progress: Progress) -> dict[str, Any]:
            query = _query(k, importance, filters)
            return self._recommend(video, catalogue, query, progress)[1].to_dict()

        return await _in_thread(context, work)

    async def search_by_numbers(
        self,
        values: Annotated[
            Numbers, Field(description="music numbers by name; the others are neutral")
        ],
        context: Context,
        catalogue: Catalogue = None,
        k: Count = 5,
        importance: Importance = None,
        filters: Filters = None,
    ) -> dict[str, Any]:
        """The tracks nearest to music numbers such as {"arousal": 60, "valence": -20}."""

        def work(progress: Progress) -> dict[str, Any]:
            weights = importance
            if weights is None and isinstance(values, dict):  # what is not named does not matter
                weights = _only(values)
            query = _query(k, weights, filters, values)
            matches = rank(self._library(catalogue).catalogue, query)
            return {"request": query.to_dict(), "matches": [m.to_dict() for m in matches]}

        return await _in_thread(context, work)

    async def search_by_words(
        self,
        words: Annotated[str, Field(description='such as "calm piano, no drums"')],
        context: Context,
        catalogue: Catalogue = None,
        like: Annotated[
            str | None, Field(description="a track (id or title); words are then offsets: calmer")
        ] = None,
        k: Count = 5,
        filters: Filters = None,
    ) -> dict[str, Any]:
        """The tracks that words describe, in English or Chinese, or that are like one."""

        def work(progress: Progress) -> dict[str, Any]:
            return find(
                words,
                self._library(catalogue).catalogue,
                like=like,
                k=k,
                where=Filter.parse(filters, "filters") if filters else None,
                nearest=embedding.nearest(),
                never=refused(data_folder()),
            ).to_dict()

        return await _in_thread(context, work)

    async def explain(
        self,
        video: Video,
        track_id: Annotated[str, Field(description="as the search says it")],
        context: Context,
        catalogue: Catalogue = None,
        importance: Importance = None,
    ) -> dict[str, Any]:
        """Why a track stands where it does for a film: its place, each dimension's share, what
        would have to change.
        """

        def work(progress: Progress) -> dict[str, Any]:
            library, found = self._recommend(
                video, catalogue, _query(1, importance, None), progress
            )
            everything = replace(found.query, k=len(library.catalogue), never=frozenset())
            matches = rank(library.catalogue, everything)
            place, match = _place_of(track_id, matches)
            return {
                "place": place,
                "of": len(matches),
                "first": matches[0].track_id,
                "asked": found.query.to_dict(),
                **match.to_dict(),
            }

        return await _in_thread(context, work)

    async def score(
        self,
        video: Video,
        context: Context,
        catalogue: Catalogue = None,
        save_as: SaveAs = None,
    ) -> dict[str, Any]:
        """Plan a film's music: cues with start and end, a track for each, cut to the frame."""

        def work(progress: Progress) -> dict[str, Any]:
            target = self._inside(save_as)
            path = self._path(catalogue)
            plan = in_child(plan_score, Path(video), path, progress=progress)
            if target:
                plan.write(target)
            return _shown(plan) | {"written": str(target) if target else None}

        return await _in_thread(context, work)

    async def export_score(
        self,
        score: Annotated[str, Field(description="path of a score (JSON)")],
        format: Annotated[
            str, Field(description="one of " + ", ".join(form.name for form in FORMATS))
        ],
        context: Context,
        save_as: SaveAs = None,
    ) -> dict[str, Any]:
        """A score for another program: its text, or a file where one is named."""

        def work(progress: Progress) -> dict[str, Any]:
            plan, target = Score.read(score), self._inside(save_as)
            if target:
                return {"written": str(export(plan, format, target)), "text": None}
            form = next((f for f in FORMATS if f.name == format), None)
            if form is None:
                names = [f.name for f in FORMATS]
                raise InputError("score.unknown_format", name=format, names=names)
            return {"written": None, "text": form.write(plan)}

        return await _in_thread(context, work)

    def _recommend(
        self, video: str, catalogue: str | None, query: Query, progress: Progress
    ) -> tuple[Library, pipeline.Recommendation]:
        library = self._library(catalogue)
        timeline = in_child(pipeline.read_video, Path(video), progress=progress)
        return library, pipeline.match(
            pipeline.score(timeline),
            library.catalogue,
            query,
            recommender=load_recommender(),
            course=pipeline.course_of(timeline, library.courses),
        )

    def _path(self, catalogue: str | None) -> Path:
        return Path(catalogue) if catalogue else self._default

    def _library(self, catalogue: str | None) -> Library:
        return Library.open(self._path(catalogue))

    def _inside(self, name: str | None) -> Path | None:
        """Where a file may be written. Raises `InputError` for a place that is not ours."""
        if name is None:
            return None
        if self._project is None:
            raise InputError("service.no_project")
        try:
            path = (self._project / name).resolve()
        except (OSError, ValueError, RuntimeError):
            raise InputError("service.outside_project", file=name) from None
        if not path.is_relative_to(self._project) or path == self._project:
            raise InputError("service.outside_project", file=name)
        return path


def build_agent(catalogue: Path, project: Path | None = None) -> MCPServer:
    """The tools as a server. project : the folder in which files may be written."""
    server: MCPServer = MCPServer("leitmotif", instructions=ABOUT, log_level="WARNING")
    tools = Tools(catalogue, project)
    reads = ToolAnnotations(read_only_hint=True)
    server.add_tool(tools.search_by_film, annotations=reads)
    server.add_tool(tools.search_by_numbers, annotations=reads)
    server.add_tool(tools.search_by_words, annotations=reads)
    server.add_tool(tools.explain, annotations=reads)
    writes = ToolAnnotations(read_only_hint=project is None, destructive_hint=False)
    server.add_tool(tools.score, annotations=writes)
    server.add_tool(tools.export_score, annotations=writes)
    return server


async def _in_thread(context: Context, work: Callable[[Progress], T]) -> T:
    """Work beside the conversation and say how far it is. Raises `ToolError` with our sentence."""

    def progress(stage: str, done: float, total: float | None) -> None:
        from_thread.run(context.report_progress, done, total, stage)

    try:
        return await to_thread.run_sync(partial(work, progress))
    except InputError as error:
        raise ToolError(str(error)) from None


def _query(
    k: int, importance: str | None, filters: list[str] | None, values: Numbers | None = None
) -> Query:
    ranking = Ranking.model_validate({"k": k, "filter": filters})
    asked = ranking.ranked(values_of(values), importance_of(importance))
    return replace(asked, never=refused(data_folder()))


def _only(values: dict[str, float]) -> str:
    """Importance for the numbers that are named, and none for the others."""
    named = {field_position(name, "values") for name in values}
    return ",".join(str(float(j in named)) for j in range(len(MUSIC_NAMES)))


def _place_of(track_id: str, matches: list[Match]) -> tuple[int, Match]:
    for place, match in enumerate(matches, start=1):
        if match.track_id == track_id:
            return place, match
    raise InputError("service.no_track", id=track_id)


def _shown(plan: Score) -> dict[str, Any]:
    """A score as plain values, with the timecodes that people read."""
    cues = [
        {
            "number": cue.number,
            "start": plan.timecode(cue.start),
            "end": plan.timecode(cue.end),
            "track": cue.title,
        }
        for cue in plan.cues
    ]
    return {"cues": cues, "score": json.loads(json.dumps(plan.to_dict()))}
