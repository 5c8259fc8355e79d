"""The service under load, under attack, and killed: `python -m benchmarks.service fuzz | uploads |
kills`.

fuzz : thousands of requests made of its own OpenAPI. uploads : twenty films of 50 MB at once, every
answer beside the command line's. kills : kill −9 of the service, its workers and the page, all on
one data folder, at random moments; somebody sits at the page.
Results: `benchmarks/results/service.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import psutil

from leitmotif.render.ffmpeg import executable
from leitmotif.settings import DEMO_VIDEO
from tests.leitmotif.service.fuzzing import fuzz, ids_of, load
from tests.leitmotif.service.serving import ROOT, Running, until

MB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("fuzz", "uploads", "kills"))
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--megabytes", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    random.seed(args.seed)
    with tempfile.TemporaryDirectory(prefix="leitmotif-service-") as folder:
        {"fuzz": run_fuzz, "uploads": run_uploads, "kills": run_kills}[args.part](
            Path(folder), args
        )


# ------------------------------------------------------------------------------ fuzz


def run_fuzz(folder: Path, args: argparse.Namespace) -> None:
    """Requests right and wrong, against films and scores that are there and that are not."""
    running = Running(folder / "data", "--workers", "1")
    sent = running.send(DEMO_VIDEO)
    film = sent["film"]["id"]
    score = running.client.post("/scores", json={"film": film}).json()["job"]["id"]
    assert running.ended(score, 600)["state"] == "succeeded"
    render = running.client.post(f"/scores/{score}/renders", json={"stem": True}).json()
    assert running.ended(render["job"]["id"], 600)["state"] == "succeeded"
    running.stop()
    running = Running(folder / "data", "--workers", "0")  # what is asked of it need not be done
    ids = ids_of(film, "default", score, render["job"]["id"])
    start = time.monotonic()
    statuses = fuzz(load(f"http://127.0.0.1:{running.port}/openapi.json"), args.requests, ids, {})
    print(f"{sum(statuses.values())} requests in {time.monotonic() - start:.0f} s")
    for status, count in sorted(statuses.items()):
        print(f"  {status}: {count}")
    print(f"server errors: {sum(n for status, n in statuses.items() if status >= 500)}")
    running.stop()


# ------------------------------------------------------------------------------ uploads


def make_films(folder: Path, count: int, megabytes: int) -> list[Path]:
    """Cuts of the demo film with grain, so that they are large; each of another stretch."""
    rate = megabytes * MB * 8 // 4
    for k in range(count):
        command = [
            *(executable(), "-v", "error", "-y", "-ss", str(k * 1.4), "-t", "4"),
            *("-i", str(DEMO_VIDEO), "-an", "-vf", "scale=1280:720,noise=alls=60:allf=t"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-b:v", str(rate)),
            *("-minrate", str(rate), "-maxrate", str(rate), "-bufsize", str(rate)),
            str(folder / f"film-{k:02d}.mp4"),
        ]
        subprocess.run(command, check=True)
    return sorted(folder.glob("film-*.mp4"))


class Memory:
    """The most that the service and its workers held together."""

    def __init__(self, running: Running) -> None:
        self.most = self.most_shared_once = 0
        self._running, self._stop = running, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(0.3):
            found = [psutil.Process(self._running.pid)]
            found += [psutil.Process(pid) for pid in self._running.workers()]
            family = {p for parent in found for p in (parent, *parent.children(recursive=True))}
            held = list(map(_memory, family))
            self.most = max(self.most, sum(rss for rss, _ in held))
            self.most_shared_once = max(self.most_shared_once, sum(pss for _, pss in held))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def _memory(process: psutil.Process) -> tuple[int, int]:
    try:
        full = process.memory_full_info()
        return full.rss, full.pss
    except psutil.Error:
        return 0, 0


def run_uploads(folder: Path, args: argparse.Namespace) -> None:
    """Many films at once, every answer beside the command line's."""
    films = make_films(folder, args.films, args.megabytes)
    sizes = [film.stat().st_size / MB for film in films]
    print(f"{len(films)} films of {min(sizes):.0f} to {max(sizes):.0f} MB, {args.workers} workers")
    running = Running(folder / "data", "--workers", str(args.workers))
    memory, start = Memory(running), time.monotonic()
    with ThreadPoolExecutor(len(films)) as pool:
        sent = list(pool.map(lambda film: _stream(running, film), films))
    print(f"all sent after {time.monotonic() - start:.1f} s")
    states = [running.ended(s["job"]["id"], 3600)["state"] for s in sent]
    print(f"all watched after {time.monotonic() - start:.1f} s: {states.count('succeeded')}")
    with ThreadPoolExecutor(len(films)) as pool:
        answers = list(pool.map(lambda s: _recommendations(running, s["film"]["id"]), sent))
    memory.stop()
    print(
        f"most memory: {memory.most / MB:.0f} MB (pages that several hold counted once: "
        f"{memory.most_shared_once / MB:.0f} MB)"
    )
    equal = sum(a == _by_command(film) for a, film in zip(answers, films, strict=True))
    print(f"answers equal to the command line's: {equal} of {len(films)}")
    running.stop()


