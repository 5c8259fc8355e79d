"""What the pictures show, as a vector of the eyes that look (`features.video.eyes`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.video.frames import Frame
from features.video.signals.contract import Pass, Signal
from features.video.signals.motion import SIDE
from features.video.signals.networks import CHOSEN
from features.video.timeline import TOKEN


class EmbeddingSignal(Signal):
    """One picture per token; the vectors are kept as float32, with MobileNetV3 60 MB for a film of
    two hours."""

    name = "embedding"
    columns = ("novelty",)  # 1 − cosine between the token's mean embedding and the previous token's
    rate = 2.0
    needs = (CHOSEN,)
    without = "video.no_embedding"

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._eyes = seen.networks[CHOSEN]
        self._vectors: dict[int, np.ndarray] = {}

    def update(self, frame: Frame) -> None:
        """Adds the picture's embedding to that of its token."""
        token = int(frame.time / TOKEN + 1e-6)
        vector = self.embed(frame.picture(SIDE))
        self._vectors[token] = self._vectors.get(token, np.float32(0)) + vector

    def embed(self, picture: np.ndarray) -> np.ndarray:
        """The embedding of a BGR uint8 picture, float32 (size,), L2-normalised."""
        found: np.ndarray = self._eyes([picture])[0]
        return found

    def finish(self) -> np.ndarray:
        self._mean = self._means()
        return novelty(self._mean)[:, None]

    def fields(self) -> dict[str, Any]:
        """`embedding`: mean embedding of each token, L2-normalised, float32 (T, size)."""
        return {"embedding": self._mean}

    def _means(self) -> np.ndarray:
        held = next(iter(self._vectors.values()))
        means = np.empty((self.seen.tokens, len(held)), np.float32)
        for token in range(len(means)):
            held = self._vectors.pop(token, held)
            means[token] = held / max(float(np.linalg.norm(held)), 1e-9)
        return means


def novelty(embedding: np.ndarray) -> np.ndarray:
    """1 − cosine to the previous token, (T,); the first token is new by nothing, 0."""
    cosine = (embedding[1:] * embedding[:-1]).sum(axis=1)
    return np.concatenate([[0.0], np.clip(1 - cosine, 0, 2)])
