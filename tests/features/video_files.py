"""Small videos for tests, encoded on the spot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

_FAST = {"libx264": {"preset": "ultrafast", "crf": "18"}}


def encode(
    path: Path,
    frames: Iterable[np.ndarray],
    fps: int | Fraction = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Write BGR uint8 frames of one even size as a video file; returns `path`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=fps, options=_FAST.get(codec, {}) | (options or {})
        )
        stream.pix_fmt = pix_fmt
        for image in frames:
            if not stream.codec_context.is_open:
                stream.height, stream.width = image.shape[:2]
                if rotation:
                    stream.set_display_rotation(rotation)
            container.mux(
                stream.encode(
                    av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
                )
            )
        container.mux(stream.encode(None))
    _ordinary()
    return path


def _ordinary() -> None:
    """As root, SVT-AV1 makes its caller real-time (FIFO 99), and so all that is started later: a
    browser of another test then takes the machine."""
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def texture(height: int = 180, width: int = 320, seed: int = 0) -> np.ndarray:
    """A smooth random BGR picture with structure everywhere, so that motion can be seen."""
    import cv2

    noise = np.random.default_rng(seed).integers(
        0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8
    )
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def moving(picture: Callable[[int], np.ndarray], seconds: float, fps: int = 25) -> list[np.ndarray]:
    """`picture(k)` for every frame k."""
    return [picture(k) for k in range(round(seconds * fps))]


def dance(seed: int) -> np.ndarray:
    """Six seconds of a dancer, each its own dance, before one wall: grey uint8 (150, 144, 256)."""
    page = cv2.cvtColor(texture(144, 256, 9), cv2.COLOR_BGR2GRAY)
    ways = np.random.default_rng(seed).uniform(5, 13, 4)
    frames = []
    for k in range(150):
        frame = page.copy()
        across, up, left, right = np.sin(k / ways + seed)
        x, y = 128 + round(50 * across), 84 + round(14 * up)
        cv2.ellipse(frame, (x, y), (10, 26), 0, 0, 360, 40, -1)
        cv2.circle(frame, (x, y - 34), 9, 220, -1)
        for side, angle in ((-1, left), (1, right)):
            hand = x + side * round(34 * np.cos(angle)), y - 14 + round(34 * np.sin(angle))
            cv2.line(frame, (x, y - 14), hand, 200, 6)
        frames.append(cv2.GaussianBlur(frame, None, 0.8))
    return np.stack(frames)
