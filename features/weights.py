"""Pretrained files that we did not train: what they are, where they come from, and where they lie here.

A file is looked for in the folder `LEITMOTIF_MODELS`, then in the cache folder, and is otherwise
downloaded once from its official address (checked by sha256, and there whole or not at all). Without
it the pipeline still runs; what is lost is said once.
"""

from __future__ import annotations

import hashlib
import os
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from data.errors import InputError, Progress
from data.folders import cache_folder

_TIMEOUT = 8.0
"""Seconds to wait for a server before going on without."""
_PATIENCE = 3600.0
"""Seconds before an unreachable server is tried again by itself (`pull` always tries)."""


class Weights(NamedTuple):
    """One file."""

    name: str
    filename: str
    url: str
    sha256: str
    size: int
    """Bytes."""
    licence: str
    serves: str
    """What suffers without it."""


_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-models"
WEIGHTS: tuple[Weights, ...] = (
    Weights(
        "yunet",
        "face_detection_yunet_2023mar.onnx",
        "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        232589,
        "MIT",
        "character tension, image affinity, visual arousal and valence (faces)",
    ),
    Weights(
        "face_landmarker",
        "face_landmarker.task",
        f"{_MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        3758596,
        "Apache-2.0",
        "character tension, image affinity, visual arousal and valence (expressions)",
    ),
    Weights(
        "mobilenet_v3_small",
        "mobilenet_v3_small.tflite",
        f"{_MEDIAPIPE}/image_embedder/mobilenet_v3_small/float32/1/mobilenet_v3_small.tflite",
        "bbbb4c51a55a53905af1daec995ca1aae355046f8839bb8c9f5ce9271394bc40",
        4117670,
        "Apache-2.0",
        "narrative content (what the pictures show)",
    ),
    Weights(
        "yamnet",
        "yamnet.tflite",
        "https://storage.googleapis.com/mediapipe-assets/tasks/testdata/audio/yamnet_audio_classifier_with_metadata.tflite",
        "10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de",
        4126810,
        "Apache-2.0",
        "music share, speech share and mood classes of sound",
    ),
)


def known(name: str) -> Weights:
    """The entry of one name. Raises `InputError` for a name that is not listed."""
    for entry in WEIGHTS:
        if entry.name == name:
            return entry
    raise InputError(
        f"'{name}': no such pretrained file; there are {', '.join(w.name for w in WEIGHTS)}."
    )


def find(name: str) -> Path | None:
    """Where the file lies on this machine, its checksum verified; None if it is nowhere."""
    entry = known(name)
    folders = [Path(os.environ["LEITMOTIF_MODELS"])] if os.environ.get("LEITMOTIF_MODELS") else []
    for folder in (*folders, cache_folder("models")):
        path = folder / entry.filename
        if path.is_file() and _sha256(path, path.stat().st_mtime_ns) == entry.sha256:
            return path
    return None


def pull(name: str, progress: Progress | None = None) -> Path:
    """Where the file lies, downloaded if need be.

    `progress` is called with ("downloading …", bytes done, bytes in all). Raises `InputError` if the
    file cannot be fetched.
    """
    entry = known(name)
    path = find(name)
    if path:
        return path
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    downloader = pooch.HTTPDownloader(
        progressbar=_Bar(entry, progress) if progress else False,
        chunk_size=1 << 16,
        timeout=_TIMEOUT,
    )
    try:
        return Path(
            pooch.retrieve(
                entry.url,
                f"sha256:{entry.sha256}",
                entry.filename,
                cache_folder("models"),
                downloader=downloader,
            )
        )
    except (requests.RequestException, OSError, ValueError) as error:
        why = "its checksum is wrong" if isinstance(error, ValueError) else "it cannot be reached"
        raise InputError(
            f"{entry.filename}: {why} at {entry.url}; fetch it by other means into a folder and name that folder in LEITMOTIF_MODELS."
        ) from None


@cache
def locate(name: str) -> Path | None:
    """Where the file lies, downloaded if need be; None where it cannot be had (asked once per process)."""
    path = find(name)
    if path:
        return path
    try:
        return None if _offline() else pull(name)
    except InputError:
        return None


@cache
def _offline() -> bool:
    """Whether no download is worth waiting for: the server does not answer, or did not within the hour."""
    import requests

    mark = cache_folder("models") / "unreachable"
    if mark.exists() and time.time() - mark.stat().st_mtime < _PATIENCE:
        return True
    try:
        requests.head(WEIGHTS[-1].url, timeout=_TIMEOUT / 2)
    except requests.RequestException:
        mark.touch()
        return True
    mark.unlink(missing_ok=True)
    return False


@cache
def _sha256(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Bar:
    """What pooch draws on while it downloads: passes the count on to a `Progress` callback."""

    def __init__(self, entry: Weights, progress: Progress) -> None:
        self.total, self._done = entry.size, 0
        self._stage, self._progress = f"downloading {entry.filename}", progress

    def update(self, size: int) -> None:
        self._done += size
        self._progress(self._stage, self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        """Nothing is held open."""
