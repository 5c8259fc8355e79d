"""The light Transformer over a Timeline: what a person sees that the closed form does not.

    tokens (B, T, n) ─ linear ─► (B, T, d) ─ 2 × (banded attention, feed-forward)
                     ─► attention pooling ─► (B, 11)

The eleven outputs are residuals in reference-z units, added to the closed form; the last layer
starts at zero, so an untrained network changes nothing. Attention reaches 16 tokens (8 s) to either
side, so cost grows with length and not with its square. A mask says which tokens are real, another
which signals were seen. Plain torch; training lives in `leitmotif.calibration`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

OUTPUTS = 11
_NEVER = -1e9


@dataclass(frozen=True)
class TemporalSettings:
    """Every size of the network."""

    inputs: int
    """Numbers per token."""
    width: int = 32
    layers: int = 2
    heads: int = 4
    reach: int = 16
    """Tokens to either side that one layer sees."""
    pools: int = 2
    """Attention pools; each may settle on the mean, the peak, or some kind of moment."""
    dropout: float = 0.1


class BandedAttention(nn.Module):  # type: ignore[misc]  # torch's types are not read
    """Self-attention over the `reach` nearest tokens on each side, with a learned bias per
    distance.

    Queries stand in blocks of `reach`; each block sees itself and its two neighbours. The result
    does not depend on where blocks begin.
    """

    def __init__(self, settings: TemporalSettings) -> None:
        super().__init__()
        self.heads, self.reach = settings.heads, settings.reach
        self.qkv = nn.Linear(settings.width, 3 * settings.width)
        self.out = nn.Linear(settings.width, settings.width)
        slopes = 2.0 ** -torch.arange(
            settings.heads
        )  # from the nearest tokens to nearly all (Press et al. 2022)
        distance = torch.arange(-settings.reach, settings.reach + 1).abs()
        self.bias = nn.Parameter(-slopes[:, None] * distance[None])
        keys, queries = (
            torch.arange(3 * self.reach)[None],
            torch.arange(self.reach)[:, None] + self.reach,
        )
        self.register_buffer(
            "offset", (keys - queries + self.reach).clamp(0, 2 * self.reach), persistent=False
        )
        self.register_buffer("near", (keys - queries).abs() <= self.reach, persistent=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, d) and mask (B, T), with T a multiple of `reach`, to (B, T, d)."""
        batch, length, width = x.shape
        q, k, v = (
            self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        )  # (B, h, T, d/h) each
        q = q.unflatten(2, (-1, self.reach)) * q.shape[-1] ** -0.5
        k, v = self._with_neighbours(torch.stack((k, v)), 3)
        allowed = (
            self._with_neighbours(mask, 1)[:, None, :, None] & self.near
        )  # (B, 1, blocks, reach, 3·reach)
        scores = q @ k.transpose(-1, -2) + self.bias[:, self.offset][:, None]
        mixed = (
            scores.masked_fill(~allowed, _NEVER).softmax(dim=-1) @ v
        )  # (B, h, blocks, reach, d/h)
        return self.out(mixed.permute(0, 2, 3, 1, 4).reshape(batch, length, width))

    def _with_neighbours(self, t: Tensor, dim: int) -> Tensor:
        """(…, T, …) to (…, blocks, 3·reach, …): each block with the one before and the one
        after."""
        padding = [0, 0] * (t.ndim - 1 - dim) + [self.reach, self.reach]
        return (
            functional.pad(t, padding).unfold(dim, 3 * self.reach, self.reach).movedim(-1, dim + 1)
        )


class Block(nn.Module):  # type: ignore[misc]
    """Pre-norm Transformer layer."""

    def __init__(self, settings: TemporalSettings) -> None:
        super().__init__()
        self.norm_attention, self.norm_feed = (
            nn.LayerNorm(settings.width),
            nn.LayerNorm(settings.width),
        )
        self.attention = BandedAttention(settings)
        self.feed = nn.Sequential(
            nn.Linear(settings.width, 2 * settings.width),
            nn.GELU(),
            nn.Linear(2 * settings.width, settings.width),
        )
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.dropout(self.attention(self.norm_attention(x), mask))
        return x + self.dropout(self.feed(self.norm_feed(x)))


class TemporalTransformer(nn.Module):  # type: ignore[misc]
    """Tokens of a window to eleven residuals in z units; deterministic in eval mode on the CPU."""

    def __init__(self, settings: TemporalSettings) -> None:
        super().__init__()
        self.settings = settings
        self.signals = nn.Linear(settings.inputs, settings.width)
        self.missing = nn.Linear(settings.inputs, settings.width, bias=False)
        self.place = nn.Linear(2, settings.width, bias=False)
        self.blocks = nn.ModuleList(Block(settings) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(settings.width)
        self.pool = nn.Linear(settings.width, settings.pools)
        self.dropout = nn.Dropout(settings.dropout)
        self.head = nn.Linear(settings.pools * settings.width, OUTPUTS)
        for parameter in (self.missing.weight, self.head.weight, self.head.bias):
            nn.init.zeros_(parameter)

    def forward(self, tokens: Tensor, seen: Tensor, mask: Tensor) -> Tensor:
        """tokens (B, T, n) float, seen (B, T, n) bool, mask (B, T) bool (True = real) to (B, 11).

        Real tokens come first; every window has at least one.
        """
        length = tokens.shape[1]
        fill = -length % self.settings.reach
        tokens, seen, mask = (
            functional.pad(t, [0, 0] * (t.ndim - 2) + [0, fill]) for t in (tokens, seen, mask)
        )
        x = (
            self.signals(tokens * seen)
            + self.missing((~seen).to(tokens.dtype))
            + self.place(places(mask))
        )
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.dropout(self.pooled(self.norm(x), mask)))

    def pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        """Masked attention pooling: (B, T, d) to (B, pools·d)."""
        attention = (
            self.pool(x).masked_fill(~mask[..., None], _NEVER).softmax(dim=1)
        )  # (B, T, pools)
        return (attention.transpose(1, 2) @ x).flatten(1)


def places(mask: Tensor) -> Tensor:
    """Where each token stands in its window: u from −1 to 1 and its square about the mean, (B, T,
    2)."""
    count = mask.sum(dim=1, keepdim=True)
    u = (2 * torch.arange(mask.shape[1], device=mask.device) + 1) / count - 1
    return torch.stack([u, 1.5 * u * u - 0.5], dim=-1) * mask[..., None]


def batch(windows: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor, Tensor]:
    """Windows of (tokens (T, n), seen (T, n)) padded to one length: tokens, seen, mask for
    `forward`."""
    longest = max(len(tokens) for tokens, _ in windows)
    tokens = torch.zeros(len(windows), longest, windows[0][0].shape[1])
    seen = torch.zeros(tokens.shape, dtype=torch.bool)
    mask = torch.zeros(tokens.shape[:2], dtype=torch.bool)
    for i, (values, known) in enumerate(windows):
        tokens[i, : len(values)] = torch.from_numpy(values)
        seen[i, : len(values)] = torch.from_numpy(known)
        mask[i, : len(values)] = True
    return tokens, seen, mask


@torch.inference_mode()  # type: ignore[untyped-decorator]
def residuals(
    network: TemporalTransformer, windows: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """The network's residual for each window, float64 (m, 11), z units."""
    return network.eval()(*batch(windows)).double().numpy()


def load_network(settings: Mapping, arrays: Mapping[str, np.ndarray]) -> TemporalTransformer:
    """The network of stored sizes and weights, ready to be asked. Raises what torch raises when
    they don't fit."""
    network = TemporalTransformer(TemporalSettings(**settings))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
    return network.eval()
