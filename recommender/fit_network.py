"""Train one network on pairs: ridge first, then the correction, kept where validation is best."""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping, ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger

from data.errors import InputError, Progress
from data.pairs import Pairs
from recommender.datamodule import PairsModule
from recommender.linear import fit_ridge
from recommender.lit_module import Settings, Training
from recommender.network import Config, Network
from recommender.quiet_lightning import Told, quiet_lightning
from recommender.tasks import coefficient_mask
from recommender.trainable import check_trainable


@dataclass(frozen=True, eq=False)
class Trained:
    """A network in eval mode, and how training went."""

    network: Network
    config: Config
    settings: Settings
    best_epoch: int
    """0 means that no epoch was better on validation than the linear start."""
    val_loss: float
    """Standardised squared error per output on validation."""


def train(
    train_pairs: Pairs,
    validation: Pairs,
    config: Config | None = None,
    settings: Settings | None = None,
    *,
    folder: str | os.PathLike | None = None,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    accelerator: str = "auto",
    workers: int = 0,
    progress: Progress | None = None,
) -> Trained:
    """Train on `train_pairs`, keep the epoch of least loss on `validation`.

    folder : where logs (CSV, TensorBoard) and the last checkpoint go; nothing is written without
        it.
    resume : go on from the checkpoint in `folder`.
    progress : told of every epoch that begins; what it raises stops the training.

    Same pairs, settings and seed give the same network. Ctrl-C leaves the checkpoint of the last
    whole epoch. Raises `InputError` if the pairs cannot be trained on, or the checkpoint to
    resume from is missing, damaged or of other sizes.
    """
    config, settings = config or Config(), settings or Settings()
    check_trainable(train_pairs)
    if not len(validation):
        raise InputError("training.no_validation", file=train_pairs.origin)
    start = fit_ridge(train_pairs, mask=coefficient_mask(config.fusion))
    with quiet_lightning():
        lightning.seed_everything(settings.seed, workers=True, verbose=False)
        module = Training(Network(config, start), settings)
        batches = PairsModule(train_pairs, validation, settings.batch_size, workers, settings.seed)
        told = [Told(progress)] if progress else []
        trainer = _trainer(settings, folder, [*callbacks, *told], accelerator)
        trainer.fit(
            module,
            batches,
            ckpt_path=_checkpoint(folder, module) if resume else None,
            weights_only=True,
        )
    module.network.load_state_dict(module.best_state)
    return Trained(
        module.network.cpu().eval(), config, settings, module.best_epoch, module.best_loss
    )


def _trainer(
    settings: Settings,
    folder: str | os.PathLike | None,
    callbacks: Sequence[Callback],
    accelerator: str,
) -> lightning.Trainer:
    kept: list[Callback] = [EarlyStopping("val_loss", patience=settings.patience), *callbacks]
    loggers: list = []
    if folder is not None:
        kept.append(
            ModelCheckpoint(
                Path(folder),
                filename="last",
                save_top_k=1,
                monitor=None,
                enable_version_counter=False,
            )
        )
        loggers = [
            CSVLogger(folder, name="csv", version=""),
            TensorBoardLogger(folder, name="tensorboard", version=""),
        ]
    return lightning.Trainer(
        max_epochs=settings.epochs,
        accelerator=accelerator,
        devices=1,
        callbacks=kept,
        logger=loggers or False,
        enable_checkpointing=folder is not None,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=-1,
        log_every_n_steps=1_000_000,
        deterministic=True,
    )


def _checkpoint(folder: str | os.PathLike | None, module: Training) -> Path:
    """The last checkpoint in `folder`, read as tensors only (a pickle runs no code) and of this
    network's sizes.
    """
    path = Path(folder or ".") / "last.ckpt"
    if not path.is_file():
        raise InputError("training.no_checkpoint", file=path)
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError, KeyError, TypeError):
        raise InputError("training.bad_checkpoint", file=path) from None
    if {n: t.shape for n, t in stored.items()} != {
        n: t.shape for n, t in module.state_dict().items()
    }:
        raise InputError("training.other_sizes", file=path)
    return path
