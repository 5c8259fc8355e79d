"""Requests brought to the spread and correlation of the tracks that they are asked of.

A predictor's requests cluster where no track is, and move along lines on which tracks do not lie: a
rich track is seldom a varied one, yet busy pictures ask for both. The same few tracks at the rim
then win for every picture ("hubs"). So requests are carried over by the linear map that makes their
mean and covariance those of the catalogue and moves them least in doing so, the optimal transport
between two normal distributions (Peyré & Cuturi 2019, *Computational Optimal Transport*, 2.31):

    y = μ_t + A (x − μ_r),    A = Σ_r^−½ (Σ_r^½ Σ_t Σ_r^½)^½ Σ_r^−½

What was much for a picture becomes much for this catalogue, and every track can win somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.profiles import MUSIC_FIELDS
from recommender.stretch import FLAT
from recommender.units import from_units, to_units

FAITH = 20
"""The requests' own moments count as so many tracks, so that few tracks move little (heuristic)."""
SHRINKAGE = 0.1
"""Share that is taken off correlations, on both sides (heuristic)."""


@dataclass(frozen=True, eq=False)
class Requests:
    """What a predictor asks for over pictures of many kinds, in units.

    mean : (10,). covariance : (10, 10).
    """

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, music: np.ndarray) -> Requests:
        """Of requests (n, 10) in field units; what is NaN counts as never asked for."""
        units = to_units(music, MUSIC_FIELDS)
        known = np.isfinite(units)
        mean = np.where(known, units, 0.0).sum(0) / np.maximum(known.sum(0), 1)
        off = np.where(known, units - mean, 0.0)
        return cls(mean, off.T @ off / max(len(units), 1))


def align(music: np.ndarray, requests: Requests, tracks: np.ndarray) -> np.ndarray:
    """(n, 10) or (10,) requests in field units as they are asked of `tracks` (m, 10).

    A dimension in which requests or tracks never differ stays as it is.
    """
    heard = to_units(tracks, MUSIC_FIELDS)
    wished = np.sqrt(np.diag(requests.covariance))
    varied = np.flatnonzero((wished > FLAT) & (heard.std(0) > FLAT))
    if not len(varied):
        return music
    pick = np.ix_(varied, varied)
    trust = len(tracks) / (len(tracks) + FAITH)
    mean, covariance = requests.mean[varied], _shrunk(requests.covariance[pick])
    theirs = _shrunk(np.atleast_2d(np.cov(heard[:, varied], rowvar=False, bias=True)))
    target = trust * theirs + (1 - trust) * covariance
    centre = trust * heard[:, varied].mean(0) + (1 - trust) * mean
    units = np.array(to_units(music, MUSIC_FIELDS), dtype=float)
    units[..., varied] = centre + (units[..., varied] - mean) @ _transport(covariance, target)
    return from_units(units, MUSIC_FIELDS)


def _shrunk(covariance: np.ndarray) -> np.ndarray:
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance))


def _transport(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The symmetric matrix A with A · source · A = target."""
    root, inverse = _power(source, 0.5), _power(source, -0.5)
    return inverse @ _power(root @ target @ root, 0.5) @ inverse


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric positive matrix."""
    values, vectors = np.linalg.eigh(matrix)
    floor = 1e-9 * float(values.max())
    return (vectors * np.maximum(values, floor) ** exponent) @ vectors.T
