"""A track brought to an exact length by cutting and repeating whole bars.

A path over the track's bars starts at the in-point, jumps where one bar line sounds like another,
and ends on the track's own ending. Every jump costs what it changes in chords, timbre and level, so
the shortest path (Bellman, over position and number of bars played) is the least noticeable edit of
about the length asked for. What is then too long is taken from the in-point in whole beats and from
the ring of the last note, so that the result is exact. Nothing is stretched unless that is asked
for; then the whole cue plays a little slower or faster where that leaves less to cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from features.audio.bars import Bars
from leitmotif.score.hits import Edit, edit_to_hits
from leitmotif.score.joins import JUMP_PRICE, Walks, join_costs, runs
from leitmotif.score.model import Piece

CROSSFADE_S = 0.04
"""Over a join, half of it before the line. Attacks come some 5 to 25 ms after their lines: a fade
that ended on the line left a hole before them (measured: 71 % of joins no more than 1.5 dB deeper
within 300 ms than the track is at its own lines, against 91 % now)."""
TRIM_PRICE = 0.25
"""Cost of a second taken from the in-point or the ending (heuristic)."""
FADE_S = 0.01
"""At a hard start, against clicks."""
RING_SHARE = 0.75
"""How much of the last stretch, the ring of the ending, can be faded away."""
MOST_STRETCH = Fraction(3, 200)
"""Farthest that a speed may lie from 1, where stretching is asked for (heuristic: a quarter of what
listeners tell apart in tempo, about 6 %)."""
STRETCH_PRICE = 20.0
"""What it costs to play at another speed, for a whole: 1.5 % weighs as half a jump (heuristic)."""
_SPEEDS = 6
"""Speeds that are tried on either side of 1."""
RESOLUTION = 48_000
"""Times are whole samples at this rate."""


@dataclass(frozen=True)
class Fit:
    """pieces : in the film's time, from `film_in`. jumps : (from, to) seconds in the track.

    ends : whether the last note is the track's own ending. cost : of the path, lower is smoother.
    """

    pieces: tuple[Piece, ...]
    jumps: tuple[tuple[float, float], ...]
    ends: bool
    cost: float


def fit(
    bars: Bars,
    length: Fraction,
    *,
    film_in: Fraction = Fraction(0),
    in_point: float | None = None,
    hits: Sequence[float] = (),
    stretch: bool = False,
) -> Fit:
    """A track fitted to `length` seconds, exactly.

    in_point : seconds in the track to begin at (the nearest line is taken); None leaves it open.
    hits : seconds from the start at which accents should fall (`leitmotif.score.hits`). stretch :
    whether the speed may differ from 1, by `MOST_STRETCH`.
    Raises `InputError` for a length or a track of nothing.
    """
    if length <= 0 or bars.lines[-1] <= 0:
        raise InputError("score.nothing_to_fit", length=f"{float(length):.2f}")
    join = join_costs(bars)
    inside = sorted({hit for hit in hits if 0 <= hit < length})
    steps = range(-_SPEEDS, _SPEEDS + 1) if stretch else (0,)
    found = []
    for speed in (1 + step * MOST_STRETCH / _SPEEDS for step in steps):
        heard = [float(hit * speed) for hit in inside]
        edit = _cheapest(bars, join, float(length * speed), heard, in_point)
        found.append((edit.cost + STRETCH_PRICE * abs(float(speed) - 1), edit, speed))
    _, edit, speed = min(found, key=lambda one: one[0])
    return _build(edit, length, film_in, speed)


def _cheapest(
    bars: Bars, join: np.ndarray, length: float, hits: Sequence[float], in_point: float | None
) -> Edit:
    """The cheapest edit to a length and to hit points, both in the track's own time."""
    edit = edit_to_hits(bars, join, length, hits, in_point, RING_SHARE) if hits else None
    if edit is None:
        starts = [_nearest_bar(bars, in_point)] if in_point is not None else _openings(bars)
        found = [plan for start in starts for plan in _plans(bars, join, start, length)]
        edit = _edit(bars, min(found, key=lambda plan: plan.cost))
    return edit


class _Plan(NamedTuple):
    """path : stretches as they play. head : seconds cut off before the in-point."""

    cost: float
    path: list[int]
    head: float


def _nearest_bar(bars: Bars, seconds: float) -> int:
    return int(np.argmin(np.abs(bars.lines[:-1] - seconds)))


def _openings(bars: Bars) -> list[int]:
    """Where a cue can begin by itself: the track's start, and its sections after the first."""
    return sorted({0, *(_nearest_bar(bars, s) for s in bars.sections[1:4])})


