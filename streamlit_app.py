"""The page: drop a video, hear the answer. Start it with `leitmotif app`.

This is its server; what is drawn stands in `leitmotif/page/script.py`.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from leitmotif import page
from leitmotif.page import asking, serving, state
from leitmotif.sessions.guard import Guard
from leitmotif.sessions.workspace import close_all


@asynccontextmanager
async def _tidy(_: App) -> AsyncIterator[dict[str, object]]:
    """Load what the first visitor would wait for; stop the work and remove what is temporary when
    the server ends, by a signal too."""
    threading.Thread(target=state.warm_up, name="leitmotif-warm-up", daemon=True).start()
    yield {}
    close_all()


SCRIPT = Path(page.__file__).with_name("script.py")
ROUTES = (*serving.ROUTES, *asking.ROUTES)
app = App(SCRIPT, lifespan=_tidy, routes=ROUTES, middleware=[Middleware(Guard)])
