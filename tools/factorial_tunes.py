"""Renders the melodies of a factorial experiment, so that its ratings can be learned from.

Eerola, Friberg & Bresin (Frontiers in Psychology 4:487, 2013) set register, mode, tempo, level,
articulation, timbre and melody of short pieces, and had them rated. The design and the ratings are
public, the melodies are not: ours have the same character (sad, scary, happy, peaceful), notes per
second, register, mode, articulation and instrument, in thirds, so that every note tells the mode.
What raters heard was other music; level is not heard by ears that bring everything to one loudness.
"""

from __future__ import annotations

import csv
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SECONDS = 15.0
_PITCH = (53, 59, 65, 71, 77, 83)
_NOTES_PER_S = (1.2, 2.0, 2.8, 4.4, 6.0)
_SOUNDING = (1.0, 0.75, 0.5, 0.25)
_VELOCITY = (50, 62, 76, 92, 110)
_PROGRAM = (56, 73, 60)
"""General MIDI: trumpet, flute, horn."""
_TUNES = (
    (4, 3, 2, 1, 2, 1, 0, 0, 2, 1, 0, -1, 0, 1, 0, 0),
    (0, 1, 0, 3, 2, 1, 0, -3, 0, 1, 2, 4, 3, 2, 1, 0),
    (0, 2, 4, 2, 5, 4, 2, 4, 7, 5, 4, 2, 4, 2, 1, 0),
    (0, 2, 4, 2, 1, 3, 2, 0, 2, 4, 5, 4, 3, 2, 1, 0),
)
"""Scale degrees from the tonic: sad, scary, happy, peaceful."""
_MAJOR, _MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
_TICKS_PER_S = 960


class Tune(NamedTuple):
    """A piece of the design: its number, its MIDI file, and what people said, arousal and valence
    as sums of four ratings."""

    name: str
    midi: bytes
    said: tuple[float, float]


def tunes(folder: Path) -> Iterator[Tune]:
    """Every rated piece of `factorial_music_emotion_200`."""
    design = {row["Nro"]: row for row in _read(folder / "design_matrix.csv")}
    for row in _read(folder / "mean_emotion_ratings.csv"):
        scary, happy, sad, peaceful = (float(row[n]) for n in ("Scary", "Happy", "Sad", "Peaceful"))
        said = (happy + scary - sad - peaceful, happy + peaceful - scary - sad)
        yield Tune(row["Nro"], midi({k: int(v) for k, v in design[row["Nro"]].items()}), said)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def midi(design: dict[str, int]) -> bytes:
    """A MIDI file of one cell of the design, at least `SECONDS` long."""
    step = 1 / _NOTES_PER_S[design["Tempo"] - 1]
    length = step * _SOUNDING[design["Articulation"] - 1] * 0.98
    velocity = _VELOCITY[design["Soundlevel"] - 1]
    scale = _MINOR if design["Mode"] == 2 else _MAJOR
    tune = _TUNES[design["Melody"] - 1]
    events = []
    for n in range(int(SECONDS / step) + 1):
        degree = tune[n % len(tune)]
        for voice, softer in ((degree, 1.0), (degree - 2, 0.75)):
            octave, place = divmod(voice, len(scale))
            pitch = _PITCH[design["Register"] - 1] - 4 + 12 * octave + scale[place]
            events.append((n * step, 0x90, pitch, int(velocity * softer)))
            events.append((n * step + length, 0x80, pitch, 0))
    return _file(sorted(events), _PROGRAM[design["Timbre"] - 1])


def _file(events: list[tuple[float, int, int, int]], program: int) -> bytes:
    """Standard MIDI file of one track, 480 ticks a quarter at 120 BPM."""
    body, last = bytes([0, 0xC0, program]), 0
    for seconds, status, pitch, velocity in events:
        tick = round(seconds * _TICKS_PER_S)
        body += _variable(tick - last) + bytes([status, pitch, velocity])
        last = tick
    body += b"\x00\xff\x2f\x00"
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    return header + b"MTrk" + struct.pack(">I", len(body)) + body


def _variable(number: int) -> bytes:
    """A number of ticks in MIDI's variable length."""
    out = [number & 127]
    while number := number >> 7:
        out.append(number & 127 | 128)
    return bytes(reversed(out))
