"""The pieces that the ear is fitted to and judged on, and what is measured of each.

FOLDER holds `data/music`, `data/music_more`, `data/vgmidi`, `data/factorial_music_emotion_200` and
`data/rated_audio_clips`; WORK the windows of `tools.ear_windows` and `opinions.csv`, what the
network `vibenet` says of them; `fluidsynth` renders what is MIDI.

Sources: "unrated" (first 30 s of music, and "altered" windows of it, with the network's opinion,
energy for arousal), "piano" and "tunes" (people's ratings), "clips" (people's ratings; never
learned from); "dull" and "coded" are twins of unrated music of which nothing is said. The demo's
tracks are left out: what is said of them shows what the ear makes of music that it does not know.
"""

from __future__ import annotations

import csv
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from features.audio.descriptors import describe, listen
from features.audio.ear import log_scores, witnesses
from features.audio.load import load
from features.audio.profile import formula
from features.audio.tags import class_scores
from tools import ear_windows
from tools.factorial_tunes import tunes

SECONDS = 30.0
_SOUND_FONT = "/usr/share/sounds/sf2/TimGM6mb.sf2"
_TUNE_GROUPS = 10


class Piece(NamedTuple):
    """Where it comes from, what it is called, what is left out with it (a repository's tracks, a
    game's pieces), its sound or MIDI, and what is said of it: arousal and valence."""

    source: str
    name: str
    group: str
    sound: Path | bytes
    said: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Measured:
    """N pieces. source, name, group (N,) text; z (N, 22) witnesses; scores (N, 521) log scores;
    formula (N, 2) arousal and valence by formula; said (N, 2) what people or the network
    say of it, each source on a scale of its own."""

    source: np.ndarray
    name: np.ndarray
    group: np.ndarray
    z: np.ndarray
    scores: np.ndarray
    formula: np.ndarray
    said: np.ndarray

    def of(self, source: str) -> np.ndarray:
        """Rows of a source."""
        return np.flatnonzero(self.source == source)


def measured(data: Path, work: Path, kept: Path | None) -> Measured:
    """Listen to the first 30 s of every piece, or read what was kept of that."""
    if kept and kept.is_file():
        return Measured(**np.load(kept))
    rows = [(piece, *heard(piece.sound)) for piece in pieces(data, work)]
    heads = [row[0] for row in rows]
    found = Measured(
        source=np.array([p.source for p in heads]),
        name=np.array([p.name for p in heads]),
        group=np.array([p.group for p in heads]),
        z=np.array([row[1] for row in rows]),
        scores=np.array([row[2] for row in rows]),
        formula=np.array([row[3] for row in rows]),
        said=np.array([p.said for p in heads]),
    )
    if kept:
        np.savez(kept, **vars(found))
    return found


def pieces(data: Path, work: Path) -> Iterator[Piece]:
    """Every piece of every source."""
    yield from _windows(data, work)
    for source, folder in (("piano", data / "vgmidi"), ("clips", data / "rated_audio_clips")):
        for row in read(folder / "ratings.csv"):
            name, said = row["file"], (float(row["arousal_01"]), float(row["valence_01"]))
            group = "_".join(name.split("_")[1:5]) if source == "piano" else name
            yield Piece(source, name, group, folder / name, said)
    for n, tune in enumerate(tunes(data / "factorial_music_emotion_200")):
        yield Piece("tunes", tune.name, f"tunes {n % _TUNE_GROUPS}", tune.midi, tune.said)


def _windows(data: Path, work: Path) -> Iterator[Piece]:
    opinions = {Path(row["path"]).name: row for row in read(work / "opinions.csv")}
    for number, track in enumerate(ear_windows.tracks(data)):
        for kind in ear_windows.kinds(number):
            path = ear_windows.window(work, track, kind)
            said = (np.nan, np.nan)
            if kind not in ear_windows.TWINS:
                said = float(opinions[path.name]["energy"]), float(opinions[path.name]["valence"])
            source, sound = ("unrated", track) if kind == "plain" else (kind, path)
            yield Piece(source, track.name, track.name.split("__")[0], sound, said)


def heard(sound: Path | bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Witnesses, log scores and formulas of its first 30 s."""
    with tempfile.TemporaryDirectory() as folder:
        recording = load(_rendered(sound, Path(folder)), 0, SECONDS)
    description = describe(listen(recording))
    scores = class_scores(recording.samples, recording.gain)
    if scores is None:
        raise SystemExit("YAMNet's weights are needed: leitmotif models pull yamnet")
    return witnesses(description), log_scores(scores), formula(description.values)


def _rendered(sound: Path | bytes, folder: Path) -> Path:
    """A sound file of the piece; without reverb and chorus where it is MIDI."""
    if isinstance(sound, Path) and sound.suffix != ".mid":
        return sound
    wav, midi = folder / "piece.wav", folder / "piece.mid"
    midi.write_bytes(sound if isinstance(sound, bytes) else sound.read_bytes())
    options = ["-ni", "-R", "0", "-C", "0", "-g", "0.6", "-r", "22050", "-F", str(wav)]
    subprocess.run(
        ["fluidsynth", *options, _SOUND_FONT, str(midi)], check=True, capture_output=True
    )
    return wav


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
