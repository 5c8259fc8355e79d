"""A small residual network that tells frames of films apart, however they were cropped or coded.

    picture ─► 192 × 192, standardised ─► stem ─► four stages of residual blocks (He et al. 2016)
            ─► generalised mean over the places (Radenović et al. 2019) ─► 128 numbers of length 1

Two pictures are as alike as the cosine of their vectors. A crop of a frame is not like the whole
of it, so the mean is also taken over overlapping parts of the map (as R-MAC does, Tolias et al.
2016): a frame has a vector of the whole and one of each part, at the price of one pass. Who asks
with a picture does not say how much of a frame it shows: it is asked for at several sizes, as
large as it would be within the whole (`ZOOMS`).

It is trained by contrast (`leitmotif.scenes.training`) to give a frame, or a part of it, and a
crop, recoding or captioned copy of that one vector, and its neighbours others. Written and trained
here; no weights of others in it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from data.atomic import atomic_path
from data.checksums import check_arrays, damaged, seal_arrays
from data.errors import InputError
from data.folders import ROOT

SHIPPED = ROOT / "weights" / "scenes.safetensors"
INPUT = 192
"""Side of the square that a frame is squeezed into, px."""
ZOOMS = (96, 128, 192)
"""Sides at which a picture is asked for: as of half, two thirds, and all of a frame's side."""
GRIDS = ((8, 4), (6, 3))
"""Parts of a frame, as places of its 12 × 12 map: their side, and the step from one to the next.
Four of two thirds of the side and nine of half."""
PARTS = sum(((INPUT // 16 - side) // step + 1) ** 2 for side, step in GRIDS)
_AT_ONCE = 64
KIND, VERSION = "scene-encoder", 2


@dataclass(frozen=True)
class EncoderSizes:
    """Every size of the network."""

    widths: tuple[int, ...] = (40, 80, 160, 288)
    blocks: tuple[int, ...] = (1, 2, 2, 2)
    strides: tuple[int, ...] = (2, 2, 2, 1)
    size: int = 128
    """Numbers of a vector."""


class Block(nn.Module):  # type: ignore[misc]  # torch's types are not read
    """Two 3 × 3 convolutions beside a short cut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.short: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.short = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.short(x))


class Network(nn.Module):  # type: ignore[misc]
    """Pictures (n, 3, s, s), RGB 0–1, to vectors (n, size) of length 1; s a multiple of 16."""

    def __init__(self, sizes: EncoderSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or EncoderSizes()
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((3, 1, 1), 0.25))
        width = sizes.widths[0]
        self.stem = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        blocks = []
        for outputs, count, stride in zip(sizes.widths, sizes.blocks, sizes.strides, strict=True):
            for k in range(count):
                blocks.append(Block(width, outputs, stride if k == 0 else 1))
                width = outputs
        self.body = nn.Sequential(*blocks)
        self.power = nn.Parameter(torch.tensor(3.0))
        self.out = nn.Linear(width, sizes.size)

    def forward(self, pictures: Tensor) -> Tensor:
        return self._vectors(self._map(pictures).mean(dim=(2, 3)))

    def with_parts(self, pictures: Tensor) -> Tensor:
        """Vectors of whole pictures (n, 3, 192, 192) and of their parts, (n, 1 + PARTS, size)."""
        x = self._map(pictures)
        means = [x.mean(dim=(2, 3))[:, None]]
        for side, step in GRIDS:
            means.append(functional.avg_pool2d(x, side, step).flatten(2).transpose(1, 2))
        return self._vectors(torch.cat(means, dim=1))

    def _map(self, pictures: Tensor) -> Tensor:
        """What is averaged, (n, widths[-1], s / 16, s / 16)."""
        x = (pictures - self.mean) / self.deviation
        x = functional.relu(self.stem_norm(self.stem(x)))
        return self.body(x).float().clamp(min=1e-4).pow(self._power)

    @property
    def _power(self) -> Tensor:
        return self.power.clamp(1.0, 8.0)

    def _vectors(self, means: Tensor) -> Tensor:
        return functional.normalize(self.out(means.pow(1 / self._power)).float(), dim=-1)


class Encoder:
    """A trained network, ready for pictures.

    name : of the weights. size : numbers of a vector. threshold : cosine from which a frame counts
    as found in a library (`leitmotif.scenes.find`).
    """

    def __init__(self, network: Network, name: str, threshold: float) -> None:
        self.network, self.name, self.threshold = network.eval(), name, threshold
        self.size = network.sizes.size

    @classmethod
    def load(cls, path: str | os.PathLike | None = None) -> Encoder:
        """Weights from a file (None: those that are shipped). Raises `InputError`."""
        path = Path(path or SHIPPED)
        if not path.is_file():
            raise InputError("scenes.no_weights", file=path)
        try:
            with safe_open(path, "pt") as file:
                said = file.metadata() or {}
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError):
            raise damaged(path) from None
        check_arrays(KIND, VERSION, {n: t.numpy() for n, t in state.items()}, said, path)
        network = Network()
        try:
            network.load_state_dict({n: t.float() for n, t in state.items()})
            threshold = float(said["threshold"])
        except (RuntimeError, KeyError, ValueError):
            raise damaged(path) from None
        return cls(network, said.get("name", path.stem), threshold)

    def save(self, path: str | os.PathLike) -> None:
        """Write the weights, half precision."""
        state = {
            name: tensor.detach().half().contiguous()
            for name, tensor in self.network.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        said = {"name": self.name, "threshold": f"{self.threshold:.4f}"}
        sealed = seal_arrays(KIND, VERSION, {n: t.numpy() for n, t in state.items()}, said)
        with atomic_path(path) as temporary:
            save_file(state, temporary, sealed)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def embed(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors of BGR uint8 pictures of any sizes, float32 (n, size), of length 1."""
        found = [np.empty((0, self.size), np.float32)]
        for start in range(0, len(pictures), _AT_ONCE):
            part = np.stack([squeezed(p, INPUT) for p in pictures[start : start + _AT_ONCE]])
            found.append(self.network(as_tensor(part)).numpy())
        return np.concatenate(found)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def embed_parts(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """The same of the whole pictures, first, and their parts, float32 (n, 1 + PARTS, size)."""
        found = [np.empty((0, 1 + PARTS, self.size), np.float32)]
        for start in range(0, len(pictures), _AT_ONCE):
            part = np.stack([squeezed(p, INPUT) for p in pictures[start : start + _AT_ONCE]])
            found.append(self.network.with_parts(as_tensor(part)).numpy())
        return np.concatenate(found)

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def embed_zoomed(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors to ask for pictures with, as parts of each of `ZOOMS`, (zooms, n, size)."""
        return np.stack(
            [
                self.network(as_tensor(np.stack([squeezed(p, side) for p in pictures]))).numpy()
                for side in ZOOMS
            ]
        )


def squeezed(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture as a square, whatever its shape: BGR uint8 (side, side, 3)."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))


def as_tensor(pictures: np.ndarray) -> Tensor:
    """BGR uint8 (n, h, w, 3) as RGB 0–1 (n, 3, h, w)."""
    return torch.from_numpy(pictures[..., ::-1].copy()).permute(0, 3, 1, 2).float() / 255
