"""Pairs as batches for Lightning, and the check that there is something to learn from."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as lightning
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from data.errors import InputError
from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, MUSIC_NAMES, VIDEO_FIELDS, VIDEO_NAMES
from recommender.units import to_units

MIN_PAIRS, MIN_SOURCES = 20, 3


def check_trainable(pairs: Pairs) -> None:
    """Raise `InputError` where training could only mislead: too few pairs or sources, constant columns, mixed extractors."""
    sources = len(set(pairs.sources))
    if sources < MIN_SOURCES:
        raise InputError(
            f"{pairs.origin}: pairs from {sources} source{'s' * (sources != 1)} only; add videos until there are {MIN_SOURCES}."
        )
    if len(pairs) < MIN_PAIRS:
        raise InputError(f"{pairs.origin}: {len(pairs)} pairs are too few to learn from; {MIN_PAIRS} are needed.")
    assert pairs.video_extractor is not None and pairs.music_extractor is not None
    for names, values in ((VIDEO_NAMES, pairs.video), (MUSIC_NAMES, pairs.music)):
        for name, column in zip(names, values.T, strict=True):
            known = column[np.isfinite(column)]
            if len(known) and np.ptp(known) == 0:
                raise InputError(f"{pairs.origin}: {name} is {known[0]:g} in every row; measure it again, or leave its column empty.")


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
