"""Pairs as batches for Lightning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from recommender.units import to_units


class PairsDataset(Dataset):  # type: ignore[misc]
    """Batches of (values, confidence, music, music weight), float32; pictures in units, NaN where
    not measured.

    Indexed by a list of rows, so that a batch is one look-up and not one per row.
    """

    def __init__(self, pairs: Pairs) -> None:
        music = to_units(pairs.music, MUSIC_FIELDS)
        weight = np.where(np.isfinite(music), pairs.music_confidence, 0.0)
        video = to_units(pairs.video, VIDEO_FIELDS)
        self.tensors = tuple(
            torch.tensor(a, dtype=torch.float32)
            for a in (video, pairs.video_confidence, np.nan_to_num(music), weight)
        )

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, rows: list[int]) -> tuple[torch.Tensor, ...]:
        return tuple(t[rows] for t in self.tensors)


class Shuffled(Sampler[list[int]]):  # type: ignore[misc]
    """Batches of rows in an order that follows from seed and epoch alone, so that a resumed run
    sees what it would have seen.
    """

    def __init__(self, rows: int, batch_size: int, seed: int) -> None:
        self.rows, self.batch_size, self.seed, self.epoch = rows, batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.rows // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.rows)
        for start in range(0, self.rows, self.batch_size):
            yield order[start : start + self.batch_size].tolist()


class PairsModule(lightning.LightningDataModule):  # type: ignore[misc]
    """Training batches in random order, and the validation pairs as one batch."""

    def __init__(
        self, train: Pairs, validation: Pairs, batch_size: int = 64, workers: int = 0, seed: int = 0
    ) -> None:
        super().__init__()
        self.train, self.validation = PairsDataset(train), PairsDataset(validation)
        self.batch_size, self.workers, self.seed = batch_size, workers, seed

    def train_dataloader(self) -> DataLoader:
        sampler = Shuffled(len(self.train), self.batch_size, self.seed)
        return DataLoader(self.train, sampler=sampler, batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(
            self.validation, sampler=[list(range(len(self.validation)))], batch_size=None
        )
