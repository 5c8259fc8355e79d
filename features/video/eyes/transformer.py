"""The Transformer that CLIP and DINOv2 share (Dosovitskiy et al., ICLR 2021), on named weights.

A layer's weights are a mapping of its own names; x is (n, tokens, width).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

Weights = Mapping[str, Tensor]


class Names(NamedTuple):
    """What a family calls its layers' parts. scales : of the two branches, where it has them."""

    norm1: str
    qkv: str
    out: str
    norm2: str
    widen: str
    narrow: str
    scales: tuple[str, str] | None = None


def under(weights: Weights, prefix: str) -> dict[str, Tensor]:
    """The weights whose names begin with a prefix, without it."""
    return {n.removeprefix(prefix): v for n, v in weights.items() if n.startswith(prefix)}


def norm(x: Tensor, weights: Weights, name: str, eps: float) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], eps)


def linear(x: Tensor, weights: Weights, name: str) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def attend(x: Tensor, qkv: Tensor, bias: Tensor, heads: int, causal: bool) -> Tensor:
    """Self-attention before its last linear layer. qkv : (3 width, width)."""
    n, tokens, width = x.shape
    parts = F.linear(x, qkv, bias).reshape(n, tokens, 3, heads, width // heads)
    q, k, v = parts.permute(2, 0, 3, 1, 4)
    seen = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return seen.transpose(1, 2).reshape(n, tokens, width)


def layer(
    x: Tensor,
    weights: Weights,
    names: Names,
    heads: int,
    bend: Callable[[Tensor], Tensor],
    eps: float,
    causal: bool = False,
) -> Tensor:
    """One layer, normalised before each of its two branches. bend : between its linear layers."""
    first, second = names.scales or ("", "")
    qkv = names.qkv
    bias = weights[f"{qkv}bias"]
    seen = attend(norm(x, weights, names.norm1, eps), weights[f"{qkv}weight"], bias, heads, causal)
    x = x + linear(seen, weights, names.out) * weights.get(first, 1.0)
    wide = bend(linear(norm(x, weights, names.norm2, eps), weights, names.widen))
    return x + linear(wide, weights, names.narrow) * weights.get(second, 1.0)
