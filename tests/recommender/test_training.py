"""Training and tuning as a person runs them: seeds, logs, resuming, and pairs that cannot be
learned from.
"""

import csv
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as lightning
import torch
from planted import linear_rule, planted

from data.errors import InputError
from data.pairs import Pairs
from recommender.fit_network import train
from recommender.linear import PENALTIES, choose_penalty, fit_ridge
from recommender.lit_module import Settings
from recommender.network import Config
from recommender.select import select
from recommender.tune import best_of, tune


class PowerCut(Exception):
    """Training stopped from outside."""


SMALL = Config(width=8, depth=1, va_width=4)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return planted(linear_rule, 200, noise=0.3)[0]


def run(pairs, settings, **options):
    return train(pairs.split("train"), pairs.split("validation"), SMALL, settings, **options)


def weights(trained) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in trained.network.parameters()])


def test_the_same_seed_gives_the_same_network(pairs):
    first, again, other = (run(pairs, Settings(epochs=2, seed=s)) for s in (1, 1, 2))
    assert np.array_equal(weights(first), weights(again)) and not np.array_equal(
        weights(first), weights(other)
    )


def test_logs_and_a_checkpoint_and_going_on_from_it(tmp_path, pairs):
    settings = Settings(epochs=6, learning_rate=1e-3, patience=99)
    whole = run(pairs, settings, folder=tmp_path / "whole")
    with (tmp_path / "whole" / "csv" / "metrics.csv").open() as file:
        assert max(int(row["epoch"]) for row in csv.DictReader(file)) == 5
    assert any("events" in p.name for p in (tmp_path / "whole" / "tensorboard").iterdir())

    class Stop(lightning.Callback):
        def on_train_epoch_start(self, trainer, _):
            if trainer.current_epoch == 3:
                raise PowerCut

    with pytest.raises(PowerCut):
        run(pairs, settings, folder=tmp_path / "run", callbacks=[Stop()])
    resumed = run(pairs, settings, folder=tmp_path / "run", resume=True)
    assert resumed.best_epoch == whole.best_epoch and np.allclose(
        weights(resumed), weights(whole), atol=1e-6
    )
    with pytest.raises(InputError, match="no checkpoint to resume from"):
        run(pairs, settings, folder=tmp_path / "nothing", resume=True)


