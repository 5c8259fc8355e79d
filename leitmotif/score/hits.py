"""Edits in which accents fall on hit points.

The cue is cut at its hit points; at each of them a bar begins that starts sharply, with a rise of
level, or with a section. Before the first one the in-point is free; between two of them whole bars
are played and the last one is cut short where the next accent has to come, which costs the less the
nearer the cut lies to a beat. The cheapest choice of accents is found by dynamic programming, so
every hit point is met to the sample wherever the track has bars at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from features.audio.bars import Bars
from leitmotif.score.joins import JUMP_PRICE, Walks, runs

MOST_MARKS = 32
"""Bars that are tried at a hit point, the strongest (heuristic)."""
WEAK_PRICE = 1.5
"""What a bar costs at a hit point that begins with no attack, rise or section (heuristic)."""
BREAK_PRICE = 1.0
"""What a cut half a beat off costs (heuristic)."""
RISE_DB = 6.0
"""A rise of level that counts whole (heuristic)."""
_PLACE_S = 4.0
"""An in-point this far from the one wanted costs half a jump (heuristic)."""
_LEAST_S = 0.1
"""A bar that is jumped into plays at least so long, for its fades."""
_SAME_S = 0.001
"""A jump over less is none."""
_SECTION_S = 0.3
"""A bar line this near to where a section begins is its beginning."""


class Edit(NamedTuple):
    """spans : (from, to) seconds of the track, one after another. ends : on its own ending."""

    cost: float
    spans: tuple[tuple[float, float], ...]
    ends: bool


class _Leg(NamedTuple):
    """A way from one mark to the next hit point (or the end): stretches, and what is cut off."""

    cost: float
    path: list[int]
    cut: float


def edit_to_hits(
    bars: Bars,
    join: np.ndarray,
    length: float,
    hits: Sequence[float],
    in_point: float | None,
    ring_share: float,
) -> Edit | None:
    """The cheapest edit of `length` seconds with a bar's start at every hit; None where none fits.

    hits : seconds from the cue's start, rising, inside it. in_point : where in the track to begin,
    if that matters. ring_share : how much of the ending's ring may be faded away.
    """
    marks = _marks(bars)
    if not marks:
        return None
    weak = {m: WEAK_PRICE * (1 - s) for m, s in marks.items()}
    gaps = [b - a for a, b in pairwise(hits)]
    rest = length - hits[-1]
    walks = {m: Walks(bars, join, m, max([*gaps, rest])) for m in marks}
    states: dict[int, tuple[float, list[_Leg]]] = {}
    for m in marks:
        lead = _lead_in(bars, join, m, hits[0], in_point)
        if lead is not None:
            states[m] = (lead.cost + weak[m], [lead])
    for gap in gaps:
        states = _next_hit(bars, join, walks, states, weak, gap)
    best: tuple[float, list[_Leg], bool] | None = None
    for m, (cost, legs) in states.items():
        for leg, ends in _last_legs(bars, walks[m], rest, ring_share):
            if best is None or cost + leg.cost < best[0]:
                best = (cost + leg.cost, [*legs, leg], ends)
    return None if best is None else Edit(best[0], _spans(bars, best[1]), best[2])


def _marks(bars: Bars) -> dict[int, float]:
    """Stretches that can begin at a hit point, with how strongly they begin, 0–1."""
    n = len(bars)
    if n < 2:
        return {}
    rise = np.clip((bars.level_in[1:] - bars.level_out[:-1]) / RISE_DB, 0, 1)
    starts = bars.lines[1:-1]
    apart = np.abs(starts[:, None] - np.append(bars.sections, np.inf)[None, :]).min(axis=1)
    strength = (rise + bars.attack[1:] + (apart < _SECTION_S)) / 3
    order = np.argsort(-strength, kind="stable")[:MOST_MARKS]
    return {int(k) + 1: float(strength[k]) for k in order}


def _lead_in(
    bars: Bars, join: np.ndarray, mark: int, gap: float, in_point: float | None
) -> _Leg | None:
    """What plays from the cue's start to its first hit point; `cut` comes off its head."""
    if gap <= 0:
        return _Leg(0.0, [], 0.0)
    lengths = np.diff(bars.lines)
    back = Walks(bars, join.T, mark, gap + lengths[mark])
    best: _Leg | None = None
    for k, first in np.argwhere(np.isfinite(back.cost)):
        surplus = float(back.seconds[k, first] - lengths[mark]) - gap
        if k == 0 or not -1e-9 <= surplus < lengths[first] - 1e-9:
            continue
        start = float(bars.lines[first]) + max(surplus, 0.0)
        cost = float(back.cost[k, first]) + BREAK_PRICE / 4 * _off_beat(bars, surplus)
        if in_point is not None:
            cost += JUMP_PRICE / 2 * min(abs(start - in_point) / _PLACE_S, 2.0)
        if best is None or cost < best.cost:
            best = _Leg(cost, back.path(int(k), int(first))[:0:-1], max(surplus, 0.0))
    return best


