"""Search for sizes and rates: Optuna, for Recall@3 on the validation sources.

The study lives in one SQLite file: it can be interrupted and resumed, and several processes can work
on it at once. Every trial's sampler is seeded by the study's seed and the number of finished trials,
so that in one process the same seed gives the same study, resumed or not. The first trial is the
default, so a study never ends below it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import optuna
import pytorch_lightning as lightning
from optuna.trial import TrialState

from data.errors import InputError, Progress
from data.pairs import Pairs
from recommender import protocol
from recommender.evaluate import output_scale
from recommender.forward import network_forward
from recommender.lit_module import Settings
from recommender.network import Config
from recommender.spread import fit_spread
from recommender.tasks import FUSIONS
from recommender.train import Trained, train
from recommender.trainable import check_trainable

OBJECTIVE = "recall@3"
DRAWS = 40
"""Draws of scenes for the objective; more than a table takes, because trials differ by little."""
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def suggest(trial: optuna.Trial) -> tuple[Config, Settings]:
    """One point of the search space."""
    config = Config(
        width=trial.suggest_int("width", 8, 128, log=True),
        depth=trial.suggest_int("depth", 1, 3),
        va_width=trial.suggest_int("va_width", 4, 64, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.5),
        input_dropout=trial.suggest_float("input_dropout", 0.0, 0.3),
        fusion=trial.suggest_categorical("fusion", FUSIONS),
    )
    settings = Settings(
        learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-5, 1.0, log=True),
        batch_size=trial.suggest_categorical("batch_size", (32, 64)),
        va_weight=trial.suggest_float("va_weight", 0.1, 3.0, log=True),
        emotion_weight=trial.suggest_float("emotion_weight", 0.01, 1.0, log=True),
    )
    return config, settings


def from_params(params: dict, base: Settings) -> tuple[Config, Settings]:
    """Config and settings of a trial's parameters; the rest as in `base`."""
    sizes = {f.name for f in fields(Config)}
    return Config(**{n: v for n, v in params.items() if n in sizes}), replace(base, **{n: v for n, v in params.items() if n not in sizes})


def tune(
    pairs: Pairs,
    storage: str | os.PathLike,
    trials: int = 30,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    prior: np.ndarray | None = None,
    progress: Progress | None = None,
) -> optuna.Study:
    """Run a study up to `trials` finished trials (those already in `storage` count).

    pairs : trained on the split "train", judged on "validation"; "test" is never looked at.
    settings : epochs, patience and seed of every trial.

    Ctrl-C leaves the finished trials in the file. Raises `InputError` for pairs that cannot be
    trained on, or a file that holds no study of this kind.
    """
    base = settings or Settings(seed=seed)
    train_pairs, validation = pairs.split("train"), pairs.split("validation")
    check_trainable(train_pairs)
    if len(set(validation.sources)) < 2:
        raise InputError(f"{pairs.origin}: the validation split has fewer than two sources; name splits in the file, or add videos.")
    study = open_study(storage, seed)
    objective = _objective(train_pairs, validation, base, prior)
    done = _finished(study)
    while done < trials:
        if progress:
            progress("trials", done, trials)
        study.sampler = optuna.samplers.TPESampler(seed=1000 * seed + done)
        study.optimize(objective, n_trials=1, catch=())
        done = _finished(study)
    return study


def open_study(storage: str | os.PathLike, seed: int = 0) -> optuna.Study:
    """The study in a SQLite file, made if it is missing."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = Path(storage).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        database = optuna.storages.RDBStorage(f"sqlite:///{path.as_posix()}", engine_kwargs={"connect_args": {"timeout": 60}})
        pruner = optuna.pruners.MedianPruner(n_startup_trials=8, n_warmup_steps=5)
        study = optuna.create_study(
            storage=database, study_name=f"recommender-{seed}", direction="maximize", pruner=pruner, load_if_exists=True
        )
    except Exception as error:  # SQLAlchemy and Alembic raise many kinds for a file that is no such database
        if isinstance(error, KeyboardInterrupt):
            raise
        raise InputError(f"{path}: not an Optuna study ({str(error).splitlines()[0]}); name another file.") from None
    if not study.trials:
        default = asdict(Config()) | {n: v for n, v in asdict(Settings()).items() if n not in ("epochs", "patience", "seed")}
        study.enqueue_trial(default)
    return study


def _finished(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def _objective(train_pairs: Pairs, validation: Pairs, base: Settings, prior: np.ndarray | None) -> Callable[[optuna.Trial], float]:
    pools, scale = protocol.make_pools(validation, draws=DRAWS), output_scale(train_pairs)

    def objective(trial: optuna.Trial) -> float:
        config, settings = suggest(trial)
        settings = replace(settings, epochs=base.epochs, patience=base.patience, seed=base.seed)
        result = train(train_pairs, validation, config, settings, prior=prior, callbacks=[_Pruning(trial)])
        trial.set_user_attr("best_epoch", result.best_epoch)
        trial.set_user_attr("val_loss", result.val_loss)
        return validation_recall(result, train_pairs, validation, scale, pools)

    return objective


def validation_recall(trained: Trained, train_pairs: Pairs, validation: Pairs, scale: np.ndarray, pools: protocol.Pools) -> float:
    """Recall@3 of the stretched predictions on the validation pools."""
    forward = network_forward(trained.network)
    spread = fit_spread(forward(train_pairs.video, train_pairs.video_confidence)[0], train_pairs.music)
    query = spread.apply(forward(validation.video, validation.video_confidence)[0])
    ranks = protocol.true_ranks(protocol.rank_tracks(query, validation.music, scale, pools))
    return float(protocol.summarise(ranks)[protocol.METRICS.index(OBJECTIVE)])


class _Pruning(lightning.Callback):
    """Reports the validation loss of every epoch (negated: the study maximises) and stops hopeless trials."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def on_validation_end(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self.trial.report(-float(trainer.callback_metrics["val_loss"]), trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def best_of(storage: str | os.PathLike, base: Settings) -> tuple[Config, Settings]:
    """The best trial of the study in a file. Raises `InputError` if the file is missing or no trial in it has ended."""
    path = Path(storage)
    if not path.is_file():
        raise InputError(f"{path}: no such study; make one with `leitmotif tune PAIRS`.")
    study = open_study(path, base.seed)
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise InputError(f"{path}: no trial of seed {base.seed} has ended; run `leitmotif tune` again.")
    return from_params(study.best_params, base)
