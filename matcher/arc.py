"""The arc: whether a track gets louder and quieter where the picture moves more and less.

All curves have one value a second and are smoothed by a Gaussian of σ = `SIGMA_S`:

    c(t) = 1 if a shot begins in second t
    m(t) = log(motion(t) + .01)
    l(t) = loudness in LU above the track's own, floor −30
    p(t) = z(z(c) + z(m))                    z: mean 0, sd 1 within the window of W seconds
    r(o) = mean_t p(t) · z_W(l)(o + t)       the correlation if the film begins at second o
    z(o) = r(o) / √( 1/(W − 1) Σ_{|k|<K} (1 − |k|/W) ρ_p(k) ρ_l(k) ),   K = min(60, W/2)

The sum corrects for curves that drift slowly and so agree by chance (Bartlett 1946, *J. Royal
Statistical Society* Suppl. 8); it counts at least .2. ρ are the windows' autocorrelations, the
products of each lag divided by their number W − k; W − 1 because both curves lost their mean. A
curve that never changes is dropped; under 30 s p is z(m).
Where a film outlasts a track, its first seconds are compared with all of the track.

On 503 music videos with the true place known, r finds the true track of 100 in the first ten in
.35 of windows of 120 s and .23 of 60 s (`data/MODEL_CARD.md`); at 30 s hardly better than chance.
The constants below were fixed on those videos, unless they are said to be heuristic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np

SIGMA_S = 0.5
MOTION_FLOOR = 0.01
FLOOR_LU = -30.0
CUTS_FROM_S = 30
"""Shorter windows hold too few cuts: motion alone is compared."""
LAGS_S = 60
LEAST = 0.2
SHORTEST_S = 10
"""Windows below have no arc (heuristic)."""
SEARCH_STEP_S = 5.0
"""Places closer than this are not independent looks: n seconds searched count as n / 5 looks."""
SHARPNESS = 0.6
ARC_FROM_S = 60
"""Below this the arc does not help to choose between tracks whose place is not given."""
SAYS_LITTLE_S = 45
"""Below this the arc is at chance and a person is told so."""

CUTS, MOTION, BOTH = 0, 1, 2
"""Rows of the picture's curves."""


@dataclass(frozen=True, eq=False)
class PictureCurves:
    """A stretch of film, second by second: what music is compared with.

    cuts, motion : (W,) c and m of the module's head, smoothed, not yet standardised.
    """

    cuts: np.ndarray
    motion: np.ndarray

    def __len__(self) -> int:
        return len(self.motion)

    def first(self, seconds: int) -> PictureCurves:
        """The first seconds of it."""
        return PictureCurves(self.cuts[:seconds], self.motion[:seconds])

    @cached_property
    def standard(self) -> np.ndarray:
        """(3, W): standardised cuts, motion, and p of both; a row is 0 where nothing changes."""
        cuts, motion = standardise(self.cuts), standardise(self.motion)
        if len(self) < CUTS_FROM_S:
            cuts = np.zeros_like(cuts)
        return np.stack([cuts, motion, standardise(cuts + motion)])

    @cached_property
    def taper(self) -> np.ndarray:
        """(3, K): how much each lag of the music's autocorrelation adds to the variance of r."""
        lags = np.arange(lag_count(len(self)))
        twice = np.where(lags == 0, 1.0, 2.0) * (1 - lags / max(len(self), 1))
        return twice * np.stack([autocorrelation(row) for row in self.standard])


def picture_curves(
    shot_starts: Sequence[float],
    motion: np.ndarray,
    token_s: float = 0.5,
    start: float = 0.0,
    end: float | None = None,
) -> PictureCurves:
    """The curves of a film from `start` to `end` (its end), smoothed before they are cut out.

    shot_starts : seconds at which a new shot begins. motion : (T,) one value per `token_s`, ≥ 0;
        NaN, where it is not known, is read as the value before.
    """
    cuts, per_second = cuts_and_motion(shot_starts, motion, token_s)
    return window(cuts, per_second, round(start), None if end is None else round(end))


def cuts_and_motion(
    shot_starts: Sequence[float], motion: np.ndarray, token_s: float = 0.5
) -> tuple[np.ndarray, np.ndarray]:
    """Both (seconds,): 1 where a shot begins, else 0; and mean motion. Arguments as above."""
    per_second = by_second(motion, token_s)
    cuts = np.zeros(len(per_second))
    seconds = np.asarray(shot_starts, dtype=float).astype(int)
    cuts[seconds[(seconds >= 0) & (seconds < len(cuts))]] = 1.0
    return cuts, per_second


def window(
    cuts: np.ndarray, motion: np.ndarray, start: int = 0, end: int | None = None
) -> PictureCurves:
    """The same from values per second: cuts 0 or 1, and motion ≥ 0, both (T,)."""
    log_motion = np.log(motion + MOTION_FLOOR)
    return PictureCurves(smooth(cuts)[start:end], smooth(log_motion)[start:end])


def loudness_curve(loudness: np.ndarray, token_s: float = 0.5) -> np.ndarray:
    """(T,) loudness per second, float32, from a track's LU curve of one value per `token_s`.

    loudness : LU above the track's own loudness; what is below −30 counts as −30.
    """
    power = by_second(10 ** (np.maximum(_filled(loudness), FLOOR_LU) / 10), token_s)
    return smooth(10 * np.log10(power)).astype(np.float32)


def amplitude_curve(amplitude: np.ndarray) -> np.ndarray:
    """(T,) the same from amplitudes per second (≥ 0, any unit)."""
    level = 20 * np.log10(np.maximum(amplitude, 1e-9))
    own = 10 * math.log10(float(np.mean(np.square(amplitude))) + 1e-12)
    return smooth(np.maximum(level - own, FLOOR_LU)).astype(np.float32)


