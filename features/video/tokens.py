"""Timelines as network input: every signal as a normal score, the embedding as a few components.

A signal's value becomes the normal score of its rank among the tokens it was fitted on, read off a
stored monotone curve: skewed, sparse and bounded signals get one scale, and a value never seen is
held at the end of the known range. Missing stays missing, in a mask of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from features.video.timeline import Timeline

KNOTS = 33
_NOT_A_SIGNAL = ("seconds",)


@dataclass(frozen=True, eq=False)
class TokenScale:
    """How a Timeline's columns become tokens.

    names : the signals read, by Timeline column; others are left out (constant where it was
        fitted).
    levels, scores : float32 (n, 33), each signal's curve from value to normal score.
    centre (D,), axes (c, D) : principal axes of the embedding, already divided by their
        standard deviations; c = 0 where no embedding was seen.
    """

    names: tuple[str, ...]
    levels: np.ndarray
    scores: np.ndarray
    centre: np.ndarray
    axes: np.ndarray

    @property
    def width(self) -> int:
        """Numbers per token."""
        return len(self.names) + len(self.axes)

    @classmethod
    def fit(cls, timelines: Sequence[Timeline], components: int = 8) -> Self:
        """Curves and axes from all tokens of these timelines (no ratings are looked at)."""
        columns = timelines[0].names
        values = np.concatenate([t.values for t in timelines])
        curves = {}
        for name, column in zip(columns, values.T, strict=True):
            known = column[np.isfinite(column)]
            if name not in _NOT_A_SIGNAL and known.size and known.min() < known.max():
                curves[name] = _normal_scores(known)
        seen = [t.embedding for t in timelines if t.embedding is not None]
        centre, axes = (
            _principal_axes(np.concatenate(seen), components)
            if seen
            else (np.zeros(0), np.zeros((0, 0)))
        )
        packed = np.array(list(curves.values()), dtype=np.float32).reshape(len(curves), 2, KNOTS)
        return cls(tuple(curves), packed[:, 0], packed[:, 1], centre, axes)

    def read(self, timeline: Timeline) -> tuple[np.ndarray, np.ndarray]:
        """Tokens float32 (T, width), 0 where missing, and seen bool (T, width)."""
        tokens = np.zeros((len(timeline.times), self.width), dtype=np.float32)
        seen = np.zeros(tokens.shape, dtype=bool)
        known = np.isfinite(timeline.values)
        values = np.where(known, timeline.values, 0.0)
        for i, name in enumerate(self.names):
            if name in timeline.names:
                column = timeline.names.index(name)
                seen[:, i] = known[:, column]
                tokens[:, i] = np.interp(values[:, column], self.levels[i], self.scores[i])
        if len(self.axes) and timeline.embedding is not None:
            n = len(self.names)
            seen[:, n:] = np.isfinite(timeline.embedding).all(axis=1, keepdims=True)
            tokens[:, n:] = np.clip(
                (np.nan_to_num(timeline.embedding) - self.centre) @ self.axes.T, -3, 3
            )
        return np.where(seen, tokens, np.float32(0)), seen

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file keeps beside `names`."""
        return {
            "levels": self.levels,
            "scores": self.scores,
            "centre": self.centre,
            "axes": self.axes,
        }

    @classmethod
    def from_arrays(cls, names: Sequence[str], arrays: Mapping[str, np.ndarray]) -> Self:
        """Inverse of `arrays`."""
        return cls(
            tuple(names), arrays["levels"], arrays["scores"], arrays["centre"], arrays["axes"]
        )


def _normal_scores(known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(levels, scores), `KNOTS` each: quantiles of the values and their normal scores, ties
    averaged."""
    from scipy.special import ndtri

    shares = (np.arange(KNOTS) + 0.5) / KNOTS
    levels = np.quantile(known, shares).astype(np.float32)
    levels, which = np.unique(levels, return_inverse=True)
    scores = np.bincount(which, ndtri(shares)) / np.bincount(which)
    if len(levels) == 1:  # nearly constant: the rare other values are what there is to see
        levels = np.unique(np.array([known.min(), levels[0], known.max()], dtype=np.float32))
        scores = np.interp(levels, [known.min(), known.max()], [-2.0, 2.0])
    fill = KNOTS - len(levels)
    return np.pad(levels, (0, fill), mode="edge"), np.pad(scores, (0, fill), mode="edge")


def _principal_axes(embedding: np.ndarray, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre (D,) and the first principal axes over their standard deviations (c, D)."""
    from scipy.linalg import eigh

    known = embedding[np.isfinite(embedding).all(axis=1)].astype(np.float64)
    centre = known.mean(axis=0)
    width = known.shape[1]
    largest = (max(width - components, 0), width - 1)
    variance, axes = eigh(
        (known - centre).T @ (known - centre) / len(known), subset_by_index=largest
    )
    keep = np.argsort(variance)[::-1]
    keep = keep[variance[keep] > 1e-9]
    axes = axes[:, keep] * np.sign(axes[np.abs(axes[:, keep]).argmax(axis=0), keep])
    return centre.astype(np.float32), (axes / np.sqrt(variance[keep])).T.astype(np.float32)
