"""Windows of unrated music that a larger network is asked about: what the ear learns from.

    python -m tools.ear_windows DATA WORK

DATA holds `music` and `music_more`. WORK gets, of every track, at one loudness: its first 30 s
(`plain`), another window of 10–30 s at another speed, pitch and tone (`altered`), the first 30 s
behind a low-pass (`dull`) and through MP3 at 64 kb/s (`coded`). The last two are for learning what
must not matter and are of every third track. What is drawn hangs on the file's name alone.

The network is `vibenet` 0.1.0 (GPL-3.0). It is asked beside this project, in an environment of its
own, and only what it says is read here:

    vibenet predict WORK --glob "*.flac" --format csv > WORK/opinions.csv
"""

from __future__ import annotations

import argparse
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from features.audio.load import load
from leitmotif.render import ffmpeg

SECONDS = 30.0
KINDS = ("plain", "altered", "dull", "coded")
TWINS = ("dull", "coded")
"""Kinds that sound the same to whoever listens to the music."""
_TWIN_STRIDE = 3
_OCTAVES, _STRETCHED = 0.35, 0.7
"""Pitch changes by as much either way, and speed with it, or by itself in so many."""
_DULL_HZ = (600.0, 4000.0)


def tracks(data: Path) -> list[Path]:
    """Every unrated track, in a fixed order."""
    return sorted([*data.glob("music/*.ogg"), *data.glob("music_more/*.ogg")], key=lambda p: p.name)


def kinds(number: int) -> tuple[str, ...]:
    """What is made of the track of this number."""
    return KINDS if number % _TWIN_STRIDE == 0 else KINDS[:2]


def window(work: Path, track: Path, kind: str) -> Path:
    """Where a window lies."""
    return work / f"{track.stem}.{kind}.{'mp3' if kind == 'coded' else 'flac'}"


def make(track: Path, kind: str, work: Path) -> None:
    """Write one window."""
    level = f"volume={20 * np.log10(max(load(track, 0, SECONDS).gain, 1e-3)):.2f}dB"
    before, filters = ["-t", f"{SECONDS}"], [level]
    if kind == "altered":
        before, filters = _altered(track)
    if kind == "dull":
        low, high = np.log(_DULL_HZ)
        cut = np.exp(_rng(track, kind).uniform(low, high))
        filters += [f"lowpass=f={cut:.0f}", f"lowpass=f={cut:.0f}"]
    encoder = ("-c:a", "libmp3lame", "-b:a", "64k") if kind == "coded" else ("-ac", "1")
    _run(["-i", str(track), "-af", ",".join(filters), *encoder], before, window(work, track, kind))
    if kind == "altered":
        _level(window(work, track, kind))


def _altered(track: Path) -> tuple[list[str], list[str]]:
    rng = _rng(track, "1")
    seconds = load(track).duration_s
    length = min(rng.uniform(10, SECONDS), seconds)
    start = rng.uniform(0, max(seconds - length, 0))
    pitch = 2 ** rng.uniform(-_OCTAVES, _OCTAVES)
    stretch = 2 ** rng.uniform(-_OCTAVES, _OCTAVES) / pitch if rng.random() < _STRETCHED else 1.0
    treble, bass = rng.uniform(-8, 8), rng.uniform(-6, 6)
    filters = [
        "aresample=22050",
        "aformat=channel_layouts=mono",
        f"asetrate={22050 * pitch:.0f}",
        "aresample=22050",
        f"atempo={np.clip(stretch, 0.5, 2):.4f}",
        f"treble=g={treble:.1f}:f=2500",
        f"bass=g={bass:.1f}:f=200",
    ]
    return ["-ss", f"{start:.2f}", "-t", f"{length:.2f}"], filters


def _level(path: Path) -> None:
    """Bring what was written to the loudness of the others."""
    kept = path.with_suffix(".unlevelled.flac")
    path.rename(kept)
    gain = 20 * np.log10(max(load(kept).gain, 1e-3))
    _run(["-i", str(kept), "-af", f"volume={gain:.2f}dB"], [], path)
    kept.unlink()


def _run(arguments: list[str], before: list[str], made: Path) -> None:
    head = [ffmpeg.executable(), "-v", "error", "-y", *before]
    subprocess.run([*head, *arguments, "-vn", "-ar", "22050", str(made)], check=True)


def _rng(track: Path, kind: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{track.name} {kind}".encode()))


def todo(data: Path, work: Path) -> Iterator[tuple[Path, str]]:
    """Windows that are not there yet."""
    for number, track in enumerate(tracks(data)):
        for kind in kinds(number):
            if not window(work, track, kind).exists():
                yield track, kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    for track, kind in todo(args.data, args.work):
        make(track, kind, args.work)


if __name__ == "__main__":
    main()
