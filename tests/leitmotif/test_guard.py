"""Who may ask the page's server: names and origins, one by one."""

from __future__ import annotations

import asyncio

import pytest

from leitmotif.sessions.guard import ANY_ADDRESS, LOCAL, Guard


def asked(guard_hosts: tuple[str, ...], kind: str = "http", **headers: str) -> list[dict]:
    """What is sent in answer; the application behind the guard says 200."""
    sent: list[dict] = []

    async def page(scope, receive, send):
        assert all(name != b"origin" for name, _ in scope["headers"])
        if kind == "websocket":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}
    asyncio.run(Guard(page, guard_hosts)(scope, None, send))
    return sent


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8501"},
        {"host": "127.0.0.1:8501"},
        {"host": "[::1]:8501"},
        {"host": "LOCALHOST:8501", "origin": "http://localhost:8501"},
        {"host": "localhost", "origin": "http://localhost:80"},
    ],
)
def test_own_names_are_answered(headers):
    assert asked(LOCAL, **headers)[0]["status"] == 200
    assert asked(LOCAL, "websocket", **headers)[0]["type"] == "websocket.accept"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "evil.example:8501"},
        {"host": "localhost.evil.example"},
        {"host": "192.168.1.7:8501"},
        {"host": "localhost:port"},
        {"host": "localhost:8501", "origin": "http://localhost:9999"},
        {"host": "localhost:8501", "origin": "http://127.0.0.1:8501"},
        {"host": "localhost:8501", "origin": "https://evil.example"},
        {"host": "localhost:8501", "origin": "null"},
        {"host": "localhost:8501", "origin": "file://"},
    ],
)
def test_everything_else_is_refused(headers):
    assert asked(LOCAL, **headers)[0]["status"] == 403
    assert asked(LOCAL, "websocket", **headers) == [{"type": "websocket.close", "code": 1008}]


def test_a_page_for_others_takes_numbers_but_no_strange_names():
    hosts = ("studio", ANY_ADDRESS)
    assert asked(hosts, host="192.168.1.7:8501")[0]["status"] == 200
    assert asked(hosts, host="studio")[0]["status"] == 200
    assert asked(hosts, host="evil.example")[0]["status"] == 403


@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_forbids_framing_and_sniffing(host: str):
    headers = dict(asked(LOCAL, host=host)[0]["headers"])
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
