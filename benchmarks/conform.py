"""How well the shots of an edit are found in a library: against the truth of `benchmarks.edits`.

    python -m benchmarks.conform FOLDER [--library FOLDER] [-o RESULTS] [--only NAME …]

FOLDER holds edits with their truth; the library has the films that `library.json` there calls
inside, and is made where there is none. Every edit's answers are kept in RESULTS as soon as they
are there, and an edit whose answers are there is not asked again: so runs broken off go on, and
several (`--only`) can go on beside each other. The table is of all that RESULTS has.

"By frame numbers" a shot is right if film, mirroring, in and out in the edit and in the film are,
each to one frame. "Right" is also an answer that plays the same pictures: every frame of the shot
but its first and last is the true one, one beside it (of the coarser of the two rates: an edit of
24 frames a second does not tell the frames of a film of 60 apart), or one that nobody could tell
from it (`_SAME`): where a still is shown, or a picture comes
back. A foreign shot is right if all of it but a frame at either end is named foreign.
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

from benchmarks.edits import frames_of, number_at
from leitmotif.scenes.conform import conform
from leitmotif.scenes.conformed import Conformed, Shot
from leitmotif.scenes.edit_lists import export
from leitmotif.scenes.library import Library

_SAME = 1.5
"""Mean grey levels, at 256 px and over any block of 32, under which pictures are the same."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="default: FOLDER/results")
    parser.add_argument("--only", nargs="*", help="names of edits")
    args = parser.parse_args()
    output = args.output or args.folder / "results"
    output.mkdir(parents=True, exist_ok=True)
    films = json.loads((args.folder / "library.json").read_text())
    with Library.open(args.library or args.folder / "library") as library:
        library.add(films["inside"], jobs=1)
        for truth in sorted(args.folder.glob("edit-???.json")):
            kept = output / truth.name
            if not kept.exists() and (not args.only or truth.stem in args.only):
                kept.write_text(json.dumps(_asked(library, truth, output), default=str, indent=1))
    print(_summary([json.loads(p.read_text()) for p in sorted(output.glob("edit-???.json"))]))


def _asked(library: Library, truth: Path, output: Path) -> dict[str, Any]:
    """The answers for one edit, judged; the EDL is written beside them."""
    begun = time.process_time()
    found = conform(library, truth.with_suffix(".mp4"))
    spent = time.process_time() - begun
    export(found, output / truth.stem, ["edl"])
    rows = list(judge(json.loads(truth.read_text()), found))
    print(f"{truth.stem}: {sum(row['right'] for row in rows)} of {len(rows)} right", flush=True)
    for row in rows:
        if not row["right"]:
            print("   ", {k: v for k, v in row.items() if k != "right"}, flush=True)
    return {"seconds": float(found.edit.frames / found.edit.rate.fps), "spent": spent, "rows": rows}


def _summary(edits: list[dict[str, Any]]) -> str:
    seconds, spent = (sum(edit[key] for edit in edits) for key in ("seconds", "spent"))
    text = table([row for edit in edits for row in edit["rows"]])
    return f"{text}\n{seconds:.0f} s of {len(edits)} edits in {spent:.0f} s of processor time.\n"


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
        row |= {"at": shot["record_in"], "named_foreign": place is None}
        row["agreement"] = place.agreement if place else -1.0
        row["second"] = answer.second.agreement if answer.second else -1.0
        if shot["foreign"]:
            covering = [s for s in found.shots if _overlap(s, shot) > 1]
            row["right"] = row["strict"] = all(s.place is None for s in covering)
        else:
            row["film"] = place is not None and Path(place.source.path).name == row["source"]
            row["strict"] = False
            if place is not None and row["film"]:
                ends = (place.source_in, shot["source_in"]), (place.source_out, shot["source_out"])
                row["off"] = tuple(a - b for a, b in ends)
                way = place.mirrored == shot["mirrored"]
                cut = max(map(abs, row["record"])) <= 1
                row["strict"] = way and cut and all(abs(a - b) <= 1 for a, b in ends)
            row["right"] = row["strict"] or _plays(shot, found)
        yield row


def _overlap(found: Shot, shot: dict[str, Any]) -> int:
    return min(found.record_out, shot["record_out"]) - max(found.record_in, shot["record_in"])


def _plays(shot: dict[str, Any], found: Conformed) -> bool:
    """Whether every frame of a shot, but the first and the last, is played by the answer as it is:
    the true frame of the film, one beside it of the coarser rate, or one that looks the same."""
    rate = found.edit.rate.fps
    steps = range(1, shot["record_out"] - shot["record_in"] - 1)
    seconds = np.array([shot["time_in"] + shot["speed"] * float(k / rate) for k in steps])
    for k, here in zip(steps, number_at(shot["source"], seconds), strict=True):
        record = shot["record_in"] + k
        answer = next(s for s in found.shots if s.record_in <= record < s.record_out)
        if answer.place is None or answer.place.mirrored != shot["mirrored"]:
            return False
        path = answer.place.source.path
        near = max(round(float(answer.place.source.rate / rate)), 1)
        at = float(answer.place.at((record - answer.record_in) / rate))
        there = int(number_at(path, np.array([at]))[0])
        if not _same(shot["source"], int(here), path, there, near):
            return False
    return True


def _same(film: str, here: int, other: str, there: int, near: int) -> bool:
    """Whether frames of films are `near` frames apart at most, or the same to look at."""
    if Path(film).name == Path(other).name and abs(here - there) <= near:
        return True
    kept = [_grey(film, here), _grey(other, there)]
    if any(picture is None for picture in kept) or kept[0].shape != kept[1].shape:
        return False
    apart = cv2.absdiff(*kept).astype(np.float32)
    return float(cv2.blur(apart, (32, 32)).max()) < _SAME


@lru_cache(maxsize=8)
def _film(path: str) -> list[np.ndarray]:
    """All frames of a film, grey, 256 px."""
    shown = []
    for frame in frames_of(path):
        picture = frame.to_ndarray(format="bgr24")
        scale = 256 / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        shown.append(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    return shown


def _grey(path: str, number: int) -> np.ndarray | None:
    shown = _film(path)
    return shown[number] if 0 <= number < len(shown) else None


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
    """By kind of alteration: shots, those right, those right by frame numbers alone."""
    lines = ["| shots | number | right | by frame numbers |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        some = [row for row in rows if kind(row)]
        if some:
            cells = [_share([bool(row[key]) for row in some]) for key in ("right", "strict")]
            lines.append(f"| {name} | {len(some)} | {' | '.join(cells)} |")
    by: dict[bool, list[float]] = defaultdict(list)
    for row in rows:
        by[row["foreign"]].append(row["agreement"] if row["agreement"] >= 0 else row["second"])
    for foreign, values in by.items():
        name = "foreign" if foreign else "own"
        marks = np.percentile(values, [1, 5, 50, 95, 99]).round(3).tolist()
        lines.append(f"\nBest agreement of {name} shots, percentiles 1, 5, 50, 95, 99: {marks}")
    return "\n".join(lines) + "\n"


def _share(flags: list[bool]) -> str:
    """How many are, and the 95 % interval of their share (Wilson 1927)."""
    n, p, z = len(flags), float(np.mean(flags)), 1.96
    middle, half = p + z**2 / (2 * n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = ((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    return f"{p:.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
