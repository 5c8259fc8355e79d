"""Edits made of real films, with the truth about every shot written beside them.

    python -m benchmarks.edits FILMS… -o FOLDER [--edits 30] [--first-seed 0] [--half first|second]

Each edit takes random stretches of 0.4–6 s from twenty films, some of them earlier in the film than
the stretch before (a jump back) or right after a jump within one film; some mirrored, at 0.9–1.1
times the speed, cropped, or under a title; 15 % come from films that the library does not have. The
whole edit may be letterboxed and is encoded again, at 360–720 lines and one of five frame rates.

So that there is an answer: of films that share pictures only the first takes part, films in which
next to nothing can be seen do not, a stretch that shows nothing is drawn again, and so is a jump
within a film to a picture that looks like the one before. What is one picture is decided by the
near-duplicate rule of the library (`features.video.gates`).

The truth counts frames of the film as decoded from 0; `out` is the frame after the last one shown.
`--half` draws from every second film only; the library has both halves. `library.json` has the
films of the library, those kept out of it, and those that were left out altogether with the reason.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from features.video.gates import BLANK, mark
from features.video.twins import Seen, look, one_picture, share
from leitmotif.render import ffmpeg

FOREIGN = 0.15
HALVES = ("first", "second")
RATES = (Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(30))
TITLES = ("NOW", "part two", "Leitmotif presents", "28.11.", "wait for it ...")


@dataclass(frozen=True)
class TrueShot:
    """Where one shot of an edit is from. record_in, record_out : frames of the edit."""

    record_in: int
    record_out: int
    source: str
    source_in: int
    source_out: int
    time_in: float
    speed: float
    mirrored: bool
    foreign: bool
    crop: float
    title: str
    jump: str
    letterbox: bool


@lru_cache(maxsize=200)
def times(path: str) -> np.ndarray:
    """Seconds of every frame of a film, as presented."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        start, base = stream.start_time or 0, float(stream.time_base)
        stamps = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
    shown = (np.sort(np.array(stamps)) - start) * base
    return shown[shown >= 0]


def frames_of(path: str) -> Iterator[av.VideoFrame]:
    """The frames of a film as decoded, counted as in `times`."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        start = stream.start_time or 0
        yield from (frame for frame in container.decode(stream) if frame.pts >= start)


def pictures(path: str, first: int, last: int | None = None) -> list[np.ndarray]:
    """Frames `first` to `last` of a (short) film, BGR; `first` alone without `last`."""
    wanted = islice(frames_of(path), first, (first if last is None else last) + 1)
    return [frame.to_ndarray(format="bgr24") for frame in wanted]


def number_at(path: str, seconds: np.ndarray) -> np.ndarray:
    """Which frame of a film is on the screen at some seconds of it."""
    found = np.searchsorted(times(path), seconds + 1e-6, side="right") - 1
    return np.asarray(np.maximum(found, 0))


def make(films: list[str], foreign: list[str], seed: int, output: Path) -> Path:
    """Write `output` (.mp4) and its truth (.json); returns the truth's path."""
    rng = np.random.default_rng([7, seed])
    own = list(rng.choice(films, min(20, len(films)), replace=False))
    rate = RATES[rng.integers(len(RATES))]
    height = int(rng.choice([360, 480, 720]))
    width = round(height * 16 / 9 / 2) * 2
    letterbox = bool(rng.random() < 0.3)
    quality = int(rng.integers(18, 31))
    shots: list[TrueShot] = []
    with _writer(output, rate, width, height, quality) as pipe:
        total = 0
        while len(shots) < 24:
            shot, shown = _shot(rng, own, foreign, shots, float(rate), total, letterbox)
            if shot is None:
                continue
            for picture in shown:
                pipe.write(_framed(picture, width, height, letterbox).tobytes())
            shots.append(shot)
            total = shot.record_out
    truth = output.with_suffix(".json")
    facts = {"rate": str(rate), "quality": quality, "height": height, "letterbox": letterbox}
    truth.write_text(json.dumps({**facts, "shots": [asdict(s) for s in shots]}, indent=1))
    return truth


