"""What the library of scenes finds, what it costs, and how it grows.

    python -m benchmarks.scenes encoders FOLDER…          our encoder against others
    python -m benchmarks.scenes find FOLDER… --strange FOLDER   the whole of `scenes find`
    python -m benchmarks.scenes growth FOLDER             a film at a time, and kills
    python -m benchmarks.scenes cost FILE                 adding against decoding

The index by itself: `benchmarks.scene_index`. Results: `benchmarks/results/scenes.md`. What is
asked with are copies of frames (`features.video.copies`): cropped to a quarter of the area or more,
every second one mirrored, recoloured, captioned, between bars, as JPEG of quality 15 to 90.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch

from data.errors import InputError
from data.media import VIDEO_SUFFIXES
from data.media_files import media_files
from features.pretrained import locate
from features.video import eyes
from features.video.copies import copy_of
from features.video.encoder import Encoder, EncoderSizes, Network
from features.video.frames import VideoReader
from features.video.gates import BLANK, face, mark, near_duplicates
from features.video.pictures import without_bars
from features.video.signals.networks import task
from features.video.stills import Stills, kept
from leitmotif.scenes.describe import Task, content_of, describe
from leitmotif.scenes.find import find
from leitmotif.scenes.judging import PLACES, Alike, by_layout, by_parts, by_vectors
from leitmotif.scenes.library import Library
from leitmotif.scenes.pool import is_held_out, is_unseen

MOMENT_S = 1.0
"""A hit within so many seconds shows the same moment."""


class Frames(NamedTuple):
    """The frames of some films as a library keeps them; ids (n,), times (n,) in seconds."""

    pictures: list[np.ndarray]
    ids: np.ndarray
    times: np.ndarray


def films_of(folders: list[Path]) -> list[Path]:
    found = [
        [path for path, _ in media_files(folder, VIDEO_SUFFIXES)] if folder.is_dir() else [folder]
        for folder in folders
    ]
    return [path for paths in found for path in paths]


def frames_of(paths: list[Path]) -> Frames:
    pictures, ids, times = [], [], []
    for path in paths:
        try:
            with Stills(path) as film:
                for still, _ in kept(film.pictures()):
                    pictures.append(still.picture)
                    ids.append(content_of(path)[:16])
                    times.append(still.time)
        except InputError as error:
            print(error, file=sys.stderr)
    return Frames(pictures, np.array(ids), np.array(times))


def copies_of(
    frames: Frames, rows: np.ndarray, seed: int, mirror: bool | None = None
) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    return [without_bars(copy_of(frames.pictures[row], chance, mirror)) for row in rows]


# ------------------------------------------------------------------------------ encoders


def encoders(args: argparse.Namespace) -> None:
    frames = frames_of(films_of(args.folders))
    unseen = np.array([is_unseen(id) for id in frames.ids])
    moments = ~unseen & is_held_out(frames.times)
    rows = np.resize(np.flatnonzero(unseen | moments), args.queries)
    copies = copies_of(frames, rows, seed=1)
    truth = Truth(frames)
    print(f"{len(frames.pictures)} frames, {len(set(frames.ids))} films, {len(rows)} queries")
    torch.manual_seed(0)
    new, trained = Encoder(Network(EncoderSizes()), "new", 0.9), Encoder.load(args.encoder)
    ways: dict[str, Alike] = {
        "colour layout": by_layout,
        "before training": by_parts(new),
        "trained, whole": by_vectors(trained.embed),
        "trained, parts": by_parts(trained),
        "EfficientNet-Lite0": by_vectors(lite_of()),
    }
    with task("mobilenet_v3_small") as network:
        ways["MobileNetV3-small"] = by_vectors(network)
        for name, way in ways.items():
            alike = way(copies, frames.pictures)
            for part, chosen in (("all", slice(None)), ("unseen films", unseen[rows])):
                _print_ranks(name, part, alike[chosen], frames, truth, rows[chosen])


def lite_of() -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """EfficientNet-Lite0, as one of the eyes has it. Raises `InputError` without its weights."""
    weights = locate("efficientnet_lite0")
    if weights is None:
        raise InputError("files.missing", file="efficientnet_lite0")
    network = eyes.kind("efficientnet_lite0").open(weights)
    return lambda pictures: np.concatenate(
        [network(pictures[at : at + 32]) for at in range(0, len(pictures), 32)]
    )


def _print_ranks(
    name: str, part: str, alike: np.ndarray, frames: Frames, truth: Truth, rows: np.ndarray
) -> None:
    film = frames.ids[rows][:, None] == frames.ids
    near = film & (np.abs(frames.times[rows][:, None] - frames.times) <= MOMENT_S)
    exact, same = rows[:, None] == np.arange(len(frames.ids)), truth.same[rows]
    for what, right in zip(_RIGHT, (exact, near, near | same, film | same), strict=True):
        best = np.where(right, alike, -np.inf).max(axis=1, keepdims=True)
        ranks = (alike > best).sum(axis=1) + 1
        top = " ".join(f"{(ranks <= place).mean():.4f}" for place in PLACES)
        print(f"| {name} | {part} | {what} | {len(rows)} | {top} | {(1 / ranks).mean():.4f} |")


# ------------------------------------------------------------------------------ find


def whole_find(args: argparse.Namespace) -> None:
    """Copies of held-out frames, straight and mirrored, and of frames of other films."""
    paths = films_of(args.folders)
    frames = frames_of(paths)
    truth = Truth(frames)
    held = np.array([is_unseen(id) for id in frames.ids]) | is_held_out(frames.times)
    rows = np.sort(np.resize(np.flatnonzero(held), args.queries))
    strange = frames_of(films_of(args.strange))
    foreign = np.flatnonzero(~np.isin(strange.ids, truth.shared(strange)))
    others = np.sort(np.resize(foreign, args.strangers))
    with tempfile.TemporaryDirectory() as folder, Library.open(args.library or folder) as library:
        library.add(paths)
        print(f"{len(frames.pictures)} frames, {held.sum()} held out; {truth}", flush=True)
        for mirror in [way == "mirrored" for way in args.only if way != "strange"]:
            ranks: dict[str, list[float]] = {what: [] for what in _RIGHT}
            known, spent = [], time.process_time()
            for row, copy in zip(rows, copies_of(frames, rows, 1, mirror), strict=True):
                hits = find(library, copy, k=PLACES[-1])
                known.append(bool(hits and hits[0].known))
                judged = [truth.of(hit, row) for hit in hits]
                for place, what in enumerate(_RIGHT):
                    right = (k + 1 for k, said in enumerate(judged) if said[place])
                    ranks[what].append(next(right, np.inf))
            spent = (time.process_time() - spent) / len(rows)
            for what, found in ranks.items():
                each = np.array(found)
                top = " ".join(f"{(each <= k).mean():.4f}" for k in PLACES)
                print(f"| mirrored {mirror} | {what} | {top} | {(1 / each).mean():.4f} |")
            print(f"{len(rows)} queries, {spent:.3f} CPU-s each, known {np.mean(known):.4f}")
        if "strange" not in args.only:
            return
        answers = [find(library, copy, k=1) for copy in copies_of(strange, others, 2)]
        false = np.mean([bool(hits and hits[0].known) for hits in answers])
        films = len(set(strange.ids[others]))
        print(f"{len(others)} copies of frames of {films} other films: {false:.4f} known")


_RIGHT = ("frame", "moment", "moment or same", "film")


class Truth:
    """Which hits are right.

    Some films share pictures. Another frame is the same picture where the library would not keep
    both of a film (`features.video.gates.near_duplicates`).
    """

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        faces = [face(picture) for picture in frames.pictures]
        self.same = np.eye(len(faces), dtype=bool)
        for i, j in zip(*np.triu_indices(len(faces), 1), strict=True):
            if near_duplicates(faces[i], faces[j]):
                self.same[i, j] = self.same[j, i] = True

    def __str__(self) -> str:
        ids = self._frames.ids
        twins = (self.same & (ids[:, None] != ids)).any(axis=1).sum()
        return f"{twins} frames are the same picture as one of another film"

    def shared(self, others: Frames) -> list[str]:
        """Of other films those that show a picture of these films, by their ids: they are here."""
        faces = [face(picture) for picture in self._frames.pictures]
        found = set(self._frames.ids)
        for id, picture in zip(others.ids, others.pictures, strict=True):
            if not mark(picture) & BLANK:
                seen = face(picture)
                if any(near_duplicates(seen, held) for held in faces):
                    found.add(id)
        return sorted(found)

    def of(self, hit: Any, row: int) -> tuple[bool, bool, bool, bool]:
        """Whether a hit is that frame, within a second of it, or such as is the same picture; and
        whether its film is."""
        ids, times = self._frames.ids, self._frames.times
        film = hit.film.id == ids[row]
        apart = np.where(ids == hit.film.id, np.abs(times - hit.at), np.inf)
        at = int(np.argmin(apart))
        same = bool(self.same[row, at])
        moment = film and abs(hit.at - times[row]) <= MOMENT_S
        return at == row, moment, moment or same, film or same


# ------------------------------------------------------------------------------ growth


def growth(args: argparse.Namespace) -> None:
    """Some films, then more, then ten kills: what is read, and whether the answers stay."""
    paths = films_of([args.folder])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in paths[: -args.more]:
            shutil.copy(path, folder / path.name)
        with Library.open(folder / "library") as library:
            first = library.add([folder])
            for path in paths[-args.more :]:
                shutil.copy(path, folder / path.name)
            then = library.add([folder])
            print(f"{len(first.added)} read, then {len(then.added)}, {then.unchanged} left alone")
            whole = {f.id: library.frames(f).vectors.tobytes() for f in library.films}
        command = [sys.executable, "-m", "leitmotif", "scenes", "add", str(folder), "--quiet"]
        command += ["--library", str(folder / "killed"), "-j", "1"]
        here = []
        for kill in range(args.kills):
            process = subprocess.Popen(command, start_new_session=True)
            with Library.open(folder / "killed") as library:
                before = len(library.films)
                while process.poll() is None and len(library.films) == before:
                    time.sleep(0.1)
                time.sleep(0.1 * kill)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                here.append(len(library.films))
        with Library.open(folder / "killed") as library:
            library.add([folder])
            again = {f.id: library.frames(f).vectors.tobytes() for f in library.films}
        same = sum(again.get(id) == vectors for id, vectors in whole.items())
        print(f"films after each kill {here}; at the end {same} of {len(whole)} the same")


# ------------------------------------------------------------------------------ cost


def cost(args: argparse.Namespace) -> None:
    """CPU seconds of adding a film and of decoding it, both on one thread, by turns."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    Encoder.load().embed([np.zeros((90, 160, 3), np.uint8)])  # what is imported is imported
    for _ in range(args.rounds):
        started = time.process_time()
        found = describe(Task(str(args.file)))
        adding = time.process_time() - started
        started = time.process_time()
        with VideoReader(args.file) as reader:
            reader._stream.thread_type = "NONE"
            count = sum(1 for _ in reader._decoded())
        decoding = time.process_time() - started
        kept_here = len(found.frames.times) if found.frames else 0
        print(
            f"{found.duration:.0f} s, {kept_here} frames kept: {adding:.2f} against {decoding:.2f}"
            f" CPU-s for {count} frames: {adding / decoding:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(required=True)
    for name, run in (("encoders", encoders), ("find", whole_find)):
        sub = what.add_parser(name)
        sub.add_argument("folders", nargs="+", type=Path)
        sub.add_argument("--queries", type=int, default=3000)
        sub.add_argument("--encoder", type=Path)
        sub.add_argument("--library", type=Path, help="of these films, kept")
        ways = ("straight", "mirrored", "strange")
        sub.add_argument("--only", nargs="+", choices=ways, default=ways)
        sub.add_argument("--strange", nargs="+", type=Path, default=[])
        sub.add_argument("--strangers", type=int, default=200)
        sub.set_defaults(run=run)
    sub = what.add_parser("growth")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--more", type=int, default=20)
    sub.add_argument("--kills", type=int, default=10)
    sub.set_defaults(run=growth)
    sub = what.add_parser("cost")
    sub.add_argument("file", type=Path)
    sub.add_argument("--rounds", type=int, default=3)
    sub.set_defaults(run=cost)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
