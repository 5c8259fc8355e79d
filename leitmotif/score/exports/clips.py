"""A score as the clips of a timeline: what every export of an editor's program starts from.

Programs cut on frames, so a join lies on the frame nearest to its beat and pieces follow each other
without gap or overlap; clips of one cue lie alternately on two tracks, so that a person can draw
the cross-fade. Frames of the film from 0, ends exclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from leitmotif.score.model import Cue, Score, Track


@dataclass(frozen=True)
class Clip:
    """A stretch of a track on the timeline.

    start, end : frames of the film. source : frame of the track, at the film's rate, from 0.
    lane : 0 or 1. fade_in, fade_out : frames. cue : what it belongs to.
    """

    cue: Cue
    track: Track
    start: int
    end: int
    source: int
    lane: int
    fade_in: int
    fade_out: int

    @property
    def frames(self) -> int:
        return self.end - self.start

    @property
    def name(self) -> str:
        return f"{self.cue.number} {self.cue.title}"


def clips(score: Score) -> list[Clip]:
    """Every clip of the score in order."""
    return [clip for cue in score.sounding() for clip in _of_cue(score, cue)]


def _of_cue(score: Score, cue: Cue) -> Iterator[Clip]:
    rate = score.film.rate
    # a join is where the next piece's cross-fade ends: on its beat
    starts = [
        cue.start if k == 0 else rate.frame_at(piece.film_in + piece.fade_in)
        for k, piece in enumerate(cue.pieces)
    ]
    ends = [*starts[1:], cue.end]
    assert cue.track
    last = len(cue.pieces) - 1
    for k, piece in enumerate(cue.pieces):
        lead = piece.fade_in if k else 0
        yield Clip(
            cue,
            cue.track,
            starts[k],
            ends[k],
            rate.frame_at(piece.track_in + lead),
            k % 2,
            rate.frame_at(piece.fade_in) if k == 0 else 0,
            rate.frame_at(piece.fade_out) if k == last else 0,
        )


def levels(clip: Clip) -> list[tuple[int, float]]:
    """(frame from the clip's start, dB) of the cue's gain within a clip; empty where it is 0."""
    if not clip.cue.gain:
        return []
    inner = [(f - clip.start, db) for f, db in clip.cue.gain if clip.start < f < clip.end - 1]
    edges = [(f - clip.start, float(clip.cue.gains(f))) for f in (clip.start, clip.end - 1)]
    return [edges[0], *inner, edges[1]]


def url(path: str) -> str:
    """A file's address, percent-encoded, absolute."""
    resolved = Path(path).resolve().as_posix()
    return "file://" + quote(resolved if resolved.startswith("/") else f"/{resolved}")
