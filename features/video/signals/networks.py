"""Opening the pretrained networks: kept open between videos, quiet, and missed with grace.

MediaPipe runs the face landmarks and MobileNetV3 (measured against OpenCV's dnn on one core: 2.0
against 6 ms per picture), OpenCV runs YuNet, other eyes run as `features.video.eyes` says. A task
is costly to open (0.2–0.5 s) and serves one video at a time, so finished videos hand theirs to the
next.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data.errors import InputError
from data.words import Sentence
from features.chatter import without_chatter
from features.pretrained import OPTIONAL, find, known, locate
from features.video import eyes

CHOSEN = "eyes"
"""Stands for the embedding network that is chosen (`features.video.eyes.chosen`)."""
LIBRARIES = "libEGL.so.1 and libGLESv2.so.2 (Debian: libegl1 libgles2)"

_idle: dict[str, list[Any]] = {}
_lock = threading.Lock()


class Unavailable(Exception):
    """A network cannot be had here; `why` says the reason and what to do."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(why)
        self.why = why


def identity(name: str) -> str:
    """A short name of the exact weights, for extractors: name and first digits of the checksum."""
    name = eyes.chosen().name if name == CHOSEN else name
    return f"{name}:{known(_files(name)[0]).sha256[:8]}"


def there(name: str) -> bool:
    """Whether all its files can be had here."""
    return all(_here(file) for file in _files(name))


def reader() -> eyes.Kind:
    """Eyes that read words and can be had here, those that are chosen before others.

    Raises `InputError` where there are none.
    """
    readers = [kind for kind in (eyes.chosen(), *eyes.EYES) if kind.reads]
    for kind in readers:
        if there(kind.name):
            return kind
    names = {kind.name: " ".join(kind.files) for kind in readers}
    raise InputError("eyes.none_reads", names=list(names.values()))


def _files(name: str) -> tuple[str, ...]:
    name = eyes.chosen().name if name == CHOSEN else name
    return next((kind.files for kind in eyes.EYES if kind.name == name), (name,))


@contextmanager
def borrow(name: str) -> Iterator[Any]:
    """A network by its name, for the time of one video. Raises `Unavailable`."""
    if name == "yunet":
        yield face_detector()
    else:
        with task(name) as opened:
            yield opened


@contextmanager
def opened(name: str) -> Iterator[Any]:
    """As `borrow`, for somebody who asked for it. Raises `InputError`."""
    try:
        with borrow(name) as network:
            yield network
    except Unavailable as unavailable:
        raise InputError("eyes.cannot", name=name, why=unavailable.why) from None


def face_detector() -> Any:
    """A `cv2.FaceDetectorYN` (YuNet). Raises `Unavailable`."""
    import cv2

    # YuNet's loader warns of a target nobody asked for
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2.FaceDetectorYN.create(_path("yunet"), "", (320, 320), score_threshold=0.6)


@contextmanager
def task(name: str) -> Iterator[Callable]:
    """Borrow an opened network: `eyes.Eyes`, or MediaPipe's landmarks of an RGB uint8 picture.

    Raises `Unavailable`.
    """
    name = eyes.chosen().name if name == CHOSEN else name
    paths = [_path(file) for file in _files(name)]
    with _lock:
        opened = _idle[name].pop() if _idle.get(name) else None
    if opened is None:
        opened = _open(name, paths)
    try:
        yield opened
    finally:
        with _lock:
            _idle.setdefault(name, []).append(opened)


def _here(file: str) -> Path | None:
    """Where a file lies; those of other eyes are large and never fetched by themselves."""
    return find(file) if _optional(file) else locate(file)


def _optional(file: str) -> bool:
    return any(entry.name == file for entry in OPTIONAL)


def _path(file: str) -> str:
    path = _here(file)
    if path is None:
        raise Unavailable(
            Sentence("eyes.not_here", name=file) if _optional(file) else Sentence("video.no_models")
        )
    return str(path)


def _open(name: str, paths: list[str]) -> Callable:
    try:
        if name != "face_landmarker":
            return eyes.kind(name).open(*map(Path, paths))
        with without_chatter():
            import mediapipe as mp
            from mediapipe.tasks.python import BaseOptions, vision

            base = BaseOptions(model_asset_path=paths[0])
            options = vision.FaceLandmarkerOptions(base, output_face_blendshapes=True, num_faces=1)
            opened = vision.FaceLandmarker.create_from_options(options)
            return _Task(opened, opened.detect, mp)
    except InputError as error:
        raise Unavailable(error.sentence) from None
    except (OSError, ImportError, RuntimeError) as error:
        why = Sentence("video.no_mediapipe", why=str(error), libraries=LIBRARIES)
        raise Unavailable(why) from None


class _Task:
    def __init__(self, opened: Any, call: Callable, mp: Any) -> None:
        self._opened, self._call, self._mp = opened, call, mp

    def __call__(self, picture: Any) -> Any:
        return self._call(self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=picture))

    def close(self) -> None:
        self._opened.close()


@atexit.register
def _close_all() -> None:
    for opened in (t for tasks in _idle.values() for t in tasks):
        if hasattr(opened, "close"):
            opened.close()
    _idle.clear()
