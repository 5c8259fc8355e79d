"""Work in a process of its own: it reports, it can be stopped, and its death is one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from data.errors import Cancelled, InputError, Progress
from leitmotif.sessions.jobs import Job
from leitmotif.workers.alone import in_child


def add(a: int, b: int, *, progress: Progress) -> tuple[int, int]:
    print("libraries talk")
    progress("adding", 1, 2)
    return a + b, os.getpid()


def crash(path: str, *, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def refuse(path: str, *, progress: Progress) -> None:
    raise InputError("session.empty_file", file=path)


def hang(path: str, *, progress: Progress) -> None:
    progress(str(os.getpid()), 0, None)
    time.sleep(600)


def leave_things(path: str, *, progress: Progress) -> None:
    """Start a program and write a temporary file, say so, and hang."""
    _, name = tempfile.mkstemp()
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    progress(f"{program.pid} {name}", 0, None)
    time.sleep(600)


def silent(stage: str, done: float, total: float | None) -> None:
    pass


def test_result_and_progress_come_back():
    said = []
    total, process = in_child(add, 2, 3, progress=lambda *report: said.append(report))
    assert total == 5 and process != os.getpid()
    assert ("adding", 1, 2) in said


def test_a_child_is_used_again_and_replaced_when_it_is_dead():
    (_, first), (_, second) = (in_child(add, 2, 3, progress=silent) for _ in range(2))
    assert first == second
    psutil.Process(first).kill()
    total, third = in_child(add, 2, 3, progress=silent)
    assert total == 5 and third != first


def test_what_a_child_started_and_wrote_goes_when_it_is_stopped():
    said: list[str] = []

    def stop(stage: str, done: float, total: float | None) -> None:
        said.append(stage)
        raise Cancelled

    with pytest.raises(Cancelled):
        in_child(leave_things, "x.mp4", progress=stop)
    pid, file = said[0].split(" ", 1)
    assert not Path(file).exists() and not Path(file).parent.exists()
    for _ in range(50):
        if not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie":
            return
        time.sleep(0.1)
    raise AssertionError(f"the program {pid} still runs")


def test_a_crash_is_one_sentence_that_names_the_file():
    with pytest.raises(InputError, match=r"^evil\.mp4: the program that read this file broke off"):
        in_child(crash, "/somewhere/evil.mp4", progress=silent)


def test_a_sentence_keeps_its_code():
    with pytest.raises(InputError) as error:
        in_child(refuse, "a.mp4", progress=silent)
    assert error.value.code == "session.empty_file"


def test_cancelling_kills_what_does_not_listen():
    job = Job(lambda progress: in_child(hang, "a.mp4", progress=progress))
    while not job.stage.name.isdigit():
        assert not job.wait(0.05)
    child = psutil.Process(int(job.stage.name))
    job.cancel()
    assert job.wait(5) and job.state == "cancelled"
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_progress_that_stops_ends_it(tmp_path: Path):
    def stop(stage: str, done: float, total: float | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        in_child(hang, "a.mp4", progress=stop)
