"""Twelve bytes say where which colours lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.colour_layout import SIZE, colour_layout, distance, mirrored


@pytest.fixture
def picture() -> np.ndarray:
    """Smooth colours, BGR uint8 (90, 160, 3)."""
    coarse = np.random.default_rng(3).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (160, 90), interpolation=cv2.INTER_CUBIC))


def test_one_colour_has_its_means_and_nothing_else():
    grey = np.full((40, 60, 3), 128, np.uint8)
    found = colour_layout(grey)
    assert found.dtype == np.uint8 and found.shape == (SIZE,)
    # the mean of 64 equal values is 8 times the value, in steps of 8
    assert found.tolist() == [128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128]


def test_size_and_coding_hardly_move_it(picture: np.ndarray):
    small = cv2.resize(picture, (80, 45), interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    other = np.ascontiguousarray(picture[::-1])
    near = distance(colour_layout(picture), colour_layout(coded))
    assert near < 12 < distance(colour_layout(picture), colour_layout(other))


def test_mirrored_is_the_layout_of_the_mirror_image(picture: np.ndarray):
    seen = colour_layout(np.ascontiguousarray(picture[:, ::-1]))
    assert np.abs(mirrored(colour_layout(picture)).astype(int) - seen).max() <= 1


def test_distance_is_a_distance_and_broadcasts(picture: np.ndarray):
    a = colour_layout(picture)
    many = np.stack([a, colour_layout(picture[::-1]), colour_layout(picture[:, ::-1])])
    found = distance(many, a)
    assert found.shape == (3,) and found[0] == 0 and (found[1:] > 0).all()
    assert distance(a, many[1]) == distance(many[1], a)
