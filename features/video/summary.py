"""The summary model: what a window is on the whole, by a Gaussian process over a few numbers of it.

    numbers of a window   closed-form z │ each signal's mean, sd and trend │ mean embedding
    residual in z         linear in each of these, and smooth in the closed-form z together

Tens of ratings are enough for it, where a network over the tokens needs hundreds. Fitting lives in
`leitmotif.calibration.summary`; here is what a fitted model keeps and how it answers. Numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from data.profiles import VIDEO_FIELDS

CLOSED = slice(0, len(VIDEO_FIELDS))
"""Where the closed form's z stand among the numbers of a window."""
REACH = 3.0
"""Numbers further than this many standard deviations from the rated windows' mean count as that far
(heuristic)."""


def summarise(z: np.ndarray, tokens: np.ndarray, seen: np.ndarray, signals: int) -> np.ndarray:
    """The numbers of a window, (11 + 3·signals + components,).

    z : closed form (11,), z units; tokens, seen (T, width) : as `TokenScale.read` gives them, the
        signals first and then the embedding's components.
    A signal that the window does not have counts as ordinary: 0, without sd and trend.
    """
    count = np.maximum(seen.sum(axis=0), 1)
    mean = (tokens * seen).sum(axis=0) / count
    apart = ((tokens - mean) * seen)[:, :signals]
    place = np.linspace(-1, 1, len(tokens))[:, None] if len(tokens) > 1 else np.zeros((1, 1))
    sd = np.sqrt((apart**2).sum(axis=0) / count[:signals])
    trend = (
        3 * (apart * place).sum(axis=0) / count[:signals]
    )  # of a straight line: its rise over half the window
    return np.concatenate([z, mean[:signals], sd, trend, mean[signals:]])


def kinds(signals: int, width: int) -> list[slice]:
    """Which of a window's numbers belong together: closed form, means, sds, trends, embedding."""
    first = CLOSED.stop
    found = [CLOSED, *(slice(first + i * signals, first + (i + 1) * signals) for i in range(3))]
    return found + ([slice(first + 3 * signals, width)] if width > first + 3 * signals else [])


@dataclass(frozen=True, eq=False)
class SummaryModel:
    """A fitted model; all arrays float64, d numbers of a window, n rated windows.

    centre, sd (d,) : of the rated windows; a number that never varied has an infinite sd.
    slopes (11, d) : the linear part per field, over standard scores.
    known (n, 11) : standard scores of the rated windows' closed-form z.
    pull (11, n) : what each rated window adds, per field, to windows close to it.
    """

    centre: np.ndarray
    sd: np.ndarray
    slopes: np.ndarray
    known: np.ndarray
    pull: np.ndarray

    def __post_init__(self) -> None:
        d, n = len(self.centre), len(self.known)
        count = len(VIDEO_FIELDS)
        if not (
            self.sd.shape == (d,)
            and self.slopes.shape == (count, d)
            and self.known.shape[1:] == (count,)
        ):
            raise ValueError("summary model: sizes that do not fit")
        if self.pull.shape != (count, n):
            raise ValueError("summary model: sizes that do not fit")

    def residual(self, numbers: np.ndarray) -> np.ndarray:
        """Residuals in z (m, 11) over the calibrated curve, for the numbers (m, d) of windows."""
        scores = self.scores(numbers)
        return scores @ self.slopes.T + closeness(scores[:, CLOSED], self.known) @ self.pull.T

    def scores(self, numbers: np.ndarray) -> np.ndarray:
        """Standard scores of windows' numbers, (m, d), held within `REACH`."""
        return np.clip((numbers - self.centre) / self.sd, -REACH, REACH)

    def arrays(self) -> dict[str, np.ndarray]:
        """What a file keeps."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Inverse of `arrays`; raises `ValueError` or `KeyError` for anything else."""
        return cls(**{f.name: arrays[f.name] for f in fields(cls)})


def closeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared-exponential kernel (m, n) of rows (m, k) and (n, k): exp(−½ mean squared
    difference)."""
    squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None] - 2 * a @ b.T
    return np.exp(-0.5 * np.maximum(squares, 0) / a.shape[1])
