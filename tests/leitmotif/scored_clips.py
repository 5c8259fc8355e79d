"""Small videos with sound, encoded on the spot."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

RATE, FPS = 22_050, 10


def chords(seconds: float, level: float = 0.2) -> np.ndarray:
    """Samples of a slow progression in C major, with a beat."""
    t = np.arange(int(seconds * RATE)) / RATE
    roots = np.array([261.6, 349.2, 392.0, 261.6])[(t // 2).astype(int) % 4]
    tone = sum(np.sin(2 * np.pi * roots * ratio * t) for ratio in (1, 1.26, 1.5)) / 3
    return (level * tone * (0.4 + 0.6 * np.exp(-6 * (t % 0.5)))).astype(np.float32)


def scored_clip(path: Path, seconds: float, sound: np.ndarray | None, seed: int = 0) -> Path:
    """A video of slowly changing blocks, `sound` (or no sound track) under it."""
    rng = np.random.default_rng(seed)
    picture = np.kron(rng.integers(0, 255, (9, 16, 3)), np.ones((10, 10, 1))).astype(np.uint8)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        audio = None if sound is None else container.add_stream("aac", rate=RATE, layout="mono")
        for k in range(int(seconds * FPS)):
            container.mux(
                video.encode(
                    av.VideoFrame.from_ndarray(np.roll(picture, 2 * k, axis=1), format="bgr24")
                )
            )
        container.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path