def _plans(bars: Bars, cost: np.ndarray, start: int, length: float) -> list[_Plan]:
    """Several edits from one opening, each long enough and none too long to be cut to length."""
    lengths = np.diff(bars.lines)
    n, walks = len(bars), Walks(bars, cost, start, length)
    plans = []
    for k in range(len(walks.cost)):
        for last in _endings(walks.cost[k], n):
            path = walks.path(k, last)
            surplus = float(lengths[path].sum()) - length
            head = _head(bars, path, surplus)
            if surplus >= -1e-9 and head is not None:
                ending = 0.0 if last == n - 1 else 2 * JUMP_PRICE
                price = float(walks.cost[k, last]) + ending + TRIM_PRICE * surplus
                plans.append(_Plan(price, path, head))
    return plans or [_whole(bars, start, length)]


def _endings(best: np.ndarray, n: int) -> list[int]:
    """The track's own ending, and the cheapest stretch to fade out in."""
    inner = int(np.argmin(best[: n - 1])) if n > 1 else 0
    return [k for k in dict.fromkeys((n - 1, inner)) if np.isfinite(best[k])]


def _whole(bars: Bars, start: int, length: float) -> _Plan:
    """A track of a stretch or two, over and over; what is too long is faded away at the end."""
    lap = list(range(start, len(bars)))
    lengths = np.diff(bars.lines)
    path: list[int] = []
    while float(lengths[path].sum()) < length:
        path += lap
        lap = list(range(len(bars)))
    return _Plan(JUMP_PRICE * len(path), path, 0.0)


def _head(bars: Bars, path: list[int], surplus: float) -> float | None:
    """Seconds to cut off before the in-point: whole beats of its first bar, if any at all.

    The ring of the ending takes the rest. None where the two have not so much to give.
    """
    lengths = np.diff(bars.lines)
    ring = RING_SHARE * float(lengths[path[-1]])
    if surplus <= ring:
        return 0.0
    beat = bars.beat if np.isfinite(bars.beat) else 0.5
    head = min(float(np.ceil((surplus - ring) / beat) * beat), surplus)
    return head if len(path) > 1 and head < lengths[path[0]] - beat / 2 else None


def _edit(bars: Bars, plan: _Plan) -> Edit:
    """A plan as stretches of seconds."""
    spans = [[float(bars.lines[a]), float(bars.lines[b + 1])] for a, b in runs(plan.path)]
    spans[0][0] += plan.head
    whole = tuple((a, b) for a, b in spans)
    return Edit(plan.cost, whole, plan.path[-1] == len(bars) - 1)


def _build(edit: Edit, length: Fraction, film_in: Fraction, speed: Fraction) -> Fit:
    """Stretches one after another, the last one cut so that the whole is exact."""
    played = length * speed  # of the track, as `at` and `lead` are
    spans = [(_exact(a), _exact(b)) for a, b in edit.spans]
    pieces: list[Piece] = []
    at, fade = Fraction(0), _exact(CROSSFADE_S)
    for k, (track_in, track_out) in enumerate(spans):
        own = (played - at if k == len(spans) - 1 else track_out - track_in) / 4
        before = (spans[k - 1][1] - spans[k - 1][0]) / 4 if k else Fraction(0)
        half = min(fade / 2, track_in, own, before)
        if k:
            pieces[-1] = replace(pieces[-1], track_out=pieces[-1].track_out + half)
        begin = film_in + (at - half) / speed
        end = track_in + 4 * own
        pieces.append(Piece(track_in - half, end, begin, 2 * half / speed, speed=speed))
        at += 4 * own
    jumps = tuple((a[1], b[0]) for a, b in pairwise(edit.spans))
    return Fit(_faded(pieces, spans[-1][1]), jumps, edit.ends, float(edit.cost))


def _faded(pieces: list[Piece], full: Fraction) -> tuple[Piece, ...]:
    """Pieces with their fades: crossed at joins, short at a hard start, long in the ring."""
    done = []
    for k, piece in enumerate(pieces):
        lead = piece.fade_in or (_exact(FADE_S) if piece.track_in else Fraction(0))
        if k + 1 < len(pieces):
            tail = pieces[k + 1].fade_in
        else:
            cut = full - piece.track_out
            tail = min(_exact(1.0 if cut > 0 else FADE_S), (piece.film_out - piece.film_in) / 2)
        done.append(replace(piece, fade_in=Fraction(lead), fade_out=Fraction(tail)))
    return tuple(done)


def _exact(seconds: float) -> Fraction:
    """Seconds as whole samples."""
    return Fraction(round(seconds * RESOLUTION), RESOLUTION)
