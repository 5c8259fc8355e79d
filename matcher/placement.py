"""Where in a track a film's music should begin, and what moves together from there.

A track may begin at its start, where a section starts, and at accents that follow a rise in
loudness; never where it would open weakly. Of these few places the arc chooses; the chosen one is
then moved to the beat nearby at which film and music agree best. So the cut sounds right, and the
score is not that of a lucky place among hundreds.

Constants here are heuristic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.track_curves import TrackOverTime
from data.words import Sentence
from matcher import arc
from matcher.arc import BOTH, PictureCurves, Places

FEWEST, MOST = 4, 8
"""Places kept in a track; more look like chance agreement, fewer miss the right one."""
APART_S = 8.0
"""Places closer than this to one that is kept say nothing new."""
OPENING_S, WEAK_LU = 3, -12.0
"""A track opens weakly where its next seconds are softer than this."""
RISE_S = 4
"""Seconds before and after an accent whose loudness is compared."""
SNAP_S = 1.5
"""The chosen place moves to a beat at most so far away."""
ACCENTED = 0.5
"""Confidence from which accents are preferred to other beats."""
SHOWN_OTHERS = 3
TOLD_S = 5
"""Means of so many seconds on each side of a moment say how it changes there."""
TOLD_FROM_Z = 1.0
"""Corrected z below which nothing is claimed to move together."""


@dataclass(frozen=True)
class Place:
    """A place to begin: seconds of the track, r, and z corrected for the places searched."""

    at: float
    r: float
    z: float


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a track goes under a film.

    in_point, out_point : seconds of the track at which film and music begin and end together.
    r : correlation of the picture's curve with the track's loudness there, −1 to 1.
    z : the same against chance, standard normal under it, corrected for the places searched.
    others : the next-best places, best first. reason : what moves together, in words.
    decided : whether the arc took part in the ranking.
    """

    in_point: float
    out_point: float
    r: float
    z: float
    others: tuple[Place, ...]
    reason: Sentence
    decided: bool

    @property
    def says_something(self) -> bool:
        """Whether film and music move together beyond chance, so that the reason names a moment."""
        return "at" in self.reason.values

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "in_point_s": self.in_point,
            "out_point_s": self.out_point,
            "r": self.r,
            "z": self.z,
            "other_places": [{"at_s": p.at, "r": p.r, "z": p.z} for p in self.others],
            "moves_together": str(self.reason),
            "arc_decides": self.decided,
        }


# ------------------------------------------------------------------------------ where to begin


def begin_places(loudness: np.ndarray, track: TrackOverTime) -> np.ndarray:
    """(n,) seconds at which a track's music may begin, in order: `FEWEST` to `MOST`, or fewer.

    loudness : (T,) of `arc.loudness_curve`.
    """
    if not len(loudness):
        return np.zeros(0)
    kept: list[float] = []
    for at in (0.0, *track.sections, *steepest_rises(loudness, track.beats[track.accents])):
        enough = len(kept) >= FEWEST and at not in track.sections
        if enough or len(kept) == MOST:
            break
        apart = all(abs(at - other) >= APART_S for other in kept)
        if apart and not opens_weakly(loudness, at):
            kept.append(float(at))
    return np.array(sorted(kept) or [0.0])


def opens_weakly(loudness: np.ndarray, at: float) -> bool:
    """Whether the seconds after `at` are too soft to begin with, or there are none."""
    opening = loudness[round(at) : round(at) + OPENING_S]
    return not len(opening) or float(opening.mean()) < WEAK_LU


