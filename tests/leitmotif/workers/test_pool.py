"""A dead worker costs its own item; everything else is done, whatever order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from data.errors import InputError
from leitmotif.workers.pool import Crashed, count, run_each, run_one

ROOT = Path(__file__).resolve().parents[3]


def square(n: int) -> int:
    return n * n


def die_over_three(n: int) -> int:
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def refuse(n: int) -> int:
    raise InputError("files.missing", file=n, why="")


def noisy(n: int) -> int:
    print("on stdout", flush=True)
    os.write(2, b"on stderr\n")
    os.write(1, b"straight to the file descriptor\n")
    return n


@pytest.mark.parametrize("jobs", [1, 2, 5, -1])
def test_every_item_gets_its_result(jobs: int):
    assert dict(run_each(square, range(12), jobs)) == {n: n * n for n in range(12)}


def test_nothing_to_do_is_done():
    assert list(run_each(square, [], 2)) == []


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not of this system")
@pytest.mark.parametrize("items", [[3], [3, 1], list(range(9))])
def test_a_dead_worker_costs_its_own_item(items: list[int]):
    found = dict(run_each(die_over_three, items, 2))
    assert found == {n: Crashed if n == 3 else n for n in items}


def test_an_error_meant_for_people_arrives_whole():
    with pytest.raises(InputError) as caught:
        run_one(refuse, 7)
    assert caught.value.code == "files.missing" and caught.value.values == {"file": 7, "why": ""}


def test_what_a_library_prints_is_no_answer(capfd):
    assert run_one(noisy, 5) == 5
    assert capfd.readouterr() == ("", "")


def test_leaving_early_ends_the_workers():
    before = {p.pid for p in psutil.Process().children(recursive=True)}
    results = run_each(square, range(100), 2)
    next(results)
    results.close()
    assert {p.pid for p in psutil.Process().children(recursive=True)} <= before


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not of this system")
def test_workers_end_with_their_parent(tmp_path: Path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from leitmotif.workers.pool import run_each
        for n, _ in run_each(time.sleep, [0, 600, 600], 2):
            print(n, flush=True)
        """)
    )
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout and parent.stdout.readline().strip() == "0"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_a_script_without_a_main_guard_can_use_it(tmp_path: Path):
    script = tmp_path / "plain.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from operator import neg\n"
        "from leitmotif.workers.pool import run_each\n"
        "print(sorted(result for _, result in run_each(neg, [1, 2, 3], 2)))\n"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[-3, -2, -1]", done.stderr
    assert time.monotonic() - began < 60


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert [count(jobs) for jobs in (-1, -9, 1, 3)] == [1, 1, 1, 3]
