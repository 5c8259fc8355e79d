"""Held-out answers of the three models, by group: no window is answered by a model that saw its clip.

Everything fitted is fitted within the fold: the curves, the scale of the tokens, the network. How long
to train and how far to trust each field's residual is chosen for every fold on the other folds' held-out
answers; the network that is kept learns from all windows for the time that was best over all folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.profiles import VIDEO_FIELDS
from features.video.profile_weights import from_z
from features.video.tokens import TokenScale
from leitmotif.calibration import fit

if TYPE_CHECKING:
    from features.video.temporal import TemporalTransformer
    from features.video.timeline import Timeline
    from leitmotif.calibration.train import Trained, TrainSettings

FOLDS = 5
_LOW = np.array([f.low for f in VIDEO_FIELDS], dtype=float)
_SPAN = np.array([f.high - f.low for f in VIDEO_FIELDS], dtype=float)


@dataclass(frozen=True, eq=False)
class Rated:
    """Windows that were watched and rated.

    parts : the Timeline of each window; clips : the Timelines they come from.
    clip : (m,), position of each window's clip in `clips`.
    closed : float64 (m, 11), closed form in field units; z : the same in z.
    values : (m, 11), ratings in field units, NaN where there are none to learn from.
    groups : (m,) integers; a group is never split.
    """

    parts: Sequence[Timeline]
    clips: Sequence[Timeline]
    clip: np.ndarray
    closed: np.ndarray
    z: np.ndarray
    values: np.ndarray
    groups: np.ndarray

    @property
    def share(self) -> np.ndarray:
        """Ratings as shares of the fields' ranges."""
        return (self.values - _LOW) / _SPAN


@dataclass(frozen=True, eq=False)
class Answers:
    """Held-out values (m, 11) of each model, in field units, and what was learned of training.

    epochs : how long to train on all windows; 0 when no training helped.
    trust : (11,), 0–1, share of the residual to keep.
    """

    closed: np.ndarray
    calibrated: np.ndarray
    transformer: np.ndarray
    epochs: int
    trust: np.ndarray


def folds(groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Rows to hold out, at most `FOLDS` times, groups whole and folds of about one size."""
    from sklearn.model_selection import GroupKFold

    count = min(FOLDS, len(np.unique(groups)))
    splits = GroupKFold(count, shuffle=True, random_state=seed).split(groups, groups=groups)
    return [held_out for _, held_out in splits]


def curves(z: np.ndarray, share: np.ndarray) -> np.ndarray:
    """One curve per field, (11, 2, 33); the identity where nothing is rated."""
    result = np.repeat(fit.IDENTITY[None], z.shape[1], axis=0)
    for i in range(z.shape[1]):
        rated = np.isfinite(share[:, i])
        if rated.any():
            result[i] = fit.curve(z[rated, i], share[rated, i])
    return result


def bend(curve: np.ndarray, z: np.ndarray) -> np.ndarray:
    """z (m, 11) by the curves (11, 2, 33)."""
    return np.stack([np.interp(z[:, i], *c) for i, c in enumerate(curve)], axis=1)


def cross_validate(rated: Rated, folder: Path, settings: TrainSettings, report: Callable[[float, float], None]) -> Answers:
    """Answer every window by models that did not see its group. `report(done, total)` counts epochs."""
    held_out = folds(rated.groups, settings.seed)
    total = len(held_out) * settings.epochs
    base = np.empty_like(rated.z)
    runs: list[np.ndarray] = []
    for k, rows in enumerate(held_out):
        inside = np.setdiff1d(np.arange(len(rated.z)), rows)
        curve = curves(rated.z[inside], rated.share[inside])
        base[rows] = bend(curve, rated.z[rows])
        learned = _train(rated, curve, inside, rows, folder / f"fold-{k}", settings, lambda e, k=k: report(k * settings.epochs + e, total))
        runs.append(learned.answers)
    longest = max(len(run) for run in runs)
    residual = np.zeros((longest + 1, *rated.z.shape))  # after 0, 1, 2 … epochs
    for rows, run in zip(held_out, runs, strict=True):
        residual[1:, rows] = np.concatenate([run, np.repeat(run[-1:], longest - len(run), axis=0)])
    chosen = np.zeros_like(rated.z)
    for rows in held_out:
        others = np.setdiff1d(np.arange(len(rated.z)), rows)
        epoch, trust = _choose(residual[:, others], base[others], rated.share[others])
        chosen[rows] = trust * residual[epoch, rows]
    epochs, trust = _choose(residual, base, rated.share)
    return Answers(rated.closed, from_z(base), from_z(base + chosen), epochs, trust)


def learn(
    rated: Rated, answers: Answers, folder: Path, settings: TrainSettings, report: Callable[[float, float], None]
) -> tuple[np.ndarray, TokenScale | None, TemporalTransformer | None]:
    """Curves, token scale and network of all windows; the last two are None where no training helped."""
    curve = curves(rated.z, rated.share)
    if answers.epochs == 0 or not answers.trust.any():
        return curve, None, None
    from leitmotif.calibration.train import scale_residuals

    rows = np.arange(len(rated.z))
    trained = _train(rated, curve, rows, None, folder / "all", settings, lambda e: report(e, answers.epochs), answers.epochs)
    scale_residuals(trained.network, answers.trust)
    return curve, TokenScale.fit(rated.clips), trained.network


def _train(
    rated: Rated,
    curve: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray | None,
    folder: Path,
    settings: TrainSettings,
    report: Callable[[int], None],
    epochs: int | None = None,
) -> Trained:
    """Train on the windows `inside`, over their own curves and token scale, and answer those `outside`."""
    from leitmotif.calibration.train import Examples, train

    scale = TokenScale.fit([rated.clips[i] for i in np.unique(rated.clip[inside])])

    def examples(rows: np.ndarray) -> Examples:
        return Examples([scale.read(rated.parts[i]) for i in rows], bend(curve, rated.z[rows]), rated.share[rows])

    folder.mkdir(parents=True, exist_ok=True)
    held_out = None if outside is None else examples(outside)
    return train(examples(inside), held_out, folder, settings, epochs=epochs, report=report)


def _choose(residual: np.ndarray, base: np.ndarray, share: np.ndarray) -> tuple[int, np.ndarray]:
    """The best number of epochs, and how far to trust each field's residual then.

    residual (epochs + 1, m, 11). Trust is the least-squares factor of the residual, held within 0–1,
    with one window's worth of doubt.
    """
    from scipy.special import ndtr

    rated = np.isfinite(share)
    fields = rated.any(axis=0)
    variance = np.nanvar(share[:, fields], axis=0)
    error = np.where(rated, ndtr(base + residual) - share, 0.0)[..., fields]
    epoch = int(np.argmin((np.square(error).sum(axis=1) / variance).sum(axis=-1)))
    trust = np.zeros(share.shape[1])
    for i in np.flatnonzero(fields):
        rows = rated[:, i]
        moved = ndtr(base[rows, i] + residual[epoch, rows, i]) - ndtr(base[rows, i])
        missed = share[rows, i] - ndtr(base[rows, i])
        trust[i] = np.clip(moved @ missed / (np.square(moved).sum() + np.square(moved).mean() + 1e-12), 0, 1)
    return epoch, trust