def _stream(running: Running, film: Path) -> dict[str, Any]:
    def chunks() -> Iterator[bytes]:
        with film.open("rb") as file:
            while block := file.read(1 << 16):
                yield block

    kind = {"Content-Type": "application/octet-stream"}
    address = f"http://127.0.0.1:{running.port}/v1/films"
    answer = httpx2.post(
        address, params={"name": film.name}, content=chunks(), headers=kind, timeout=600
    )
    return answer.raise_for_status().json()


def _recommendations(running: Running, film: str) -> Any:
    address = f"http://127.0.0.1:{running.port}/v1/films/{film}/recommendations"
    return httpx2.get(address, timeout=600).raise_for_status().json()["recommendations"]


def _by_command(film: Path) -> Any:
    command = [sys.executable, "-m", "leitmotif", "recommend", str(film)]
    done = subprocess.run(
        [*command, "--json", "--quiet", "--no-cache"], check=True, capture_output=True
    )
    return json.loads(done.stdout)["recommendations"]


# ------------------------------------------------------------------------------ kills


def run_kills(folder: Path, args: argparse.Namespace) -> None:
    """Kill −9 at random moments while films come in and clients follow them."""
    films = [_short(folder / f"film-{k:02d}.mp4", k) for k in range(args.films)]
    running = Running(folder / "data", "--workers", str(args.workers))
    sent = [running.send(film, **{"Idempotency-Key": film.name})["job"]["id"] for film in films]
    followers = [Follower(running, job) for job in sent]
    finished: dict[str, Any] = {}
    page = Page(folder, folder / "data", films[0])
    lost, killed = 0, {"service": 0, "worker": 0, "page": 0}
    for _ in range(args.kills):
        time.sleep(random.uniform(0.2, 6.0))
        what = random.choice(sorted(killed))
        killed[what] += 1
        if what == "service":
            running.kill()
            running.start()
        elif what == "page":
            page.killed()
        elif workers := running.workers():
            os.kill(random.choice(workers), signal.SIGKILL)
        now = {job: running.job(job) for job in sent}
        lost += sum(now[job] != before for job, before in finished.items())
        finished = {job: j for job, j in now.items() if j["state"] in ("succeeded", "failed")}
        print(f"{what} killed, {len(finished)} finished", flush=True)
        if len(finished) == len(sent):  # more work, so that there is something to kill
            more = [_short(folder / f"more-{len(sent)}-{k}.mp4", len(sent) + k) for k in range(4)]
            new = [running.send(film)["job"]["id"] for film in more]
            followers += [Follower(running, job) for job in new]
            sent += new
    states = [running.ended(job, 1200)["state"] for job in sent]
    whole = sum(f.end() == list(running.events(f.job)) for f in followers)
    print(f"page: opened as it was left {page.same} of {page.kills} times")
    page.stop()
    print(f"killed: {killed}; jobs: {len(sent)}")
    print(f"states: { {s: states.count(s) for s in set(states)} }")
    print(f"finished work lost: {lost}")
    print(f"tries: {[running.job(job)['tries'] for job in sent]}")
    print(
        f"clients that saw every event once and in order: {whole} of {len(followers)}, "
        f"after {sum(f.reconnected for f in followers)} reconnections"
    )
    running.stop()


