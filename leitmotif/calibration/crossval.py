"""Held-out answers of the four models, by group: no window is answered by a model that saw its
clip.

Everything fitted is fitted within the fold: the curves, the scale of the tokens, the summary model,
the network. The network learns what is left over when the summary model answers windows of clips it
did not see. How long to train and how far to trust each field's residual is chosen for every fold
on the other folds' held-out answers; the network that is kept learns from all windows for the time
that was best over all folds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.profiles import VIDEO_FIELDS
from features.video.profile_coefficients import from_z
from features.video.summary import SummaryModel, kinds, summarise
from features.video.tokens import TokenScale
from leitmotif.calibration import fit
from leitmotif.calibration.summary import fit as fit_summary

if TYPE_CHECKING:
    from features.video.temporal import TemporalTransformer
    from features.video.timeline import Timeline
    from leitmotif.calibration.residual import Trained, TrainSettings

FOLDS = 10
"""Each fold learns from nine tenths of the clips, nearly what the kept models learn from
(heuristic).
"""
NETWORK_FROM = 100
"""Rated windows from which a network is trained at all (heuristic: on top of the summary model it
added nothing to simulated raters' R² at 200 windows, and lost 0.02 in the one draw tried at 50).
"""
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
    summary: np.ndarray
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


class Below(NamedTuple):
    """The models below the network, learned from some windows, and their answers to all of them.

    tokens : of every window, as the network reads them.
    bent, summed (m, 11) : z by the curves, and by curves and summary model; windows that were
        learned from are answered by what the other clips teach, as all others are.
    """

    curve: np.ndarray
    scale: TokenScale
    model: SummaryModel
    tokens: list[tuple[np.ndarray, np.ndarray]]
    bent: np.ndarray
    summed: np.ndarray


def below(rated: Rated, inside: np.ndarray) -> Below:
    """Learn curves, token scale and summary model from the windows `inside`."""
    share = rated.share[inside]
    scale = TokenScale.fit([rated.clips[i] for i in np.unique(rated.clip[inside])])
    tokens = [scale.read(part) for part in rated.parts]
    signals = len(scale.names)
    numbers = np.array(
        [summarise(z, *window, signals) for z, window in zip(rated.z, tokens, strict=True)]
    )
    curve = curves(rated.z[inside], share)
    bent = bend(curve, rated.z)
    model, left_out = fit_summary(
        numbers[inside], kinds(signals, numbers.shape[1]), bent[inside], share, rated.groups[inside]
    )
    summed = bent + model.residual(numbers)
    summed[inside] = bent[inside] + left_out
    return Below(curve, scale, model, tokens, bent, summed)


def cross_validate(
    rated: Rated, folder: Path, settings: TrainSettings, report: Callable[[float, float], None]
) -> Answers:
    """Answer every window by models that did not see its group. `report(done, total)` counts
    epochs.
    """
    held_out = folds(rated.groups, settings.seed)
    total = len(held_out) * settings.epochs
    bent, summed = np.empty_like(rated.z), np.empty_like(rated.z)
    runs: list[np.ndarray] = []
    for k, rows in enumerate(held_out):
        inside = np.setdiff1d(np.arange(len(rated.z)), rows)
        simple = below(rated, inside)
        bent[rows], summed[rows] = simple.bent[rows], simple.summed[rows]

        def count(epoch: int, before: int = k * settings.epochs) -> None:
            report(before + epoch, total)

        if len(rated.z) >= NETWORK_FROM:
            runs.append(
                _train(
                    simple, rated.share, inside, rows, folder / f"fold-{k}", settings, count
                ).answers
            )
        else:
            runs.append(np.zeros((1, *rated.z[rows].shape)))
    longest = max(len(run) for run in runs)
    residual = np.zeros((longest + 1, *rated.z.shape))  # after 0, 1, 2 … epochs
    for rows, run in zip(held_out, runs, strict=True):
        residual[1:, rows] = np.concatenate([run, np.repeat(run[-1:], longest - len(run), axis=0)])
    chosen = np.zeros_like(rated.z)
    for rows in held_out:
        others = np.setdiff1d(np.arange(len(rated.z)), rows)
        epoch, trust = _choose(residual[:, others], summed[others], rated.share[others])
        chosen[rows] = trust * residual[epoch, rows]
    epochs, trust = _choose(residual, summed, rated.share)
    return Answers(
        rated.closed, from_z(bent), from_z(summed), from_z(summed + chosen), epochs, trust
    )


def learn(
    rated: Rated,
    answers: Answers,
    folder: Path,
    settings: TrainSettings,
    report: Callable[[float, float], None],
) -> tuple[Below, TemporalTransformer | None]:
    """The models of all windows; no network where no training helped."""
    rows = np.arange(len(rated.z))
    simple = below(rated, rows)
    if answers.epochs == 0 or not answers.trust.any():
        return simple, None
    from leitmotif.calibration.residual import scale_residuals

    trained = _train(
        simple,
        rated.share,
        rows,
        None,
        folder / "all",
        settings,
        lambda e: report(e, answers.epochs),
        answers.epochs,
    )
    scale_residuals(trained.network, answers.trust)
    return simple, trained.network


def _train(
    simple: Below,
    share: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray | None,
    folder: Path,
    settings: TrainSettings,
    report: Callable[[int], None],
    epochs: int | None = None,
) -> Trained:
    """Train on what the models below leave of the windows `inside`, and answer those `outside`."""
    from leitmotif.calibration.residual import Examples, train

    def examples(rows: np.ndarray) -> Examples:
        return Examples([simple.tokens[i] for i in rows], simple.summed[rows], share[rows])

    folder.mkdir(parents=True, exist_ok=True)
    held_out = None if outside is None else examples(outside)
    return train(examples(inside), held_out, folder, settings, epochs=epochs, report=report)


def _choose(residual: np.ndarray, base: np.ndarray, share: np.ndarray) -> tuple[int, np.ndarray]:
    """The best number of epochs, and how far to trust each field's residual then.

    residual (epochs + 1, m, 11). Trust is the least-squares factor of the residual, held within
    0–1, with one window's worth of doubt.
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
        trust[i] = np.clip(
            moved @ missed / (np.square(moved).sum() + np.square(moved).mean() + 1e-12), 0, 1
        )
    return epoch, trust
