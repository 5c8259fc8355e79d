"""How exactly and how smoothly tracks are fitted to lengths: `python -m benchmarks.score FOLDER…`.

Random tracks and lengths of 15 to 180 s at 25 frames a second; every fourth is rendered. At each
join the quietest 20 ms of the 80 ms around it are compared with those at the two lines of the
track that meet there, as the track plays them itself: how far it dips below is the figure.
"""

from __future__ import annotations

import argparse
import random
import time
from fractions import Fraction
from pathlib import Path

import numpy as np

from data.media import AUDIO_SUFFIXES
from features.audio.bars import read_bars
from leitmotif.score.fit import Fit, fit
from leitmotif.score.model import Cue, Piece, Track
from leitmotif.score.sound import SAMPLE_RATE, cue_sound
from leitmotif.score.timecode import FrameRate

RATE = FrameRate(Fraction(25))
_HOP = SAMPLE_RATE // 50


def dips(found: Fit, sound: np.ndarray, own: np.ndarray) -> list[float]:
    """Decibels by which each join lies below both lines that meet in it, 0 where it does not.

    sound : the rendered cue. own : the track, at the same level. Both (samples, 2).
    """
    below = []
    for (leave, enter), piece in zip(found.jumps, found.pieces[1:], strict=True):
        join = _quietest(sound, float(piece.film_in + piece.fade_in))
        lines = min(_quietest(own, leave), _quietest(own, enter))
        below.append(max(lines - join, 0.0))
    return below


def _quietest(sound: np.ndarray, seconds: float) -> float:
    """Level in dB of the quietest 20 ms within 80 ms around a moment, −60 for silence."""
    at = round(seconds * SAMPLE_RATE)
    around = sound[max(at - 3 * _HOP, 0) : at + _HOP]
    around = around[: len(around) // _HOP * _HOP].reshape(-1, 2 * _HOP).astype(np.float64)
    return float(10 * np.log10(max((around**2).mean(axis=1).min(initial=1.0), 1e-6)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("-n", type=int, default=200, help="pairs of track and length (%(default)s)")
    args = parser.parse_args()
    draw = random.Random(0)
    files = [f for d in args.folders for f in sorted(d.iterdir())]
    files = [f for f in files if f.suffix.lower() in AUDIO_SUFFIXES]
    exact, ending, jumps, seconds, below, spent = 0, 0, 0, 0.0, [], 0.0
    for k in range(args.n):
        path, frames = draw.choice(files), draw.randint(15 * 25, 180 * 25)
        bars, began = read_bars(path), time.process_time()
        found = fit(bars, RATE.seconds(frames))
        spent += time.process_time() - began
        exact += found.pieces[0].film_in == 0 and found.pieces[-1].film_out == RATE.seconds(frames)
        ending += found.ends
        jumps, seconds = jumps + len(found.jumps), seconds + frames / 25
        if k % 4 == 0:
            track = Track(path.stem, str(path), Fraction(bars.lines[-1]))
            whole = Piece(Fraction(0), Fraction(int(bars.lines[-1] * 25), 25), Fraction(0))
            length = int(bars.lines[-1] * 25)
            own = cue_sound(Cue("1m02", 0, length, track, (whole,)), RATE)
            cue = Cue("1m01", 0, frames, track, found.pieces)
            below += dips(found, cue_sound(cue, RATE), own)
    low = np.array(below)
    print(f"{args.n} pairs of {len(files)} tracks: {exact} exact to the frame,")
    print(f"{ending} on their own ending; {jumps / seconds * 60:.2f} joins a minute;")
    print(f"{spent / args.n * 1e3:.0f} ms a fit.")
    print(f"{len(low)} joins rendered: {np.mean(low < 1.5):.1%} dip by less than 1.5 dB below")
    print(f"the track's own lines; 95 % by less than {np.quantile(low, 0.95):.2f} dB.")


if __name__ == "__main__":
    main()
