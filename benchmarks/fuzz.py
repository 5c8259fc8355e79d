"""Does any reader fall over, or answer wrongly, when a file is damaged or a hand slips?

    python -m benchmarks.fuzz [--seconds S] [--inputs N] [--media N] [--seed K] [--keep FOLDER]

Small valid files are damaged (`benchmarks.mutations`) and given to every reader of
`benchmarks.fuzz_readers` in this process; media files (`benchmarks.fuzz_media`) to worker
processes. A reader may give a right result or raise `InputError`; where a file has a checksum, a
right result is the original's. Whatever else happens is reported with its seed, and its input is
kept. Exit code 1 when something was found.
"""

from __future__ import annotations

import argparse
import faulthandler
import itertools
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fuzz_readers import Reader, readers
from benchmarks.mutations import BINARY, TEXT, mutated
from data.errors import InputError

SLOW_S = 10.0
HANGS_S = 60.0
"""Seconds: a small input that takes so long is a finding; media files get the second."""
MOST_KB = 1 << 20
"""How much one small input may raise the peak of memory (KiB as Linux counts it)."""


class Finding(NamedTuple):
    reader: str
    seed: tuple[int, ...]
    what: str
    kept: Path | None


class Fuzzer:
    """Gives mutated input to readers, counts outcomes, keeps what was found in `keep`."""

    def __init__(self, keep: Path, seed: int) -> None:
        self.keep, self.seed = keep, seed
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.findings: list[Finding] = []

    def run(self, chosen: Sequence[Reader], inputs: int, seconds: float = np.inf) -> None:
        """Every reader in turn, until there were so many inputs or the time is over."""
        originals = [list(self._originals(reader)) for reader in chosen]
        end = time.monotonic() + seconds
        for number in itertools.count():
            for position, (reader, known) in enumerate(zip(chosen, originals, strict=True)):
                if number * len(chosen) + position >= inputs or time.monotonic() > end:
                    return
                self._try(reader, known, (self.seed, position, number))

    def _originals(self, reader: Reader) -> Iterator[tuple[bytes, Any]]:
        for original in reader.originals:
            yield original, reader.read(self._write(reader, original))

    def _write(self, reader: Reader, content: bytes) -> Path:
        path = self.keep / f"now.{reader.name}"
        path.write_bytes(content)
        return path

    def _try(self, reader: Reader, known: list[tuple[bytes, Any]], seed: tuple[int, ...]) -> None:
        rng = np.random.default_rng(seed)
        original, right = known[int(rng.integers(len(known)))]
        path = self._write(reader, mutated(original, rng, TEXT if reader.is_text else BINARY))
        content, began, peak = path.read_bytes(), time.monotonic(), peak_kb()
        try:
            found = reader.wrong(reader.read(path), right) or "right"
        except InputError as error:
            found = "refused" if str(error).strip() else "an error without words"
        except Exception as error:
            found = f"{type(error).__name__}: {error} at {place(error)}"
        if time.monotonic() - began > SLOW_S:
            found = f"{time.monotonic() - began:.0f} s of work, then {found}"
        if peak_kb() - peak > MOST_KB:
            found = f"{(peak_kb() - peak) / MOST_KB:.1f} GiB, then {found}"
        self.count(reader.name, found, seed, content)

    def count(self, name: str, found: str, seed: tuple[int, ...], content: bytes) -> None:
        """One more outcome; anything but the allowed ones is a finding."""
        allowed = found in ("right", "refused", "remade")
        self.outcomes[name, found if allowed else "FOUND"] += 1
        if not allowed:
            kept = self.keep / f"{'-'.join(map(str, seed))}.{name}"
            kept.write_bytes(content)
            self.findings.append(Finding(name, seed, found, kept))

    def report(self) -> str:
        """A line per reader, and one per finding."""
        names = dict.fromkeys(name for name, _ in self.outcomes)
        lines = [f"{n:28}" + self._counts(n) for n in names]
        found = (f"FOUND {f.reader} {f.seed}: {f.what} ({f.kept})" for f in self.findings)
        return "\n".join([*lines, *found])

    def _counts(self, name: str) -> str:
        kinds = sorted(kind for reader, kind in self.outcomes if reader == name)
        return ", ".join(f"{self.outcomes[name, kind]} {kind}" for kind in kinds)


def peak_kb() -> int:
    """Most memory that this process ever held (KiB as Linux counts it)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def place(error: Exception) -> str:
    """Where an exception was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=np.inf, help="time for the readers")
    parser.add_argument("--inputs", type=int, default=10_000, help="mutated files for the readers")
    parser.add_argument("--media", type=int, default=0, help="mutated media files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the inputs of what is found")
    parser.add_argument("--only", default="", help="readers whose name contains this")
    args = parser.parse_args(argv)
    keep = args.keep or Path(tempfile.mkdtemp(prefix="fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    print(f"seed {args.seed}; inputs of what is found are kept in {keep}")
    faulthandler.enable()
    warnings.simplefilter("ignore")
    fuzzer = Fuzzer(keep, args.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEITMOTIF_CACHE"] = folder
        chosen = [r for r in readers(Path(folder)) if args.only in r.name]
        fuzzer.run(chosen, args.inputs, args.seconds)
        if args.media:
            from benchmarks import fuzz_media

            fuzz_media.run(fuzzer, args.media)
    for left in keep.glob("now.*"):
        left.unlink()
    print(fuzzer.report())
    return 1 if fuzzer.findings else 0


if __name__ == "__main__":
    sys.exit(main())
