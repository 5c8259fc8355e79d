"""Films and sounds for players, read from the disk as they are asked for.

Streamlit holds what it serves in memory, which no film fits into. Here a file has an address that
nobody guesses, known to those pages alone that it was drawn into, and answers for parts of it
(RFC 9110, section 14), so that players can jump.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

MOST = 4000
"""Addresses that are known at once; those that were given first are forgotten (heuristic)."""
_PREFIX = "held"
_known: dict[str, tuple[Path, str, str]] = {}
_names: dict[tuple[Path, str, str, int], str] = {}
_guard = threading.Lock()


def address(path: Path, kind: str, name: str = "") -> str:
    """The address of a file, from the page's own; the same for the same file.

    kind : MIME type. name : what it is called where it is saved; without one it is shown.
    A file that is not there has no address: "".
    """
    try:
        held = (path, kind, name, path.stat().st_mtime_ns)
    except OSError:
        return ""
    with _guard:
        key = _names.get(held)
        if key is None:
            key = _names[held] = secrets.token_urlsafe(18)
            _known[key] = (path, kind, name)
            while len(_names) > MOST:
                _known.pop(_names.pop(next(iter(_names))), None)
    return f"{_PREFIX}/{key}"


async def answer(request: Request) -> Response:
    """A file or the part of it that was asked for; 404 for one that is gone or was never given."""
    path, kind, name = _known.get(request.path_params["key"], (Path(), "", ""))
    if not kind or not path.is_file():
        return Response(status_code=404)
    kept = {"cache-control": "private, max-age=3600"}
    return FileResponse(path, media_type=kind, filename=name or None, headers=kept)


ROUTES = (Route(f"/{_PREFIX}/{{key}}", answer, methods=["GET", "HEAD"]),)
