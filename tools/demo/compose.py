"""From a piece on paper to its notes: voice-led chords, motifs in sequence, patterns in bars.

Conventions: time in beats from the start, pitch as MIDI number (60 = middle C), degrees of the
scale counted from 0 = tonic, velocity 0–1. The language of a `Piece`:

chords   one word a bar: a degree 1–7 of the scale with `7` (seventh), `M` (major third), `9` (added
         ninth), `s` (suspended fourth), `b` before it (lowered root); or semitones above the tonic
         joined by `+`, for harmony outside any key.
motifs   by letter: `degree:beats` words, `r` is a rest.
line     one word a bar: the letter of a motif and the degrees it is moved up the scale, `-` for
         silence.
patterns one bar in equal steps, bars separated by `|` and repeated: `.` silence, `-` hold; bass
         `R`, `3`, `5`, `8`; arpeggio digits count up the chord; rhythm `x`, accented `X`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "octatonic": (0, 1, 3, 4, 6, 7, 9, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
}
LOWEST_TONIC = {"low": 43, "middle": 55, "high": 67}
"""The melody's tonic is the first one at or above this pitch."""
VELOCITY = {"soft": 0.42, "medium": 0.64, "loud": 0.86}


class Note(NamedTuple):
    start: float
    beats: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Part:
    """One player: what kind of line it plays on which voice, how loud (dB), where it stands, when
    it plays.
    """

    kind: str
    """melody, third (a third under the melody), pad, comp, arp, bass or drum."""
    voice: str
    pattern: str = ""
    gain: float = 0.0
    octave: int = 0
    pan: float = 0.0
    """−1 left to 1 right."""
    room: float = 0.2
    """Share sent to the reverberation."""
    bars: tuple[int, int] = (0, 99)


@dataclass(frozen=True)
class Piece:
    """A piece and all that is known of it because we set it."""

    track_id: str
    title: str
    tempo_bpm: float
    tonic: str
    mode: str
    """major, minor or dissonant."""
    register: str
    """Of the melody: low, middle or high."""
    contour: str
    """Of the melody: rising, falling or level."""
    brightness: str
    """dark, neutral or bright: how the master is tilted and which voices play."""
    dynamics: str
    """soft, medium or loud: how hard is played, and the level of the master."""
    mood: str
    chords: str
    motifs: dict[str, str] = field(hash=False)
    line: str
    parts: tuple[Part, ...]
    scale: str = ""
    """A name of `SCALES`; the mode where empty."""
    beats: int = 4
    """Beats in a bar."""
    swell_db: float = 0.0
    """How much louder the end is than the beginning."""

    @property
    def bars(self) -> int:
        return len(self.chords.split())

    @property
    def steps(self) -> tuple[int, ...]:
        return SCALES[self.scale or self.mode]

    @property
    def tonic_class(self) -> int:
        return NAMES.index(self.tonic)


def notes(piece: Piece, part: Part) -> list[Note]:
    """The notes of one part, in order of their start. Drums have pitch 0."""
    found = list(_LINES[part.kind](piece, part))
    lowest, highest = part.bars[0] * piece.beats, part.bars[1] * piece.beats
    return [n for n in found if lowest <= n.start < highest]


def melody(piece: Piece) -> list[Note]:
    """The piece's tune, in its register."""
    return list(_melody(piece, Part("melody", "")))


# ------------------------------------------------------------------------------ harmony


