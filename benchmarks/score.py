"""How tracks are fitted to lengths and to hit points: `python -m benchmarks.score FOLDER…`.

Lengths: random tracks and lengths of 15 to 180 s at 25 frames a second; every fourth is rendered.
At each join the quietest 20 ms of the 80 ms around it are compared with those at the two lines of
the track that meet there, as the track plays them itself; and with the quietest 20 ms of the rest
of the 300 ms on either side, as is done at every bar line of the tracks for comparison. Key:
likeness of the chroma of the bars that meet, beside that of bars that follow each other in the
track. Beat phase: by how much the onsets of the bar that is entered are shifted against those that
would have come, beside bars that follow each other in the track. The search for joins weighs both,
so they tell how near it comes, not how it sounds.

Hit points (`--hits`): three at random in each of 20 cues of 20 to 90 s; how far the next bar line
lies from each, and how far the next sharp onset in the rendered sound; beside them the same points
in the same cues fitted without them.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from data.media import AUDIO_SUFFIXES
from features.audio.bars import Bars, bars_of, read_bars
from features.audio.descriptors import Sound, listen
from features.audio.load import load
from features.audio.spectrum import FRAME_S
from leitmotif.score.fit import Fit, fit
from leitmotif.score.model import Cue, Piece, Track
from leitmotif.score.sound import SAMPLE_RATE, cue_sound
from leitmotif.score.timecode import FrameRate

RATE = FrameRate(Fraction(25))
_HOP = SAMPLE_RATE // 50
_LAG = 8
_REACH = round(0.4 / FRAME_S)


def dips(found: Fit, sound: np.ndarray, own: np.ndarray) -> list[float]:
    """Decibels by which each join lies below both lines that meet in it, 0 where it does not.

    sound : the rendered cue. own : the track, at the same level. Both (samples, 2).
    """
    below = []
    for (leave, enter), piece in zip(found.jumps, found.pieces[1:], strict=True):
        join = _quietest(sound, float(piece.begins))
        lines = min(_quietest(own, leave), _quietest(own, enter))
        below.append(max(lines - join, 0.0))
    return below


def _quietest(sound: np.ndarray, seconds: float) -> float:
    """Level in dB of the quietest 20 ms within 80 ms around a moment, −60 for silence."""
    at = round(seconds * SAMPLE_RATE)
    return float(_levels(sound[max(at - 3 * _HOP, 0) : at + _HOP]).min(initial=0.0))


def hole(sound: np.ndarray, seconds: float) -> float:
    """Decibels by which a moment lies below the quietest 20 ms within 300 ms; 0 where it does not.

    Silence on both sides is no hole.
    """
    at = round(seconds * SAMPLE_RATE)
    around = [
        sound[max(at - 15 * _HOP, 0) : max(at - 3 * _HOP, 0)],
        sound[at + _HOP :][: 14 * _HOP],
    ]
    level = [_levels(part) for part in around]
    if not all(len(part) for part in level):
        return 0.0
    return max(float(np.concatenate(level).min()) - _quietest(sound, seconds), 0.0)


def _levels(sound: np.ndarray) -> np.ndarray:
    """Level in dB of every 20 ms, −60 for silence."""
    whole = sound[: len(sound) // _HOP * _HOP].reshape(-1, 2 * _HOP).astype(np.float64)
    return np.asarray(10 * np.log10(np.maximum((whole**2).mean(axis=1), 1e-6)))


def likeness(bars: Bars, jumps: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """(chroma likeness of the bars that meet, of the entered bar and its own predecessor)."""
    for leave, enter in jumps:
        i, j = (int(np.argmin(np.abs(bars.lines - t))) for t in (leave, enter))
        if i > 0 and 0 < j < len(bars):
            meet, own = bars.chroma[i - 1] @ bars.chroma[j], bars.chroma[j - 1] @ bars.chroma[j]
            yield float(meet), float(own)


def shift(sound: Sound, one: float, other: float) -> float | None:
    """Milliseconds by which the onsets after one moment are late against those after another."""
    envelope = sound.envelope
    a, b = (round(t / FRAME_S) for t in (one, other))
    if min(a, b) < _LAG + 2 or max(a, b) + _REACH + _LAG >= len(envelope):
        return None
    mine = envelope[a - 2 : a + _REACH]
    lags = range(-_LAG, _LAG + 1)
    likes = [float(mine @ envelope[b - 2 + lag : b + _REACH + lag]) for lag in lags]
    return abs(lags[int(np.argmax(likes))]) * FRAME_S * 1000 if max(likes) > 0 else None


def cue_of(path: Path, bars: Bars, frames: int, found: Fit) -> Cue:
    track = Track(path.stem, str(path), Fraction(bars.lines[-1]))
    return Cue("1m01", 0, frames, track, found.pieces)


def lengths(files: list[Path], n: int) -> None:
    draw = random.Random(0)
    exact, ending, jumps, seconds, spent = 0, 0, 0, 0.0, 0.0
    below: list[float] = []
    holes: list[float] = []
    usual_holes: list[float] = []
    alike: list[tuple[float, float]] = []
    late: list[float] = []
    usual: list[float] = []
    for k in range(n):
        path, frames = draw.choice(files), draw.randint(15 * 25, 180 * 25)
        sound = listen(load(path))
        bars, began = bars_of(sound), time.process_time()
        found = fit(bars, RATE.seconds(frames))
        spent += time.process_time() - began
        exact += found.pieces[0].film_in == 0 and found.pieces[-1].film_out == RATE.seconds(frames)
        ending += found.ends
        jumps, seconds = jumps + len(found.jumps), seconds + frames / 25
        alike += likeness(bars, found.jumps)
        late += [s for a, b in found.jumps if (s := shift(sound, a, b)) is not None]
        pairs = pairwise(bars.lines[1:-1])
        usual += [s for a, b in pairs if (s := shift(sound, a, b)) is not None]
        if k % 4 == 0:
            length = int(bars.lines[-1] * 25)
            whole = Piece(Fraction(0), Fraction(length, 25), Fraction(0))
            track = Track(path.stem, str(path), Fraction(bars.lines[-1]))
            own = cue_sound(Cue("1m02", 0, length, track, (whole,)), RATE)
            heard = cue_sound(cue_of(path, bars, frames, found), RATE)
            below += dips(found, heard, own)
            holes += [hole(heard, float(p.begins)) for p in found.pieces[1:]]
            usual_holes += [hole(own, line) for line in bars.lines[1:-1]]
    print(f"{n} pairs of {len(files)} tracks: {exact} exact to the frame,")
    print(f"{ending} on their own ending; {jumps / seconds * 60:.2f} joins a minute;")
    print(f"{spent / n * 1e3:.0f} ms a fit.")
    low = np.array(below)
    print(f"{len(low)} joins rendered: {np.mean(low < 1.5):.1%} dip by less than 1.5 dB below")
    print(f"the track's own lines; 95 % by less than {np.quantile(low, 0.95):.2f} dB.")
    for name, deep in (("joins", holes), ("bar lines of the tracks", usual_holes)):
        print(f"{np.mean(np.array(deep) < 1.5):.1%} of {len(deep)} {name} dip by less than 1.5 dB "
              "below the quietest moment within 300 ms.")  # fmt: skip
    meet, own_likeness = np.array(alike).T
    print(f"Chroma likeness at {len(meet)} joins {meet.mean():.3f},")
    print(f"in the track {own_likeness.mean():.3f}.")
    for name, found_ms in (("joins", np.array(late)), ("bars of the tracks", np.array(usual))):
        within = np.mean(found_ms <= 25)
        print(f"Beat phase, {len(found_ms)} {name}: median {np.median(found_ms):.0f} ms, "
              f"{within:.1%} within 25 ms.")  # fmt: skip


def hits(files: list[Path], n: int) -> None:
    draw = random.Random(1)
    by_line: list[int] = []
    by_ear: list[int] = []
    before: list[int] = []
    by_chance: list[int] = []
    joins = rough = 0
    for _ in range(n):
        path, frames = draw.choice(files), draw.randint(20 * 25, 90 * 25)
        bars = read_bars(path)
        asked = sorted(draw.sample(range(25, frames - 25), 3))
        length = RATE.seconds(frames)
        plain = fit(bars, length)
        found = fit(bars, length, hits=[hit / 25 for hit in asked])
        by_line += [_nearest(_struck(bars, found), hit) for hit in asked]
        before += [_nearest(_struck(bars, plain), hit) for hit in asked]
        heard = _onsets(cue_sound(cue_of(path, bars, frames, found), RATE))
        by_ear += [_nearest(heard, hit) for hit in asked]
        heard = _onsets(cue_sound(cue_of(path, bars, frames, plain), RATE))
        by_chance += [_nearest(heard, hit) for hit in asked]
        cuts = [leave for leave, _ in found.jumps]
        joins += len(cuts)
        rough += sum(_off_beat(bars, leave) > 0.05 for leave in cuts)
    for name, away in (
        ("bar line", by_line),
        ("onset in the sound", by_ear),
        ("bar line, not asked for", before),
        ("onset in the sound, not asked for", by_chance),
    ):
        shares = ", ".join(f"{np.mean(np.array(away) <= k):.0%} within {k}" for k in (1, 2, 5))
        print(f"{len(away)} hit points, {name}: {shares} frames")

    print(f"{rough} of {joins} joins lie more than 50 ms off a beat.")


def _off_beat(bars: Bars, leave: float) -> float:
    """Seconds from a moment to the nearest beat of its bar; 0 where there are no beats."""
    if not np.isfinite(bars.beat):
        return 0.0
    line = bars.lines[np.searchsorted(bars.lines, leave + 1e-6) - 1]
    beats = (leave - line) / bars.beat
    return float(abs(beats - round(beats)) * bars.beat)


def _struck(bars: Bars, found: Fit) -> list[float]:
    return [
        piece.film_at(line)
        for piece in found.pieces
        for line in bars.lines[:-1]
        if piece.begins - Fraction(1, 1000) <= piece.film_at(line) and line < piece.track_out
    ]


def _onsets(sound: np.ndarray) -> list[float]:
    """Where the energy of the difference of samples rises by 6 dB within 10 ms, in seconds."""
    step = SAMPLE_RATE // 200
    edges = np.diff(sound.mean(axis=1), prepend=0.0).astype(np.float64)
    power = (edges[: len(edges) // step * step].reshape(-1, step) ** 2).mean(axis=1)
    level = 10 * np.log10(power + 1e-12)
    rise = level[2:] - level[:-2]
    peaks = np.flatnonzero((rise[1:-1] >= 6) & (rise[1:-1] >= rise[:-2]) & (rise[1:-1] > rise[2:]))
    return [float(k + 2) / 200 for k in peaks]


def _nearest(seconds: list[float], frame: int) -> int:
    return min((abs(RATE.frame_at(s) - frame) for s in seconds), default=999)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("-n", type=int, help="pairs of track and length (200), or cues (20)")
    parser.add_argument("--hits", action="store_true", help="hit points instead of lengths")
    args = parser.parse_args()
    files = [f for d in args.folders for f in sorted(d.iterdir())]
    files = [f for f in files if f.suffix.lower() in AUDIO_SUFFIXES]
    if args.hits:
        hits(files, args.n or 20)
    else:
        lengths(files, args.n or 200)


if __name__ == "__main__":
    main()
