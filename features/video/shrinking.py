"""Large frames to low ones: means over whole rows of pixels, plane by plane as they are coded.

Scaling a full-size picture costs more than measuring it. Means over rows read every pixel once and
leave a sixth of them to scale and to turn into BGR.
"""

from __future__ import annotations

import av
import numpy as np

from data.compiled import njit

SPARE = 1.4
"""How many times the rows that are wanted are left, so that scaling from there on blurs no more
than scaling from the full height. Heuristic."""
_LEAST = 4
"""Rows to one below which nothing is gained. Measured."""
_KINDS = {"yuv420p": np.uint8, "yuvj420p": np.uint8, "yuv420p10le": np.uint16}


def lowered(frame: av.VideoFrame, height: int) -> av.VideoFrame:
    """The frame with the fewest rows that a picture `height` px high can be scaled from.

    The frame itself where it is low already, or coded in another way than most films are.
    """
    kind = _KINDS.get(frame.format.name)
    by = int(frame.height / (SPARE * height))
    if kind is None or by < _LEAST:
        return frame
    low = av.VideoFrame(frame.width, frame.height // by // 2 * 2, frame.format.name)
    for plane, own in zip(frame.planes, low.planes, strict=True):
        _means(_rows(plane, kind), by, _rows(own, kind), plane.width)
    low.colorspace, low.color_range = frame.colorspace, frame.color_range
    return low


def _rows(plane: av.video.plane.VideoPlane, kind: type) -> np.ndarray:
    """The plane's own memory, (height, pixels with those that only fill the line)."""
    return np.frombuffer(plane, kind).reshape(plane.height, -1)


@njit
def _means(plane: np.ndarray, by: int, low: np.ndarray, width: int) -> None:
    """Write the rounded mean of every `by` rows into `low`."""
    sums = np.empty(width, np.uint16)  # enough for 64 rows of 10 bits
    half, share = np.uint16(by // 2), np.uint32(65536 // by + 1)
    for i in range(len(low)):
        row = plane[i * by]
        for j in range(width):
            sums[j] = np.uint16(row[j]) + half
        for k in range(1, by):
            row = plane[i * by + k]
            for j in range(width):
                sums[j] = np.uint16(sums[j] + np.uint16(row[j]))
        mean = low[i]
        for j in range(width):
            mean[j] = (np.uint32(sums[j]) * share) >> np.uint32(16)
