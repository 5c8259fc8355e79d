"""A shot sought in a stretch of a film: how it lies in the picture, and on which line it runs.

every second frame or so of the stretch, small    placement, mirroring, rough lines
every frame near those lines, larger             the line to the frame, the placement exact
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from features.video.exact_line import ExactLine, Trace
from features.video.lying import ALIKE, MOVED, apart, others, placements, slid_hinted
from features.video.rough_line import RoughLine
from features.video.views import Ground, ShotViews

_PLACED = 0.8
"""Likeness from which on no placements but the most likely ones are tried. Heuristic."""
_NEAR_S = 1.0
"""Seconds beside a shot that help to tell its moment."""
_ALIKE_ALL = 0.95
"""Agreement of all frames from which on no placement is tried anew. Heuristic."""


def seek(
    grey: np.ndarray,
    times: np.ndarray,
    inside: slice,
    ground: Ground,
    hints: Sequence[tuple[float, float]] = (),
    thorough: bool = True,
    cuts: Sequence[int] = (),
) -> list[Trace]:
    """Where a shot runs in a stretch: its best trace, then those of parts of it that run better
    elsewhere (a jump within one film that no cut was seen for). None in an empty stretch.

    grey : uint8 (n, h, w), the shot with frames beside it. times : seconds (n,), 0 at the shot's
    first frame. inside : which of the frames are the shot. hints : where in the shot a picture is,
    0–1, and seconds of the film that look like it; they are looked at first, and nothing else if
    not thorough. cuts : which of the frames begin another shot.
    """
    if len(ground.stretch.times) < 2:
        return []
    about = ShotViews(grey, times, np.arange(len(grey))[inside])
    near = slice(*np.searchsorted(times, [-_NEAR_S, times[about.rows[-1]] + _NEAR_S]))
    shot = ShotViews(grey[near], times[near], about.rows - near.start)
    best = _best_rough(shot, ground, hints, thorough)
    best, fine = _made_exact(shot, ground, best)
    if thorough and fine.likeness < _PLACED:
        for so in others(shot, ground, best.lying):
            other = _made_exact(shot, ground, RoughLine(shot, ground, so))
            best, fine = max((best, fine), other, key=lambda pair: pair[1].rank)
    jumps = (
        ExactLine(shot, ground, fine.lying, line, rows, best.seen) for rows, line in best.jumps()
    )
    first, last = int(about.rows[0]), int(about.rows[-1]) + 1
    edges = sorted({0, first, last, len(grey), *(c for c in cuts if not first < c < last)})
    parts = [slice(a, b) for a, b in pairwise(edges)]
    return [one.trace(about, parts) for one in (fine, *jumps)]


def _best_rough(
    shot: ShotViews, ground: Ground, hints: Sequence[tuple[float, float]], thorough: bool
) -> RoughLine:
    tried = [RoughLine(shot, ground, so) for so in placements(shot, ground, hints, thorough)]
    best = max(tried, key=lambda one: one.line.agreement)
    if thorough and best.line.agreement < ALIKE:
        tried = [RoughLine(shot, ground, so) for so in slid_hinted(shot, ground, hints)]
        best = max([best, *tried], key=lambda one: one.line.agreement)
    return best


def _made_exact(shot: ShotViews, ground: Ground, best: RoughLine) -> tuple[RoughLine, ExactLine]:
    """The rough line that is followed in the end, and what becomes of it frame by frame."""
    fine = best.exact()
    moved = apart(fine.lying.placement, best.lying.placement, shot.size)
    if moved > MOVED and fine.likeness < _ALIKE_ALL:
        # other moments of a scene look alike under a placement that is a little wrong
        best = RoughLine(shot, ground, fine.lying)
        fine = max(fine, best.exact(), key=lambda one: one.rank)
    return best, fine
