"""Music that gives way to speech: gain keyframes for cues, and what became of them.

A passage is speech with its pauses that are too short for the music to come back in. Within one the
gain is constant, so that the music keeps its own dynamics; the ramps lie outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from data.words import Sentence
from features.audio.soundtrack import Soundtrack
from leitmotif.score.model import Cue, Ducking, Score, Stretch
from leitmotif.score.timecode import FrameRate

HOLD_S = 0.1
"""Music stays down this long before and after speech (heuristic: breaths and last consonants)."""
DEEPEST_DB = -40.0
"""No gain is lower: music that far down is not heard under speech (heuristic)."""
TOLERANCE_LU = 1.0
"""A passage whose difference is less than asked by more than this misses its target."""


@dataclass(frozen=True)
class Passage:
    """Speech over one cue, and how far the music lies under it. Frames of the film.

    difference : LU from the music up to the film's own sound, infinite where the music rests.
    asked : LU that were asked for, None for a fixed dip. gain : dB that the music was lowered by.
    """

    cue: str
    start: int
    end: int
    difference: float
    asked: float | None
    gain: float

    @property
    def missed(self) -> bool:
        return self.asked is not None and self.difference < self.asked - TOLERANCE_LU


def frames_of(
    seconds: Sequence[tuple[float, float]], rate: FrameRate, frames: int
) -> tuple[Stretch, ...]:
    """Stretches in seconds as whole frames that cover them, within the film."""
    spans = ((floor(Fraction(a) * rate.fps), ceil(Fraction(b) * rate.fps)) for a, b in seconds)
    return tuple((max(a, 0), min(b, frames)) for a, b in spans if a < frames)


def passages(speech: Sequence[Stretch], rate: FrameRate, ducking: Ducking) -> list[Stretch]:
    """Speech joined over pauses in which both ramps would have no room."""
    room = rate.frame_at(ducking.attack_s + ducking.release_s + 2 * HOLD_S)
    joined: list[Stretch] = []
    for start, end in speech:
        if joined and start - joined[-1][1] <= room:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def duck(
    score: Score,
    own: Soundtrack,
    powers_of: Callable[[Cue], np.ndarray],
    numbers: Sequence[str] | None = None,
) -> Score:
    """The score with gains that bring its music under speech as `score.ducking` asks.

    own : the film's sound. powers_of : a cue's K-weighted powers without gains, per 0.1 s.
    numbers : cues to do; None is all of them.
    """
    found = passages(score.speech, score.film.rate, score.ducking)
    sounding = {cue.number for cue in score.sounding()}
    chosen = sounding if numbers is None else sounding & set(numbers)
    cues = (
        _ducked(cue, score, found, own, powers_of) if cue.number in chosen else cue
        for cue in score.cues
    )
    return replace(score, cues=tuple(cues))


def _ducked(
    cue: Cue,
    score: Score,
    found: Sequence[Stretch],
    own: Soundtrack,
    powers_of: Callable[[Cue], np.ndarray],
) -> Cue:
    inside = _inside(cue, found)
    if not inside or score.ducking.mode == "off":
        return replace(cue, gain=())
    rate = score.film.rate
    plain = replace(cue, gain=())
    powers = powers_of(plain) if score.ducking.mode == "below" else np.zeros(0)
    steps = [(start, end, _gain(plain, start, end, score, own, powers)) for start, end in inside]
    return replace(cue, gain=tuple(_keyframes(plain, steps, rate, score.ducking)))


def _inside(cue: Cue, found: Sequence[Stretch]) -> list[Stretch]:
    parts = ((max(a, cue.start), min(b, cue.end)) for a, b in found)
    return [(a, b) for a, b in parts if a < b]


def _gain(
    cue: Cue, start: int, end: int, score: Score, own: Soundtrack, powers: np.ndarray
) -> float:
    """Decibels, 0 or less."""
    ducking = score.ducking
    if ducking.mode == "dip":
        return -ducking.amount
    difference = _difference(cue, start, end, score.film.rate, own, powers)
    if not np.isfinite(difference):
        return 0.0
    return float(np.clip(difference - ducking.amount, DEEPEST_DB, 0.0))


def _difference(
    cue: Cue, start: int, end: int, rate: FrameRate, own: Soundtrack, powers: np.ndarray
) -> float:
    """LU from a cue's music up to the film's sound between two frames."""
    a, b = (float(rate.seconds(frame)) for frame in (start, end))
    begin = float(rate.seconds(cue.start))
    return own.lufs(a, b) - Soundtrack(powers).lufs(a - begin, b - begin)


def _keyframes(
    cue: Cue, steps: Sequence[tuple[int, int, float]], rate: FrameRate, ducking: Ducking
) -> Iterator[tuple[int, float]]:
    """Ramps around each step; those at a cue's ends are cut off where they are."""
    hold, attack, release = (
        max(rate.frame_at(s), 1) for s in (HOLD_S, ducking.attack_s, ducking.release_s)
    )
    keys: list[tuple[int, float]] = []
    for start, end, gain in steps:
        low, high = start - hold, end + hold
        keys += [(low - attack, 0.0), (low, gain), (high, gain), (high + release, 0.0)]
    frames, levels = zip(*keys, strict=True)
    last = cue.end - 1
    yield cue.start, float(np.interp(cue.start, frames, levels))
    yield from ((frame, level) for frame, level in keys if cue.start < frame < last)
    if last > cue.start:
        yield last, float(np.interp(last, frames, levels))


def measure(score: Score, own: Soundtrack, bed: np.ndarray) -> list[Passage]:
    """How far the music lies under speech, passage by passage and cue by cue.

    bed : K-weighted powers of the rendered music from the film's start on, per 0.1 s.
    """
    ducking, rate = score.ducking, score.film.rate
    asked = ducking.amount if ducking.mode == "below" else None
    music = Soundtrack(bed)
    found = passages(score.speech, rate, ducking)
    measured = []
    for cue in score.sounding():
        for start, end in _inside(cue, found):
            a, b = (float(rate.seconds(frame)) for frame in (start, end))
            gain = float(cue.gains((start + end) / 2))
            difference = own.lufs(a, b) - music.lufs(a, b)
            if np.isfinite(own.lufs(a, b)):
                measured.append(Passage(cue.number, start, end, difference, asked, gain))
    return measured


def report(score: Score, measured: Sequence[Passage]) -> list[Sentence]:
    """A sentence for every passage that misses its target."""
    return [
        Sentence(
            "score.ducking_missed",
            cue=passage.cue,
            start=score.timecode(passage.start),
            end=score.timecode(passage.end),
            found=f"{passage.difference:.1f}",
            asked=f"{passage.asked:g}",
        )
        for passage in measured
        if passage.missed
    ]


def clashes(score: Score) -> list[Sentence]:
    """A sentence for every cue that plays while the film has music of its own."""
    said = []
    for cue in score.sounding():
        for start, end in _inside(cue, score.own_music):
            if float(score.film.rate.seconds(end - start)) >= _LEAST_CLASH_S:
                times = {"start": score.timecode(start), "end": score.timecode(end)}
                said.append(Sentence("score.two_songs", cue=cue.number, **times))
    return said


_LEAST_CLASH_S = 1.0
