"""What "near" means: the scale of a catalogue and the distances on it, in float64.

Euclidean  d = sqrt(Σ w ((x − q) / s)²)
cosine     d = 1 − cos = ½ Σ (û − v̂)², û and v̂ the unit vectors of √w (x − c) / s and √w (q − c) / s

The second form of the cosine distance keeps its digits where 1 − cos would cancel. A vector of
length zero has no direction; its cosine distance to anything is 1.

scale "raw": c = 0, s = 1. scale "standard": c and s are the catalogue's mean and standard deviation
per dimension (s = 1 where a column is constant), so that a weight means importance.

Arithmetic is elementwise and sums run over the dimensions in field order, so a distance has the
same bits whoever computes it, in whatever batch. That is what makes ties by row reproducible.

A metric more is a class here and its place in `METRICS`: without compiled search it is answered by
scanning.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, NamedTuple

import numpy as np

from data.profiles import MUSIC_NAMES
from matcher.checks import check_choice

SCALES = ("raw", "standard")
DIMENSIONS = len(MUSIC_NAMES)
VA = (MUSIC_NAMES.index("arousal"), MUSIC_NAMES.index("valence"))

_AT_ONCE, _CHUNK = 1 << 18, 1 << 14
_SMALL, _LARGE = 1e-200, 1e200
"""Squared lengths outside these are computed from rescaled numbers, as in `matcher.kernels`."""

Part = tuple[int, np.ndarray]
"""A dimension and its part (N,) of each distance."""


class Scaling(NamedTuple):
    """Middle and standard deviation of a catalogue, float64 (10,) each."""

    center: np.ndarray
    sd: np.ndarray


RAW = Scaling(np.zeros(DIMENSIONS), np.ones(DIMENSIONS))


def standard_scaling(features: np.ndarray) -> Scaling:
    """Mean and population standard deviation of each column of (N, 10); sd 1 where constant."""
    n = len(features)
    if n <= _AT_ONCE:
        center = features.mean(axis=0, dtype=np.float64)
        sd = features.std(axis=0, dtype=np.float64)
    else:  # in pieces: the deviations of ten million rows need not stand in memory at once
        center, squares = np.zeros(DIMENSIONS), np.zeros(DIMENSIONS)
        buffer, ones = np.empty((_CHUNK, DIMENSIONS)), np.ones(_CHUNK)
        pieces = [
            (features[i : i + _CHUNK], buffer[: min(_CHUNK, n - i)]) for i in range(0, n, _CHUNK)
        ]
        for piece, held in pieces:
            np.copyto(held, piece)
            center += ones[: len(held)] @ held
        center /= n
        for piece, held in pieces:
            np.subtract(piece, center, out=held)
            np.square(held, out=held)
            squares += ones[: len(held)] @ held
        sd = np.sqrt(squares / n)
    constant = features.min(axis=0) == features.max(axis=0)
    return Scaling(center, np.where(constant | (sd == 0), 1.0, sd))


# ------------------------------------------------------------------------------ metrics


class Metric(ABC):
    """A way to measure distance, with everything that depends on it."""

    name: ClassVar[str]
    """What people call it on command lines."""
    kernel: ClassVar[str] = ""
    """Name of its compiled search in `matcher.kernels`, which has its bounds for boxes of rows."""
    linear: ClassVar[bool] = False
    """Whether d² is linear in y and y², so that an index by inner product can hold it."""

    @abstractmethod
    def parts(
        self, features: np.ndarray, query: np.ndarray, importance: np.ndarray, scaling: Scaling
    ) -> Iterator[Part]:
        """Each dimension of importance above 0 and its part of what `finish` makes a distance."""

    @abstractmethod
    def finish(self, total: np.ndarray) -> np.ndarray:
        """Distances of the sums of their parts; must grow with them."""

    @abstractmethod
    def break_even(
        self, a: np.ndarray, b: np.ndarray, query: np.ndarray, importance: np.ndarray, j: int
    ) -> list[float]:
        """Where the importance of dimension j makes a and b (10,), all scaled, equally near.

        Candidates: the caller tries each.
        """

    def distances(
        self,
        features: np.ndarray,
        query: np.ndarray,
        importance: np.ndarray,
        scaling: Scaling = RAW,
    ) -> np.ndarray:
        """Distance of each row of `features` (N, 10) to `query` (10,), float64 (N,)."""
        found = self.parts(features, query, importance, scaling)
        return self.finish(_sum((part for _, part in found), len(features)))


class Euclidean(Metric):
    """Its parts are those of d²."""

    name = "euclidean"
    kernel = "euclidean"
    linear = True

    def parts(
        self, features: np.ndarray, query: np.ndarray, importance: np.ndarray, scaling: Scaling
    ) -> Iterator[Part]:
        for j in np.flatnonzero(importance):
            t = features[:, j] - query[j]
            t /= scaling.sd[j]
            with np.errstate(over="ignore"):
                t *= t
                t *= importance[j]
            yield int(j), t

    def finish(self, total: np.ndarray) -> np.ndarray:
        return np.sqrt(total)

    def break_even(
        self, a: np.ndarray, b: np.ndarray, query: np.ndarray, importance: np.ndarray, j: int
    ) -> list[float]:
        gain = (a[j] - query[j]) ** 2 - (b[j] - query[j]) ** 2
        if not gain:
            return []
        behind = float(np.sum(importance * ((b - query) ** 2 - (a - query) ** 2)))
        return [importance[j] + behind / gain]


class Cosine(Metric):
    """Its parts are those of 1 − cos."""

    name = "cosine"
    kernel = "cosine"

    def parts(
        self, features: np.ndarray, query: np.ndarray, importance: np.ndarray, scaling: Scaling
    ) -> Iterator[Part]:
        active = np.flatnonzero(importance)
        unit = _unit(query[None], importance, active, scaling)
        rows = _unit(features, importance, active, scaling)
        no_direction = ~np.any([u != 0 for u in rows], axis=0) | (not np.any(unit))
        for first, (j, u, v) in enumerate(zip(active, rows, unit, strict=True)):
            part = u - v
            part *= part
            part *= 0.5
            part[no_direction] = 0.0 if first else 1.0
            yield int(j), part

    def finish(self, total: np.ndarray) -> np.ndarray:
        return total

    def break_even(
        self, a: np.ndarray, b: np.ndarray, query: np.ndarray, importance: np.ndarray, j: int
    ) -> list[float]:
        a, b, q = (np.ravel(_near_one(list(x[:, None]))) for x in (a, b, query))
        others = importance * (np.arange(len(importance)) != j)
        dot_a, dot_b, length_a, length_b = (
            (others * x * y).sum() for x, y in ((a, q), (b, q), (a, a), (b, b))
        )
        # (dot_a + w q a)² (length_b + w b²) = (dot_b + w q b)² (length_a + w a²), a cubic in w
        left, right = (
            np.polymul(np.polymul([q[j] * x[j], dot], [q[j] * x[j], dot]), [y[j] ** 2, length])
            for x, dot, y, length in ((a, dot_a, b, length_b), (b, dot_b, a, length_a))
        )
        try:
            roots = np.roots(np.polysub(left, right))
        except np.linalg.LinAlgError:  # coefficients that float64 cannot bring to one scale
            return []
        return [float(r.real) for r in roots if abs(r.imag) < 1e-9 * max(abs(r.real), 1e-9)]


EUCLIDEAN, COSINE = Euclidean(), Cosine()
METRICS: dict[str, Metric] = {metric.name: metric for metric in (EUCLIDEAN, COSINE)}
"""Every metric by its name, the default one first."""


def metric_of(name: str, argument: str = "metric") -> Metric:
    """The metric of a name. Raises `InputError`."""
    return METRICS.get(name) or METRICS[check_choice(name, METRICS, argument)]


def _unit(
    features: np.ndarray, importance: np.ndarray, active: np.ndarray, scaling: Scaling
) -> list[np.ndarray]:
    """Columns of the weighted, scaled rows brought to length 1 (0 where the length is 0)."""
    roots = np.sqrt(importance[active])
    columns = [
        root * ((features[:, j] - scaling.center[j]) / scaling.sd[j])
        for root, j in zip(roots, active, strict=True)
    ]
    with np.errstate(over="ignore", under="ignore"):
        squares = _sum((c * c for c in columns), len(features))
    odd = np.flatnonzero(~((squares > _SMALL) & (squares < _LARGE)))
    if odd.size:
        scaled = [(features[odd, j] - scaling.center[j]) / scaling.sd[j] for j in active]
        again = _near_one([r * c for r, c in zip(roots, _near_one(scaled), strict=True)])
        for column, held in zip(columns, again, strict=True):
            column[odd] = held
        squares[odd] = _sum((c * c for c in again), len(odd))
    length = np.sqrt(squares)
    length[length == 0] = 1.0
    return [c / length for c in columns]


def _near_one(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each row times the power of two that brings its largest number below 1: no digit changes."""
    exponent = np.frexp(np.max(np.abs(columns), axis=0))[1]
    return [np.ldexp(c, -exponent) for c in columns]


def _sum(terms: Iterable[np.ndarray], n: int) -> np.ndarray:
    total = np.zeros(n)
    with np.errstate(over="ignore"):
        for term in terms:
            total += term
    return total
