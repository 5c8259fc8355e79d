"""A server of its own and a real browser. Without Chromium these tests skip and say so."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from browsing import GRACE_S, LIMIT_MB, QUIET, ROOT, Server, Visit

PROGRAM = sys.modules["__main__"]
MOST_S = 300.0
"""Seconds after which a test with a browser is taken for one that stands still: six times as long
as the longest takes."""


def chromium() -> str:
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if found is None:
        pytest.skip("Chromium, which drives the page, is not installed: `apt-get install chromium`")
    pytest.importorskip(
        "playwright", reason="playwright is not installed: `pip install playwright`"
    )
    return found


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`leitmotif app` with a small limit, a short grace and folders of its own."""
    chromium()
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@contextmanager
def running(temporary: Path, killed: bool = False) -> Iterator[Server]:
    """A server with its folders in `temporary`; at its end nothing temporary may be left.

    killed : it ends by SIGKILL, and then something may.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "LEITMOTIF_DATA": str(temporary / "kept"),
        "LEITMOTIF_MAX_UPLOAD_MB": str(LIMIT_MB),
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(GRACE_S),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
    }
    with (temporary / "log.txt").open("w", encoding="utf-8") as log:
        command = [sys.executable, "-m", "leitmotif", "app", "--no-browser", "--port", str(port)]
        process = subprocess.Popen(
            command, env=os.environ | settings, stdout=log, stderr=log, cwd=temporary
        )
    url = f"http://localhost:{port}"
    try:
        _wait_for(f"{url}/_stcore/health", process)
        yield Server(url, process.pid, temporary)
    finally:
        process.kill() if killed else process.terminate()
        process.wait(20)
    if killed:
        return
    left = [f.name for f in temporary.iterdir() if f.name.startswith("leitmotif-page-")]
    assert not left, f"the server left {left} behind"
    assert "Traceback" not in (said := (temporary / "log.txt").read_text(encoding="utf-8")), said


def _wait_for(url: str, process: subprocess.Popen) -> None:
    for _ in range(240):
        assert process.poll() is None, "the server did not start"
        try:
            urllib.request.urlopen(url, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise AssertionError("the server did not answer")


@pytest.fixture(autouse=True)
def _nothing_stays(request):
    """Streamlit's tests leave the page as this process's program, which other tests would start.

    A browser that stands still for minutes is ended: then its test fails instead of all waiting.
    """
    timer = threading.Timer(MOST_S, _end_browsers)
    if "browser" in request.fixturenames:
        timer.start()
    yield
    timer.cancel()
    sys.modules["__main__"] = PROGRAM


def _end_browsers() -> None:
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if child.name().startswith(("chrom", "node")):
                child.kill()


@pytest.fixture(scope="module")
def browser():
    """Of one file only, because its event loop runs in this thread until it is closed."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, server: Server):
    """Somebody comes: `visit()`, `visit(viewport=…)`. Everybody leaves at the end of the test."""
    visitors: list[Visit] = []

    def come(**context) -> Visit:
        visitors.append(Visit(browser, server, **context))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()
