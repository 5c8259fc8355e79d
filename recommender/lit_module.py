"""The network in Lightning's coat: losses, optimiser, and the best state so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.nn import functional

from recommender.network import Network
from recommender.tasks import MAIN_OUTPUTS, N_MAIN_OUTPUTS, N_VA, VA_OUTPUTS


@dataclass(frozen=True)
class Settings:
    """Everything of training that is not a size of the network."""

    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    batch_size: int = 64
    epochs: int = 50
    patience: int = 10
    """Epochs without a better validation loss after which training ends."""
    va_weight: float = 1.0
    emotion_weight: float = 0.1
    seed: int = 0

    def to_dict(self) -> dict:
        return asdict(self)


def emotion_class(music: Tensor) -> Tensor:
    """(n, 10) music in units to (n,) quadrant numbers in the order of `tasks.EMOTIONS`."""
    arousal, valence = (music[:, VA_OUTPUTS] >= 0).unbind(1)
    return torch.where(valence, torch.where(arousal, 0, 3), torch.where(arousal, 1, 2))


def losses(network: Network, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """The three tasks on one batch: `main` and `va` are weighted mean squared errors, `emotion` is
    cross-entropy.

    A target of weight 0 counts nowhere; a task without any target is 0.
    """
    values, confidence, music, weight = batch
    output = network(values, confidence)
    target = (music - network.out_mean) / network.out_scale
    error = weight * (output.music - target) ** 2
    va_weight = weight[:, VA_OUTPUTS].amin(1)
    emotion = functional.cross_entropy(output.emotion, emotion_class(music), reduction="none")
    return {
        "main": error[:, MAIN_OUTPUTS].sum() / weight[:, MAIN_OUTPUTS].sum().clamp(min=1e-6),
        "va": error[:, VA_OUTPUTS].sum() / weight[:, VA_OUTPUTS].sum().clamp(min=1e-6),
        "emotion": (va_weight * emotion).sum() / va_weight.sum().clamp(min=1e-6),
    }


class Training(lightning.LightningModule):  # type: ignore[misc]
    """Trains a `Network`; `best_state` is its state at the least validation loss, the untrained
    start included.
    """

    def __init__(self, network: Network, settings: Settings) -> None:
        super().__init__()
        self.network, self.settings = network, settings
        self.best_loss, self.best_epoch = float("inf"), -1
        self.best_state: dict[str, torch.Tensor] | None = None
        self.step_losses: list[Tensor] = []

    def on_train_epoch_start(self) -> None:
        torch.manual_seed(
            1_000_003 * self.settings.seed + self.current_epoch
        )  # the same dropout in a resumed run

    def training_step(self, batch: tuple[Tensor, ...], _: int) -> Tensor:
        tasks = losses(self.network, batch)
        total = (
            tasks["main"]
            + self.settings.va_weight * tasks["va"]
            + self.settings.emotion_weight * tasks["emotion"]
        )
        self.step_losses.append(total.detach())
        return total

    def on_train_epoch_end(self) -> None:
        self.log(
            "train_loss", torch.stack(self.step_losses).mean()
        )  # once an epoch: logging every step costs as much as the step
        self.step_losses.clear()

    def validation_step(self, batch: tuple[Tensor, ...], _: int) -> None:
        tasks = losses(self.network, batch)
        loss = float(
            (N_MAIN_OUTPUTS * tasks["main"] + N_VA * tasks["va"]) / (N_MAIN_OUTPUTS + N_VA)
        )
        if loss < self.best_loss:
            epoch = 0 if self.trainer.sanity_checking else self.current_epoch + 1
            self.best_loss, self.best_epoch = loss, epoch
            self.best_state = {
                n: t.detach().cpu().clone() for n, t in self.network.state_dict().items()
            }
        self.log("val_loss", loss, batch_size=len(batch[0]))
        for name, value in tasks.items():
            self.log(f"val_{name}", value, batch_size=len(batch[0]))

    def configure_optimizers(self) -> dict:
        """AdamW with a cosine decay to zero; the linear part is not pulled towards zero."""
        linear = [self.network.skip, self.network.bias]
        rest = [p for n, p in self.network.named_parameters() if n not in ("skip", "bias")]
        groups = [
            {"params": linear, "weight_decay": 0.0},
            {"params": rest, "weight_decay": self.settings.weight_decay},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.settings.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.settings.epochs)
        return {"optimizer": optimizer, "lr_scheduler": schedule}

    def transfer_batch_to_device(
        self, batch: tuple[Tensor, ...], device: torch.device, _: int
    ) -> tuple[Tensor, ...]:
        """A plain move; Lightning's own looks for tensors in every kind of container first."""
        return tuple(t.to(device) for t in batch)

    def on_save_checkpoint(self, checkpoint: dict) -> None:
        checkpoint["best"] = (self.best_loss, self.best_epoch, self.best_state)

    def on_load_checkpoint(self, checkpoint: dict) -> None:
        self.best_loss, self.best_epoch, self.best_state = checkpoint["best"]
