"""A glimpse of a hit: the second of film around it, as MP4 or GIF, and a still of it."""

from __future__ import annotations

import os
from pathlib import Path

from data.atomic import atomic_path
from data.errors import InputError
from data.folders import cache_folder, keep_to_size
from leitmotif.render import ffmpeg
from leitmotif.scenes.library import Film

LENGTH_S = 1.0
SIDE = 320
"""Width of a preview, px."""
KINDS = ("mp4", "gif", "jpg")
_MOST_BYTES = 200 << 20
_H264 = ("-c:v", "libx264", "-crf", "26", "-pix_fmt", "yuv420p")
_FORMS = {
    "mp4": ["-an", *_H264, "-movflags", "+faststart"],
    "gif": ["-an", "-loop", "0"],
    "jpg": ["-frames:v", "1", "-q:v", "4"],
}
_SCALE = f"scale={SIDE}:-2:flags=area,setsar=1"
_FILTERS = {
    "mp4": _SCALE,
    "gif": f"fps=10,{_SCALE},split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse",
    "jpg": _SCALE,
}


def write_preview(film: Film, at: float, output: str | os.PathLike) -> Path:
    """Write the second of a film around `at` seconds; the ending says as what: .mp4, .gif, or .jpg
    for the frame itself. Raises `InputError` where the film is gone."""
    target = Path(output)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise InputError("scenes.preview_kind", file=target, kinds=[f".{k}" for k in KINDS])
    if not Path(film.path).is_file():
        raise InputError("scenes.film_gone", film=film.name, file=film.path)
    length = 0.5 if kind == "jpg" else LENGTH_S
    start = at if kind == "jpg" else at - length / 2
    start = min(max(start, 0.0), max(film.duration - length, 0.0))
    with atomic_path(target) as temporary:
        ffmpeg.run(
            [
                *("-ss", f"{start:.3f}"),
                *ffmpeg.source(film.path),
                *("-t", f"{length:.3f}", "-map", "0:V:0", "-vf", _FILTERS[kind]),
                *_FORMS[kind],
                str(temporary),
            ]
        )
    return target


def preview(film: Film, at: float, kind: str) -> Path:
    """The same, kept in the cache folder. kind : one of `KINDS`."""
    kept = cache_folder("scene-previews") / f"{film.id}-{round(at * 1000)}.{kind}"
    if not kept.is_file():
        write_preview(film, at, kept)
        keep_to_size(kept, _MOST_BYTES)
    return kept
