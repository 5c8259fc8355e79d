"""A service whose processes are killed: no finished work is lost, and no job is stuck."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")
pytest.importorskip("httpx2")
if not sys.platform.startswith("linux"):
    pytest.skip("finds worker processes in /proc", allow_module_level=True)

from serving import Running, make_film, until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("killed"), "--workers", "1")
    yield running
    running.stop()
    until(lambda: not running.workers(), 10)


def test_a_killed_workers_job_is_done_by_its_successor(running: Running, tmp_path: Path):
    job = running.send(make_film(tmp_path / "a.mp4", seconds=20))["job"]["id"]
    until(lambda: running.job(job)["done"] > 0, 60)
    (worker,) = running.workers()
    os.kill(worker, signal.SIGKILL)
    done = running.ended(job)
    assert (done["state"], done["tries"]) == ("succeeded", 2)
    assert running.workers() != [worker]


def test_a_killed_service_is_found_again_with_everything(running: Running, tmp_path: Path):
    first = running.send(make_film(tmp_path / "b.mp4", shade=10))["job"]["id"]
    done = running.ended(first)
    job = running.send(make_film(tmp_path / "c.mp4", seconds=20, shade=20))["job"]["id"]
    seen: list[tuple[str, str, str]] = []

    def follow() -> None:
        try:
            seen.extend(running.events(job))
        except Exception:
            return

    client = threading.Thread(target=follow)
    client.start()
    until(lambda: running.job(job)["done"] > 0, 60)
    (worker,) = running.workers()
    running.kill()
    client.join(30)
    running.start()
    assert running.job(first) == done and running.workers() == [worker]
    last = seen[-1][0] if seen else None
    rest = list(running.events(job, last))
    everything = list(running.events(job))
    assert seen + rest == everything and '"succeeded"' in everything[-1][2]
    assert running.job(job)["tries"] == 1  # its worker went on


def test_cancelling_stops_the_work_itself(running: Running, tmp_path: Path):
    long = running.send(make_film(tmp_path / "d.mp4", seconds=60, shade=30))["job"]["id"]
    next_one = running.send(make_film(tmp_path / "e.mp4", shade=40))["job"]["id"]
    until(lambda: running.job(long)["state"] == "running", 60)
    assert running.client.delete(f"/jobs/{long}").json()["state"] == "canceled"
    assert running.ended(next_one)["state"] == "succeeded"
    assert running.job(long)["state"] == "canceled" and running.job(long)["result"] is None