class Follower:
    """A client that follows a job and comes back whenever it is cut off."""

    def __init__(self, running: Running, job: str) -> None:
        self.job, self.seen, self.reconnected = job, list[tuple[str, str, str]](), 0
        self._follow: Callable[..., Iterator[tuple[str, str, str]]] = running.events
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not (self.seen and any(end in self.seen[-1][2] for end in ("succee", "fail"))):
            try:
                for event in self._follow(self.job, self.seen[-1][0] if self.seen else None):
                    self.seen.append(event)
            except httpx2.HTTPError:
                self.reconnected += 1
                time.sleep(0.3)

    def end(self) -> list[tuple[str, str, str]]:
        self._thread.join(60)
        return self.seen


class Page:
    """`leitmotif app` with somebody at it, killed and started again.

    same : how often it opened as it was left: film, wishes and list.
    """

    def __init__(self, folder: Path, data: Path, film: Path) -> None:
        from playwright.sync_api import sync_playwright

        self._folder, self._data, self.same, self.kills = folder, data, 0, 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._address = f"http://127.0.0.1:{(port := probe.getsockname()[1])}"
        command = ["-m", "leitmotif", "app", "--no-browser", "--host", "127.0.0.1"]
        self._command = [sys.executable, *command, "--port", str(port)]
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        self._start()
        upload = self._view.locator("[class*=st-key-video_upload] input[type=file]")
        upload.set_input_files(film)
        self._list()

    def _start(self) -> None:
        own = {"LEITMOTIF_DATA": str(self._data), "TMPDIR": str(self._folder)}
        with (self._folder / "page.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=os.environ | own | {"PYTHONPATH": str(ROOT)}, stderr=log
            )
        until(self._answers, 90)
        self._view = self._browser.new_page()
        self._view.set_default_timeout(120_000)
        self._view.goto(self._address)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self._address}/_stcore/health").status_code == 200
        except httpx2.HTTPError:
            return False

    def _list(self) -> list[str]:
        """The wishes and the tracks, of the full look."""
        self._view.locator(".lm .title").nth(4).wait_for()
        self._view.locator(".st-key-first_look").wait_for(state="detached")
        self._view.wait_for_timeout(1500)
        return self._view.locator(".sliders output, .lm .title").all_text_contents()

    def killed(self) -> None:
        """Ask for something else, kill it a moment later, and come again."""
        slider = self._view.get_by_role("slider", name="Warmth").first
        slider.press(random.choice(("Home", "End", "PageUp", "PageDown")))
        left = self._list()  # longer than a choice needs to reach the disk
        if random.random() < 0.5:  # in the middle of what costs nothing when it is lost
            self._view.reload(wait_until="commit")
        time.sleep(random.uniform(0.0, 1.0))
        self._process.kill()
        self._process.wait()
        self._view.close()
        self._start()
        self.kills += 1
        self.same += self._list() == left

    def stop(self) -> None:
        self._browser.close()
        self._playwright.stop()
        self._process.terminate()
        self._process.wait(60)


def _short(path: Path, k: int) -> Path:
    """A stretch of the demo film that takes some seconds to watch."""
    command = [executable(), "-v", "error", "-y", "-ss", str(k % 20), "-t", f"{10 + 0.1 * k:.1f}"]
    subprocess.run([*command, "-i", str(DEMO_VIDEO), "-an", str(path)], check=True)
    return path


if __name__ == "__main__":
    main()
