"""The tools for agents, asked over stdio by the protocol's own client."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from serving import ROOT, make_film

mcp = pytest.importorskip("mcp", reason="the tools need `pip install leitmotif[agents]`")

from data.profiles import MUSIC_NAMES  # noqa: E402
from leitmotif import pipeline  # noqa: E402
from leitmotif.settings import DEMO_CATALOGUE, DEMO_VIDEO  # noqa: E402

Talk = Callable[[Any], Awaitable[None]]


def talk(conversation: Talk, *arguments: str) -> None:
    """A conversation with `leitmotif mcp`."""
    command = ["-m", "leitmotif", "mcp", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    server = mcp.StdioServerParameters(
        command=sys.executable, args=command, env=environment, cwd=str(ROOT)
    )

    async def run() -> None:
        async with mcp.Client(server) as client:
            await conversation(client)

    anyio.run(run)


async def call(client: Any, tool: str, **arguments: Any) -> Any:
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content[0].text
    return answer.structured_content


async def refused(client: Any, tool: str, **arguments: Any) -> str:
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error
    return answer.content[0].text


def test_an_agent_searches_and_asks_why(tmp_path: Path):
    film = make_film(tmp_path / "bar.mp4")
    expected = pipeline.recommend(film, DEMO_CATALOGUE, k=2).to_dict()
    seen: list[float] = []

    async def heard(done: float, total: float | None, message: str | None) -> None:
        seen.append(done)

    async def conversation(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {
            *("search_by_film", "search_by_numbers", "search_by_words"),
            *("explain", "score", "export_score"),
        }
        assert all(tool.annotations.read_only_hint for tool in tools.values())
        arguments = {"video": str(film), "k": 2}
        answer = await client.call_tool("search_by_film", arguments, progress_callback=heard)
        found = answer.structured_content
        assert [m["track_id"] for m in found["matches"]] == [
            m["track_id"] for m in expected["matches"]
        ]
        second = found["matches"][1]["track_id"]
        why = await call(client, "explain", video=str(film), track_id=second)
        assert why["track_id"] == second and why["sentence"] and sum(why["shares"].values()) > 0.99

        near = await call(client, "search_by_numbers", values={"arousal": 80, "valence": -60}, k=3)
        weights = near["request"]["importance"]
        assert {name for name in MUSIC_NAMES if weights[name]} == {"arousal", "valence"}
        assert len(near["matches"]) == 3
        said = await call(client, "search_by_words", words="calm piano, no drums", k=2)
        assert len(said["matches"]) == 2
        assert "no track nix" in await refused(client, "explain", video=str(film), track_id="nix")
        missing = await refused(client, "search_by_film", video=str(tmp_path / "no.mp4"))
        assert "no.mp4" in missing and "Traceback" not in missing
        said = await refused(client, "score", video=str(film), save_as=str(tmp_path / "a.json"))
        assert "--project" in said and not (tmp_path / "a.json").exists()

    talk(conversation)


def test_an_agent_scores_and_exports_inside_the_project_alone(tmp_path: Path):
    project = tmp_path / "project"
    project.mkdir()

    async def conversation(client: Any) -> None:
        plan = await call(client, "score", video=str(DEMO_VIDEO), save_as="film.score.json")
        assert plan["cues"] and (project / "film.score.json").is_file()
        score = str(project / "film.score.json")
        text = await call(client, "export_score", score=score, format="edl")
        assert text["text"].startswith("TITLE:") and text["written"] is None
        await call(client, "export_score", score=score, format="edl", save_as="out/film.edl")
        assert (project / "out" / "film.edl").read_text() == text["text"]
        for name in ("../outside.edl", "/tmp/outside.edl", ".", "\0"):
            said = await refused(client, "export_score", score=score, format="edl", save_as=name)
            assert "not inside the project folder" in said

    talk(conversation, "--project", str(project))
    assert {p.name for p in tmp_path.iterdir()} == {"project"}
