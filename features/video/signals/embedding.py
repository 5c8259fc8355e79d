"""What the pictures show, as a vector: MobileNetV3-small's 1024-D embedding, L2-normalised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

RATE = 2.0
"""Pictures per second of media time: one per token."""
SIZE = 1024


class EmbeddingSignal:
    """`embedder` turns an RGB picture into MediaPipe's embedding result."""

    def __init__(self, embedder: Callable[[np.ndarray], Any]) -> None:
        self._embedder = embedder

    def update(self, picture: np.ndarray) -> np.ndarray:
        """The embedding of a BGR uint8 picture of at least about 224 px, float32 (1024,)."""
        result = self._embedder(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        return np.asarray(result.embeddings[0].embedding, dtype=np.float32)


def novelty(embedding: np.ndarray) -> np.ndarray:
    """1 − cosine to the previous token, (T,); the first token is new by nothing, 0."""
    cosine = (embedding[1:] * embedding[:-1]).sum(axis=1)
    return np.concatenate([[0.0], np.clip(1 - cosine, 0, 2)])
