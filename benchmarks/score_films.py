"""Films scored from end to end: `python -m benchmarks.score_films FILM… [--join N]`.

Each film is watched first; timed are the plan, the render and every export, as a share of the
film's length, by the clock and (in brackets; other programs do not matter for it) by the time of
processors that they took. `--join N` adds N films of 60 to 120 s made of the clips one after
another. Printed are the loudness and true peak of what was written, how far its music lies under
speech (the ducked bed against the film's own sound), and the time that the preview of the first
cue takes.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from features.audio.load import load
from features.media import probe
from leitmotif import pipeline
from leitmotif.catalogue.library import Library
from leitmotif.render import ffmpeg
from leitmotif.score.compose import own_sound, score
from leitmotif.score.ducking import Passage, measure
from leitmotif.score.exports import FORMATS, export
from leitmotif.score.model import Score
from leitmotif.score.render import preview_cue, render_film, write_stem
from leitmotif.score.sound import file_powers, true_peak_db
from leitmotif.settings import Settings


def joined(clips: list[Path], target: Path, draw: random.Random) -> Path:
    """Clips one after another at 640 × 360 and 25 frames a second, 60 to 120 s."""
    chosen: list[Path] = []
    while sum(probe(c).duration for c in chosen) < 60:
        chosen.append(draw.choice(clips))
    fit = "scale=640:360:force_original_aspect_ratio=decrease,pad=640:360:-1:-1,setsar=1,fps=25"
    streams = range(len(chosen))
    parts = [f"[{k}:v:0]{fit}[v{k}];[{k}:a:0]aresample=48000,aformat=channel_layouts=stereo[a{k}]"
             for k in streams]  # fmt: skip
    chain = ";".join(parts) + ";" + "".join(f"[v{k}][a{k}]" for k in streams)
    graph = f"{chain}concat=n={len(chosen)}:v=1:a=1[v][a]"
    inputs = [argument for clip in chosen for argument in ffmpeg.source(clip)]
    ffmpeg.run([*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "[a]",
                "-c:v", "libx264", "-preset", "veryfast", "-t", "120", str(target)])  # fmt: skip
    return target


class Spent(NamedTuple):
    """Seconds by the clock, and of processors, of ffmpeg too."""

    clock: float
    processors: float

    def __add__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(self.clock + other.clock, self.processors + other.processors)

    def __str__(self) -> str:
        return f"{self.clock:.1f} [{self.processors:.1f}]"


def timed(work: Callable[[], object]) -> tuple[object, Spent]:
    began, before = time.perf_counter(), sum(os.times()[:4])
    done = work()
    return done, Spent(time.perf_counter() - began, sum(os.times()[:4]) - before)


def export_all(plan: Score, folder: Path) -> int:
    refused = 0
    for form in FORMATS:
        try:
            export(plan, form.name, folder / f"film{form.suffix}")
        except InputError:
            refused += 1  # chapters of a film with few cues
    return refused


def one(film: Path, library: Library, folder: Path) -> list[Passage]:
    length = pipeline.read_video(film).duration
    plan, planned = timed(lambda: score(film, library))
    assert isinstance(plan, Score)
    written, rendered = timed(lambda: render_film(plan, folder / "film.mp4"))
    refused, exported = timed(lambda: export_all(plan, folder))
    number = plan.sounding()[0].number
    _, shown = timed(lambda: preview_cue(plan, number, folder / "cue.mp4"))
    bed = write_stem(plan, "ducked", folder / "bed.wav")
    passages = measure(plan, own_sound(film), file_powers(bed))
    wav = folder / "sound.wav"
    ffmpeg.run([*ffmpeg.source(str(written)), "-map", "0:a:0", "-ac", "2", str(wav)])
    whole = planned + rendered + exported
    print(
        f"{film.stem[:32]:32} {length:6.1f} s, {len(plan.cues)} cues: {whole.clock / length:.2f} "
        f"[{whole.processors / length:.2f}] of its length "
        f"({planned} + {rendered} + {exported} s), preview {shown} s, "
        f"{load(wav).lufs:.1f} LUFS, {true_peak_db(wav):.1f} dBTP, {refused} refused, "
        f"{len(passages)} passages, notes: {' '.join(plan.notes)[:90]}",
        flush=True,
    )
    return passages


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score_films", description=__doc__)
    parser.add_argument("films", nargs="+", type=Path, metavar="FILM")
    parser.add_argument("--join", type=int, default=0, metavar="N", help="films made of the clips")
    parser.add_argument("--catalogue", type=Path)
    args = parser.parse_args()
    library = Library.open(args.catalogue or Settings.from_environment().catalogue)
    draw = random.Random(0)
    passages: list[Passage] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounding = [film for film in args.films if probe(film).audio]
        films = [joined(sounding, folder / f"joined-{k}.mp4", draw) for k in range(args.join)]
        for film in [*args.films, *films]:
            passages += one(film, library, folder)
    if passages:
        off = np.array([p.difference - (p.asked or 0) for p in passages])
        lowered = np.array([p.gain < 0 for p in passages])
        print(f"{len(off)} passages of speech, {lowered.sum()} of them with music brought down:")
        print(f"{np.mean(np.abs(off[lowered]) <= 1):.1%} within 1 LU of the target, ", end="")
        print(
            f"largest {np.abs(off[lowered]).max():.2f} LU; {np.mean(off < -1):.1%} of all miss it."
        )


if __name__ == "__main__":
    main()
