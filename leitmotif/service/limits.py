"""Who may ask, how often, and how many at once: the outermost layer of the service."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Collection

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import InputError
from leitmotif.service.problems import problem

HEALTH = "/v1/health"
"""May be asked without a token, by whatever watches over the service."""
PER_SECOND = 50.0
"""Requests of one client that are answered in the long run; four seconds' worth at once
(heuristic: twenty films watched by polling twice a second)."""
UPLOADS = ("/v1/films", "/v1/catalogues")
"""Where files are sent to."""
BODY_BYTES = 1 << 20
"""The largest body that is no file."""
LARGER = {"/v1/scenes/search": 32 << 20}
"""Bodies that may be larger: pictures."""
AT_ONCE = 200
"""Requests that are open at a time, event streams among them (heuristic)."""
_BURST_S = 4.0
_CLIENTS = 10_000


class Limits:
    """ASGI middleware. tokens : any of them is demanded; none lets everybody in.

    per_second : of one client, by token or address; 0 sets no limit.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Collection[str] = (),
        per_second: float = PER_SECOND,
        at_once: int = AT_ONCE,
    ) -> None:
        self._app = app
        self._tokens = [_digest(token.encode()) for token in tokens]
        self._per_second, self._at_once = per_second, at_once
        self._open = 0
        self._buckets: dict[bytes, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        try:
            self._pass(scope, headers)
        except InputError as error:
            accepted = headers.get(b"accept-language", b"").decode("latin-1")
            await problem(error.sentence, accepted)(scope, receive, send)
            return
        self._open += 1
        try:
            await self._app(scope, _counted(scope, headers, receive), send)
        finally:
            self._open -= 1

    def _pass(self, scope: Scope, headers: dict[bytes, bytes]) -> None:
        """Raises `InputError` for whoever may not come in, or not now."""
        kind, _, token = headers.get(b"authorization", b"").partition(b" ")
        client = _digest(token.strip())
        known = [hmac.compare_digest(client, ours) for ours in self._tokens]
        if self._tokens and (kind.lower() != b"bearer" or not any(known)):
            raise InputError("service.token")
        if not self._tokens:
            client = str((scope.get("client") or ("",))[0]).encode()
        if self._per_second and not self._may(client):
            raise InputError("service.too_fast", n=f"{self._per_second:g}")
        if self._open >= self._at_once:
            raise InputError("service.busy", n=self._open)

    def _may(self, client: bytes) -> bool:
        """Take a token of the client's bucket, which fills at the rate."""
        now, most = time.monotonic(), self._per_second * _BURST_S
        left, since = self._buckets.get(client, (most, now))
        left = min(left + (now - since) * self._per_second, most)
        if client not in self._buckets and len(self._buckets) >= _CLIENTS:
            self._buckets.clear()
        self._buckets[client] = (max(left - 1, 0.0), now) if left >= 1 else (left, now)
        return left >= 1


def _counted(scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Receive:
    """`receive` up to a body's limit, but for files, which are counted where they are kept."""
    is_json = headers.get(b"content-type", b"").lower().startswith(b"application/json")
    if scope["path"] in UPLOADS and not is_json:
        return receive
    total, most = 0, LARGER.get(scope["path"], BODY_BYTES)

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            raise HTTPException(413)
        return message

    return counted


def check_tokens(host_is_own: bool, tokens: Collection[str], host: str) -> None:
    """Raises `InputError` where others could come in without a token, or with a short one."""
    if not host_is_own and not tokens:
        raise InputError("service.needs_token", host=host)
    if any(len(token) < _SHORTEST or not token.isascii() for token in tokens):
        raise InputError("service.short_token", n=_SHORTEST)


_SHORTEST = 16
"""Characters of a token that nobody guesses (NIST SP 800-63B asks 64 bits of a look-up secret)."""


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
