"""The evaluation table: every predictor on the same held-out scenes, beside chance.

A predictor is fitted on training pairs and judged on others (`held_out`), or on each fold of its
own sources in turn (`cross_validate`). Retrieval looks at the stretched prediction
(`recommender.stretch`), R², CCC and r at the prediction itself. The prior, VA only and the mean
profile are not fitted to anything and not stretched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data.errors import InputError, Progress
from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS
from data.words import Sentence
from recommender import protocol
from recommender.baselines import BASELINES, UNSTRETCHED, Predict, measured_only
from recommender.forward import network_forward
from recommender.stretch import fit_stretch
from recommender.trainable import check_trainable

CHANCE, NETWORK = "chance", "network"
PRIOR = "linear prior"
UNFITTED = ("VA only", PRIOR)
MIN_TEST_SOURCES = 3
SAME_SCENE = 0.02
"""Share of the range by which two measurements of one scene may differ in any field. Scenes of
different sources lie .069 apart at least in some field among 3,627 of music videos, .31 among 57 of
ours (`data/pairs*.csv`)."""


class Prediction(NamedTuple):
    """What one predictor says of n scenes."""

    regression: np.ndarray
    """(n, 10): the most likely music; judged by R², CCC and r."""
    query: np.ndarray
    """(n, 10): the music to search for; judged by rank."""


@dataclass(frozen=True)
class Score:
    """One line of the table."""

    name: str
    metrics: dict[str, float]
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)
    p: dict[str, float] = field(default_factory=dict)
    """Share of permutations at least as good, by metric."""
    outputs: dict[str, dict[str, float]] = field(default_factory=dict)
    """R², CCC and r by output."""
    over_prior: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % interval of the gain over the linear prior, by metric, paired by source."""


@dataclass(frozen=True)
class Evaluation:
    """The whole table and what it was made of; `to_dict` is what `--json` prints."""

    title: str
    method: str
    pairs: int
    sources: int
    pool: int
    draws: int
    scores: tuple[Score, ...]
    video_extractor: str = ""
    music_extractor: str = ""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        record = {n: getattr(self, n) for n in self.__dataclass_fields__ if n != "scores"}
        return {
            **record,
            "scores": [{n: getattr(s, n) for n in s.__dataclass_fields__} for s in self.scores],
        }

    def __getitem__(self, name: str) -> Score:
        return next(s for s in self.scores if s.name == name)


Fit = Callable[[Pairs], Predict]
Judge = Callable[[Pairs], Prediction]
"""A predictor that is fitted already."""


def score(
    pairs: Pairs,
    predictions: Mapping[str, Prediction],
    scale: np.ndarray,
    *,
    title: str,
    method: str,
    pool: int = 100,
    draws: int = 20,
    seed: int = 0,
    notes: Sequence[str] = (),
    references: Mapping[str, np.ndarray] | None = None,
) -> Evaluation:
    """Judge predictions for `pairs`.

    scale : (10,) standard deviations of the outputs.
    references : by predictor, the mean music (10,) or (n, 10) of what it was fitted on; the pairs'
        own mean for the others.
    """
    means = {name: mean_music(pairs) for name in predictions} | dict(references or {})
    sources = len(set(pairs.sources))
    if sources < MIN_TEST_SOURCES:
        raise InputError(
            "training.few_to_compare", file=pairs.origin, sources=sources, needed=MIN_TEST_SOURCES
        )
    pools = protocol.make_pools(pairs, pool, draws, seed)
    scores = [Score(CHANCE, protocol.chance(pools.size))]
    tables = {
        n: protocol.rank_tracks(p.query, pairs.music, scale, pools) for n, p in predictions.items()
    }
    for name, prediction in predictions.items():
        ranks, own = tables[name], protocol.true_ranks(tables[name])
        low, high = protocol.bootstrap(own, seed=seed)
        columns = (protocol.summarise(own), low, high, protocol.permutation_p(ranks, seed=seed))
        named = [dict(zip(protocol.METRICS, c.tolist(), strict=True)) for c in columns]
        outputs = protocol.per_output(
            prediction.regression, pairs.music, np.broadcast_to(means[name], pairs.music.shape)
        )
        gain = {}
        if PRIOR in tables and name != PRIOR:
            bounds = zip(
                *protocol.paired_gain(own, protocol.true_ranks(tables[PRIOR]), seed=seed),
                strict=True,
            )
            gain = {
                m: (float(a), float(b))
                for m, (a, b) in zip(protocol.METRICS[:-1], bounds, strict=True)
            }
        metrics, lower, upper, p = named
        scores.append(Score(name, metrics, lower, upper, p, outputs, gain))
    if pools.sources < sources:
        notes = (
            *notes,
            Sentence("training.sat_out", n=sources - pools.sources, total=sources),
        )
    extractors = pairs.video_extractor, pairs.music_extractor
    return Evaluation(
        title,
        method,
        len(pairs),
        sources,
        pools.size,
        draws,
        tuple(scores),
        *extractors,
        tuple(notes),
    )


