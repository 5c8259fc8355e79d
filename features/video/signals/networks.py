"""Opening the pretrained networks: kept open between videos, quiet, and missed with grace.

MediaPipe runs the face landmarks and the embedding (measured against OpenCV's dnn on one core: 2.0
against 6 ms per picture for the embedding), OpenCV runs YuNet. A task is costly to open (0.2–0.5 s)
and serves one video at a time, so finished videos hand theirs to the next.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from data.words import Sentence
from features.chatter import without_chatter
from features.pretrained import known, locate

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
    return f"{name}:{known(name).sha256[:8]}"


@contextmanager
def borrow(name: str) -> Iterator[Any]:
    """A network by its name, for the time of one video. Raises `Unavailable`."""
    if name == "yunet":
        yield face_detector()
    else:
        with task(name) as opened:
            yield opened


def face_detector() -> Any:
    """A `cv2.FaceDetectorYN` (YuNet). Raises `Unavailable`."""
    import cv2

    # YuNet's loader warns of a target nobody asked for
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    return cv2.FaceDetectorYN.create(_path("yunet"), "", (320, 320), score_threshold=0.6)


@contextmanager
def task(name: str) -> Iterator[Callable]:
    """Borrow a MediaPipe task: a function of an RGB uint8 picture. Raises `Unavailable`."""
    path = _path(name)
    with _lock:
        opened = _idle[name].pop() if _idle.get(name) else None
    if opened is None:
        opened = _open(name, path)
    try:
        yield opened
    finally:
        with _lock:
            _idle.setdefault(name, []).append(opened)


def _path(name: str) -> str:
    path = locate(name)
    if path is None:
        raise Unavailable(Sentence("video.no_models"))
    return str(path)


def _open(name: str, path: str) -> Callable:
    try:
        with without_chatter():
            import mediapipe as mp
            from mediapipe.tasks.python import BaseOptions, vision

            base = BaseOptions(model_asset_path=path)
            if name == "face_landmarker":
                options = vision.FaceLandmarkerOptions(
                    base, output_face_blendshapes=True, num_faces=1
                )
                opened = vision.FaceLandmarker.create_from_options(options)
                return _Task(opened, opened.detect, mp)
            options = vision.ImageEmbedderOptions(base, l2_normalize=True)
            opened = vision.ImageEmbedder.create_from_options(options)
            return _Task(opened, opened.embed, mp)
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
        opened.close()
    _idle.clear()
