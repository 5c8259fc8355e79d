"""The page in a real browser, with one and with ten people at once: `python -m benchmarks.page`.

slider : from a moved slider to the whole new list, at a person's pace (one move every two seconds,
nobody in step) and at the same instant. open : from an address to the list of a film that lies on
the desk. seen : from an upload of a film that was watched before to its list. language : from the
click to the whole page in the other language. All times are taken in the browser, from the event
to the last change of what is waited for. One Chromium, a context (cookies, socket, session) for
each person; it shares the cores with the server, which on a person's own machine is so for one.
--profile FILE : cProfile of everything that moved sliders cost the server's threads.
Results: `benchmarks/results/page.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "demo" / "sample.mp4"
PORT = 8599
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
PATIENCE_MS = 120_000
FIELDS = ("Arousal", "Brightness", "Valence", "Rhythm speed")

PROFILED = """
import cProfile, pstats, sys, threading
from leitmotif.page import asking
told, guard = sys.argv.pop(1), threading.Lock()
move = asking.Asking.move
total = pstats.Stats()
def profiled(self, said):
    profile = cProfile.Profile()
    try:
        return profile.runcall(move, self, said)
    finally:
        with guard:
            total.add(profile) if total.stats else total.__init__(profile)
            total.dump_stats(told)
