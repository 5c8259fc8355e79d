"""Faces: who is in the picture, how large, and what their expression says.

YuNet finds faces in the picture at 640 px every two seconds and after every cut (MediaPipe's own
detector misses small ones); between, each of the two largest is followed by MediaPipe's
FaceLandmarker on a square crop of twice the face, whose 52 blendshapes give the expression.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from features.video.frames import Frame
from features.video.signals.contract import Pass, Signal
from features.video.signals.expressions import Expression, expression

NAMES = (
    "face_presence",  # share of looks in which a face was found, 0–1
    "face_count",  # faces per look
    "face_area",  # share of the picture under the largest face; 0 without one
    # −1–1; this and all below are NaN without a face whose expression could be read
    "face_valence",
    "face_arousal",
    "face_smile",  # 0–1
    "face_gaze",  # 1 looking into the camera, 0 away
    "face_motion",  # residual motion inside the face boxes, diagonals per second
    "happy",  # expression evidence, 0–1 each
    "surprised",
    "angry",
    "afraid",
    "disgusted",
    "sad",
)
SIDE = 640
_SEARCH_EVERY = 2.0
"""Seconds between two searches of the whole picture."""
_READ_EVERY = 1.0
"""Seconds that an expression stands for at least, unless the picture is searched again."""
_MOST = 2
"""Faces whose expression is read."""
_NOSE, _LEFT_EYE, _RIGHT_EYE = 1, 263, 33
"""Points of the face mesh: tip of the nose, outer corners of the eyes."""


class Box(NamedTuple):
    """A face as shares of the picture's width and height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        return self.w * self.h


class FaceSignal(Signal):
    """One or two looks per token (5 a second cost a fifth of the decoding more)."""

    name = "faces"
    columns = NAMES
    rate = 2.5
    needs = ("yunet", "face_landmarker")
    without = "video.no_faces"

    def __init__(self, seen: Pass) -> None:
        super().__init__(seen)
        self._detector, self._landmarker = (seen.networks[name] for name in self.needs)
        self._faces: list[Box] = []
        self._read_of: list[_Read | None] = []
        self._searched = self._read_at = -np.inf
        self._cuts = 0

    def update(self, frame: Frame) -> np.ndarray:
        """A row of `NAMES`. After a cut, the whole picture is searched again."""
        if len(self.seen.cuts) > self._cuts:
            self._searched, self._cuts = -np.inf, len(self.seen.cuts)
        if self.seen.jumped:
            self._searched = -np.inf
        residual = self.seen.residual
        searching = frame.time - self._searched >= _SEARCH_EVERY
        row = np.full(len(NAMES), np.nan)
        if not searching and not self._faces:
            row[:3] = 0.0
            return row
        if searching or frame.time - self._read_at >= _READ_EVERY:
            self._look(frame, searching)
        row[:3] = (
            len(self._faces) > 0,
            len(self._faces),
            max((f.area for f in self._faces), default=0.0),
        )
        self._describe(row, [r for r in self._read_of if r], residual)
        return row

    def _look(self, frame: Frame, searching: bool) -> None:
        """Read the faces that were followed, or those that are found now."""
        picture, self._read_at = frame.picture(SIDE), frame.time
        if searching:
            self._faces, self._searched = self._search(picture), frame.time
        self._read_of = [self._read(picture, face) for face in self._faces[:_MOST]]
        self._faces[:_MOST] = [
            found.box if found else face
            for found, face in zip(self._read_of, self._faces, strict=False)
        ]

    def _describe(self, row: np.ndarray, read: list[_Read], residual: np.ndarray | None) -> None:
        """Expressions (weighted by area), gaze and motion into `row`."""
        if self._faces and residual is not None:
            row[NAMES.index("face_motion")] = np.average(
                [_inside(residual, f).mean() for f in self._faces[:_MOST]],
                weights=[f.area for f in self._faces[:_MOST]],
            )
        if not read:
            return
        areas = [r.box.area for r in read]
        for name in Expression._fields:
            row[NAMES.index(name if name in NAMES else f"face_{name}")] = np.average(
                [getattr(r.expression, name) for r in read], weights=areas
            )

    def _search(self, picture: np.ndarray) -> list[Box]:
        """All faces, largest first."""
        h, w = picture.shape[:2]
        self._detector.setInputSize((w, h))
        found = self._detector.detect(picture)[1]
        boxes = (
            []
            if found is None
            else [Box(r[0] / w, r[1] / h, r[2] / w, r[3] / h) for r in found.astype(float)]
        )
        return sorted(boxes, key=lambda box: -box.area)

    def _read(self, picture: np.ndarray, face: Box) -> _Read | None:
        """The expression and the new place of a face near `face`; None if no face can be read
        there."""
        h, w = picture.shape[:2]
        side = max(face.w * w, face.h * h)
        x, y = (face.x + face.w / 2) * w, (face.y + face.h / 2) * h
        left, top = max(int(x - side), 0), max(int(y - side), 0)
        crop = picture[top : int(y + side), left : int(x + side)]
        if min(crop.shape[:2]) < 16:
            return None
        result = self._landmarker(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
        if not result.face_blendshapes:
            return None
        mesh = np.array([(p.x, p.y) for p in result.face_landmarks[0]]) * crop.shape[1::-1]
        shapes = {shape.category_name: shape.score for shape in result.face_blendshapes[0]}
        mesh_in_picture = (mesh + np.array([left, top])) / (w, h)
        (x0, y0), (x1, y1) = mesh_in_picture.min(axis=0), mesh_in_picture.max(axis=0)
        return _Read(Box(x0, y0, x1 - x0, y1 - y0), expression(shapes, _turn(mesh)))


class _Read(NamedTuple):
    box: Box
    expression: Expression


def _turn(mesh: np.ndarray) -> float:
    """How far the head is turned aside: the nose's distance from the middle of the eyes, in eye
    distances."""
    eyes = mesh[_LEFT_EYE] - mesh[_RIGHT_EYE]
    width = max(float(np.hypot(*eyes)), 1e-6)
    return (
        abs(float(np.dot(mesh[_NOSE] - (mesh[_LEFT_EYE] + mesh[_RIGHT_EYE]) / 2, eyes))) / width**2
    )


def _inside(field: np.ndarray, face: Box) -> np.ndarray:
    """The part of `field` (h, w) under the face, at least one cell."""
    h, w = field.shape
    top, left = min(max(int(face.y * h), 0), h - 1), min(max(int(face.x * w), 0), w - 1)
    return field[
        top : max(int((face.y + face.h) * h), top + 1),
        left : max(int((face.x + face.w) * w), left + 1),
    ]
