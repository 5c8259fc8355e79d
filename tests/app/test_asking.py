"""The address that moves are told to: what it does not take. (What it answers: `test_page`.)"""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from starlette.applications import Starlette

from leitmotif.page import asking

APP = Starlette(routes=list(asking.ROUTES))


def told(address: str, content: bytes, method: str = "POST") -> tuple[int, bytes]:
    """Status and body of the answer to what was told to an address."""
    sent: list[dict[str, Any]] = []
    heard = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive():
        return heard.pop() if heard else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": f"/{address}", "query_string": b""}
    scope |= {"headers": [], "root_path": "", "http_version": "1.1"}
    asyncio.run(APP(scope, receive, send))
    body = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    return sent[0]["status"], body


class Session:
    def move(self, said: Any) -> dict[str, Any]:
        return {"said": said}


@pytest.fixture
def session():
    asking._open["known"] = kept = Session()  # type: ignore[assignment]
    yield kept
    asking._open.pop("known", None)


def test_what_is_told_reaches_the_session_it_belongs_to(session: Session):
    status, body = told("moved/known", b'{"warmth": 3}')
    assert (status, body) == (200, b'{"said": {"warmth": 3}}')


def test_an_address_nobody_was_given_is_not_found():
    assert told("moved/guessed", b"{}") == (404, b"")


def test_what_is_no_json_or_too_long_is_refused(session: Session):
    assert told("moved/known", b"\xff{")[0] == 400
    assert told("moved/known", b" " * (asking.LARGEST + 1))[0] == 413


def test_a_link_moves_nothing(session: Session):
    assert told("moved/known", b"", "GET")[0] == 405


def test_an_address_ends_with_its_session():
    asking._open["gone"] = Session()  # type: ignore[assignment]
    gc.collect()
    assert told("moved/gone", b"{}")[0] == 404