asking.Asking.move = profiled
from leitmotif.cli import main
sys.exit(main())
"""

WATCH = """() => {
  // When the list last changed, and when a person last did something. Nothing here asks for frames.
  const seen = window.seen = { shown: "", last: 0, acted: 0 };
  const list = () => [...document.querySelectorAll(".lm .title, .lm .far")]
    .map((e) => e.textContent).join("|");
  seen.shown = list();
  const look = () => {
    const now = list();
    if (now === seen.shown) return;
    seen.shown = now;
    seen.last = performance.now();
  };
  new MutationObserver(look)
    .observe(document.body, { subtree: true, childList: true, characterData: true });
  for (const kind of ["keydown", "pointerdown"])
    document.addEventListener(kind, () => { seen.acted = performance.now(); }, true);
  // Milliseconds from the act to the last change, once nothing has changed for 0.7 s.
  seen.time = (before) => new Promise((done) => {
    const settled = () => {
      const quiet = performance.now() - seen.last;
      if (seen.shown !== before && seen.last > seen.acted && quiet > 700)
        done(seen.last - seen.acted);
      else setTimeout(settled, 150);
    };
    settled();
  });
}"""


@contextmanager
def serving(folder: Path, profile: Path | None) -> Iterator[psutil.Process]:
    """`leitmotif app` with folders of its own."""
    start = ["-c", PROFILED, str(profile)] if profile else ["-m", "leitmotif"]
    own = {"LEITMOTIF_DATA": str(folder / "data"), "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, *start, "app", "--no-browser", "--port", str(PORT)],
        env=os.environ | own | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        for _ in range(240):
            with suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{PORT}/_stcore/health", timeout=5)
                break
            time.sleep(0.25)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


class Person:
    """Somebody at the page with the sample film before them."""

    def __init__(self, browser, name: str) -> None:
        self.browser, self.name = browser, name
        self.low = False

    async def come(self) -> float:
        """Open the page; seconds until it stands and is at rest."""
        view = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
        self.context = await self.browser.new_context(**view)
        self.page = await self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        began = time.perf_counter()
        await self.page.goto(f"http://localhost:{PORT}/?desk={self.name}")
        await self.page.locator("input[type=file]").first.wait_for(state="attached")
        return time.perf_counter() - began

    async def again(self) -> float:
        """Leave and come again; seconds until the list stands, with its players."""
        await self.context.close()
        began = time.perf_counter()
        await self.come()
        await self.page.locator(".lm .title").nth(4).wait_for()
        await self.page.locator("audio").nth(4).wait_for(state="attached")
        return time.perf_counter() - began

    async def upload(self) -> float:
        """Give the sample; seconds until its whole list stands."""
        began = time.perf_counter()
        await self.page.locator("[class*=st-key-video_upload] input[type=file]").set_input_files(
            SAMPLE
        )
        await self.page.locator(".lm .title").nth(4).wait_for()
        return time.perf_counter() - began

    async def settle(self) -> None:
        await self.page.locator("audio").nth(4).wait_for(state="attached")
        await self.page.wait_for_timeout(1500)
        await self.page.evaluate(WATCH)

    async def move(self, field: str) -> float:
        """Move a slider from one end to the other; milliseconds until the list had last changed."""
        self.low = not self.low
        slider = self.page.get_by_role("slider", name=field).first
        await slider.focus()
        before = await self.page.evaluate("seen.shown")
        await self.page.keyboard.press("Home" if self.low else "End")
        return await self.page.evaluate("before => seen.time(before)", before)

    async def language(self, there: str, text: str) -> float:
        """Speak another language; milliseconds until the list speaks it."""
        began = time.perf_counter()
        await self.page.get_by_text(there, exact=True).click()
        await self.page.get_by_text(text, exact=True).first.wait_for()
        await self.page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState"
            " == 'notRunning' && !document.querySelector('[data-stale=true]')"
        )
        return 1000 * (time.perf_counter() - began)


async def paced(person: Person, moves: int, rng: np.random.Generator) -> list[float]:
    """Moves two seconds apart, beginning at any moment."""
    await asyncio.sleep(float(rng.uniform(0, 2)))
    times = []
    for n in range(moves):
        began = time.perf_counter()
        times.append(await person.move(FIELDS[n // 2 % len(FIELDS)]))
        await asyncio.sleep(
            max(2 - (time.perf_counter() - began), 0) * float(rng.uniform(0.7, 1.3))
        )
    return times


async def at_once(people: list[Person], moves: int) -> list[float]:
    """Everybody moves, then everybody waits for everybody."""
    times: list[float] = []
    for n in range(moves):
        field = FIELDS[n // 2 % len(FIELDS)]
        times += await asyncio.gather(*(p.move(field) for p in people))
    return times


def _used(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        used = process.cpu_times()
        return float(used.user + used.system)
    return 0.0


def told(times: list[float]) -> dict[str, float]:
    """Milliseconds."""
    found = np.array(times)
    return {
        "n": len(found),
        "median": round(float(np.median(found))),
        "p95": round(float(np.percentile(found, 95))),
        "max": round(float(found.max())),
    }


async def measure(
    server: psutil.Process, chromium: str, people: int, moves: int, only: str
) -> dict[str, object]:
    from playwright.async_api import async_playwright

    def cpu() -> np.ndarray:
        """Seconds of the server, and of the browser with all its processes."""
        found = [p for p in psutil.process_iter(["name"]) if "chrom" in (p.info["name"] or "")]
        return np.array([sum(map(_used, processes)) for processes in ([server], found)])

    rng, found = np.random.default_rng(0), {"load": os.getloadavg()[0]}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=QUIET)
        first = Person(browser, "first")
        await first.come()
        await first.upload()
        await first.settle()
        found["alone"] = told(await paced(first, moves, rng))
        print(json.dumps(found), file=sys.stderr)
        if only != "slider":
            found["open_s"] = round(await first.again(), 2)
            await first.settle()
            found["language"] = told(
                [
                    await first.language(*there)
                    for _ in range(3)
                    for there in (("中文", "所见画面"), ("English", "What it saw"))
                ]
            )
            second = Person(browser, "second")
            found["empty_open_s"] = round(await second.come(), 2)
            await second.page.wait_for_timeout(500)
            found["seen_s"] = round(await second.upload(), 2)
            await second.context.close()
        everybody = [first] + [Person(browser, f"person{n}") for n in range(1, people)]
        for person in everybody[1:]:
            await person.come()
            await person.page.wait_for_timeout(300)
            await person.upload()
            await person.settle()
        before = cpu()
        lists = await asyncio.gather(*(paced(p, moves, rng) for p in everybody))
        found["paced"] = told([t for times in lists for t in times])
        used = 1000 * (cpu() - before) / (people * moves)
        found["cpu_ms_per_move"], found["browser_cpu_ms_per_move"] = used.round(1).tolist()
        print(json.dumps(found), file=sys.stderr)
        found["at_once"] = told(await at_once(everybody, moves))
        found["load_after"] = os.getloadavg()[0]
        await browser.close()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--moves", type=int, default=10)
    parser.add_argument("--only", choices=("slider", "everything"), default="everything")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="leitmotif-page-benchmark-") as folder,
        serving(Path(folder), args.profile) as server,
    ):
        print(
            json.dumps(
                asyncio.run(measure(server, args.chromium, args.people, args.moves, args.only))
            )
        )