def _shot(
    rng: np.random.Generator,
    films: list[str],
    foreign: list[str],
    before: list[TrueShot],
    rate: float,
    record: int,
    letterbox: bool,
) -> tuple[TrueShot | None, Iterator[np.ndarray]]:
    strange = bool(rng.random() < FOREIGN)
    last = before[-1] if before else None
    jump = ""
    if not strange and last and not last.foreign and rng.random() < 0.25:
        source, jump = last.source, "same film"
    else:
        source = str(rng.choice(foreign if strange else films))
    shown = times(source)
    frames = round(float(rng.uniform(0.4, 6.0)) * rate)
    speed = float(rng.uniform(0.9, 1.1)) if rng.random() < 0.3 else 1.0
    mirrored = bool(rng.random() < 0.2)
    length = frames / rate * speed
    if shown[-1] - length < 0.2:
        return None, iter(())
    start = float(rng.uniform(0, shown[-1] - length))
    crop = float(rng.uniform(0.6, 0.95)) if rng.random() < 0.3 else 1.0
    place = rng.uniform(0, 1 - crop, 2) if crop < 1 else np.zeros(2)
    title = str(rng.choice(TITLES)) if rng.random() < 0.25 else ""
    if jump and last:
        if abs(start - last.time_in) < 0.5:
            return None, iter(())
        jump = "back" if start < last.time_in else "on"
    wanted = start + np.arange(frames) / rate * speed
    index = number_at(source, wanted)
    kept = pictures(source, int(index[0]), int(index[-1]))
    if sum(bool(mark(kept[i - index[0]]) & BLANK) for i in index[::4]) > len(index[::4]) / 2:
        return None, iter(())
    if jump and last and one_picture(*pictures(source, last.source_out - 1)[:1], kept[0]):
        return None, iter(())
    shot = TrueShot(
        record,
        record + frames,
        source,
        int(index[0]),
        int(index[-1]) + 1,
        start,
        speed,
        mirrored,
        strange,
        crop,
        title,
        jump,
        letterbox,
    )
    return shot, (_altered(kept[i - index[0]], mirrored, crop, place, title) for i in index)


def _altered(
    picture: np.ndarray, mirrored: bool, crop: float, place: np.ndarray, title: str
) -> np.ndarray:
    h, w = picture.shape[:2]
    if crop < 1:
        x, y = int(place[0] * w), int(place[1] * h)
        picture = picture[y : y + int(crop * h), x : x + int(crop * w)]
    if mirrored:
        picture = picture[:, ::-1]
    picture = np.ascontiguousarray(picture)
    if title:
        picture = picture.copy()
        h, w = picture.shape[:2]
        scale = w / 420
        at = (int(0.1 * w), int(0.8 * h))
        for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 2)):
            cv2.putText(picture, title, at, cv2.FONT_HERSHEY_DUPLEX, scale, colour, thick)
    return picture


def _framed(picture: np.ndarray, width: int, height: int, letterbox: bool) -> np.ndarray:
    """Fitted into the canvas; letterboxed: filling a 2.35:1 window of it."""
    h, w = picture.shape[:2]
    canvas = np.zeros((height, width, 3), np.uint8)
    inside = round(width / 2.35 / 2) * 2 if letterbox else height
    if letterbox and w / h < width / inside and w > h:
        keep = round(w * inside / width)
        picture, h = picture[(h - keep) // 2 : (h - keep) // 2 + keep], keep
    scale = min(width / w, inside / h)
    size = (min(round(w * scale), width), min(round(h * scale), inside))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    x, y = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = small
    return canvas


class _writer:
    """Raw frames into x264, with a tone as sound."""

    def __init__(self, path: Path, rate: Fraction, width: int, height: int, quality: int) -> None:
        arguments: list[Any] = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}"]
        arguments += ["-r", rate, "-i", "pipe:0", "-f", "lavfi", "-i", "sine=220:r=48000"]
        arguments += ["-c:v", "libx264", "-preset", "veryfast", "-crf", quality]
        arguments += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest", path]
        command = [ffmpeg.executable(), "-v", "error", "-y", *(str(a) for a in arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)

    def __enter__(self) -> Any:
        return self._process.stdin

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        assert self._process.wait() == 0


def distinct(paths: list[str]) -> tuple[list[str], dict[str, str]]:
    """Films that share no picture, by name, and why the others are none of them."""
    kept: dict[str, Seen] = {}
    why: dict[str, str] = {}
    for path in sorted(paths):
        own = look(path)
        twin = next((name for name, other in kept.items() if share(own, other)), None)
        if twin:
            why[path] = f"shares pictures with {Path(twin).name}"
        elif len(own.pictures) < 2:
            why[path] = "shows next to nothing"
        else:
            kept[path] = own
    return list(kept), why


def split(films: list[str], strange: int = 14) -> tuple[list[str], list[str]]:
    """(films of the library, films kept out of it): every fifth or so by name is kept out."""
    ordered = sorted(films)
    out = ordered[2 :: max(len(ordered) // strange, 1)][:strange]
    return [p for p in ordered if p not in out], out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--half", choices=HALVES, help="draw from every second film only")
    args = parser.parse_args()
    films, left = distinct([str(p) for folder in args.folders for p in folder.glob("*.mp4")])
    inside, outside = split(films)
    args.output.mkdir(parents=True, exist_ok=True)
    facts = {"inside": inside, "outside": outside, "left_out": left, "half": args.half}
    (args.output / "library.json").write_text(json.dumps(facts, indent=1))
    part = slice(HALVES.index(args.half), None, 2) if args.half else slice(None)
    for seed in range(args.first_seed, args.first_seed + args.edits):
        print(
            make(inside[part], outside[part], seed, args.output / f"edit-{seed:03d}.mp4"),
            flush=True,
        )


if __name__ == "__main__":
    main()
