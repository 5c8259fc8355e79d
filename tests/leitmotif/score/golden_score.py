"""A small score with everything in it, and the golden files of its exports.

`python tests/leitmotif/score/golden_score.py` writes them again: look at what changed before they
are committed.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from leitmotif.score.exports import FORMATS
from leitmotif.score.model import Cue, Film, HitPoint, Piece, Score, Track
from leitmotif.score.timecode import FrameRate

FOLDER = Path(__file__).with_name("golden")


def golden_score() -> Score:
    """Forty seconds at 29.97 drop-frame from one hour on: edit, fades, ducking, hits, silence, and
    a track that plays faster."""
    rate = FrameRate(Fraction(30000, 1001), drop=True)
    film = Film("/films/Ein Film 电影.mov", "00", rate, 1200, 1920, 1080, 107892, has_sound=True)
    facts = {"composer": "Jane Doe (BMI 60%); J. Roe", "publisher": "Low & Sons", "isrc": "QZ1"}
    first = Track("one", "/music/Eins #1.wav", Fraction(30), "Eins & Zwei", "Jane", facts)
    second = Track("two", "/music/two.flac", Fraction(90), '=1+1 "two"', "J. <Roe>")
    half, second_s = Fraction(1, 50), Fraction(1)
    pieces = (
        Piece(Fraction(2), 8 + half, Fraction(0), second_s, 2 * half),
        Piece(12 - half, 12 + rate.seconds(420) - 6, 6 - half, 2 * half),
    )
    third, fourth = rate.seconds(600), rate.seconds(900)
    whole = Piece(Fraction(10), 10 + third / 2, third)
    speed = Fraction(203, 200)
    last = Piece(Fraction(40), 40 + third / 2 * speed, fourth, Fraction(0), second_s, speed)
    ducked = ((0, 0.0), (60, 0.0), (69, -9.5), (150, -9.5), (174, 0.0), (419, 0.0))
    cues = (
        Cue("1m01", 0, 420, first, pieces, ducked, (HitPoint(200, "door", 0),)),
        Cue("1m02", 420, 600, muted=True),
        Cue("1m03", 600, 900, second, (whole,)),
        Cue("1m04", 900, 1200, second, (last,), hits=(HitPoint(1000, "", -1),)),
    )
    return Score(film, cues, speech=((72, 147),))


def exported(score: Score) -> dict[str, str]:
    """File name to what is written in it."""
    return {f"golden{form.suffix}": form.write(score) for form in FORMATS}


if __name__ == "__main__":
    for name, text in exported(golden_score()).items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="")
