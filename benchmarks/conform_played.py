"""What an EDL of a conformed edit plays, beside the edit: `python -m benchmarks.conform_played
EDIT.mp4 EDIT.edl …`

The EDL is read by another reader (pycmx; speeds and remarks, which it leaves, from the lines under
its events) and played: each frame of the record from the file named, at its source timecode and
speed, mirrored and cut to its window as the remarks say. Compared is every third frame with the
edit's own, by the normalised correlation of 64 blocks (1: the same picture).
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pycmx

from features.video.alignment import Blocks, blocks, shrunk
from features.video.frames import VideoReader
from features.video.shot_pictures import Grid, read_shots
from features.video.stretch import read_stretch

SIDE = 256
STRIDE = 3


@dataclass(frozen=True)
class Event:
    """Frames of the record and of the source, at the edit's rate."""

    start: int
    end: int
    source: int
    speed: float
    path: str
    mirrored: bool
    window: tuple[float, float, float, float]
    foreign: bool


def read_edl(path: Path, rate: Fraction) -> Iterator[Event]:
    """The picture events of an EDL without drop frames."""
    lines = path.read_text(encoding="utf-8").splitlines()
    with path.open(encoding="utf-8") as file:
        edits = [edit for event in pycmx.parse_cmx3600(file).events for edit in event.edits]
    nominal = round(float(rate))
    starts = [edit.line_number for edit in edits] + [len(lines)]
    for edit, first, last in zip(edits, starts, starts[1:], strict=False):
        if not edit.channels.video:
            continue
        under = "\n".join(lines[first:last])
        speed = re.search(r"SPEED: ([\d.]+) PERCENT", under)
        window = re.search(r"WINDOW: ([\d. ]+)", under)
        edges = [float(edge) for edge in window[1].split()] if window else [0.0, 0.0, 1.0, 1.0]
        file_line = re.search(r"SOURCE FILE: (.*)", under)
        assert file_line
        yield Event(
            _frame(edit.record_in, nominal),
            _frame(edit.record_out, nominal),
            _frame(edit.source_in, nominal),
            float(speed[1]) / 100 if speed else 1.0,
            file_line[1].strip(),
            "* MIRRORED" in under,
            (edges[0], edges[1], edges[2], edges[3]),
            "NOT IN THE LIBRARY" in under,
        )


def _frame(code: str, nominal: int) -> int:
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", code))
    return ((hours * 60 + minutes) * 60 + seconds) * nominal + frames


def played(edl: Path, edit: Path) -> Iterator[tuple[Event, np.ndarray]]:
    """Every event that is of the library, with the agreement of its frames."""
    with VideoReader(edit) as reader:
        times = np.array([frame.time for frame in reader])
        rate = Fraction(reader.fps).limit_denominator(1001)
    events = list(read_edl(edl, rate))
    first = events[0].start
    cuts = tuple(event.start - first for event in events[1:])
    grid = Grid(times, float(rate), cuts)
    whole = {start: (start, end) for start, end in grid.parts()}
    for shot in read_shots(edit, grid):
        assert shot.first in whole
        event = [e for e in events if e.start - first <= shot.first][-1]
        if event.foreign:
            continue
        rows = np.arange(shot.first, shot.last, STRIDE)
        seconds = event.source / float(rate)
        at = seconds + event.speed * (rows + first - event.start + 0.5) / float(rate)
        stretch = read_stretch(event.path, float(at[0]) - 0.2, float(at[-1]) + 0.2, SIDE)
        index = np.searchsorted(stretch.times, at, side="right") - 1
        there = stretch.pictures[np.maximum(index, 0)]
        height, width = there.shape[1:]
        left, top, right, bottom = event.window
        there = there[
            :,
            round(top * height) : round(bottom * height),
            round(left * width) : round(right * width),
        ]
        here = shot.grey[rows - shot.begin]
        yield event, _agreement(here[..., ::-1] if event.mirrored else here, there)


def _agreement(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(n,) of pictures (n, h, w) and others."""
    a, b = (blocks(shrunk(np.ascontiguousarray(side))) for side in (here, there))
    return _mean(a, b)


def _mean(a: Blocks, b: Blocks) -> np.ndarray:
    along = np.einsum("nbp,nbp->nb", a.unit, b.unit)
    return np.asarray((along * a.weight).sum(axis=1) / np.maximum(a.weight.sum(axis=1), 1e-3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="EDIT.mp4 EDIT.edl, and so on")
    args = parser.parse_args()
    for edit, edl in zip(args.files[::2], args.files[1::2], strict=True):
        found = list(played(edl, edit))
        every = np.concatenate([values for _, values in found])
        low = [round(float(values.mean()), 2) for _, values in found if values.mean() < 0.8]
        marks = np.percentile(every, [5, 50]).round(3).tolist()
        print(
            f"{edit.name}: {len(found)} events, {len(every)} frames compared; agreement, "
            f"percentiles 5 and 50: {marks}; events under .8: {low}"
        )


if __name__ == "__main__":
    main()
