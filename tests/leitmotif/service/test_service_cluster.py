"""The same jobs on a Dask cluster, one worker of which is killed midway."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service needs `pip install leitmotif[service]`")
distributed = pytest.importorskip("distributed")
if not sys.platform.startswith("linux"):
    pytest.skip("finds worker processes in /proc", allow_module_level=True)

from serving import ROOT, Running, make_film, until  # noqa: E402


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a scheduler in this process, with two workers in their own."""
    cluster = distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=None, host="tcp://127.0.0.1"
    )
    command = [sys.executable, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
    command += ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    workers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)
    ]
    with cluster:
        until(lambda: len(cluster.scheduler_info["workers"]) == 2, 60)
        yield cluster.scheduler_address
        for worker in workers:
            worker.kill()


def test_a_killed_machines_work_is_done_by_another(scheduler: str, tmp_path: Path):
    running = Running(tmp_path / "data", "--workers", "1", "--dask", scheduler)
    try:
        job = running.send(make_film(tmp_path / "a.mp4", seconds=20))["job"]["id"]
        with distributed.Client(scheduler) as client:
            # Asked of the scheduler: on a quick machine the job may end between two of its reports.
            until(lambda: any(client.processing().values()), 90)
            busy = [w for w, tasks in client.processing().items() if tasks]
            pid = client.run(os.getpid, workers=busy)[busy[0]]
            os.kill(pid, signal.SIGKILL)
        done = running.ended(job)
        assert (done["state"], done["tries"]) == ("succeeded", 1)
        film = running.client.get(done["href"].removeprefix("/v1")).json()
        assert film["watched"]
        damaged = tmp_path / "b.mp4"
        damaged.write_bytes(b"no film")
        failed = running.ended(running.send(damaged)["job"]["id"])
        assert failed["error"]["code"].startswith("video.")
    finally:
        running.stop()