def predict_with(fit: Fit, train: Pairs, test: Pairs, stretch: bool = True) -> Prediction:
    """Fit on `train`, predict `test`; the stretch is learned on `train` too."""
    predict = fit(train)
    regression = predict(test)
    return Prediction(
        regression,
        fit_stretch(predict(train), train.music).apply(regression) if stretch else regression,
    )


def held_out(
    train: Pairs | None,
    test: Pairs,
    fits: Mapping[str, Fit],
    *,
    given: Mapping[str, Judge] | None = None,
    **options: Any,
) -> Evaluation:
    """Fit on all of `train` and judge on `test`. Sources that are in both are left out of `test`,
    those that share a scene with it under another name out of `train`; both are counted in a note.

    train : None where there is nothing to fit on; then `fits` may hold only predictors of
        `UNFITTED`.
    given : predictors that were fitted elsewhere.
    """
    known = set(train.sources) if train is not None else set()
    kept = test.take(np.array([s not in known for s in test.sources], dtype=bool))
    notes = list(options.pop("notes", ()))
    if not len(kept):
        raise InputError("training.all_known", file=test.origin)
    if len(kept) < len(test):
        left = len(set(test.sources)) - len(set(kept.sources))
        notes.append(Sentence("training.known_left_out", n=left))
    if train is not None:
        apart = without_scenes_of(train, kept)
        if len(apart) < len(train):
            left = len(known) - len(set(apart.sources))
            notes.append(Sentence("training.same_scenes", n=left, origin=Path(train.origin).name))
        train = apart if len(apart) else None
        fits = fits if train is not None else {n: f for n, f in fits.items() if n in UNFITTED}
    learned = kept if train is None else train  # what needs no fitting looks at neither
    predictions = _predict_all(
        fits, lambda fit, stretch: predict_with(fit, learned, kept, stretch), notes
    )
    predictions |= {name: judge(kept) for name, judge in (given or {}).items()}
    if train is None:
        return score(
            kept, predictions, output_scale(kept), method="nothing fitted", notes=notes, **options
        )
    references = {
        name: mean_music(train) for name in predictions if name in fits and name not in UNFITTED
    }
    return score(
        kept,
        predictions,
        output_scale(train),
        method="held out",
        notes=notes,
        references=references,
        **options,
    )


def without_scenes_of(known: Pairs, others: Pairs) -> Pairs:
    """The pairs of sources of which no scene is one of `others`, whatever the names say: the same
    fields measured, and none of them further apart than `SAME_SCENE` of its range.
    """
    spans = np.array([f.high - f.low for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)])
    ours, theirs = (np.hstack([p.video, p.music]) / spans for p in (known, others))
    shared = {
        source
        for source, row in zip(known.sources, ours, strict=True)
        if np.isclose(theirs, row, rtol=0, atol=SAME_SCENE, equal_nan=True).all(axis=1).any()
    }
    return known.take(np.array([source not in shared for source in known.sources], dtype=bool))


