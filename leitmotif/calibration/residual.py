"""Training the temporal Transformer's residual, in Lightning.

An epoch is a few steps over drawn batches; after each one the held-out windows are answered and
kept, so that one run tells how good every stopping time would have been. What answers is a running
average of the weights (Polyak), which is steadier than the last step's. Signals of a window are
hidden at random, as if they had been missing. Every step has random numbers of its own, so a run
that was interrupted and goes on from its checkpoint gives the same weights as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, IterableDataset

from data.atomic import atomic_path
from features.video.temporal import TemporalSettings, TemporalTransformer, batch
from recommender.quiet_lightning import quiet_lightning


@dataclass(frozen=True)
class TrainSettings:
    """Everything of training that is not a size of the network (chosen on simulated raters)."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    batch_size: int = 64
    steps: int = 8
    """Optimiser steps per epoch."""
    epochs: int = 30
    patience: int = 4
    """Epochs without a better held-out loss after which training ends."""
    averaging: float = 0.95
    """Share of the running average that stays at each step."""
    hidden: float = 0.1
    """Share of a window's signals hidden in training."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Examples:
    """Windows to learn from.

    tokens : (tokens (T, n), seen (T, n)) per window.
    base : float64 (m, 11), calibrated closed form in z.
    share : float64 (m, 11), ratings as shares of the fields' ranges, NaN where not to be learned.
    """

    tokens: Sequence[tuple[np.ndarray, np.ndarray]]
    base: np.ndarray
    share: np.ndarray

    def tensors(self, rows: np.ndarray) -> tuple[Tensor, ...]:
        """One batch: tokens, seen, mask, base, share."""
        numbers = (
            torch.tensor(array[rows], dtype=torch.float32) for array in (self.base, self.share)
        )
        return (*batch([self.tokens[i] for i in rows]), *numbers)


class _Drawn(IterableDataset):  # type: ignore[misc]
    """The drawn batches of one epoch, the same for the same epoch."""

    def __init__(
        self, examples: Examples, settings: TrainSettings, epoch: Callable[[], int]
    ) -> None:
        self.examples, self.settings, self.epoch = examples, settings, epoch

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rng = np.random.default_rng((self.settings.seed, self.epoch()))
        count = len(self.examples.tokens)
        for _ in range(self.settings.steps):
            yield self.examples.tensors(rng.permutation(count)[: self.settings.batch_size])

    def __len__(self) -> int:
        return self.settings.steps


class ResidualTraining(lightning.LightningModule):  # type: ignore[misc]
    """Squared error in shares of the range, each field over the variance of its ratings."""

    def __init__(
        self,
        network: TemporalTransformer,
        variance: np.ndarray,
        settings: TrainSettings,
        held_out: Examples | None,
    ) -> None:
        super().__init__()
        self.network, self.settings, self.held_out = network, settings, held_out
        self.average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.averaging))
        self.register_buffer("variance", torch.tensor(variance, dtype=torch.float32))
        self.answers: list[np.ndarray] = []
        """Residuals of the held-out windows after each epoch, (m, 11) each."""

    def loss(self, residual: Tensor, base: Tensor, share: Tensor) -> Tensor:
        rated = share.isfinite()
        error = torch.special.ndtr(base + residual) - torch.where(rated, share, 0.0)
        return (rated * error.square() / self.variance).sum() / rated.sum()

    def training_step(self, inputs: tuple[Tensor, ...], _: int) -> Tensor:
        torch.manual_seed(self.settings.seed * 1_000_003 + self.global_step)
        tokens, seen, mask, base, share = inputs
        hidden = torch.rand(tokens.shape[0], 1, tokens.shape[2]) < self.settings.hidden
        loss = self.loss(self.network(tokens, seen & ~hidden, mask), base, share)
        self.log("train_loss", loss, on_step=False, on_epoch=True, batch_size=1)
        return loss

    def on_train_batch_end(self, *_: object) -> None:
        self.average.update_parameters(self.network)

    def on_train_epoch_end(self) -> None:
        if self.held_out is None:
            return
        self.average.eval()
        tokens, seen, mask, base, share = self.held_out.tensors(
            np.arange(len(self.held_out.tokens))
        )
        with torch.inference_mode():
            residual = self.average(tokens, seen, mask)
        self.answers.append(residual.double().numpy())
        self.log("held_out_loss", self.loss(residual, base, share))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["answers"] = torch.tensor(np.array(self.answers))

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.answers = list(checkpoint["answers"].numpy())


class _Report(lightning.Callback):  # type: ignore[misc]
    """Tells the epoch that begins; what it raises stops the training."""

    def __init__(self, report: Callable[[int], None]) -> None:
        self.report = report

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        self.report(trainer.current_epoch)


class _Resumable(Checkpoint):  # type: ignore[misc]
    """Keeps the state after the last whole epoch, in a file that is never half-written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        with atomic_path(self.path) as temporary:
            trainer.save_checkpoint(temporary)


