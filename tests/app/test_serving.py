"""Files for players: at addresses nobody guesses, whole or in part, and gone when they are gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.applications import Starlette

from data.errors import InputError
from leitmotif.page import serving

APP = Starlette(routes=list(serving.ROUTES))


def asked(address: str, **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of the answer to a request for an address."""
    sent: list[dict] = []

    async def receive():
        await asyncio.Event().wait()  # whoever asked stays, and says nothing more

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/{address}", "query_string": b""}
    scope["headers"] = [(k.encode(), v.encode()) for k, v in headers.items()]
    asyncio.run(APP(scope | {"root_path": "", "http_version": "1.1"}, receive, send))
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return sent[0]["status"], dict(sent[0]["headers"]), body


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(200)))
    return path


def test_a_file_is_answered_whole_and_in_part(film: Path):
    address = serving.address(film, "video/mp4")
    status, headers, body = asked(address)
    assert (status, body) == (200, bytes(range(200)))
    assert headers[b"content-type"] == b"video/mp4" and b"content-disposition" not in headers
    status, headers, body = asked(address, range="bytes=50-59")
    assert (status, body) == (206, bytes(range(50, 60)))
    assert headers[b"content-range"] == b"bytes 50-59/200"


def test_the_same_file_keeps_its_address_and_a_download_its_name(film: Path):
    assert serving.address(film, "video/mp4") == serving.address(film, "video/mp4")
    named = serving.address(film, "video/mp4", "Der Film – 电影.mp4")
    assert named != serving.address(film, "video/mp4")
    assert asked(named)[1][b"content-disposition"].startswith(b"attachment; filename*=utf-8''Der")


def test_what_was_never_given_or_is_gone_is_not_found(film: Path):
    address = serving.address(film, "video/mp4")
    film.unlink()
    assert asked(address)[0] == asked("held/anything")[0] == 404
    assert serving.address(film, "video/mp4") == ""


def test_what_is_still_to_be_made_is_made_when_it_is_asked_for(film: Path):
    made: list[str] = []

    def outline() -> bytes:
        made.append("outline")
        return b"<svg/>"

    address = serving.address_of(("outline", film), "image/svg+xml", outline)
    assert not made and address == serving.address_of(("outline", film), "image/svg+xml", outline)
    status, headers, body = asked(address)
    assert (status, body, made) == (200, b"<svg/>", ["outline"])
    assert headers[b"content-type"] == b"image/svg+xml"
    assert asked(serving.address_of(("copy", film), "video/mp4", lambda: film))[2] == bytes(
        range(200)
    )


def test_what_cannot_be_made_is_not_found(film: Path):
    def broken() -> bytes:
        raise InputError("render.no_sound", file=film.name)

    assert asked(serving.address_of(("broken", film), "image/svg+xml", broken))[0] == 404
