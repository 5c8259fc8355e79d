"""Fits of visual arousal and valence to what people said of film excerpts (LIRIS-ACCEDE discrete).

The authors published, beside the ratings' ranks, five visual features that our signals also
measure. Units differ, so both sides are matched by rank: every quantity becomes a normal score.
Only coefficients and scores leave this module, never rows of the data.

Baveye, Dellandréa, Chamaret & Chen (2015), LIRIS-ACCEDE: a video database for affective content
analysis, IEEE Trans. Affective Computing 6(1), 43–55.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from data.errors import InputError
from features.video.reference import Fit

FEATURES = {
    "steady_motion": "globalActivity",
    "cutting": "nbSceneCuts",
    "own_colour": "colorfulness",
    "lightness": "medianLightness",
    "lighting_key": "lightning",
}
"""Our quantity: theirs."""
OF_VALENCE = {"hues": "hueCount"}
"""Looked at for valence alone: it adds nothing to arousal."""
GREY = 2
"""Excerpts of so many hues are without colour."""

_FOLDS = 10
_RESAMPLES = 1000


def fit(folder: Path) -> dict[str, Fit]:
    """The fits of "arousal" and "valence" from a folder laid out like LIRIS-ACCEDE discrete.

    Cross-validated in ten folds over runs of consecutive excerpts of one film; intervals are
    percentiles of a bootstrap over those runs. Raises `InputError` if a table is missing.
    """
    tables = [
        _read(folder / name)
        for name in (
            "ranking.csv",
            "sets.csv",
            "features_arousal_tac2015.csv",
            "features_valence_tac2015.csv",
        )
    ]
    ids = sorted(set.intersection(*(set(t) for t in tables)))
    ranking, sets, *features = ([t[i] for i in ids] for t in tables)
    rows = [a | b for a, b in zip(*features, strict=True)]
    runs = _runs(ids, [row["set"] for row in sets])
    return {
        target: _fit_one(
            *_inputs(rows, names),
            _normal_score([float(row[f"{target}Rank"]) for row in ranking]),
            runs,
        )
        for target, names in (("arousal", FEATURES), ("valence", FEATURES | OF_VALENCE))
    }


def _inputs(rows: list[dict[str, str]], names: dict[str, str]) -> tuple[list[str], np.ndarray]:
    """Names and normal scores (n, k) of our quantities, and as the last whether all is grey.

    Excerpts without colour have ordinary colours: what is otherwise peculiar to them, few films and
    dark ones, is what the last column takes up. The profile does not count it.
    """
    scores = {
        ours: _normal_score([float(row[theirs]) for row in rows]) for ours, theirs in names.items()
    }
    grey = np.array([float(row["hueCount"]) <= GREY for row in rows])
    for ours in ("own_colour", "hues"):
        if ours in scores:
            scores[ours] = np.where(grey, 0.0, scores[ours])
    return [*scores], np.stack([*scores.values(), grey.astype(float)], axis=1)


def _read(path: Path) -> dict[int, dict[str, str]]:
    if not path.is_file():
        raise InputError("video.no_liris", file=path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {int(row["id"]): row for row in csv.DictReader(file)}


def _runs(ids: list[int], sets: list[str]) -> np.ndarray:
    """A number per excerpt that changes where a film must end: at a gap of ids or another official
    set."""
    new = [False] + [
        i != before + 1 or s != t
        for before, i, t, s in zip(ids, ids[1:], sets, sets[1:], strict=False)
    ]
    return np.cumsum(new)


def _normal_score(values: list[float]) -> np.ndarray:
    return norm.ppf((rankdata(values) - 0.5) / len(values))


def _fit_one(names: list[str], inputs: np.ndarray, target: np.ndarray, runs: np.ndarray) -> Fit:
    """inputs : (n, k + 1), the last for what is not counted."""
    predicted = cross_val_predict(
        LinearRegression(), inputs, target, groups=runs, cv=GroupKFold(_FOLDS)
    )
    model = LinearRegression().fit(inputs, target)
    counted, counts = inputs[:, :-1], model.coef_[:-1]
    low, high = _interval(predicted, target, runs)
    residual, around_mean = np.mean((target - predicted) ** 2), np.mean(target**2)
    least = {name: counted[:, i].min() for i, name in enumerate(names)}
    return Fit(
        coefficients={name: round(float(c), 4) for name, c in zip(names, counts, strict=True)},
        sd=round(float((counted @ counts).std()), 4),
        score={
            "r": round(float(np.corrcoef(predicted, target)[0, 1]), 4),
            "r_low": low,
            "r_high": high,
            "r2": round(float(1 - residual / around_mean), 4),
            "grey": round(float(model.coef_[-1]), 4),
            "excerpts": len(target),
            "runs": int(runs[-1]) + 1,
        },
        lowest={name: round(float(z), 4) for name, z in least.items() if z > -2},
    )


def _interval(predicted: np.ndarray, target: np.ndarray, runs: np.ndarray) -> tuple[float, float]:
    """95 % interval of the correlation, runs drawn with replacement."""
    random = np.random.default_rng(0)
    members = [np.flatnonzero(runs == run) for run in range(int(runs[-1]) + 1)]
    drawn = []
    for _ in range(_RESAMPLES):
        rows = np.concatenate(
            [members[i] for i in random.integers(len(members), size=len(members))]
        )
        drawn.append(np.corrcoef(predicted[rows], target[rows])[0, 1])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)
