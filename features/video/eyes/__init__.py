"""Embedding networks behind one contract: pictures in, unit vectors out; some read words as well.

Which one looks is said by `LEITMOTIF_EYES`, MobileNetV3-small where nothing is said. Every picture
is squeezed into the network's square, so that nothing at its edges is lost. Vectors of different
eyes are never compared: their name and the first digits of their weights' checksum stand in
everything that is written with them.

To add one, write how it is opened in a file here, and a line of `EYES`; its files, with addresses
and digests, stand in `features.pretrained`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np

from data.errors import InputError

DEFAULT = "mobilenet_v3_small"


class Eyes(Protocol):
    """An opened network. size : numbers of a vector."""

    size: int

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Vectors of BGR uint8 pictures of any size, float32 (n, size), L2-normalised."""


class ReadingEyes(Eyes, Protocol):
    """Eyes whose vectors are near to those of words that say what is seen."""

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts, float32 (n, size), L2-normalised."""


class Kind(NamedTuple):
    """One network. files : their names in `features.pretrained`. module : the file here whose
    `load` takes their paths. reads : whether it reads words.
    """

    name: str
    files: tuple[str, ...]
    module: str
    reads: bool = False

    def open(self, *paths: Path) -> Eyes:
        """Only now its libraries are imported. Raises `InputError`, and what these raise."""
        opened: Eyes = import_module(f"{__name__}.{self.module}").load(*paths)
        return opened


EYES: tuple[Kind, ...] = (
    Kind(DEFAULT, (DEFAULT,), "mobilenet"),
    Kind("efficientnet_lite0", ("efficientnet_lite0",), "lite"),
    Kind("clip_vit_b32", ("clip_vit_b32", "clip_words"), "clip", reads=True),
    Kind(
        "siglip_base",
        ("siglip_base", "siglip_base_words", "siglip_base_tokens"),
        "siglip",
        reads=True,
    ),
    Kind("dinov2_small", ("dinov2_small",), "dino"),
)


def kind(name: str) -> Kind:
    """The network of a name. Raises `InputError` for one that is not listed."""
    for known in EYES:
        if known.name == name:
            return known
    raise InputError("eyes.unknown", name=name, names=[k.name for k in EYES])


def chosen() -> Kind:
    """The network that looks. Raises `InputError` where `LEITMOTIF_EYES` names none of the list."""
    return kind(os.environ.get("LEITMOTIF_EYES") or DEFAULT)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1, float32."""
    vectors = np.asarray(vectors, np.float32)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(length, np.float32(1e-9))


def squares(
    pictures: Sequence[np.ndarray], side: int, mean: Sequence[float], spread: Sequence[float]
) -> np.ndarray:
    """Pictures as a network takes them: (n, 3, side, side) float32 RGB.

    pictures : BGR uint8. mean, spread : of the three colours, 0–1.
    """
    shift, scale = np.array(mean, np.float32), np.array(spread, np.float32)
    found = np.empty((len(pictures), 3, side, side), np.float32)
    for square, picture in zip(found, pictures, strict=True):
        smaller = picture.shape[0] > side or picture.shape[1] > side
        way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        rgb = cv2.cvtColor(cv2.resize(picture, (side, side), interpolation=way), cv2.COLOR_BGR2RGB)
        square[:] = ((rgb / np.float32(255) - shift) / scale).transpose(2, 0, 1)
    return found
