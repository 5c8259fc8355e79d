"""An edit made again from its films: their pictures as they are there, in step with its sound.

No crop, title or bar of the edit is in it, so that what was cut to a portrait fills the screen
again; mirrored shots are mirrored. Shots from no film of the library are the edit's own, without
their bars.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data.errors import InputError, Progress
from features.video.stretch import fitted, frames_at
from leitmotif.render.pictures import write_pictures
from leitmotif.scenes.conformed import Conformed, Shot

LARGEST = 1920
"""Longer side of the result at most, px."""


def rebuild(
    conformed: Conformed, output: str | os.PathLike[str], *, progress: Progress | None = None
) -> Path:
    """Write the edit from its films; returns the path written (.mp4).

    Its picture has the shape that most of its seconds have. Raises `InputError` if a film is gone
    or cannot be read.
    """
    for source in conformed.sources():
        if not Path(source.path).is_file():
            raise InputError("scenes.source_gone", file=source.path)
    edit = conformed.edit
    size = _size(conformed)
    sound = edit.path if edit.has_sound else None
    frames = _frames(conformed, size, progress)
    return write_pictures(frames, size, edit.rate.fps, output, sound)


def _frames(
    conformed: Conformed, size: tuple[int, int], progress: Progress | None
) -> Iterator[np.ndarray]:
    total = float(conformed.edit.rate.seconds(conformed.edit.frames))
    for shot in conformed.shots:
        mirrored = shot.place is not None and shot.place.mirrored
        for picture in frames_at(*_asked(conformed, shot), max(size)):
            turned = picture[:, ::-1] if mirrored else picture
            yield fitted(np.ascontiguousarray(turned), *size)
        if progress:
            progress("render", float(conformed.edit.rate.seconds(shot.record_out)), total)


def _asked(conformed: Conformed, shot: Shot) -> tuple[str, list[float]]:
    """The file that a shot is taken from, and the second of it for each frame of the edit."""
    seconds = conformed.edit.rate.seconds
    if shot.place is None:
        half = float(seconds(1)) / 2
        return conformed.edit.path, [
            float(seconds(frame)) + half for frame in range(shot.record_in, shot.record_out)
        ]
    return shot.place.source.path, [
        float(shot.place.at(seconds(frame))) for frame in range(shot.frames)
    ]


def _size(conformed: Conformed) -> tuple[int, int]:
    """Even width and height that most frames have in their films."""
    shown: Counter[tuple[int, int]] = Counter()
    known: dict[str, tuple[int, int]] = {}
    for shot in conformed.shots:
        if shot.place is None:
            continue
        path, times = _asked(conformed, shot)
        if path not in known:
            height, width = next(frames_at(path, times[:1], LARGEST)).shape[:2]
            known[path] = (width + width % 2, height + height % 2)
        shown[known[path]] += shot.frames
    if shown:
        return shown.most_common(1)[0][0]
    width, height = conformed.edit.width, conformed.edit.height
    return width + width % 2, height + height % 2
