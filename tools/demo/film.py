"""The sample film: eighteen shots in four scenes, each frame drawn from its time alone; silent.

Cut times are multiples of 1/24 s and known exactly: `truth()` says them, `film.json` keeps them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from data.atomic import atomic_path
from data.errors import Progress
from tools.demo.scenes import chase, city, dawn, festival
from tools.demo.scenes.canvas import H, W, develop

FPS = 24


class Shot(NamedTuple):
    scene: str
    draw: Callable[[float, float], np.ndarray]
    """(seconds since the shot began, the shot's length) -> float32 (H, W, 3)."""
    frames: int


SCENES = {
    "dawn": "calm, warm, slow: long shots, hardly any motion",
    "city": "awake, hurrying: shots get shorter, traffic and crowds",
    "chase": "dark, tense, cold: very short shots, low light, a shaking camera",
    "festival": "joyful, bright, many-coloured: balloons, dancing, fireworks",
}
SHOTS = (
    Shot("dawn", dawn.sea, 132),
    Shot("dawn", dawn.meadow, 96),
    Shot("city", city.viaduct, 68),
    Shot("city", city.train_window, 46),
    Shot("city", city.avenue, 38),
    Shot("city", city.crossing, 32),
    Shot("city", city.rush, 24),
    Shot("chase", chase.forest_run, 28),
    Shot("chase", chase.pursuers, 22),
    Shot("chase", chase.running_eyes, 20),
    Shot("chase", chase.splashing_feet, 15),
    Shot("chase", chase.lightning, 24),
    Shot("chase", chase.forest_run_close, 18),
    Shot("chase", chase.running_eyes, 13),
    Shot("chase", chase.the_door, 25),
    Shot("festival", festival.balloons, 68),
    Shot("festival", festival.dancing, 60),
    Shot("festival", festival.fireworks, 88),
)
STARTS = (0, *accumulate(shot.frames for shot in SHOTS))
"""First frame of every shot, and the number of frames at the end."""


def frame(number: int) -> np.ndarray:
    """One finished frame, uint8 RGB (H, W, 3)."""
    index = int(np.searchsorted(STARTS, number, side="right")) - 1
    shot = SHOTS[index]
    picture = shot.draw((number - STARTS[index]) / FPS, shot.frames / FPS)
    return develop(picture, number)


def truth() -> dict:
    """What is known of the film: its format, the time of every cut, its scenes and their moods."""
    scenes = []
    for name, mood in SCENES.items():
        inside = [i for i, shot in enumerate(SHOTS) if shot.scene == name]
        start, end = STARTS[inside[0]] / FPS, STARTS[inside[-1] + 1] / FPS
        scenes.append(
            {
                "name": name,
                "mood": mood,
                "start_s": round(start, 4),
                "end_s": round(end, 4),
                "shots": len(inside),
            }
        )
    return {
        "title": "Four Moods",
        "artist": "Leitmotif",
        "license": "CC0-1.0",
        "width": W,
        "height": H,
        "fps": FPS,
        "frames": STARTS[-1],
        "duration_s": round(STARTS[-1] / FPS, 4),
        "audio": False,
        "cuts_s": [round(start / FPS, 4) for start in STARTS[1:-1]],
        "scenes": scenes,
    }


def write_film(
    path: str | os.PathLike, workers: int | None = None, progress: Progress | None = None
) -> None:
    """Draw and encode the film as H.264 in MP4, ready to stream."""
    import av

    with (
        atomic_path(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        container.metadata.update(title="Four Moods", artist="Leitmotif", comment="CC0-1.0")
        stream = container.add_stream(
            "libx264", rate=FPS, options={"crf": "24.5", "preset": "slow", "threads": "1"}
        )
        stream.width, stream.height, stream.pix_fmt = W, H, "yuv420p"
        stream.codec_context.color_range, stream.codec_context.colorspace = (
            1,
            1,
        )  # limited range, BT.709
        stream.codec_context.color_primaries = stream.codec_context.color_trc = 1
        for number, picture in enumerate(_frames(workers)):
            image = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            image.pts = number
            container.mux(stream.encode(image))
            if progress is not None:
                progress("film", number / FPS, STARTS[-1] / FPS)
        container.mux(stream.encode(None))


def _frames(workers: int | None) -> Iterator[np.ndarray]:
    """Every frame in order, drawn by several processes."""
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        try:
            yield from pool.map(frame, range(STARTS[-1]), chunksize=4)
        finally:
            pool.shutdown(cancel_futures=True)
