"""Pairs as batches for Lightning."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as lightning
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from recommender.units import to_units


class PairsDataset(Dataset):
    """Batches of (values, confidence, music, music weight), float32; pictures in units, NaN where not measured.

    Indexed by a list of rows, so that a batch is one look-up and not one per row.
    """

    def __init__(self, pairs: Pairs) -> None:
        music = to_units(pairs.music, MUSIC_FIELDS)
        weight = np.where(np.isfinite(music), pairs.music_confidence, 0.0)
        video = to_units(pairs.video, VIDEO_FIELDS)
        self.tensors = tuple(torch.tensor(a, dtype=torch.float32) for a in (video, pairs.video_confidence, np.nan_to_num(music), weight))

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, rows: list[int]) -> tuple[torch.Tensor, ...]:
        return tuple(t[rows] for t in self.tensors)


class PairsModule(lightning.LightningDataModule):
    """Training batches in random order, and the validation pairs as one batch."""

    def __init__(self, train: Pairs, validation: Pairs, batch_size: int = 64, workers: int = 0, seed: int = 0) -> None:
        super().__init__()
        self.train, self.validation = PairsDataset(train), PairsDataset(validation)
        self.batch_size, self.workers, self.seed = batch_size, workers, seed

    def train_dataloader(self) -> DataLoader:
        order = RandomSampler(self.train, generator=torch.Generator().manual_seed(self.seed))
        sampler = BatchSampler(order, min(self.batch_size, len(self.train)), drop_last=False)
        return DataLoader(self.train, sampler=sampler, batch_size=None, num_workers=self.workers)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(self.validation, sampler=[list(range(len(self.validation)))], batch_size=None)
