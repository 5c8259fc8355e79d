"""A film as a strip of small pictures, for timelines: from key frames, without reading the film."""

from __future__ import annotations

import os

import cv2

from features.video.frames import VideoReader

SIDE = 128
"""Longer side of a picture, px."""
_QUALITY = 70


def film_strip(path: str | os.PathLike[str], n: int = 24) -> list[tuple[float, bytes]]:
    """`n` pictures at equal distances: (seconds, JPEG bytes), each the key frame before its time.

    The seconds are those asked for, the middle of each of `n` parts; a film that cannot be sought
    gives fewer. Raises `InputError` for a file that is no video.
    """
    with VideoReader(path) as film:
        duration = film.duration if film.duration > 0 else 0.0
        times = [duration * (k + 0.5) / n for k in range(n)]
        pictures = film.stills(times, SIDE)
        return [(t, _jpeg(picture)) for t, (_, picture) in zip(times, pictures, strict=False)]


def _jpeg(picture: cv2.typing.MatLike) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
