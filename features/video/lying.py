"""How a shot may lie in the picture of a film: the placements worth trying.

By key points, by sliding plain pictures over each other, and as shots lie that are not cropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from features.video.alignment import blocks, placed
from features.video.placement import Placement, matches, place, squeezed, usual
from features.video.sliding import slid, slid_roughly
from features.video.views import Ground, Lying, ShotViews

_HINTED_S = 1.0
"""Seconds about a frame that looks like the shot within which key points are taken first."""
_KEYS = ((1 / 3, 2 / 3), (0.1, 0.5, 0.9))
"""Where in a shot the frames lie whose key points are taken; the second lot if the first says
little."""
_TRIED = 6
"""Frames of the film with the most matches that a placement is fitted to."""
_SURE = 25
"""Key points in agreement from which on no other placement is tried. Heuristic."""
_SLID = 0.6
"""Correlation from which on a placement that was found by sliding is tried. Heuristic."""
_SLID_MOST = 3
"""Placements of a plain picture that are tried. Heuristic."""
ALIKE = 0.95
"""Agreement of a picture and a frame from which on no other frames are looked at. Heuristic."""
MOVED = 0.008
"""Share of the picture's side by which a placement is another one. Heuristic."""
_USUAL = 0.012
"""Share of the picture's side by which the placement of a shot that is not cropped may be missed:
of a film that moves, another moment lies a little beside it. Heuristic."""


def placements(
    shot: ShotViews, ground: Ground, hints: Sequence[tuple[float, float]], thorough: bool
) -> list[Lying]:
    """Placements worth trying, mirrored or not."""
    frames = ground.sampled
    times = ground.stretch.times[frames]
    near = np.zeros(len(frames), bool)
    for _, hint in hints:
        near |= np.abs(times - hint) <= _HINTED_S
    found: dict[bool, tuple[float, Placement]] = {}
    best = 0
    for at, part in _looked_at(frames[near], frames[~near] if thorough else frames[:0]):
        if best >= _SURE and at in _KEYS[1]:
            continue
        row = int(shot.rows[int(at * len(shot.rows))])
        for mirrored in (False, True):
            so = _placement(shot, row, mirrored, ground, part)
            if so and so[0] > found.get(mirrored, (-1.0,))[0]:
                found[mirrored] = so
        if any(alike >= ALIKE and p.agreeing >= _SURE for alike, p in found.values()):
            break
        best = max((p.agreeing for _, p in found.values()), default=0)
    best = max((p.agreeing for _, p in found.values()), default=0)
    tried, assumed = [], _assumed(shot, ground)
    for mirrored, (_, placement) in found.items():
        if placement.agreeing >= 0.5 * best:
            like = [one for _, one in assumed if apart(one, placement, shot.size) < _USUAL]
            tried.append(Lying(mirrored, like[0] if like else placement))
    return tried + (assumed if best < _SURE else [])


def _looked_at(*parts: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
    """Where in a shot the frames lie, 0–1, that are compared with parts of a film, in order."""
    for part in parts:
        for lot in _KEYS if len(part) else ():
            for at in lot:
                yield at, part


def apart(a: Placement, b: Placement, shot: tuple[int, int]) -> float:
    """How far the corners of a shot (h, w) are from each other under both, of its side's length."""
    corners = np.array([[0, 0, 1], [shot[1], shot[0], 1]]).T
    there = np.abs(a.matrix @ corners - b.matrix @ corners).max()
    return float(there / max(shot))


def slid_hinted(
    shot: ShotViews, ground: Ground, hints: Sequence[tuple[float, float]]
) -> list[Lying]:
    """Where pictures of the shot lie in those that look like them, mirrored or not."""
    found = []
    for mirrored in (False, True):
        each = []
        for share, seconds in hints:
            row = int(shot.rows[round(share * (len(shot.rows) - 1))])
            index = max(int(ground.numbers(np.array([seconds]))[0]), 0)
            each.append(slid(shot.picture(row, mirrored), ground.stretch.pictures[index]))
        alike, placement = max(each, key=lambda one: one[0], default=(0.0, None))
        if placement and alike >= _SLID:
            found.append(Lying(mirrored, placement))
    return found


def others(shot: ShotViews, ground: Ground, but: Lying) -> Iterator[Lying]:
    """Placements for a shot that what its key points say does not explain: letters are like other
    letters, and in a plain picture they are few."""
    for lying in _assumed(shot, ground):
        same = lying.mirrored == but.mirrored
        if not same or apart(lying.placement, but.placement, shot.size) >= MOVED:
            yield lying
    if shot.plain:
        yield from _slid_anywhere(shot, ground)


def _assumed(shot: ShotViews, ground: Ground) -> list[Lying]:
    """The placements of a shot that is not cropped, mirrored or not."""
    return [Lying(m, one) for one in usual(shot.size, ground.size) for m in (False, True)]


def _slid_anywhere(shot: ShotViews, ground: Ground) -> list[Lying]:
    """Where a picture lies in those of all the stretch that are most like it: with little in it,
    what was hinted at may be another moment, and what key points agree on another place."""
    row = shot.middle
    likely = [
        (slid_roughly(shot.picture(row, mirrored), ground.stretch.pictures[k])[0], mirrored, int(k))
        for mirrored in (False, True)
        for k in ground.sampled
    ]
    found = []
    for _, mirrored, index in sorted(likely, reverse=True)[:_SLID_MOST]:
        alike, placement = slid(shot.picture(row, mirrored), ground.stretch.pictures[index])
        if alike >= _SLID:
            found.append(Lying(mirrored, placement))
    return found


def _placement(
    shot: ShotViews, row: int, mirrored: bool, ground: Ground, frames: np.ndarray
) -> tuple[float, Placement] | None:
    """The placement under which a picture agrees best with one of some frames, and how well.

    Many points agree with many frames of one scene; the picture itself does with the right one,
    and only there is the placement exact.
    """
    points = shot.points(row, mirrored)
    own = shot.blocks(mirrored).some(np.array([row]))
    pairs = [(*matches(points, ground.points_of(int(k))), int(k)) for k in frames]
    best: tuple[float, Placement] | None = None
    for mine, theirs, index in sorted(pairs, key=lambda pair: -len(pair[0]))[:_TRIED]:
        placement = place(mine, theirs)
        if placement and not squeezed(placement):
            frame = ground.stretch.pictures[index : index + 1]
            there = blocks(placed(frame, placement.matrix, shot.size))
            weight = own.weight / max(float(own.weight.sum()), 1e-3)
            alike = float(((own.unit * there.unit).sum(axis=2) * weight).sum())
            if best is None or alike > best[0]:
                best = alike, placement
    return best