def steepest_rises(loudness: np.ndarray, moments: np.ndarray) -> list[float]:
    """Of some moments (seconds) those at which loudness rises, those where it rises most first."""
    sums = np.concatenate([[0.0], np.cumsum(loudness, dtype=float)])

    def mean(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        first, last = (np.clip(x, 0, len(loudness)) for x in (first, last))
        return (sums[last] - sums[first]) / np.maximum(last - first, 1)

    at = np.round(moments).astype(int)
    rise = mean(at, at + RISE_S) - mean(at - RISE_S, at)
    inside = (at >= RISE_S) & (at + RISE_S <= len(loudness))
    order = np.argsort(-rise, kind="stable")
    return [float(moments[i]) for i in order if inside[i] and rise[i] > 0]


# ------------------------------------------------------------------------------ the choice


def place(
    picture: PictureCurves,
    loudness: np.ndarray,
    begins: np.ndarray,
    track: TrackOverTime | None = None,
    given: float | None = None,
) -> Placement | None:
    """Where a track goes under a film; None where there is nothing to compare.

    loudness : (T,) of `arc.loudness_curve`. begins : of `begin_places`. track : its beats, to
        snap to. given : a place that was decided elsewhere, seconds; it is then the only one.
    """
    at = around(begins) if given is None else np.array([round(given)])
    found = arc.compare(picture, loudness, at)
    if not len(found):
        return None
    best = int(found.z[:, BOTH].argmax())
    moved = float(found.at[best]) if given is None else given
    if given is None and track is not None and moved > 0:
        moved = snap(picture, loudness, moved, track)
    looks, seconds = arc.looks(found.at), min(len(picture), len(loudness))
    chosen = _at(picture, loudness, moved, looks)
    return Placement(
        in_point=moved,
        out_point=moved + seconds,
        r=chosen.r,
        z=chosen.z,
        others=_others(found, best, begins, looks),
        reason=_reason(picture, loudness, moved, chosen.z),
        decided=arc.rank_weights(seconds, given is not None)[1] > 0,
    )


def around(begins: np.ndarray) -> np.ndarray:
    """Whole seconds at and beside places to begin; a second too early and agreement can be gone.

    The start of a track stays alone: a second later its first note is cut off.
    """
    whole = np.round(begins).astype(np.int64)
    beside = whole[whole > 1][:, None] + np.array([-1, 0, 1])
    return np.unique(np.concatenate([whole, beside.ravel()]))


def snap(picture: PictureCurves, loudness: np.ndarray, at: float, track: TrackOverTime) -> float:
    """The beat within `SNAP_S` of `at` where film and music agree best; `at` without beats.

    Accents alone are looked at where the track has clear ones nearby.
    """
    near = np.abs(track.beats - at) <= SNAP_S
    accents = near & track.accents
    if track.accent_confidence >= ACCENTED and accents.any():
        near = accents
    beats = track.beats[near]
    beats = beats[beats <= len(loudness) - min(len(picture), len(loudness))]
    if not len(beats):
        return at
    z = [_at(picture, loudness, float(beat), 1.0).z for beat in beats]
    return float(beats[int(np.argmax(z))])


def _at(picture: PictureCurves, loudness: np.ndarray, at: float, looks: float) -> Place:
    """r and corrected z at a second that may lie between whole ones: interpolated."""
    floor = math.floor(at)
    found = arc.compare(picture, loudness, np.array([floor, floor + 1]))
    part = at - floor if len(found) == 2 else 0.0
    r = found.r[0] + part * (found.r[-1] - found.r[0]) if len(found) else 0.0
    z = found.z[0, BOTH] + part * (found.z[-1, BOTH] - found.z[0, BOTH]) if len(found) else 0.0
    return Place(at, float(r), arc.searched(float(z), looks))


def _others(found: Places, best: int, begins: np.ndarray, looks: float) -> tuple[Place, ...]:
    """The best second around each other place to begin, best first."""
    z = found.z[:, BOTH]
    near = np.abs(found.at[:, None] - np.round(begins)).argmin(1) if len(begins) else []
    order = [int(i) for i in np.argsort(-z, kind="stable")]
    first: dict[int, int] = {}
    for i in order:
        first.setdefault(int(near[i]) if len(begins) else i, i)
    chosen = int(near[best]) if len(begins) else best
    others = [i for place, i in first.items() if place != chosen][:SHOWN_OTHERS]
    return tuple(
        Place(float(found.at[i]), float(found.r[i]), arc.searched(float(z[i]), looks))
        for i in others
    )


# ------------------------------------------------------------------------------ in words


def _reason(picture: PictureCurves, loudness: np.ndarray, at: float, z: float) -> Sentence:
    """What moves together, where that is beyond chance; or that the film is too short for it."""
    if min(len(picture), len(loudness)) < arc.SAYS_LITTLE_S:
        return Sentence("matcher.arc_too_short", seconds=arc.SAYS_LITTLE_S)
    if z < TOLD_FROM_Z:
        return Sentence("matcher.arc_by_chance")
    second, what, louder = moment(picture, loudness, at)
    direction = "louder" if louder else "quieter"
    return Sentence(f"matcher.arc_{direction}_{what}", at=clock(second))


def moment(picture: PictureCurves, loudness: np.ndarray, at: float) -> tuple[int, str, bool]:
    """The second of the film at which picture and music change together most.

    Returns it, "cuts" or "motion", whichever changes more there, and whether both grow.
    """
    seconds = min(len(picture), len(loudness) - round(at))
    shown = picture.first(seconds).standard
    music = arc.standardise(loudness[round(at) : round(at) + seconds].astype(float))
    steps = _steps(np.vstack([shown, music]))
    together = np.where(
        steps[BOTH] * steps[3] > 0, np.minimum(np.abs(steps[BOTH]), np.abs(steps[3])), -1.0
    )
    second = int(together.argmax())
    louder = bool(steps[3, second] > 0)
    sign = 1.0 if louder else -1.0
    by_cuts = sign * steps[arc.CUTS, second] > sign * steps[arc.MOTION, second]
    return second + TOLD_S, "cuts" if by_cuts else "motion", louder


def _steps(curves: np.ndarray) -> np.ndarray:
    """(n, W − 2·TOLD_S + 1) mean of the seconds after each moment minus that of those before."""
    sums = np.cumsum(np.pad(curves, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, TOLD_S:] - sums[:, :-TOLD_S]) / TOLD_S
    return means[:, TOLD_S:] - means[:, :-TOLD_S]


def clock(seconds: float) -> str:
    """Minutes and seconds, as players show them: 0:41."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
