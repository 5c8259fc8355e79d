"""DINOv2 ViT-S/14 (Oquab et al., TMLR 2024): 384 numbers, learned from pictures without words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from data.errors import InputError
from features.video.eyes import squares, unit
from features.video.eyes.transformer import Names, Weights, layer, norm, under

SIDE = 224
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HEAD = 64
"""Width of an attention head."""
_EPS = 1e-6
_NAMES = Names(
    "norm1", "attn.qkv.", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2", ("ls1.gamma", "ls2.gamma")
)


class Dino:
    """weights : by the names of the official file, float32.

    Raises `InputError` for a file that holds other weights.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.size = weights["cls_token"].shape[-1]
        count = len({n.split(".")[1] for n in weights if n.startswith("blocks.")})
        self._layers = [under(weights, f"blocks.{i}.") for i in range(count)]
        self._places = self._positions()

    @classmethod
    def load(cls, weights: Path) -> Dino:
        stored = torch.load(weights, map_location="cpu", weights_only=True)
        try:
            return cls({name: values.float() for name, values in stored.items()})
        except (KeyError, AttributeError, RuntimeError, IndexError):
            raise InputError("eyes.other_weights", file=weights) from None

    def _positions(self) -> Tensor:
        """Of the class and of each patch of a square, (1, 1 + patches, width).

        They were learned on larger squares, and are drawn smaller as the authors do.
        """
        learned = self._weights["pos_embed"]
        before = round((learned.shape[1] - 1) ** 0.5)
        now = SIDE // self._weights["patch_embed.proj.weight"].shape[-1]
        patches = learned[:, 1:].reshape(1, before, before, -1).permute(0, 3, 1, 2)
        scale = (now + 0.1) / before
        patches = F.interpolate(patches, scale_factor=(scale, scale), mode="bicubic")
        return torch.cat([learned[:, :1], patches.flatten(2).transpose(1, 2)], dim=1)

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        w = self._weights
        patch = w["patch_embed.proj.weight"]
        x = torch.from_numpy(squares(pictures, SIDE, MEAN, SPREAD))
        x = F.conv2d(x, patch, w["patch_embed.proj.bias"], stride=patch.shape[-1])
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x], dim=1) + self._places
        for one in self._layers:
            x = layer(x, one, _NAMES, max(self.size // HEAD, 1), F.gelu, _EPS)
        return unit(norm(x, w, "norm", _EPS)[:, 0].numpy())


load = Dino.load
