"""Films of still shots, each of a picture of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tests.features.video_files import encode

SHOT_S = 1.5
FPS = 10


def shot(seed: int, height: int = 90, width: int = 160) -> np.ndarray:
    """A picture of shapes on colours, BGR uint8."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 255, (4, 6, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(8):
        colour = tuple(int(c) for c in chance.integers(0, 255, 3))
        at = (int(chance.integers(width)), int(chance.integers(height)))
        if chance.random() < 0.5:
            cv2.circle(picture, at, int(chance.integers(6, 25)), colour, -1, cv2.LINE_AA)
        else:
            to = (int(chance.integers(width)), int(chance.integers(height)))
            cv2.rectangle(picture, at, to, colour, int(chance.integers(2, 9)))
    return np.asarray(picture)


def film(path: Path, seeds: Sequence[int]) -> Path:
    """A film of these shots, `SHOT_S` each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frames = (shot(seed) for seed in seeds for _ in range(round(SHOT_S * FPS)))
    return encode(path, frames, FPS)
