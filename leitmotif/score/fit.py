"""A track brought to an exact length by cutting and repeating whole bars.

A path over the track's bars starts at the in-point, jumps where one bar line sounds like another,
and ends on the track's own ending. Every jump costs what it changes in chords, timbre and level, so
the shortest path (Bellman, over position and number of bars played) is the least noticeable edit of
about the length asked for. What is then too long is taken from the in-point in whole beats and from
the ring of the last note, so that the result is exact. Nothing is stretched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from data.errors import InputError
from features.audio.bars import Bars
from leitmotif.score.model import Piece

CROSSFADE_S = 0.04
"""Over a join, ending on the beat: the new bar's attack stays whole (heuristic)."""
JUMP_PRICE = 0.6
"""What a jump costs beside what it changes: about as much as a change of chord (heuristic)."""
LEVEL_DB = 6.0
"""A step of level that costs as much as a change of chord (heuristic)."""
TRIM_PRICE = 0.25
"""Cost of a second taken from the in-point or the ending (heuristic)."""
FADE_S = 0.01
"""At a hard start, against clicks."""
RING_SHARE = 0.75
"""How much of the last stretch, the ring of the ending, can be faded away."""
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
    hits: Sequence[tuple[float, float]] = (),
) -> Fit:
    """A track fitted to `length` seconds, exactly.

    in_point : seconds in the track to begin at (the nearest line is taken); None leaves it open.
    hits : (seconds from the start, tolerance) at which an accent or section should begin.
    Raises `InputError` for a length or a track of nothing.
    """
    if length <= 0 or bars.lines[-1] <= 0:
        raise InputError("score.nothing_to_fit", length=f"{float(length):.2f}")
    cost = join_costs(bars)
    starts = [_nearest_bar(bars, in_point)] if in_point is not None else _openings(bars)
    found = [plan for start in starts for plan in _plans(bars, cost, start, float(length))]
    best = min(found, key=lambda plan: plan.cost + _missed(bars, plan, hits))
    return _build(bars, best, length, film_in)


class _Plan(NamedTuple):
    """path : stretches as they play. head : seconds cut off before the in-point."""

    cost: float
    path: list[int]
    head: float


def join_costs(bars: Bars) -> np.ndarray:
    """(n, n): what it costs to play stretch j after stretch i; 0 where it comes next anyway."""
    n = len(bars)
    unlike = _unlike(bars)
    after = np.minimum(np.arange(n) + 1, n - 1)
    before = np.maximum(np.arange(n) - 1, 0)
    step = np.abs(bars.level_out[:, None] - bars.level_out[before][None, :]) / LEVEL_DB
    step += np.abs(bars.level_in[after][:, None] - bars.level_in[None, :]) / LEVEL_DB
    cost = JUMP_PRICE + (unlike[after] + unlike[:, before]) / 2 + step / 2
    cost[:, 0] = np.inf  # the pick-up belongs to the beginning alone
    cost[-1] = np.inf  # after the ending nothing comes
    cost[np.arange(n - 1), np.arange(1, n)] = 0.0
    return cost


def _unlike(bars: Bars) -> np.ndarray:
    """(n, n): difference of two stretches in chords (0–1) and timbre (about 0–1)."""
    chords = 1 - bars.chroma @ bars.chroma.T
    timbre = np.linalg.norm(bars.timbre[:, None] - bars.timbre[None], axis=2)
    return chords + timbre / np.sqrt(2 * bars.timbre.shape[1])


def _nearest_bar(bars: Bars, seconds: float) -> int:
    return int(np.argmin(np.abs(bars.lines[:-1] - seconds)))


def _openings(bars: Bars) -> list[int]:
    """Where a cue can begin by itself: the track's start, and its sections after the first."""
    return sorted({0, *(_nearest_bar(bars, s) for s in bars.sections[1:4])})


