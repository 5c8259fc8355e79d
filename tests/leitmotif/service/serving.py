"""A service to ask: within the test's own process, or as a process that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np

ROOT = Path(__file__).resolve().parents[3]
ENDED = ("succeeded", "failed", "canceled")


def make_film(path: Path, seconds: float = 2.0, shade: int = 0) -> Path:
    """A bar that moves over a grey ground. shade : another one makes another film."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.pix_fmt, stream.width, stream.height = "yuv420p", 160, 96
        for k in range(round(25 * seconds)):
            image = np.full((96, 160, 3), 60 + shade, dtype=np.uint8)
            image[:, (3 * k) % 150 : (3 * k) % 150 + 10] = 220
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


class Running:
    """`leitmotif serve` as a process of its own, which can be killed and started again."""

    def __init__(self, data: Path, *arguments: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._arguments, self._data = arguments, data
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}/v1", timeout=60)
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "leitmotif", "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--rate", "0", *self._arguments],
            cwd=ROOT,
            env=os.environ | {"LEITMOTIF_DATA": str(self._data), "PYTHONPATH": str(ROOT)},
        )
        until(self._answers, 90)

    @property
    def pid(self) -> int:
        return self._process.pid

    def _answers(self) -> bool:
        assert self._process.poll() is None, "the service ended"
        try:
            return self.client.get("/health").status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """As a power cut does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)
        self.client.close()

    def workers(self) -> list[int]:
        """Process ids of the workers of this data folder, whoever started them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"leitmotif.service.worker" in words and str(self._data).encode() in b"".join(words):
                found.append(int(folder.name))
        return found

    def send(self, film: Path, **headers: str) -> dict[str, Any]:
        """Send a film as it is."""
        answer = self.client.post(
            "/films",
            params={"name": film.name},
            content=film.read_bytes(),
            headers={"Content-Type": "application/octet-stream", **headers},
        )
        assert answer.status_code == 202, answer.text
        return answer.json()

    def job(self, job: str) -> dict[str, Any]:
        return self.client.get(f"/jobs/{job}").json()

    def ended(self, job: str, within: float = 120) -> dict[str, Any]:
        """A job once it has ended."""
        until(lambda: self.job(job)["state"] in ENDED, within)
        return self.job(job)

    def events(self, job: str, last: str | None = None) -> Iterator[tuple[str, str, str]]:
        """(id, event, data) as they come."""
        headers = {"Last-Event-ID": last} if last else {}
        with self.client.stream("GET", f"/jobs/{job}/events", headers=headers) as answer:
            yield from parse_events(answer.iter_lines())


def parse_events(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """(id, event, data) of an event stream."""
    event = {"id": "", "event": "", "data": ""}
    for line in lines:
        name, _, value = line.partition(": ")
        if name in event:
            event[name] = value
        elif not line and event["data"]:
            yield event["id"], event["event"], event["data"]
            event = dict.fromkeys(event, "")


def until(true: Any, within: float) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
