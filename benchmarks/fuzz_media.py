"""Damaged media files, watched and listened to in worker processes."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.fuzz import HANGS_S, Fuzzer, peak_kb, place
from benchmarks.mutations import BINARY, mutated
from data.errors import InputError
from leitmotif.workers.pool import run_each

LIMIT = 8 << 30
"""Address space of a worker, in bytes; what needs more is found by a MemoryError."""
MOST_KB = 2 << 20
"""Resident memory that one file may take (KiB)."""
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=12:duration=1.5")
_SOUND = ("-f", "lavfi", "-i", "aevalsrc=0.3*sin(880*t)|0.2*sin(1320*t):s=22050:d=1.5")
_KINDS = {
    "mp4": (*_PICTURE, *_SOUND, "-c:v", "libx264", "-c:a", "aac", "-movflags", "faststart"),
    "mkv": (*_PICTURE, *_SOUND, "-c:v", "libx264", "-c:a", "libvorbis"),
    "ts": (*_PICTURE, *_SOUND, "-c:v", "mpeg2video", "-c:a", "ac3"),
    "opus": (*_SOUND, "-c:a", "libopus"),
    "mp3": (*_SOUND, "-c:a", "libmp3lame"),
    "wav": (*_SOUND,),
    "flac": (*_SOUND,),
}


class Trial(NamedTuple):
    """One mutated file. seed : of the fuzzer, and its number."""

    path: Path
    seed: tuple[int, ...]


class Watched(NamedTuple):
    """What came of a file."""

    found: str
    seconds: float
    peak_kb: int
    """Peak of the process's memory where this file raised it, else 0."""


def run(fuzzer: Fuzzer, files: int) -> None:
    """Watch and hear so many mutated media files, each kind as often."""
    with tempfile.TemporaryDirectory() as folder:
        originals = {kind: _make(Path(folder), kind) for kind in _KINDS}
        trials = _trials(originals, Path(folder), fuzzer.seed, files)
        for trial, watched in run_each(watch, trials):
            name = f"media{trial.path.suffix}"
            if not isinstance(watched, Watched):
                found = f"the process died, or worked for more than {HANGS_S:g} s"
            elif watched.peak_kb > MOST_KB:
                found = f"{watched.peak_kb / 2**20:.1f} GiB, then {watched.found}"
            else:
                found = watched.found
            fuzzer.count(name, found, trial.seed, trial.path.read_bytes())
            trial.path.unlink()


def _make(folder: Path, kind: str) -> bytes:
    from imageio_ffmpeg import get_ffmpeg_exe

    path = folder / f"made.{kind}"
    command = [get_ffmpeg_exe(), "-v", "error", *_KINDS[kind], "-shortest", "-y", str(path)]
    subprocess.run(command, check=True)
    return path.read_bytes()


def _trials(originals: dict[str, bytes], folder: Path, seed: int, files: int) -> Iterator[Trial]:
    for number in range(files):
        kind = list(originals)[number % len(originals)]
        rng = np.random.default_rng((seed, 1000, number))
        path = folder / f"{number}.{kind}"
        path.write_bytes(mutated(originals[kind], rng, BINARY))
        yield Trial(path, (seed, 1000, number))


def watch(trial: Trial) -> Watched:
    """Picture and sound of one file, as the product reads them; ends its process if it hangs."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    watchdog = threading.Timer(HANGS_S, _give_up)
    watchdog.daemon = True
    watchdog.start()
    began, before = time.monotonic(), peak_kb()
    found = [_outcome(_see, trial.path), _outcome(_hear, trial.path)]
    watchdog.cancel()
    bad = [f for f in found if f not in ("right", "refused")]
    said = "; ".join(bad) or ("right" if "right" in found else "refused")
    new = peak_kb() if peak_kb() > before else 0
    return Watched(said, time.monotonic() - began, new)


def _give_up() -> None:
    os._exit(1)


def _outcome(read: Callable[[Path], str], path: Path) -> str:
    try:
        return read(path) or "right"
    except InputError as error:
        return "refused" if str(error).strip() else "an error without words"
    except Exception as error:
        return f"{type(error).__name__}: {error} at {place(error)}"


def _see(path: Path) -> str:
    from features.video import read_timeline, score

    values = score(read_timeline(path)).values
    return "" if np.isfinite(values).all() else "no finite numbers of the picture"


def _hear(path: Path) -> str:
    from features.audio import analyze

    values = analyze(path, tags=False).profile.values
    return "" if np.isfinite(values).all() else "no finite numbers of the sound"
