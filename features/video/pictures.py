"""Still pictures as people have them: screenshots, photos of a screen, posters."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from data.errors import InputError
from data.media import check_regular
from features.video.bars import find_bars
from features.video.second_look import SIDE

_MOST_PIXELS = 200_000_000
"""A picture of more is refused before it is unpacked (heuristic: twice the largest cameras)."""


def read_picture(path: str | os.PathLike) -> np.ndarray:
    """A picture file, without its black bars: BGR uint8, upright. Raises `InputError`."""
    path = check_regular(Path(path))
    try:
        return picture_of(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError("files.unreadable", file=path, why=error.strerror) from None


def picture_of(content: bytes, name: str) -> np.ndarray:
    """The same of a file's bytes; `name` is what it is called in errors."""
    picture = None
    if content:
        try:
            picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_BGR)
        except cv2.error:  # more pixels than OpenCV takes
            picture = None
    if picture is None or picture.shape[0] * picture.shape[1] > _MOST_PIXELS:
        raise InputError("scenes.no_picture", file=name)
    return without_bars(picture)


def without_bars(picture: np.ndarray) -> np.ndarray:
    """A BGR uint8 picture without the black bars about it."""
    box = find_bars([picture])
    return picture if box is None else np.ascontiguousarray(box.cut(picture))


def mirrored(picture: np.ndarray) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(picture[:, ::-1])


def small_jpeg(picture: np.ndarray) -> bytes:
    """A BGR uint8 picture as a grey JPEG of 192 px, about 5 kB: enough for a second look."""
    scale = SIDE / max(picture.shape[:2])
    size = (max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1))
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 80])[1])


def grey_of(jpeg: bytes) -> np.ndarray:
    """What `small_jpeg` wrote, grey uint8."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))
