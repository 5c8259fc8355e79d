"""The film strip of a timeline: small pictures of a film on one sheet, made once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from data.atomic import atomic_path
from data.errors import InputError, Progress
from features.video.strip import film_strip
from leitmotif.workers.alone import in_child

MOST = 160
"""Pictures on a sheet: at their width they fill a wide screen six times (heuristic)."""
_COLS = 12


class Sheet(NamedTuple):
    """One picture every `step` seconds, `cols` in a row, each `width` by `height` pixels."""

    path: Path
    cols: int
    width: int
    height: int
    step: float
    n: int


def sheet(video: Path, length: float, output: Path, progress: Progress) -> Sheet | None:
    """The strip of a film of `length` seconds; None where it has no pictures to show."""
    n = int(min(max(length, 8.0), MOST))
    try:
        strip = in_child(_strip, video, n, progress=progress)
    except InputError:
        return None  # a timeline without pictures is a timeline
    if not strip:
        return None
    pictures = [Image.open(io.BytesIO(jpeg)) for _, jpeg in strip]
    wide, tall = pictures[0].size
    whole = Image.new("RGB", (wide * _COLS, tall * -(-len(pictures) // _COLS)))
    for k, picture in enumerate(pictures):
        whole.paste(picture, (k % _COLS * wide, k // _COLS * tall))
    with atomic_path(output) as temporary:
        whole.save(temporary, quality=80)
    return Sheet(output, _COLS, wide, tall, length / n, len(pictures))


def _strip(video: Path, n: int, *, progress: Progress) -> list[tuple[float, bytes]]:
    progress("strip", 0.0, None)
    return film_strip(video, n)
