"""Which predictor ships: every candidate is fitted on the training sources, the best on validation
wins.

The linear prior is a candidate like any other, and wins where nothing learned beats it. The test
split is looked at once, for the winner's scores and the reliability of its outputs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import InputError, Progress
from data.pairs import Pairs
from recommender import comparison, prior
from recommender.baselines import Predict, measured_only
from recommender.comparison import MIN_TEST_SOURCES, NETWORK, PRIOR
from recommender.fit_network import Trained, train
from recommender.linear import Linear, fit_ridge
from recommender.lit_module import Settings
from recommender.network import Config
from recommender.save import forward_of, reliability, save
from recommender.trainable import check_trainable

CANDIDATES = (PRIOR, "ridge", "ridge around prior", NETWORK)


@dataclass(frozen=True, eq=False)
class Selection:
    """The winner and the tables it won by.

    model : fitted on the training sources.
    validation : all candidates on the validation sources. test : the same fits on the test sources;
        None if there are too few.
    """

    winner: str
    model: Linear | Trained
    train: Pairs
    validation: comparison.Evaluation
    test: comparison.Evaluation | None

    @property
    def reliability(self) -> list[float] | None:
        """Of the winner's outputs on the test sources, see `save.reliability`."""
        return reliability(self.test[self.winner].outputs, self.test.sources) if self.test else None

    def save(self, path: str | os.PathLike, name: str, description: str, **metadata: Any) -> None:
        """Write the winner's weights file with both tables inside, and what else is given."""
        save(
            path,
            self.model,
            self.train,
            name=name,
            description=description,
            stretch=self.winner != PRIOR,
            reliability=self.reliability,
            validation=self.validation.to_dict(),
            test=self.test and self.test.to_dict(),
            winner=self.winner,
            **metadata,
        )


def select(
    pairs: Pairs,
    config: Config | None = None,
    settings: Settings | None = None,
    *,
    metric: str = "recall@3",
    keep: str | None = None,
    folder: str | os.PathLike | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Selection:
    """Fit every candidate on the split "train" and keep the best by `metric` on "validation" (or
    the one named by `keep`).

    folder, resume, progress : of the network's training, see `train.train`.
    Raises `InputError` where the pairs cannot be trained or judged on.
    """
    if keep is not None and keep not in CANDIDATES:
        raise InputError("training.no_candidate", given=keep, candidates=CANDIDATES)
    fitted, validation, test = pairs.split("train"), pairs.split("validation"), pairs.split("test")
    check_trainable(fitted)
    models: dict[str, Linear | Trained] = {
        PRIOR: prior.as_linear(),
        "ridge": fit_ridge(fitted),
        "ridge around prior": fit_ridge(fitted, prior=prior.matrix()),
        NETWORK: train(
            fitted, validation, config, settings, folder=folder, resume=resume, progress=progress
        ),
    }
    fits: Mapping[str, comparison.Fit] = {
        name: _fitted(name, model) for name, model in models.items()
    }
    table = comparison.held_out(
        fitted, validation, fits, title=f"{Path(pairs.origin).name}: validation"
    )
    winner = keep or max(CANDIDATES, key=lambda name: table[name].metrics[metric])
    tested = None
    if len(set(test.sources)) >= MIN_TEST_SOURCES:
        tested = comparison.held_out(fitted, test, fits, title=f"{Path(pairs.origin).name}: test")
    return Selection(winner, models[winner], fitted, table, tested)


def _fitted(name: str, model: Linear | Trained) -> Callable[[Pairs], Predict]:
    """A fit that was done before, in the form that `comparison` takes."""
    forward = forward_of(model)

    def everything(pairs: Pairs) -> np.ndarray:
        return forward(pairs.video, pairs.video_confidence)[0]

    keeps_all = name in (PRIOR, "ridge around prior")
    return lambda pairs: everything if keeps_all else measured_only(pairs, forward)
