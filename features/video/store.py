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
    check_file(Path(path))
    with Path(path).open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    extractor = extract.expected_extractor()
    key = hashlib.sha256(f"{content} {extractor}".encode()).hexdigest()[:32]
    kept = cache_folder("timelines") / f"{key}.npz"
    try:
        timeline = Timeline.load(kept)
    except InputError:
        timeline = extract.read_timeline(path, progress=progress)
        if timeline.extractor == extractor:
            _keep(timeline, kept)
        return timeline
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