def cross_validate(
    pairs: Pairs,
    fits: Mapping[str, Fit],
    folds: int = 5,
    *,
    given: Mapping[str, Judge] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Evaluation:
    """Judge on every source once, fitted on the others. Folds are by source, drawn by `seed`."""
    check_trainable(pairs)
    groups, notes = pairs.groups(), list(options.pop("notes", ()))
    folds = min(folds, groups.max() + 1)
    fold_of = np.random.default_rng(options.get("seed", 0)).permutation(groups.max() + 1) % folds
    held = [np.flatnonzero(fold_of[groups] == fold) for fold in range(folds)]
    parts = [
        (pairs.take(np.setdiff1d(np.arange(len(pairs)), rows)), pairs.take(rows)) for rows in held
    ]
    order = np.argsort(np.concatenate(held))

    def across_folds(fit: Fit, stretch: bool) -> Prediction:
        found = [predict_with(fit, train, test, stretch) for train, test in parts]
        return Prediction(
            *(np.concatenate(of_folds)[order] for of_folds in zip(*found, strict=True))
        )

    predictions = _predict_all(fits, across_folds, notes, progress)
    predictions |= {name: judge(pairs) for name, judge in (given or {}).items()}
    means = np.concatenate([np.tile(mean_music(train), (len(test), 1)) for train, test in parts])[
        order
    ]
    references = {name: means for name in predictions if name in fits and name not in UNFITTED}
    method = f"{folds}-fold cross-validation by source"
    return score(
        pairs,
        predictions,
        output_scale(pairs),
        method=method,
        notes=notes,
        references=references,
        **options,
    )


def _predict_all(
    fits: Mapping[str, Fit],
    predict: Callable[[Fit, bool], Prediction],
    notes: list[str],
    progress: Progress | None = None,
) -> dict[str, Prediction]:
    """What every predictor says; one that cannot be fitted on so few pairs is left out, with a
    note.
    """
    found = {}
    for i, (name, fit) in enumerate(fits.items()):
        if progress:
            progress(f"fit {name}", i, len(fits))
        try:
            found[name] = predict(fit, name not in UNSTRETCHED)
        except InputError as error:
            notes.append(Sentence("training.predictor_left_out", name=name, why=error.sentence))
    return found


def fit_network(**options: Any) -> Fit:
    """A `Fit` for the network: the validation split (or every fifth source, where there is none)
    chooses the epoch.

    options : passed to `recommender.fit_network.train`.
    """

    def fit(pairs: Pairs) -> Predict:
        from recommender.fit_network import train

        return measured_only(pairs, network_forward(train(*inner_split(pairs), **options).network))

    return fit


def inner_split(pairs: Pairs) -> tuple[Pairs, Pairs]:
    """Training and validation pairs: as the splits say, or every fifth source where they leave one
    side without two sources.
    """
    inner = pairs.split("train"), pairs.split("validation")
    if min(len(set(p.sources)) for p in inner) >= 2:
        return inner
    held = pairs.groups() % 5 == 0
    return pairs.take(~held), pairs.take(held)


def all_fits(**network_options: Any) -> dict[str, Fit]:
    """Every baseline and the network, in the order of the table."""
    return {**BASELINES, NETWORK: fit_network(**network_options)}


def mean_music(pairs: Pairs) -> np.ndarray:
    """(10,) mean of the measured music; NaN where there is none."""
    known = np.isfinite(pairs.music)
    return np.where(known, pairs.music, 0.0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)


def output_scale(pairs: Pairs) -> np.ndarray:
    """(10,) standard deviations of the measured music; that of a uniform score where there is
    none.
    """
    scale = np.array([(f.high - f.low) / 12**0.5 for f in MUSIC_FIELDS])
    for j in range(len(MUSIC_NAMES)):
        known = pairs.music[np.isfinite(pairs.music[:, j]), j]
        if len(known) > 1 and known.std() > 0:
            scale[j] = known.std()
    return scale
