"""How well the shots of an edit are found in a library: against the truth of `benchmarks.edits`.

    python -m benchmarks.conform FOLDER [--library FOLDER] [-o TABLE.md]

FOLDER holds edits with their truth; the library has the films that `library.json` there calls
inside, and is made where there is none. A shot is right if film, mirroring, in and out in the edit
and in the film are, each to one frame. A frame of the film counts as the wanted one, too, if nobody
could tell them apart: where a still is shown, or frames are repeated (`_SAME`).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.edits import pictures
from leitmotif.scenes.conform import conform
from leitmotif.scenes.conformed import Conformed, Shot, save_report
from leitmotif.scenes.library import Library

_SAME = 1.5
"""Mean grey levels, at 256 px and over any block of 32, under which pictures are the same."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--only", nargs="*", help="names of edits")
    args = parser.parse_args()
    films = json.loads((args.folder / "library.json").read_text())
    rows: list[dict[str, Any]] = []
    seconds = spent = 0.0
    with Library.open(args.library or args.folder / "library") as library:
        library.add(films["inside"], jobs=1)
        for truth in sorted(args.folder.glob("edit-*.json")):
            if truth.name.endswith("report.json") or (args.only and truth.stem not in args.only):
                continue
            begun = time.process_time()
            found = conform(library, truth.with_suffix(".mp4"))
            spent += time.process_time() - begun
            save_report(found, truth.with_suffix(".report.json"))
            seconds += float(found.edit.frames / found.edit.rate.fps)
            judged = list(judge(json.loads(truth.read_text()), found))
            rows += judged
            _say(truth.stem, judged)
            text = table(rows) + f"\n{seconds:.0f} s of edits in {spent:.0f} s of processor time.\n"
            if args.output:
                args.output.write_text(text)
    print(table(rows))


def _say(name: str, judged: list[dict[str, Any]]) -> None:
    right = sum(row["right"] for row in judged)
    print(f"{name}: {right} of {len(judged)} right", flush=True)
    for row in judged:
        if not row["right"]:
            print("   ", {k: v for k, v in row.items() if k != "right"}, flush=True)


def judge(truth: dict[str, Any], found: Conformed) -> Iterator[dict[str, Any]]:
    """For every true shot whether it was found, and what it was like."""
    for shot in truth["shots"]:
        answer = max(found.shots, key=lambda s: _overlap(s, shot))
        place = answer.place
        row = {
            "record": (answer.record_in - shot["record_in"], answer.record_out - shot["record_out"])
        }
        row |= {name: shot[name] for name in ("foreign", "mirrored", "crop", "title", "jump")}
        row |= {"speed": shot["speed"], "frames": shot["record_out"] - shot["record_in"]}
        row |= {"letterbox": shot["letterbox"], "rate": truth["rate"]}
        row |= {"quality": truth["quality"], "source": Path(shot["source"]).name}
        row["named_foreign"] = place is None
        row["agreement"] = place.agreement if place else -1.0
        row["second"] = answer.second.agreement if answer.second else -1.0
        if shot["foreign"]:
            row["right"] = row["strict"] = place is None
        else:
            row["film"] = place is not None and Path(place.source.path).name == row["source"]
            row["strict"] = row["right"] = False
            if place is not None and row["film"]:
                ends = (place.source_in, shot["source_in"]), (place.source_out, shot["source_out"])
                row["off"] = tuple(a - b for a, b in ends)
                way = place.mirrored == shot["mirrored"]
                cut = max(map(abs, row["record"])) <= 1
                row["strict"] = way and cut and all(abs(a - b) <= 1 for a, b in ends)
                same = row["strict"] or (
                    _same(shot["source"], ends[0][0], ends[0][1])
                    and _same(shot["source"], ends[1][0] - 1, ends[1][1] - 1)
                )
                row["right"] = way and cut and same
        yield row


def _overlap(found: Shot, shot: dict[str, Any]) -> int:
    return min(found.record_out, shot["record_out"]) - max(found.record_in, shot["record_in"])


def _same(path: str, a: int, b: int) -> bool:
    """Whether two frames of a film are one to one frame, or the same to look at."""
    if abs(a - b) <= 1:
        return True
    kept = [_grey(path, k) for k in (a, b)]
    if any(picture is None for picture in kept):
        return False
    apart = cv2.absdiff(*kept).astype(np.float32)
    return float(cv2.blur(apart, (32, 32)).max()) < _SAME


@lru_cache(maxsize=500)
def _grey(path: str, number: int) -> np.ndarray | None:
    kept = pictures(path, max(number, 0), max(number, 0))
    if not kept:
        return None
    scale = 256 / max(kept[0].shape[:2])
    small = cv2.resize(kept[0], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)


KINDS = {
    "all from the library": lambda r: not r["foreign"],
    "plain": lambda r: (
        not r["foreign"]
        and r["crop"] == 1
        and not (r["mirrored"] or r["title"] or r["jump"] or r["letterbox"])
        and r["speed"] == 1
    ),
    "mirrored": lambda r: not r["foreign"] and r["mirrored"],
    "speed .9–1.1": lambda r: not r["foreign"] and r["speed"] != 1,
    "cropped to .6–.95 a side": lambda r: not r["foreign"] and r["crop"] < 1,
    "title over it": lambda r: not r["foreign"] and bool(r["title"]),
    "jump within a film": lambda r: r["jump"] == "on",
    "jump back": lambda r: r["jump"] == "back",
    "letterboxed": lambda r: not r["foreign"] and r["letterbox"],
    "CRF 25–30": lambda r: not r["foreign"] and r["quality"] >= 25,
    "under 1 s": lambda r: not r["foreign"] and r["frames"] < 25,
    "foreign": lambda r: r["foreign"],
}


def table(rows: list[dict[str, Any]]) -> str:
    """By kind of alteration: shots, those right, those right frame by frame number alone."""
    lines = ["| shots | number | right | by frame numbers alone |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        some = [row for row in rows if kind(row)]
        if some:
            right, strict = (np.mean([row[key] for row in some]) for key in ("right", "strict"))
            lines.append(f"| {name} | {len(some)} | {right:.3f} | {strict:.3f} |")
    by: dict[bool, list[float]] = defaultdict(list)
    for row in rows:
        by[row["foreign"]].append(row["agreement"] if row["agreement"] >= 0 else row["second"])
    for foreign, values in by.items():
        name = "foreign" if foreign else "own"
        marks = np.percentile(values, [1, 5, 50, 95, 99]).round(3).tolist()
        lines.append(f"\nBest agreement of {name} shots, percentiles 1, 5, 50, 95, 99: {marks}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
