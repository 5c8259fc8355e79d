"""Search for sizes and rates: Optuna, for Recall@3 on the validation sources.

The study lives in one SQLite file: it can be interrupted and resumed, and several processes can
work on it at once. Every trial's sampler is seeded by the study's seed and the number of finished
trials, so that in one process the same seed gives the same study, resumed or not. The first trial
is the default, so a study never ends below it. A file remembers which pairs and epochs its trials
were judged on, and takes no others.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import optuna
import pytorch_lightning as lightning
from optuna.trial import TrialState

from data.errors import InputError, Progress
from data.pairs import Pairs
from recommender import protocol
from recommender.comparison import output_scale
from recommender.fit_network import Trained, train
from recommender.forward import network_forward
from recommender.lit_module import Settings
from recommender.network import Config
from recommender.stretch import fit_stretch
from recommender.tasks import FUSIONS
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
    return Config(**{n: v for n, v in params.items() if n in sizes}), replace(
        base, **{n: v for n, v in params.items() if n not in sizes}
    )


def tune(
    pairs: Pairs,
    storage: str | os.PathLike,
    trials: int = 30,
    *,
    seed: int = 0,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> optuna.Study:
    """Run a study up to `trials` finished trials (those already in `storage` count).

    pairs : trained on the split "train", judged on "validation"; "test" is never looked at.
    settings : epochs, patience and seed of every trial.

    Ctrl-C leaves the finished trials in the file. Raises `InputError` for pairs that cannot be
    trained on, or a file that holds something else, or a study of other pairs or epochs.
    """
    base = settings or Settings(seed=seed)
    train_pairs, validation = pairs.split("train"), pairs.split("validation")
    check_trainable(train_pairs)
    if len(set(validation.sources)) < 2:
        raise InputError("training.small_validation", file=pairs.origin)
    study = open_study(storage, seed)
    _same_task(study, storage, pairs, base)
    objective = _objective(train_pairs, validation, base)
    while (done := finished(study)) < trials:
        if progress:
            progress("trials", done, trials)
        if not done and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial(_default())
        study.sampler = optuna.samplers.TPESampler(seed=1000 * seed + done)
        study.optimize(objective, n_trials=1, catch=())
    return study


def open_study(storage: str | os.PathLike, seed: int = 0) -> optuna.Study:
    """The study of a seed in a SQLite file, made if it is missing."""
    path = Path(storage).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    with _database(path) as database:
        return optuna.create_study(
            storage=database,
            study_name=f"recommender-{seed}",
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=8, n_warmup_steps=5),
            load_if_exists=True,
        )


@contextlib.contextmanager
def _database(path: Path) -> Iterator[optuna.storages.RDBStorage]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield optuna.storages.RDBStorage(
            f"sqlite:///{path.as_posix()}", engine_kwargs={"connect_args": {"timeout": 60}}
        )
    except (
        Exception
    ) as error:  # SQLAlchemy and Alembic raise many kinds for a file that is no such database
        why = str(error).splitlines()[0]
        raise InputError("training.no_study_file", file=path, why=why) from None


def _default() -> dict:
    """The default as a trial's parameters."""
    return asdict(Config()) | {
        n: v for n, v in asdict(Settings()).items() if n not in ("epochs", "patience", "seed")
    }


def _same_task(
    study: optuna.Study, storage: str | os.PathLike, pairs: Pairs, base: Settings
) -> None:
    """Scores of other pairs or epochs do not compare."""
    content = hashlib.sha256(
        b"".join(
            a.tobytes()
            for a in (pairs.video, pairs.music, np.array(pairs.sources), np.array(pairs.splits))
        )
    )
    task = {"pairs": content.hexdigest()[:16], "epochs": base.epochs}
    known = study.user_attrs.get("task", task)
    for what, value in task.items():
        if known[what] != value:
            raise InputError(f"training.other_{what}", file=storage)
    study.set_user_attr("task", task)


def finished(study: optuna.Study) -> int:
    """Trials that ended by themselves, pruned ones included."""
    return len(study.get_trials(deepcopy=False, states=FINISHED))


def _objective(
    train_pairs: Pairs, validation: Pairs, base: Settings
) -> Callable[[optuna.Trial], float]:
    pools, scale = protocol.make_pools(validation, draws=DRAWS), output_scale(train_pairs)

    def objective(trial: optuna.Trial) -> float:
        config, settings = suggest(trial)
        settings = replace(settings, epochs=base.epochs, patience=base.patience, seed=base.seed)
        result = train(train_pairs, validation, config, settings, callbacks=[_Pruning(trial)])
        trial.set_user_attr("best_epoch", result.best_epoch)
        trial.set_user_attr("val_loss", result.val_loss)
        return validation_recall(result, train_pairs, validation, scale, pools)

    return objective


def validation_recall(
    trained: Trained,
    train_pairs: Pairs,
    validation: Pairs,
    scale: np.ndarray,
    pools: protocol.Pools,
) -> float:
    """Recall@3 of the stretched predictions on the validation pools."""
    forward = network_forward(trained.network)
    stretch = fit_stretch(
        forward(train_pairs.video, train_pairs.video_confidence)[0], train_pairs.music
    )
    query = stretch.apply(forward(validation.video, validation.video_confidence)[0])
    ranks = protocol.true_ranks(protocol.rank_tracks(query, validation.music, scale, pools))
    return float(protocol.summarise(ranks)[protocol.METRICS.index(OBJECTIVE)])


class _Pruning(lightning.Callback):  # type: ignore[misc]
    """Reports the validation loss of every epoch (negated: the study maximises) and stops hopeless
    trials.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def on_validation_end(self, trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self.trial.report(-float(trainer.callback_metrics["val_loss"]), trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def best_of(storage: str | os.PathLike, base: Settings) -> tuple[Config, Settings]:
    """The best trial in a file, whatever seed its study had. Raises `InputError` if the file is
    missing or no trial in it has ended.
    """
    path = Path(storage)
    if not path.is_file():
        raise InputError("training.no_study", file=path)
    with _database(path) as database:
        best = [s.best_trial for s in optuna.get_all_study_summaries(database) if s.best_trial]
    if not best:
        raise InputError("training.no_trial", file=path)
    return from_params(max(best, key=lambda trial: trial.value).params, base)
