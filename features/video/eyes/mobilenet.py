"""MobileNetV3-small (Howard et al., ICCV 2019), run by MediaPipe: 1024 numbers, 2 ms a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from features.chatter import without_chatter


class MobileNet:
    """Raises `ImportError`, `OSError` or `RuntimeError` where MediaPipe cannot start."""

    size = 1024

    def __init__(self, weights: Path) -> None:
        with without_chatter():
            import mediapipe as mp
            from mediapipe.tasks.python import BaseOptions, vision

            base = BaseOptions(model_asset_path=str(weights))
            options = vision.ImageEmbedderOptions(base, l2_normalize=True)
            self._embedder, self._mp = vision.ImageEmbedder.create_from_options(options), mp

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        found = np.empty((len(pictures), self.size), np.float32)
        for vector, picture in zip(found, pictures, strict=True):
            rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            image = self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=rgb)
            vector[:] = self._embedder.embed(image).embeddings[0].embedding
        return found

    def close(self) -> None:
        self._embedder.close()


load = MobileNet