class Code:
    """Unpickled, it would write a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_a_checkpoint_that_is_none_of_this_run(pairs, tmp_path):
    last = tmp_path / "last.ckpt"
    last.write_text("words")
    with pytest.raises(InputError, match=r"last\.ckpt: not a checkpoint of a training run"):
        run(pairs, Settings(epochs=2), folder=tmp_path, resume=True)
    last.write_bytes(pickle.dumps(Code(tmp_path / "ran"), protocol=2))
    with pytest.raises(InputError, match="not a checkpoint"):
        run(pairs, Settings(epochs=2), folder=tmp_path, resume=True)
    torch.save({"state_dict": {}, "more": Code(tmp_path / "ran")}, last)
    with pytest.raises(InputError, match="not a checkpoint"):
        run(pairs, Settings(epochs=2), folder=tmp_path, resume=True)
    assert not (tmp_path / "ran").exists(), "a pickle ran"
    torch.save({"state_dict": {"network.other": torch.zeros(3)}}, last)
    with pytest.raises(InputError, match="other sizes"):
        run(pairs, Settings(epochs=2), folder=tmp_path, resume=True)


def test_ctrl_c_stops_training_and_stays_ctrl_c(pairs, tmp_path, ctrl_c):
    """Lightning would leave the process, and deaf to Ctrl-C besides."""

    def press(stage, epoch, epochs):
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(pairs, Settings(epochs=4), folder=tmp_path, progress=press)
    assert signal.getsignal(signal.SIGINT) is before
    told = []
    run(
        pairs,
        Settings(epochs=4),
        folder=tmp_path,
        resume=True,
        progress=lambda *args: told.append(args),
    )
    assert told == [("epochs", 2, 4), ("epochs", 3, 4)]


def test_a_study_is_interrupted_and_resumed_and_the_same_seed_is_the_same_study(
    tmp_path, pairs, monkeypatch, ctrl_c
):
    settings = Settings(epochs=2)
    whole = tune(pairs, tmp_path / "whole.db", 4, seed=3, settings=settings)

    def stop(stage, done, total):
        if done == 2:
            raise KeyboardInterrupt

    def press(self, trainer, module):
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("recommender.tune._Pruning.on_validation_end", press)
        tune(
            pairs, tmp_path / "study.db", 4, seed=3, settings=settings
        )  # in the middle of the first trial, the default
    with pytest.raises(KeyboardInterrupt):
        tune(pairs, tmp_path / "study.db", 4, seed=3, settings=settings, progress=stop)
    resumed = tune(pairs, tmp_path / "study.db", 4, seed=3, settings=settings)
    ended = [t for t in resumed.trials if t.value is not None]
    assert [t.params for t in ended] == [t.params for t in whole.trials] and len(whole.trials) == 4
    assert [t.value for t in ended] == [t.value for t in whole.trials]
    assert ended[0].params["width"] == Config().width, "the default is the first trial"
    config, found = best_of(tmp_path / "study.db", Settings(seed=5))
    assert config.width == resumed.best_params["width"]
    assert (found.learning_rate, found.seed) == (resumed.best_params["learning_rate"], 5)
    with pytest.raises(
        InputError,
        match=r"study\.db: this study was made with other pairs; name another file with --study",
    ):
        tune(pairs.take(np.arange(180)), tmp_path / "study.db", 4, seed=3, settings=settings)
    with pytest.raises(InputError, match="this study was made with other epochs"):
        tune(pairs, tmp_path / "study.db", 4, seed=3, settings=Settings(epochs=3))


def test_a_file_that_is_no_study(tmp_path, pairs):
    (tmp_path / "study.db").write_text("not a database, but long enough to be taken for one" * 40)
    with pytest.raises(InputError, match=r"study\.db: not an Optuna study"):
        tune(pairs, tmp_path / "study.db", 1)
    with pytest.raises(InputError, match="no such study"):
        best_of(tmp_path / "none.db", Settings())


def test_the_winner_on_validation_ships_with_its_tables(tmp_path, pairs):
    found = select(pairs, SMALL, Settings(epochs=2))
    assert found.winner in ("ridge", "ridge around prior", "network"), (
        "the prior knows nothing of this rule"
    )
    best = max(s.metrics["recall@3"] for s in found.validation.scores)
    assert found.validation[found.winner].metrics["recall@3"] == best
    assert len(found.reliability) == 10 and min(found.reliability) > 0.3
    assert select(pairs, SMALL, Settings(epochs=1), keep="linear prior").winner == "linear prior"
    with pytest.raises(InputError, match="'magic' is no candidate"):
        select(pairs, keep="magic")


def test_ridge_keeps_the_prior_where_nothing_was_measured(pairs):
    prior = np.zeros((10, 11))
    prior[3, 4], prior[0, 0] = 0.5, -0.9
    holes = replace(pairs, music=pairs.music.copy())
    holes.music[:, 3] = np.nan
    model = fit_ridge(holes, 1e-3, prior)
    rate = model.matrix * model.out_scale[:, None] / model.in_scale
    assert rate[3] == pytest.approx(prior[3]) and rate[0, 0] == pytest.approx(0.6, abs=0.1), (
        "learned against the prior"
    )
    strong = fit_ridge(holes, 1e9, prior)
    assert (strong.matrix * strong.out_scale[:, None] / strong.in_scale) == pytest.approx(
        prior, abs=1e-3
    )


def test_noise_gets_the_strongest_penalties(pairs):
    rng = np.random.default_rng(0)
    noise = replace(pairs, music=pairs.music[rng.permutation(len(pairs))])
    assert (
        choose_penalty(noise, None, None)
        >= 100
        > choose_penalty(pairs, None, None)
        >= min(PENALTIES)
    )


def constant(pairs: Pairs) -> Pairs:
    music = pairs.music.copy()
    music[:, 9] = 12.0
    return replace(pairs, music=music)


BAD_PAIRS = {
    "too few": (
        lambda p: p.take(np.arange(0, 120, 8)),
        "15 pairs are too few to learn from; 20 are needed",
    ),
    "one source": (lambda p: replace(p, sources=("film",) * len(p)), "sources of its pairs: 1"),
    "constant column": (constant, "valence is 12 in every row"),
    "mixed extractors": (
        lambda p: replace(p, music_extractors=("a", *p.music_extractors[1:])),
        "music measured by 2 different extractors",
    ),
}


@pytest.mark.parametrize("case", BAD_PAIRS)
def test_pairs_that_cannot_be_learned_from(pairs, case):
    spoil, sentence = BAD_PAIRS[case]
    bad = spoil(pairs.split("train"))
    with pytest.raises(InputError, match=sentence):
        train(bad, pairs.split("validation"), SMALL, Settings(epochs=1))


def test_no_validation_sources(pairs):
    with pytest.raises(InputError, match="no pair is in the validation split"):
        train(pairs.split("train"), pairs.take([]), SMALL)
    with pytest.raises(InputError, match="the validation split has fewer than two sources"):
        tune(pairs.split("train"), "unused.db")
