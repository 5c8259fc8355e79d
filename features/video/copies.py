"""Copies of pictures as they come back to be asked about, made as people make them.

Other code than `features.video.augment`, which trains on such copies: JPEG is written by an
encoder, and what is done is drawn for each picture by itself.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 224
"""Longest side of a copy, px."""
_LETTERS = list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


def copy_of(
    picture: np.ndarray, chance: np.random.Generator, mirror: bool | None = None
) -> np.ndarray:
    """A copy of a BGR uint8 picture: cropped to a quarter of its area or more, in other colours,
    recoded; every second one mirrored (or as `mirror` says), some captioned or between bars."""
    copy = _cropped(picture, chance)
    if chance.random() < 0.5 if mirror is None else mirror:
        copy = np.ascontiguousarray(copy[:, ::-1])
    copy = _coloured(copy, chance)
    if chance.random() < 0.4:
        copy = _captioned(copy, chance)
    if chance.random() < 0.25:
        copy = _barred(copy, chance)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(15, 90))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", copy, quality)[1], cv2.IMREAD_COLOR_BGR))


def _cropped(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    h, w = picture.shape[:2]
    area = chance.uniform(0.25, 1.0)
    across = min(np.sqrt(area) * np.exp(chance.uniform(-0.2, 0.2)), 1.0)
    along = min(area / across, 1.0)
    cw, ch = max(int(w * across), 8), max(int(h * along), 8)
    x, y = chance.integers(0, w - cw + 1), chance.integers(0, h - ch + 1)
    part = picture[y : y + ch, x : x + cw]
    scale = SIDE / max(cw, ch) * chance.uniform(0.6, 1.0)
    size = (max(round(cw * scale), 8), max(round(ch * scale), 8))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, size, interpolation=how))


def _coloured(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + chance.uniform(-8, 8)) % 180
    hsv[..., 1] *= chance.uniform(0.6, 1.4)
    turned = cv2.cvtColor(np.clip(hsv, 0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR)
    changed = turned.astype(np.float32) * chance.uniform(0.75, 1.3) + chance.uniform(-20, 20)
    return np.clip(changed, 0, 255).astype(np.uint8)


def _captioned(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    h, w = picture.shape[:2]
    text = "".join(chance.choice(_LETTERS, chance.integers(4, 22)))
    size = chance.uniform(0.4, 0.9) * w / 224
    at = (int(w * chance.uniform(0.02, 0.3)), int(h * chance.uniform(0.15, 0.95)))
    marked = picture.copy()
    for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(marked, text, at, cv2.FONT_HERSHEY_TRIPLEX, size, colour, thick, cv2.LINE_AA)
    return marked


def _barred(picture: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    h, w = picture.shape[:2]
    if chance.random() < 0.5:
        bar = (int(h * chance.uniform(0.05, 0.2)),) * 2 + (0, 0)
    else:
        bar = (0, 0) + (int(w * chance.uniform(0.05, 0.2)),) * 2
    return np.asarray(cv2.copyMakeBorder(picture, *bar, cv2.BORDER_CONSTANT, value=(0, 0, 0)))