def _next_hit(
    bars: Bars,
    join: np.ndarray,
    walks: dict[int, Walks],
    states: dict[int, tuple[float, list[_Leg]]],
    weak: dict[int, float],
    gap: float,
) -> dict[int, tuple[float, list[_Leg]]]:
    """The cheapest way to every mark at the next hit point."""
    found: dict[int, tuple[float, list[_Leg]]] = {}
    ways = [
        (cost, legs, walks[m], *end)
        for m, (cost, legs) in states.items()
        for end in _ends(bars, walks[m], gap)
    ]
    if not ways:
        return found
    so_far = np.array([way[0] + way[2].cost[way[3], way[4]] for way in ways])
    breaks = np.array([_break(bars, way[5]) for way in ways])
    last = np.array([way[4] for way in ways])
    for m in walks:
        jump = join[last, m].copy()
        jump[(breaks > 0) & (jump == 0)] = JUMP_PRICE  # it is no longer what comes next
        jump[~np.isfinite(jump)] = 3 * JUMP_PRICE  # out of the ending's ring
        total = so_far + breaks + jump
        k = int(np.argmin(total))
        _, legs, walk, step, end, cut = ways[k]
        leg = _Leg(float(total[k]), walk.path(step, end), cut)
        found[m] = (float(total[k]) + weak[m], [*legs, leg])
    return found


def _ends(bars: Bars, walk: Walks, gap: float) -> list[tuple[int, int, float]]:
    """(step, last stretch, seconds cut off it) of walks that fill a gap."""
    surplus = walk.seconds - gap
    least = np.where(walk.flows, 0.0, _LEAST_S)
    fits = np.isfinite(walk.cost) & (surplus > -1e-9) & (surplus < np.diff(bars.lines) - least)
    return [(int(k), int(j), max(float(surplus[k, j]), 0.0)) for k, j in np.argwhere(fits)]


def _last_legs(bars: Bars, walk: Walks, rest: float, ring_share: float) -> list[tuple[_Leg, bool]]:
    """From the last hit point to the cue's end: on the track's own ending, or faded away."""
    n = len(bars)
    legs = []
    for step, last, cut in _ends(bars, walk, rest):
        own = last == n - 1 and cut <= ring_share * float(bars.lines[-1] - bars.lines[-2])
        price = 0.0 if own else 2 * JUMP_PRICE
        cost = float(walk.cost[step, last]) + price
        legs.append((_Leg(cost, walk.path(step, last), cut), own))
    return legs


def _break(bars: Bars, cut: float) -> float:
    """What it costs to cut a bar short by so much."""
    return 0.0 if cut < 0.01 else JUMP_PRICE / 2 + BREAK_PRICE * _off_beat(bars, cut)


def _off_beat(bars: Bars, seconds: float) -> float:
    """How far from a whole number of beats, 0–1; 0 where there is no beat."""
    if not np.isfinite(bars.beat):
        return 0.0
    off = seconds / bars.beat
    return 2 * abs(off - round(off))


def _spans(bars: Bars, legs: Sequence[_Leg]) -> tuple[tuple[float, float], ...]:
    """Legs as stretches of seconds; the first is cut at its head, the others at their tails."""
    spans: list[list[float]] = []
    for k, leg in enumerate(legs):
        if not leg.path:
            continue
        own = [[float(bars.lines[a]), float(bars.lines[b + 1])] for a, b in runs(leg.path)]
        if k == 0:
            own[0][0] += leg.cut
        else:
            own[-1][1] -= leg.cut
        if spans and abs(spans[-1][1] - own[0][0]) < _SAME_S:
            spans[-1][1] = own.pop(0)[1]
        spans += own
    return tuple((a, b) for a, b in spans)