def chord_classes(piece: Piece, word: str) -> tuple[int, ...]:
    """Pitch classes of a chord, root first."""
    if "+" in word:
        return tuple((piece.tonic_class + int(s)) % 12 for s in word.split("+"))
    lowered, word = word.startswith("b"), word.removeprefix("b")
    degree, marks = int(word[0]) - 1, word[1:]
    scale = piece.steps
    semitones = [scale[(degree + i) % 7] + 12 * ((degree + i) // 7) for i in (0, 2, 4, 6, 8)]
    root = semitones[0] - lowered
    third = root + 4 if "M" in marks or lowered else semitones[1]
    tones = [
        root,
        root + 5 if "s" in marks else third,
        root + 7 if "M" in marks or lowered else semitones[2],
    ]
    tones += [semitones[3]] * ("7" in marks) + [semitones[4]] * ("9" in marks)
    return tuple((piece.tonic_class + t) % 12 for t in tones)


def voicings(piece: Piece, centre: int) -> list[tuple[int, ...]]:
    """Each bar's chord as pitches near `centre`; each voice moves as little as it can from bar to
    bar.
    """
    found: list[tuple[int, ...]] = []
    for word in piece.chords.split():
        choices = [
            [p for p in range(centre - 9, centre + 10) if p % 12 == c]
            for c in chord_classes(piece, word)
        ]
        voiced = {tuple(sorted(v)) for v in itertools.product(*choices)}
        found.append(
            min(sorted(voiced), key=lambda v: _effort(v, found[-1] if found else None, centre))
        )
    return found


def _effort(voicing: tuple[int, ...], previous: tuple[int, ...] | None, centre: int) -> float:
    away = abs(sum(voicing) / len(voicing) - centre)
    muddy = 4 * sum(b - a < 3 for a, b in itertools.pairwise(voicing))
    if previous is None:
        return away + muddy
    return 0.4 * away + muddy + sum(min(abs(p - q) for q in previous) for p in voicing)


# ------------------------------------------------------------------------------ lines


def _melody(piece: Piece, part: Part, lower: int = 0) -> Iterator[Note]:
    """Motifs moved along the scale; notes on strong beats bend to the bar's chord."""
    lowest = LOWEST_TONIC[piece.register]
    tonic = lowest + (piece.tonic_class - lowest) % 12 + 12 * part.octave
    for bar, (word, chord) in enumerate(zip(piece.line.split(), piece.chords.split(), strict=True)):
        at = bar * piece.beats
        classes = chord_classes(piece, chord)
        for event in piece.motifs[word[0]].split() if word != "-" else ():
            degree, beats = event.split(":")
            if degree != "r":
                octave, step = divmod(int(degree) + int(word[1:]) - lower, len(piece.steps))
                strong = at % 2 == (bar * piece.beats) % 2 and float(beats) >= 1
                pitch = _fit(
                    tonic + 12 * octave + piece.steps[step],
                    classes,
                    strong and piece.mode != "dissonant",
                )
                yield Note(at, float(beats), pitch, _velocity(piece, at, 0.1))
            at += float(beats)


def _third(piece: Piece, part: Part) -> Iterator[Note]:
    yield from _melody(piece, part, lower=2)


def _fit(pitch: int, classes: tuple[int, ...], strong: bool) -> int:
    """The chord tone nearest to a strong note; a weak note keeps its pitch unless it rubs under a
    raised third.
    """
    if strong:
        return next(
            (p for p in (pitch, pitch - 1, pitch + 1, pitch - 2, pitch + 2) if p % 12 in classes),
            pitch,
        )
    return (
        pitch + 1
        if len(classes) == 3 and (pitch + 1) % 12 == classes[1] and pitch % 12 not in classes
        else pitch
    )


def _pad(piece: Piece, part: Part) -> Iterator[Note]:
    for bar, voicing in enumerate(voicings(piece, 60 + 12 * part.octave)):
        for pitch in voicing:
            yield Note(
                bar * piece.beats, piece.beats, pitch, _velocity(piece, bar * piece.beats, 0)
            )


def _comp(piece: Piece, part: Part) -> Iterator[Note]:
    chords = voicings(piece, 60 + 12 * part.octave)
    for bar, start, beats, symbol in _steps(piece, part.pattern):
        for pitch in chords[bar]:
            yield Note(start, beats, pitch, _velocity(piece, start, 0.14 * (symbol == "X")))


def _arp(piece: Piece, part: Part) -> Iterator[Note]:
    chords = voicings(piece, 60 + 12 * part.octave)
    for bar, start, beats, symbol in _steps(piece, part.pattern):
        octave, index = divmod(int(symbol), len(chords[bar]))
        yield Note(start, beats, chords[bar][index] + 12 * octave, _velocity(piece, start, 0.0))


def _bass(piece: Piece, part: Part) -> Iterator[Note]:
    chords = [chord_classes(piece, word) for word in piece.chords.split()]
    for bar, start, beats, symbol in _steps(piece, part.pattern):
        index = {"R": 0, "8": 0, "3": 1, "5": 2}[symbol]
        pitch = 28 + (chords[bar][index] - 28) % 12 + 12 * (symbol == "8") + 12 * part.octave
        yield Note(start, beats, pitch, _velocity(piece, start, 0.05))


def _drum(piece: Piece, part: Part) -> Iterator[Note]:
    for _, start, beats, symbol in _steps(piece, part.pattern):
        yield Note(
            start,
            beats,
            0,
            _velocity(piece, start, 0.14 if symbol == "X" else 0.0 if symbol == "x" else -0.3),
        )


_LINES = {
    "melody": _melody,
    "third": _third,
    "pad": _pad,
    "comp": _comp,
    "arp": _arp,
    "bass": _bass,
    "drum": _drum,
}


def _steps(piece: Piece, pattern: str) -> Iterator[tuple[int, float, float, str]]:
    """(bar, start, beats, symbol) of each stroke; the last bar is one stroke that rings out."""
    patterns = pattern.split("|")
    for bar in range(piece.bars):
        cells = patterns[bar % len(patterns)]
        step = piece.beats / len(cells)
        for i, symbol in enumerate(cells):
            if symbol in ".-" or (bar == piece.bars - 1 and i > 0):
                continue
            held = (
                len(cells[i + 1 :]) - len(cells[i + 1 :].lstrip("-"))
                if bar < piece.bars - 1
                else len(cells) - 1
            )
            yield bar, bar * piece.beats + i * step, step * (1 + held), symbol


def _velocity(piece: Piece, beat: float, accent: float) -> float:
    grown = beat / (piece.bars * piece.beats) - (0 if piece.swell_db < 0 else 1)
    on_the_bar = 0.05 * (beat % piece.beats == 0)
    return min(
        max(VELOCITY[piece.dynamics] + accent + on_the_bar + piece.swell_db * grown / 45, 0.12), 1.0
    )
