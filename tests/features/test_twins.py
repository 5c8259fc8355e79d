"""Films that share a picture are told by their pictures, not by their names."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from features.video.twins import look, one_picture, share
from tests.features.video_files import encode, texture


def test_a_smaller_copy_is_a_twin_and_another_film_is_none(tmp_path: Path):
    ground, other = texture(240, 900, 1), texture(240, 900, 2)
    frames = [ground[20:200, 4 * k : 4 * k + 320].copy() for k in range(50)]
    encode(tmp_path / "film.mp4", frames, 25)
    encode(tmp_path / "copy.mp4", [cv2.resize(f, (240, 136)) for f in frames], 25)
    encode(tmp_path / "other.mp4", [other[20:200, k : k + 320].copy() for k in range(50)], 25)
    film, copy, strange = (look(tmp_path / f"{name}.mp4") for name in ("film", "copy", "other"))
    assert share(film, copy)
    assert not share(film, strange)


def test_what_shows_nothing_is_no_common_picture(tmp_path: Path):
    encode(tmp_path / "black.mp4", [np.zeros((180, 320, 3), np.uint8)] * 25, 25)
    seen = look(tmp_path / "black.mp4")
    assert not seen.pictures
    assert not share(seen, seen)


def test_a_recoded_picture_is_one_and_a_mirrored_one_is_not():
    picture = texture(180, 320, 3)
    coded = cv2.imdecode(cv2.imencode(".jpg", picture)[1], cv2.IMREAD_COLOR)
    assert one_picture(picture, coded)
    assert not one_picture(picture, np.ascontiguousarray(picture[:, ::-1]))
