"""Timelines kept in the cache folder: a file watched once is not watched again.

The key is the file's content (SHA-256, so that renaming and copying don't matter) and the extractor
(so that another version, or weights that came later, watch anew). Files appear whole or not at all;
two processes at once both do the work and one result stays. The folder keeps to a size: what was
not asked for the longest goes first.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from data.errors import InputError, Progress
from data.folders import cache_folder, keep_to_size
from features.video import extract
from features.video.frames import check_file
from features.video.timeline import Timeline

MOST_BYTES = 1 << 30
"""Size the folder keeps to: about 20 films of two hours (55 MB each), or thousands of clips.
Heuristic."""


def read_timeline(path: str | os.PathLike, progress: Progress | None = None) -> Timeline:
    """The Timeline of a video file, from the cache if it is there, else watched and kept."""
    kept = _place(path)
    known = _known(kept)
    if known is None:
        known = extract.read_timeline(path, progress=progress)
        if known.extractor == extract.expected_extractor():
            _keep(known, kept)
    return known


def known_timeline(path: str | os.PathLike, content: str | None = None) -> Timeline | None:
    """The Timeline of a video file that was watched before; None where the cache has none.

    content : SHA-256 of the file, where it is known.
    """
    return _known(_place(path, content))


def _place(path: str | os.PathLike, content: str | None = None) -> Path:
    """Where the Timeline of a video file is kept."""
    check_file(Path(path))
    if content is None:
        with Path(path).open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
    key = hashlib.sha256(f"{content} {extract.expected_extractor()}".encode()).hexdigest()[:32]
    return cache_folder("timelines") / f"{key}.npz"


def _known(kept: Path) -> Timeline | None:
    try:
        timeline = Timeline.load(kept)
    except InputError:
        return None
    with suppress(OSError):  # a cache that may only be read is one, too
        os.utime(kept)
    return timeline


def _keep(timeline: Timeline, path: Path) -> None:
    """Save, if the cache folder takes it: a full disk must not cost a person the result."""
    try:
        timeline.save(path)
    except InputError:
        path.unlink(missing_ok=True)
    else:
        keep_to_size(path, MOST_BYTES)
