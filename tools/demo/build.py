"""Make the demo again: `python -m tools.demo [--only music|film] [--to FOLDER]`.

Writes `tracks/*.opus`, `tracks.csv` (the known answers of every track), `sample.mp4` and
`film.json` (the known answers of the film). Everything is seeded: the same machine writes the same
sounds and pictures; other machines' arithmetic and codecs differ below what is heard, seen or
measured.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from tools.demo.compose import Piece, melody, notes
from tools.demo.mix import RMS_DB, duration, render
from tools.demo.score import PIECES
from tools.demo.synth import RATE

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
ARTIST, LICENSE, LICENSE_URL = (
    "Leitmotif",
    "CC0-1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/",
)
BITS_PER_S = 48_000


def key_name(piece: Piece) -> str:
    """As in tags: `D`, `Cm`; a piece without a key has none."""
    return "" if piece.mode == "dissonant" else piece.tonic + "m" * (piece.mode == "minor")


def known_answers(piece: Piece) -> dict[str, str | float]:
    """One row of `tracks.csv`: what was set, and what follows from the notes without listening.

    melody_pitch is the tune's mean MIDI number weighted by length; melody_slope its Theil–Sen slope
    in semitones per second; onsets_per_s counts the moments at which something is struck; rms_db is
    the level of the master below full scale.
    """
    tune = melody(piece)
    beat = 60 / piece.tempo_bpm
    pitches, lengths = np.array([n.pitch for n in tune]), np.array([n.beats for n in tune])
    starts = np.array([n.start for n in tune]) * beat
    later = starts[None, :] > starts[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = ((pitches[None, :] - pitches[:, None]) / (starts[None, :] - starts[:, None]))[
            later
        ]
    onsets = {round(n.start * 24) for part in piece.parts for n in notes(piece, part)}
    return {
        "track_id": piece.track_id,
        "title": piece.title,
        "tempo_bpm": piece.tempo_bpm,
        "beats_per_bar": piece.beats,
        "mode": piece.mode,
        "tonic": piece.tonic,
        "key": key_name(piece),
        "register": piece.register,
        "contour": piece.contour,
        "brightness": piece.brightness,
        "dynamics": piece.dynamics,
        "swell_db": piece.swell_db,
        "mood": piece.mood,
        "duration_s": round(duration(piece), 3),
        "melody_pitch": round(float(np.average(pitches, weights=lengths)), 2),
        "melody_slope": round(float(np.median(slopes)), 3),
        "onsets_per_s": round(len(onsets) / (piece.bars * piece.beats * beat), 2),
        "rms_db": RMS_DB[piece.dynamics],
    }


def encode(piece: Piece, sound: np.ndarray, path: str | os.PathLike) -> None:
    """Write a track, float32 (samples, 2) at 48 kHz, as tagged Ogg Opus."""
    import av

    tags = {
        "TITLE": piece.title,
        "ARTIST": ARTIST,
        "ALBUM": "Leitmotif demo",
        "LICENSE": LICENSE,
        "LICENSE_URL": LICENSE_URL,
        "BPM": f"{piece.tempo_bpm:g}",
        "INITIALKEY": key_name(piece),
        "MOOD": piece.mood,
    }
    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="opus", options={"fflags": "+bitexact"}) as container,
    ):
        container.metadata.update({k: v for k, v in tags.items() if v})
        stream = container.add_stream(
            "libopus",
            rate=RATE,
            layout="stereo",
            format="flt",
            options={"b": str(BITS_PER_S), "vbr": "on"},
        )
        for at in range(0, len(sound), 960):
            block = np.zeros((960, 2), dtype=np.float32)
            block[: len(sound) - at] = sound[at : at + 960]
            frame = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout="stereo")
            frame.sample_rate, frame.pts = RATE, at
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_track(piece: Piece, folder: Path) -> str:
    encode(piece, render(piece), folder / f"{piece.track_id}.opus")
    return piece.track_id


def write_table(path: str | os.PathLike, pieces: Iterable[Piece] = PIECES) -> None:
    """`tracks.csv`: one row of known answers a track."""
    rows = [known_answers(piece) for piece in pieces]
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def build_music(folder: Path) -> None:
    tracks = folder / "tracks"
    tracks.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as pool:
        for done, name in enumerate(pool.map(partial(write_track, folder=tracks), PIECES), start=1):
            print(f"{done}/{len(PIECES)} {name}", file=sys.stderr)
    write_table(folder / "tracks.csv")


def build_film(folder: Path) -> None:
    from tools.demo.film import truth, write_film

    def show(stage: str, done: float, total: float | None) -> None:
        print(f"\r{stage} {done:5.1f} of {total:.1f} s", end="", file=sys.stderr)

    write_film(folder / "sample.mp4", progress=show)
    print(file=sys.stderr)
    with atomic_path(folder / "film.json") as temporary:
        temporary.write_text(json.dumps(truth(), indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.demo",
        description="Make the demo film and the demo catalogue again.",
    )
    parser.add_argument("--only", choices=("music", "film"), help="make one half")
    parser.add_argument(
        "--to",
        type=Path,
        default=DEMO,
        metavar="FOLDER",
        help="where to write (default: data/demo)",
    )
    args = parser.parse_args(argv)
    if args.only != "film":
        build_music(args.to)
    if args.only != "music":
        build_film(args.to)
    return 0
