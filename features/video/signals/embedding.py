"""What the pictures show, as a vector: MobileNetV3-small's 1024-D embedding, L2-normalised."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from features.video.frames import Frame
from features.video.signals.contract import Pass, Signal
from features.video.signals.motion import SIDE
from features.video.timeline import TOKEN

SIZE = 1024


class EmbeddingSignal(Signal):
    """One picture per token; the vectors are kept as float32, 60 MB for a film of two hours."""

    name = "embedding"
    columns = ("novelty",)  # 1 − cosine between the token's mean embedding and the previous token's
    rate = 2.0
    needs = ("mobilenet_v3_small",)
    without = "video.no_embedding"

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._embedder = seen.networks["mobilenet_v3_small"]
        self._vectors: dict[int, np.ndarray] = {}

    def update(self, frame: Frame) -> None:
        """Adds the picture's embedding to that of its token."""
        token = int(frame.time / TOKEN + 1e-6)
        vector = self.embed(frame.picture(SIDE))
        self._vectors[token] = self._vectors.get(token, np.float32(0)) + vector

    def embed(self, picture: np.ndarray) -> np.ndarray:
        """The embedding of a BGR uint8 picture of at least about 224 px, float32 (1024,)."""
        result = self._embedder(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        return np.asarray(result.embeddings[0].embedding, dtype=np.float32)

    def finish(self) -> np.ndarray:
        self._mean = self._means()
        return novelty(self._mean)[:, None]

    def fields(self) -> dict[str, Any]:
        """`embedding`: mean embedding of each token, L2-normalised, float32 (T, 1024)."""
        return {"embedding": self._mean}

    def _means(self) -> np.ndarray:
        means = np.empty((self.seen.tokens, SIZE), np.float32)
        held = next(iter(self._vectors.values()))
        for token in range(len(means)):
            held = self._vectors.pop(token, held)
            means[token] = held / max(float(np.linalg.norm(held)), 1e-9)
        return means


def novelty(embedding: np.ndarray) -> np.ndarray:
    """1 − cosine to the previous token, (T,); the first token is new by nothing, 0."""
    cosine = (embedding[1:] * embedding[:-1]).sum(axis=1)
    return np.concatenate([[0.0], np.clip(1 - cosine, 0, 2)])