@dataclass(frozen=True, eq=False)
class Trained:
    """A network after its last epoch, and its held-out answers after each, (epochs, m, 11)."""

    network: TemporalTransformer
    answers: np.ndarray


def train(
    examples: Examples,
    held_out: Examples | None,
    folder: Path,
    settings: TrainSettings,
    *,
    epochs: int | None = None,
    report: Callable[[int], None] = lambda epoch: None,
) -> Trained:
    """Train a network on `examples`, for `epochs` or until `held_out` gets no better.

    What is already in `folder` is taken up: a finished run is read, an interrupted one goes on. CSV
    logs stay there. `report(epoch)` may raise to stop; so does Ctrl-C.
    """
    torch.set_num_threads(1)  # the matrices are small: a second thread would mostly wait
    settings = replace(settings, epochs=epochs or settings.epochs)
    torch.manual_seed(settings.seed)
    network = TemporalTransformer(TemporalSettings(inputs=examples.tokens[0][0].shape[1]))
    module = ResidualTraining(network, _variance(examples.share), settings, held_out)
    done, last = folder / "trained.ckpt", folder / "last.ckpt"
    if not done.is_file():
        drawn = _Drawn(examples, settings, lambda: module.current_epoch)
        _fit(module, drawn, folder, last if last.is_file() else None, report)
        last.replace(done)
    stored = torch.load(done, weights_only=True)
    module.load_state_dict(stored["state_dict"])
    return Trained(module.average.module.eval(), stored["answers"].numpy())


def scale_residuals(network: TemporalTransformer, factor: np.ndarray) -> None:
    """Multiply the network's eleven residuals, once and for all."""
    with torch.no_grad():
        rows = torch.tensor(factor, dtype=torch.float32)
        network.head.weight.mul_(rows[:, None])
        network.head.bias.mul_(rows)


def _fit(
    module: ResidualTraining,
    drawn: _Drawn,
    folder: Path,
    checkpoint: Path | None,
    report: Callable[[int], None],
) -> None:
    callbacks: list[lightning.Callback] = [_Report(report), _Resumable(folder / "last.ckpt")]
    if module.held_out is not None:
        callbacks.append(
            EarlyStopping(
                "held_out_loss", patience=module.settings.patience, check_on_train_epoch_end=True
            )
        )
    with quiet_lightning():
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=module.settings.epochs,
            callbacks=callbacks,
            logger=CSVLogger(folder, name="", version=""),
            log_every_n_steps=module.settings.steps,
            gradient_clip_val=1.0,
            enable_progress_bar=False,
            enable_model_summary=False,
            deterministic=True,
        )
        trainer.fit(
            module, DataLoader(drawn, batch_size=None), ckpt_path=checkpoint, weights_only=True
        )


def _variance(share: np.ndarray) -> np.ndarray:
    """Variance of each field's ratings, (11,); 1 where it is not rated."""
    rated = np.isfinite(share)
    count = rated.sum(axis=0)
    values = np.where(rated, share, 0.0)
    mean = values.sum(axis=0) / np.maximum(count, 1)
    variance = (np.where(rated, values - mean, 0.0) ** 2).sum(axis=0) / np.maximum(count, 1)
    return np.where(variance > 0, variance, 1.0)
