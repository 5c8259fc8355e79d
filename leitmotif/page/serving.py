"""Films and sounds for players, read from the disk as they are asked for.

Streamlit holds what it serves in memory, which no film fits into. Here a file has an address that
nobody guesses, known to those pages alone that it was drawn into, and answers for parts of it
(RFC 9110, section 14), so that players can jump. What is still to be made (a track's outline, a
copy that browsers play) is made when a browser asks for it, so that no redraw waits.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from data.errors import InputError

MOST = 4000
"""Addresses that are known at once; those that were given first are forgotten (heuristic)."""
_PREFIX = "held"
AT_ONCE = 2
"""How many are made at the same time: decoding fills a core each (heuristic)."""


class Held(NamedTuple):
    """kind : MIME type. name : what it is called where it is saved; without one it is shown.
    made : the file, or its content, or what makes one of them."""

    kind: str
    name: str
    made: Path | Callable[[], Path | bytes]


_known: dict[str, Held] = {}
_names: dict[Hashable, str] = {}
_guard = threading.Lock()
_making = threading.BoundedSemaphore(AT_ONCE)


def address(path: Path, kind: str, name: str = "") -> str:
    """The address of a file, from the page's own; the same for the same file.

    kind, name : as of `Held`. A file that is not there has no address: "".
    """
    try:
        held = (path, kind, name, path.stat().st_mtime_ns)
    except OSError:
        return ""
    return _address(held, Held(kind, name, path))


def address_of(what: Hashable, kind: str, make: Callable[[], Path | bytes]) -> str:
    """The address of what is made when it is asked for; the same for the same `what`.

    make : may raise `InputError`; the answer is then 404, as for a file that is gone.
    """
    return _address(what, Held(kind, "", make))


def _address(what: Hashable, held: Held) -> str:
    with _guard:
        key = _names.get(what)
        if key is None:
            key = _names[what] = secrets.token_urlsafe(18)
            _known[key] = held
            while len(_names) > MOST:
                _known.pop(_names.pop(next(iter(_names))), None)
    return f"{_PREFIX}/{key}"


def _content(held: Held) -> Path | bytes:
    if isinstance(held.made, Path):
        return held.made
    with _making:
        return held.made()


async def answer(request: Request) -> Response:
    """A file or the part of it that was asked for; 404 for one that is gone or was never given."""
    held = _known.get(request.path_params["key"])
    try:
        content = await run_in_threadpool(_content, held) if held else b""
    except InputError:
        content = b""
    kept = {"cache-control": "private, max-age=3600"}
    if held and isinstance(content, Path) and content.is_file():
        return FileResponse(content, media_type=held.kind, filename=held.name or None, headers=kept)
    if held and isinstance(content, bytes) and content:
        return Response(content, media_type=held.kind, headers=kept)
    return Response(status_code=404)


ROUTES = (Route(f"/{_PREFIX}/{{key}}", answer, methods=["GET", "HEAD"]),)
