"""The multi-task network: a linear map with a learned correction, in plain torch.

    x   = confidence · (values − mean) / scale          (n, 11), 0 where not measured
    out = skip · x + bias + correction(x, confidence)   (n, 10), standardised

Nine inputs that are not valence or arousal speak for the eight music outputs that are not; visual
arousal and valence speak for musical arousal and valence and for the class of the emotion. With
fusion "split" the two branches see only their own inputs; with "shared" one trunk sees all and
feeds every head. The correction's last layers begin at zero and `skip` at the ridge solution, so an
untrained network is the linear model.

Values are in units of −1 to 1 (`recommender.units`); the scalers are buffers and travel with the
weights.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from data.profiles import MUSIC_NAMES, VIDEO_NAMES
from recommender.linear import Linear
from recommender.tasks import (
    EMOTIONS,
    MAIN_INPUTS,
    N_MAIN_INPUTS,
    N_MAIN_OUTPUTS,
    N_VA,
    VA_INPUTS,
    coefficient_mask,
)


@dataclass(frozen=True)
class Config:
    """Every size of the network."""

    width: int = 64
    """Units of a hidden layer of the main branch (or of the shared trunk)."""
    depth: int = 2
    va_width: int = 16
    """Units of the hidden layer of the valence and arousal branch."""
    dropout: float = 0.1
    input_dropout: float = 0.1
    """Share of the inputs that are taken for unmeasured while training, so that missing ones do
    little harm.
    """
    fusion: str = "split"

    def to_dict(self) -> dict:
        return asdict(self)


class Output(NamedTuple):
    music: Tensor
    """(n, 10) standardised."""
    emotion: Tensor
    """(n, 4) logits of `tasks.EMOTIONS`."""


class Network(nn.Module):  # type: ignore[misc]
    """11 values with confidences to 10 music values and an emotion."""

    def __init__(self, config: Config, start: Linear) -> None:
        super().__init__()
        self.config = config
        for name in ("in_mean", "in_scale", "out_mean", "out_scale"):
            self.register_buffer(name, torch.tensor(getattr(start, name), dtype=torch.float32))
        self.register_buffer("measured", torch.tensor(start.measured))
        self.register_buffer(
            "mask", torch.tensor(coefficient_mask(config.fusion), dtype=torch.float32)
        )
        self.skip = nn.Parameter(torch.tensor(start.matrix, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(len(MUSIC_NAMES)))
        self.input_dropout = nn.Dropout(config.input_dropout)
        if config.fusion == "shared":
            self.main = _trunk(2 * len(VIDEO_NAMES), config.width, config.depth, config.dropout)
            self.va, va_width = nn.Identity(), config.width
        else:
            self.main = _trunk(2 * N_MAIN_INPUTS, config.width, config.depth, config.dropout)
            self.va, va_width = (
                _trunk(2 * N_VA, config.va_width, 1, config.dropout),
                config.va_width,
            )
        self.main_head = _zeroed(nn.Linear(config.width, N_MAIN_OUTPUTS))
        self.va_head = _zeroed(nn.Linear(va_width, N_VA))
        self.emotion_head = nn.Linear(va_width, len(EMOTIONS))

    def forward(self, values: Tensor, confidence: Tensor) -> Output:
        """values (n, 11) in units, NaN where not measured; confidence (n, 11), 0–1."""
        known = torch.where(torch.isfinite(values), confidence, 0.0)
        if self.training:
            known = known * (self.input_dropout(torch.ones_like(known)) > 0)
        x = known * torch.nan_to_num((values - self.in_mean) / self.in_scale)
        if self.config.fusion == "shared":
            main = va = self.main(torch.cat([x, known], dim=1))
        else:
            main = self.main(torch.cat([x[:, MAIN_INPUTS], known[:, MAIN_INPUTS]], dim=1))
            va = self.va(torch.cat([x[:, VA_INPUTS], known[:, VA_INPUTS]], dim=1))
        correction = torch.cat(
            [self.main_head(main), self.va_head(va)], dim=1
        )  # in the order of MUSIC_NAMES
        return Output(x @ (self.skip * self.mask).T + self.bias + correction, self.emotion_head(va))

    def units(self, output: Output) -> Tensor:
        """The music of an output in units, (n, 10)."""
        return self.out_mean + self.out_scale * output.music


def _trunk(inputs: int, width: int, depth: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [nn.Linear(inputs if i == 0 else width, width), nn.GELU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers)


def _zeroed(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
