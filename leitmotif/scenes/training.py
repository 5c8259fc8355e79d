"""Training the scene encoder by contrast, in Lightning.

Every picture of a batch meets two copies of itself: one nearly as the library has it, whole and in
parts, one as it may come back, down to a quarter of it (`features.video.augment`). Two pictures are
as alike as the best of the parts is. The loss is that of picking the right one among all of the
batch, both ways (InfoNCE, van den Oord et al. 2018; multiple negatives ranking, Henderson et al.
2017). Every picture comes with a neighbour from its shot, both changed alike as if of another film:
a hard negative. Pictures that lie less than half a second apart or look the same are none.

A share of the films is held out whole, and of the others every fourth stretch of some seconds: on
these moments the mean reciprocal rank is taken after every few epochs, and the best state is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as lightning
import torch
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

from data.errors import Progress
from features.video.augment import Augmenter
from features.video.encoder import INPUT, ZOOMS, Encoder, Network
from leitmotif.scenes.pool import NEAR_S, Pool
from recommender.quiet_lightning import Told, quiet_lightning

_AT_ONCE = 256
_AREAS = ((0.25, 0.42), (0.34, 0.66), (0.58, 1.0))
"""Shares of a picture that a copy shows which is asked for at each of `ZOOMS`: those that are as
large there as in the whole picture, and some to both sides."""
_STEPS = (3, 11)
"""Pictures of a pool from one of a batch to its neighbour in the batch: half a second to two."""
_SAME = 2.5 / 255
"""Root mean square difference (24 × 24, grey) below which two pictures of a batch are taken for one
(heuristic: JPEG of fair quality changes about as much)."""
_VALIDATED = 1500
"""Queries at most of a validation."""
_DOUBLES = 0.95
"""Cosine from which frames of two films count as one picture, when the threshold is set
(heuristic)."""
FALSE_HITS = 0.01
"""Share of copies of frames of other films that lie above the threshold."""


@dataclass(frozen=True)
class TrainSettings:
    """Everything of training that is not a size of the network (chosen by the held-out rank)."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    batch_size: int = 512
    epochs: int = 60
    warm: float = 0.05
    """Share of the steps in which the rate rises, before it falls along a cosine."""
    temperature: float = 0.03
    other_films: float = 0.7
    """Share of the pictures that are changed as if they were of other films."""
    every: int = 5
    """Epochs from one validation to the next."""
    settled: float = 0.6
    """Share of the steps after which pictures are standardised as they are when somebody asks, by
    what was gathered up to then and no longer by their batch: pictures of the library and askers'
    of each size are batches of their own, and unlike each other."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
    """An encoder, and how it was come by.

    rank : mean reciprocal rank on held-out moments. epoch : after which the best state was had.
    """

    encoder: Encoder
    rank: float
    epoch: int


def train(
    pool: Pool,
    settings: TrainSettings | None = None,
    *,
    folder: Path | None = None,
    start: Network | None = None,
    accelerator: str = "auto",
    steps: int = -1,
    progress: Progress | None = None,
) -> Trained:
    """Train a network on the pictures of a pool.

    folder : where the log (`metrics.csv`) goes. start : a network to go on from, else a new one.
    accelerator : Lightning's, "cpu" or "cuda" by name. steps : stop after so many.
    Raises what `progress` raises.
    """
    settings = settings or TrainSettings()
    threads = torch.get_num_threads()
    with quiet_lightning():
        torch.set_num_threads(threads)
        lightning.seed_everything(settings.seed, workers=True, verbose=False)
        network = start or Network()
        module = Contrast(network, pool, settings)
        trainer = lightning.Trainer(
            max_epochs=settings.epochs,
            max_steps=steps,
            accelerator=accelerator,
            devices=1,
            callbacks=[Told(progress)] if progress else [],
            logger=CSVLogger(folder, name="", version="") if folder else False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=1,
            gradient_clip_val=1.0,
        )
        rows = torch.from_numpy(np.flatnonzero(pool.learned))
        batch = min(settings.batch_size // 2, len(rows))
        loader = DataLoader(
            rows, batch, shuffle=True, drop_last=True, collate_fn=torch.stack, num_workers=0
        )
        trainer.fit(module, loader)
    if module.best_state is not None:
        network.load_state_dict(module.best_state)
    network = network.to(trainer.strategy.root_device).eval()
    threshold = threshold_of(network, pool)
    network = network.cpu()
    digest = zlib.crc32(b"".join(t.half().numpy().tobytes() for t in network.state_dict().values()))
    name = f"scenes-{digest:08x}"
    return Trained(Encoder(network, name, threshold), module.best_rank, module.best_epoch)


class Contrast(lightning.LightningModule):  # type: ignore[misc]
    """Trains a `Network`; `best_state` is its state at the best rank."""

    def __init__(self, network: Network, pool: Pool, settings: TrainSettings) -> None:
        super().__init__()
        self.network, self.pool, self.settings = network, pool, settings
        self.scale = torch.nn.Parameter(torch.tensor(1 / settings.temperature).log())
        self.best_rank, self.best_epoch = -1.0, -1
        self.best_state: dict[str, Tensor] | None = None
        self._augmenter = Augmenter(INPUT, settings.seed, settings.other_films)
        self._chance = torch.Generator().manual_seed(settings.seed)
        self._pictures = torch.from_numpy(pool.pictures)
        learned = self._pictures[torch.from_numpy(pool.learned)].flip(3).float() / 255
        network.mean.copy_(learned.mean(dim=(0, 1, 2))[:, None, None])
        network.deviation.copy_(learned.std(dim=(0, 1, 2))[:, None, None])

    def on_fit_start(self) -> None:
        if self.device.type == "cuda":  # in half precision; on the CPU its backward pass may crash
            self.network.to(memory_format=torch.channels_last)
        self._pictures = self._pictures.to(self.device)
        self._films = torch.from_numpy(self.pool.films).to(self.device)
        self._learned = torch.from_numpy(self.pool.learned).to(self.device)
        self._times = torch.from_numpy(self.pool.times).to(self.device)

    def batch(self, rows: Tensor) -> Tensor:
        """Pictures as the network takes them, RGB 0–1 (n, 3, s, s)."""
        return self._pictures[rows].flip(3).permute(0, 3, 1, 2).float() / 255

    def _beside(self, rows: Tensor) -> Tensor:
        """For each picture another of the same stretch of its film, or itself for want of one."""
        steps = torch.randint(*_STEPS, (len(rows),), generator=self._chance).to(self.device)
        found = rows
        for other in ((rows - steps).clamp(min=0), (rows + steps).clamp(max=len(self._films) - 1)):
            good = self._learned[other] & (self._films[other] == self._films[rows])
            found = torch.where(good, other, found)
        return found

    def on_train_batch_start(self, *_: Any) -> None:
        self.network.train()
        steps = self.trainer.estimated_stepping_batches
        if self.global_step >= self.settings.settled * steps:
            for module in self.network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()

    def training_step(self, rows: Tensor, _: int) -> Tensor:
        beside = self._beside(rows)
        pictures = self._augmenter.moments(self.batch(rows), self.batch(beside))
        rows = torch.cat([rows, beside])
        light = self._augmenter.lightly(pictures)
        strong = [
            self._augmenter.strongly(part, side, area)
            for part, side, area in zip(
                pictures.tensor_split(len(ZOOMS)), ZOOMS, _AREAS, strict=True
            )
        ]
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            held = self.network.with_parts(light)
            asked = torch.cat([self.network(x) for x in strong if len(x)])
        alike = self.scale.exp().clamp(max=100) * best_part(asked, held)
        near = (self._films[rows][:, None] == self._films[rows]) & (
            (self._times[rows][:, None] - self._times[rows]).abs() < NEAR_S
        )
        small = functional.adaptive_avg_pool2d(pictures.mean(dim=1), 24).flatten(1)
        near |= torch.cdist(small, small) < _SAME * 24
        near.fill_diagonal_(False)
        alike = alike.masked_fill(near, -torch.inf)
        right = torch.arange(len(rows), device=self.device)
        loss = (
            functional.cross_entropy(alike, right) + functional.cross_entropy(alike.T, right)
        ) / 2
        self.log("loss", loss)
        return loss

    def on_train_epoch_end(self) -> None:
        last = self.current_epoch + 1 == self.settings.epochs
        if not last and (self.current_epoch + 1) % self.settings.every:
            return
        self.network.eval()
        moments, unseen = (
            held_out_rank(self.network, self.pool, rows, self.batch)
            for rows in (self.pool.moments, self.pool.unseen)
        )
        self.log("moments_mrr", moments)
        self.log("unseen_mrr", unseen)
        rank = float(np.nanmean([moments, unseen]))
        if rank > self.best_rank:
            self.best_rank, self.best_epoch = rank, self.current_epoch + 1
            self.best_state = {
                n: t.detach().cpu().clone() for n, t in self.network.state_dict().items()
            }

    def configure_optimizers(self) -> dict:
        """AdamW; the rate rises for a little and then falls along a cosine to zero."""
        settings = self.settings
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        steps = max(int(self.trainer.estimated_stepping_batches), 1)
        # Torch divides by the steps of the rise less one
        warm = max(settings.warm, 1.5 / steps) if steps > 1 else settings.warm
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            settings.learning_rate,
            total_steps=steps,
            pct_start=warm,
            cycle_momentum=False,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def transfer_batch_to_device(self, batch: Tensor, device: torch.device, _: int) -> Tensor:
        return batch.to(device)


def best_part(asked: Tensor, held: Tensor) -> Tensor:
    """How alike pictures (q, size) and others with their parts (n, parts, size) are: (q, n)."""
    return (asked @ held.flatten(0, 1).T).unflatten(1, held.shape[:2]).amax(dim=2)


@torch.inference_mode()  # type: ignore[untyped-decorator]
def held_out_rank(
    network: Network, pool: Pool, held_out: np.ndarray, batch: Callable[[Tensor], Tensor]
) -> float:
    """Mean reciprocal rank of copies of pictures (bool, (n,)) among all of the pool; NaN for none.

    The right answer is a picture of the same film within `NEAR_S`.
    """
    rows = np.flatnonzero(held_out)
    rows = rows[:: len(rows) // _VALIDATED + 1]
    if not len(rows):
        return float("nan")
    augmenter = Augmenter(INPUT, seed=1)
    every = torch.arange(len(pool.films))
    with torch.autocast("cuda", torch.bfloat16, enabled=network.mean.is_cuda):
        held = torch.cat(
            [network.with_parts(_plain(batch(part), INPUT)) for part in every.split(_AT_ONCE)]
        )
    alike = []
    for part in torch.from_numpy(rows).split(_AT_ONCE):
        copies = augmenter.strongly(batch(part))
        zoomed = [best_part(network(_plain(copies, side)), held) for side in ZOOMS]
        alike.append(torch.stack(zoomed).amax(dim=0).cpu())
    return float(np.mean(1 / ranks(torch.cat(alike).numpy(), pool, rows)))


def _plain(pictures: Tensor, side: int) -> Tensor:
    """Pictures as the network takes them, (n, 3, side, side)."""
    return functional.interpolate(pictures, (side, side), mode="bilinear", antialias=True)


def ranks(alike: np.ndarray, pool: Pool, rows: np.ndarray) -> np.ndarray:
    """Place, from 1, of the first right answer to each query (q, n) of the pool's pictures."""
    right = (pool.films[rows][:, None] == pool.films) & (
        np.abs(pool.times[rows][:, None] - pool.times) < NEAR_S
    )
    best = np.where(right, alike, -np.inf).max(axis=1, keepdims=True)
    return (alike > best).sum(axis=1) + 1


