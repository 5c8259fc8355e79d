"""A score as the clips of a timeline: what every export of an editor's program starts from.

Programs cut on frames, so a join lies on the frame nearest to its beat and pieces follow each other
without gap or overlap; clips of one cue lie alternately on two tracks, so that a person can draw
the cross-fade. Frames of the film from 0, ends exclusive.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

from leitmotif.score.model import Cue, Score, Track

SILENT_DB = -60.0
"""What a fade begins or ends with in programs that want a number."""
_FADE_STEPS = 4
"""Straight lines that a fade's curve is drawn with."""


@dataclass(frozen=True)
class Clip:
    """A stretch of a track on the timeline.

    start, end : frames of the film. source : frame of the track, at the film's rate, from 0.
    lane : 0 or 1. fade_in, fade_out : frames. cue : what it belongs to. speed : frames of the track
    in a frame of the film.
    """

    cue: Cue
    track: Track
    start: int
    end: int
    source: int
    lane: int
    fade_in: int
    fade_out: int
    speed: Fraction = Fraction(1)

    @property
    def frames(self) -> int:
        return self.end - self.start

    @property
    def source_out(self) -> int:
        """Frame of the track at which it ends, exclusive."""
        return self.source + round(self.frames * self.speed)

    @property
    def place(self) -> int:
        """`source`, counted as the track plays at its speed."""
        return round(self.source / self.speed)

    @property
    def name(self) -> str:
        return f"{self.cue.number} {self.cue.title}"


def clips(score: Score) -> list[Clip]:
    """Every clip of the score in order."""
    return [clip for cue in score.sounding() for clip in _of_cue(score, cue)]


def _of_cue(score: Score, cue: Cue) -> Iterator[Clip]:
    rate = score.film.rate
    starts = [
        cue.start if k == 0 else rate.frame_at(piece.begins) for k, piece in enumerate(cue.pieces)
    ]
    ends = [*starts[1:], cue.end]
    assert cue.track
    last = len(cue.pieces) - 1
    for k, piece in enumerate(cue.pieces):
        lead = piece.fade_in / 2 if k else 0
        yield Clip(
            cue,
            cue.track,
            starts[k],
            ends[k],
            rate.frame_at(piece.track_in + lead * piece.speed),
            k % 2,
            rate.frame_at(piece.fade_in) if k == 0 else 0,
            rate.frame_at(piece.fade_out) if k == last else 0,
            piece.speed,
        )


def levels(clip: Clip) -> list[tuple[int, float]]:
    """(frame from the clip's start, dB) of the cue's gain within a clip; empty where it is 0."""
    if not clip.cue.gain:
        return []
    inner = [(f - clip.start, db) for f, db in clip.cue.gain if clip.start < f < clip.end - 1]
    edges = [(f - clip.start, float(clip.cue.gains(f))) for f in (clip.start, clip.end - 1)]
    return [edges[0], *inner, edges[1]]


def faded_levels(clip: Clip) -> list[tuple[int, float]]:
    """(frame from the clip's start, dB) of gain and fades together, `SILENT_DB` at their far ends;
    empty where there is neither.
    """
    last = clip.frames - 1
    rise = {round(k * clip.fade_in / _FADE_STEPS) for k in range(_FADE_STEPS + 1)}
    fall = {last - round(k * clip.fade_out / _FADE_STEPS) for k in range(_FADE_STEPS + 1)}
    marks = {frame for frame, _ in levels(clip)}
    marks |= rise if clip.fade_in else set()
    marks |= fall if clip.fade_out else set()
    if marks:
        marks |= {0, last}
    return [(frame, _level(clip, frame)) for frame in sorted(marks) if 0 <= frame <= last]


def _level(clip: Clip, frame: int) -> float:
    """Gain and fades of a clip at one of its frames, in dB."""
    factor = 1.0
    if clip.fade_in:
        factor *= min(frame / clip.fade_in, 1.0)
    if clip.fade_out:
        factor *= math.sin(math.pi / 2 * min((clip.frames - 1 - frame) / clip.fade_out, 1.0))
    faded = 20 * math.log10(factor) if factor > 10 ** (SILENT_DB / 20) else SILENT_DB
    return max(float(clip.cue.gains(clip.start + frame)) + faded, SILENT_DB)


def relative_url(path: str, folder: str) -> str:
    """A file's address as seen from a folder, percent-encoded; absolute from another drive, or
    where nobody knows the folder."""
    if not Path(folder).is_absolute():
        return url(path)
    try:
        return quote(Path(os.path.relpath(Path(path).resolve(), Path(folder).resolve())).as_posix())
    except ValueError:
        return url(path)


def url(path: str) -> str:
    """A file's address, percent-encoded: absolute, but a bare name stays one, beside the export."""
    if Path(path).name == path:
        return quote(path)
    resolved = Path(path).resolve().as_posix()
    return "file://" + quote(resolved if resolved.startswith("/") else f"/{resolved}")
