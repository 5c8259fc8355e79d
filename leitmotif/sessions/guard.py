"""Who may ask the page's server, and what browsers are told about its answers.

A page that another site opened in the background, or a name of another site that was made to point
to this machine, must reach nothing: the host asked for has to be one of ours, and an origin, where
a browser names one, has to be the page's own, port and all. What passes has its origin taken out:
it has been judged here, and Streamlit would ask a server on the internet for this machine's address
before it refused a strange one.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

HOSTS = "LEITMOTIF_HOSTS"
"""Environment variable: names that the page may be asked for by, with commas."""
ANY_ADDRESS = "addresses"
"""Stands among the hosts for every numeric address: no other site's name can be one."""
LOCAL = ("localhost", "127.0.0.1", "::1")
HEADERS = (
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"frame-ancestors 'none'; object-src 'none'; base-uri 'self'; "
        b"img-src 'self' data: blob:; media-src 'self' data: blob:",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """ASGI middleware in front of everything that the server answers."""

    def __init__(self, app: Application, hosts: tuple[str, ...] | None = None) -> None:
        named = os.environ.get(HOSTS, "")
        self._app = app
        self._hosts = hosts or tuple(filter(None, named.lower().split(","))) or LOCAL

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif not self._admits(dict(scope["headers"])):
            await _refuse(scope["type"], send)
        else:
            kept = [(name, value) for name, value in scope["headers"] if name != b"origin"]
            await self._app({**scope, "headers": kept}, receive, _with_headers(send))

    def _admits(self, headers: dict[bytes, bytes]) -> bool:
        """Whether the host is one of ours, and the origin, if there is one, the same."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        name = _parts(f"//{host}")
        if name is None or not self._is_ours(name[0]):
            return False
        origin = headers.get(b"origin")
        if origin is None:
            return True
        asked = _parts(origin.decode("latin-1").lower())
        return asked is not None and asked == name

    def _is_ours(self, name: str) -> bool:
        if name in self._hosts:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return ANY_ADDRESS in self._hosts


def _parts(address: str) -> tuple[str, int | None] | None:
    """Name and port of an address; None if it has none."""
    try:
        parts = urlsplit(address)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        port = parts.port
    except ValueError:
        return None
    name = (parts.hostname or "").rstrip(".")
    return (name, None if port == usual else port) if name else None


def _with_headers(send: Send) -> Send:
    """`send`, with our headers on the start of each answer."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = {name for name, _ in HEADERS}
            theirs = [h for h in message.get("headers", ()) if h[0].lower() not in ours]
            message = {**message, "headers": [*theirs, *HEADERS]}
        await send(message)

    return headed


async def _refuse(kind: str, send: Send) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    text = (b"content-type", b"text/plain; charset=utf-8")
    await send({"type": "http.response.start", "status": 403, "headers": [text, *HEADERS]})
    await send(
        {"type": "http.response.body", "body": b"This page is not asked for by that name.\n"}
    )