def smooth(curve: np.ndarray) -> np.ndarray:
    """A curve of one value a second under a Gaussian of `SIGMA_S`; ends are held."""
    if not len(curve):
        return np.asarray(curve, dtype=float)
    reach = np.arange(-2, 3)  # four standard deviations
    weights = np.exp(-(reach**2) / (2 * SIGMA_S**2))
    padded = np.pad(np.asarray(curve, dtype=float), 2, mode="edge")
    return np.convolve(padded, weights / weights.sum(), mode="valid")


def standardise(values: np.ndarray) -> np.ndarray:
    """(…, W) with mean 0 and standard deviation 1 along the last axis; 0 where nothing changes."""
    centred = values - values.mean(-1, keepdims=True) if values.shape[-1] else values
    sd = np.sqrt(np.square(centred).mean(-1, keepdims=True)) if values.shape[-1] else centred
    flat = sd < 1e-6  # float32 curves that are level differ by less
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, sd))


def lag_count(seconds: int) -> int:
    """K, lags that are looked at in a window of so many seconds."""
    return max(1, min(LAGS_S, seconds // 2))


def autocorrelation(standard: np.ndarray) -> np.ndarray:
    """(K,) mean product of a standardised curve (W,) with itself k seconds later."""
    lags = lag_count(len(standard))
    products = np.correlate(np.pad(standard, (0, lags - 1)), standard, mode="valid")
    return products / (len(standard) - np.arange(lags))


# ------------------------------------------------------------------------------ places


@dataclass(frozen=True, eq=False)
class Places:
    """Scores of a film at places of one track.

    at : (n,) seconds of the track at which the film begins, whole numbers.
    r : (n,) correlation with p. z : (n, 3) the standardised scores of cuts, motion and both.
    """

    at: np.ndarray
    r: np.ndarray
    z: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


def compare(picture: PictureCurves, loudness: np.ndarray, at: np.ndarray | None = None) -> Places:
    """r and z of a film at places of a track.

    loudness : (T,) of `loudness_curve`. at : places in whole seconds; those from which the film
        would run beyond the track are left out. None takes all there are.
    """
    seconds = min(len(picture), len(loudness))
    if at is None:
        at = np.arange(len(loudness) - seconds + 1)
    at = np.asarray(at, dtype=np.int64)
    at = at[(at >= 0) & (at + seconds <= len(loudness))]
    if seconds < SHORTEST_S:
        at = at[:0]
    shown = picture if seconds == len(picture) else picture.first(seconds)
    r, z = score_windows(shown, loudness, at)
    return Places(at, r, z)


def score_windows(
    picture: PictureCurves, loudness: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """r (n,) and z (n, 3) of windows of the picture's length that begin at `starts` of a curve."""
    from matcher.arc_kernel import correlate

    if not len(starts):
        return np.zeros(0), np.zeros((0, 3))
    r, z = np.empty(len(starts)), np.empty((len(starts), 3))
    correlate(picture.standard, picture.taper, LEAST, loudness, starts, r, z)
    return r, z


def evidence(places: Places) -> float:
    """How much a track's best places speak for it: log mean exp(.6 (z of cuts + z of motion)).

    The mean over places keeps tracks with many of them from winning by that alone. 0 without any.
    """
    if not len(places):
        return 0.0
    exponent = SHARPNESS * (places.z[:, CUTS] + places.z[:, MOTION])
    top = float(exponent.max())
    return top + math.log(float(np.exp(exponent - top).mean()))


def rank_weights(seconds: float, place_known: bool) -> tuple[float, float]:
    """What profile and arc weigh, both standardised over the tracks compared.

    Equal to 1 and .5; the other way round where the place in the track is given; and the arc
    weighs nothing below 60 s, where it was found not to help.
    """
    if place_known:
        return 0.5, 1.0
    return 1.0, 0.5 if seconds >= ARC_FROM_S else 0.0


def searched(z: float, looks: float) -> float:
    """z corrected for having been the best of so many independent looks (Šidák 1967).

    Its chance under the null stays as small as it says: Φ(searched) = Φ(z)^looks.
    """
    tail = math.erfc(z / math.sqrt(2)) / 2
    log_below = math.log1p(-tail) if tail < 1 else -745.0
    above = -math.expm1(max(looks, 1.0) * log_below)
    return -NormalDist().inv_cdf(min(max(above, 1e-300), 1 - 1e-16))


def looks(at: np.ndarray) -> float:
    """Independent looks that scores at places `at` (seconds) amount to; 1 at least."""
    if len(at) < 2:
        return 1.0
    return max(1.0, min(float(len(at)), (float(np.ptp(at)) + 1) / SEARCH_STEP_S))


def by_second(values: np.ndarray, token_s: float = 0.5) -> np.ndarray:
    """Means of whole seconds; a begun second at the end counts as a whole one, NaN as in `_filled`.

    values : (T,) one per `token_s`.
    """
    per_second = round(1 / token_s)
    starts = np.arange(0, len(values), per_second)
    if not len(starts):
        return np.zeros(0)
    counts = np.minimum(per_second, len(values) - starts)
    return np.add.reduceat(_filled(values), starts) / counts


def _filled(values: np.ndarray) -> np.ndarray:
    """NaN replaced by the last number before, 0 where there is none."""
    values = np.asarray(values, dtype=float)
    known = np.isfinite(values)
    if known.all() or not len(values):
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[last], 0.0)
