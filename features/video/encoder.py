"""A small residual network that tells frames of films apart, however they were cropped or coded.

    picture ─► 128 × 128, standardised ─► stem ─► four stages of residual blocks (He et al. 2016)
            ─► generalised mean over the places (Radenović et al. 2019) ─► 128 numbers of length 1

Two pictures are as alike as the cosine of their vectors. It is trained by contrast
(`leitmotif.scenes.training`) to give a frame and a crop, mirror image, recoding or captioned copy
of it one vector, and its neighbours others. Written and trained here; no weights of others in it.
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
INPUT = 128
"""Side of the square that a picture is squeezed into, px."""
_AT_ONCE = 64
KIND, VERSION = "scene-encoder", 1


@dataclass(frozen=True)
class EncoderSizes:
    """Every size of the network."""

    widths: tuple[int, ...] = (32, 64, 128, 192)
    blocks: tuple[int, ...] = (1, 2, 2, 1)
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
    """Pictures (n, 3, 128, 128), RGB 0–1, to vectors (n, size) of length 1."""

    def __init__(self, sizes: EncoderSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or EncoderSizes()
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("deviation", torch.full((3, 1, 1), 0.25))
        width = sizes.widths[0]
        self.stem = nn.Conv2d(3, width, 3, 2, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(width)
        blocks = []
        for outputs, count in zip(sizes.widths, sizes.blocks, strict=True):
            for k in range(count):
                blocks.append(Block(width, outputs, 2 if k == 0 else 1))
                width = outputs
        self.body = nn.Sequential(*blocks)
        self.power = nn.Parameter(torch.tensor(3.0))
        self.out = nn.Linear(width, sizes.size)

    def forward(self, pictures: Tensor) -> Tensor:
        x = (pictures - self.mean) / self.deviation
        x = functional.relu(self.stem_norm(self.stem(x)))
        x = self.body(x).float()  # (n, widths[-1], 4, 4)
        power = self.power.clamp(1.0, 8.0)
        pooled = x.clamp(min=1e-4).pow(power).mean(dim=(2, 3)).pow(1 / power)
        return functional.normalize(self.out(pooled).float(), dim=1)


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


def squeezed(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture as a square, whatever its shape: BGR uint8 (side, side, 3)."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))


def as_tensor(pictures: np.ndarray) -> Tensor:
    """BGR uint8 (n, h, w, 3) as RGB 0–1 (n, 3, h, w)."""
    return torch.from_numpy(pictures[..., ::-1].copy()).permute(0, 3, 1, 2).float() / 255