def _plans(bars: Bars, cost: np.ndarray, start: int, length: float) -> list[_Plan]:
    """Several edits from one opening, each long enough and none too long to be cut to length."""
    lengths = np.diff(bars.lines)
    typical = float(np.median(lengths))
    n, longest = len(bars), int(np.ceil(length / max(typical, 0.05))) + 4
    best = np.full((longest, n), np.inf)
    origin = np.zeros((longest, n), int)
    best[0, start] = 0.0
    plans = []
    for k in range(longest):
        if k:
            total = best[k - 1][:, None] + cost
            origin[k] = np.argmin(total, axis=0)
            best[k] = total[origin[k], np.arange(n)]
        for last in _endings(best[k], n):
            path = _path(origin, k, last)
            surplus = float(lengths[path].sum()) - length
            head = _head(bars, path, surplus)
            if surplus >= -1e-9 and head is not None:
                ending = 0.0 if last == n - 1 else 2 * JUMP_PRICE
                plans.append(_Plan(best[k, last] + ending + TRIM_PRICE * surplus, path, head))
    return plans or [_whole(bars, start, length)]


def _endings(best: np.ndarray, n: int) -> list[int]:
    """The track's own ending, and the cheapest stretch to fade out in."""
    inner = int(np.argmin(best[: n - 1])) if n > 1 else 0
    return [k for k in dict.fromkeys((n - 1, inner)) if np.isfinite(best[k])]


def _path(origin: np.ndarray, k: int, last: int) -> list[int]:
    path = [last]
    for step in range(k, 0, -1):
        path.append(int(origin[step, path[-1]]))
    return path[::-1]


def _whole(bars: Bars, start: int, length: float) -> _Plan:
    """A track of a stretch or two, over and over; what is too long is faded away at the end."""
    lap = list(range(start, len(bars)))
    lengths = np.diff(bars.lines)
    path: list[int] = []
    while float(lengths[path].sum()) < length:
        path += lap
        lap = list(range(len(bars)))
    return _Plan(JUMP_PRICE * len(path), path, 0.0)


def _missed(bars: Bars, plan: _Plan, hits: Sequence[tuple[float, float]]) -> float:
    """What missed hit points cost: each as much as a jump for every tolerance it is away."""
    if not hits:
        return 0.0
    lines = np.append(0.0, np.cumsum(np.diff(bars.lines)[plan.path])) - plan.head
    away = ((float(np.abs(lines - time).min()), tolerance) for time, tolerance in hits)
    return sum(JUMP_PRICE * min(distance / tolerance, 8) for distance, tolerance in away)


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


def _build(bars: Bars, plan: _Plan, length: Fraction, film_in: Fraction) -> Fit:
    cost, path, head = plan
    runs = _runs(path)
    stretches = [[float(bars.lines[a]), float(bars.lines[b + 1])] for a, b in runs]
    stretches[0][0] += head
    spans = [(_exact(a), _exact(b)) for a, b in stretches]
    pieces: list[Piece] = []
    at, fade = Fraction(0), _exact(CROSSFADE_S)
    for k, (track_in, track_out) in enumerate(spans):
        lead = min(fade, track_in, at) if k else Fraction(0)
        last = k == len(spans) - 1
        out = track_in + length - at if last else track_out
        pieces.append(Piece(track_in - lead, out, film_in + at - lead, lead, Fraction(0)))
        at += out - track_in
    return Fit(
        _faded(pieces, spans[-1][1]),
        tuple((a[1], b[0]) for a, b in pairwise(stretches)),
        path[-1] == len(bars) - 1,
        float(cost),
    )


def _runs(path: list[int]) -> list[tuple[int, int]]:
    """First and last stretch of everything that plays on without a jump."""
    runs = [[path[0], path[0]]]
    for stretch in path[1:]:
        if stretch == runs[-1][1] + 1:
            runs[-1][1] = stretch
        else:
            runs.append([stretch, stretch])
    return [(a, b) for a, b in runs]


def _faded(pieces: list[Piece], full: Fraction) -> tuple[Piece, ...]:
    """Pieces with their fades: crossed at joins, short at a hard start, long in the ring."""
    done = []
    for k, piece in enumerate(pieces):
        lead = piece.fade_in or (_exact(FADE_S) if piece.track_in else Fraction(0))
        if k + 1 < len(pieces):
            tail = pieces[k + 1].fade_in
        else:
            cut = full - piece.track_out
            tail = min(_exact(1.0 if cut > 0 else FADE_S), (piece.track_out - piece.track_in) / 2)
        done.append(
            Piece(piece.track_in, piece.track_out, piece.film_in, Fraction(lead), Fraction(tail))
        )
    return tuple(done)


def _exact(seconds: float) -> Fraction:
    """Seconds as whole samples."""
    return Fraction(round(seconds * RESOLUTION), RESOLUTION)