@torch.inference_mode()  # type: ignore[untyped-decorator]
def threshold_of(network: Network, pool: Pool) -> float:
    """The cosine that `FALSE_HITS` of the copies of frames reach with a frame of another film.

    Films of which some frames are one picture count as one; 0.9 where there is only one.
    """
    pictures = torch.from_numpy(pool.pictures)
    device = network.mean.device
    augmenter = Augmenter(INPUT, seed=2)
    held, asked = [], []
    for part in pictures.split(_AT_ONCE):
        x = part.to(device).flip(3).permute(0, 3, 1, 2).float() / 255
        held.append(network(_plain(x, INPUT)))
        asked.append(network(augmenter.strongly(x)))
    plain, copies = torch.cat(held).cpu().numpy(), torch.cat(asked).cpu().numpy()
    others = np.ones((pool.films.max() + 1,) * 2, dtype=bool)
    best = _best_of_films(plain, plain, pool.films)
    for film in range(len(others)):
        others[film] = best[pool.films == film].max(axis=0, initial=-1.0) < _DOUBLES
    others &= others.T
    of_others = np.where(others[pool.films], _best_of_films(copies, plain, pool.films), -1.0)
    nearest = of_others.max(axis=1)
    nearest = nearest[nearest > -1]
    return float(np.quantile(nearest, 1 - FALSE_HITS)) if len(nearest) else 0.9


def _best_of_films(asked: np.ndarray, held: np.ndarray, films: np.ndarray) -> np.ndarray:
    """The largest cosine of each query with a frame of each film, (q, films)."""
    order = np.argsort(films, kind="stable")
    starts = np.searchsorted(films[order], np.arange(films.max() + 1))
    parts = [
        np.maximum.reduceat(asked[at : at + 1000] @ held[order].T, starts, axis=1)
        for at in range(0, len(asked), 1000)
    ]
    return np.concatenate(parts)
