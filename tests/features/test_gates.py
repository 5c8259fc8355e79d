"""What the library keeps: not twice the same, and dark and blank frames known as such."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.gates import (
    BLANK,
    DARK,
    Gate,
    face,
    mark,
    near_duplicates,
    perceptual_hash,
    similarity,
)


def scene(seed: int) -> np.ndarray:
    """A picture of its own, BGR uint8 (144, 256, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (256, 144), interpolation=cv2.INTER_CUBIC))


def recoded(picture: np.ndarray, quality: int) -> np.ndarray:
    code = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR_BGR))


@pytest.mark.parametrize(
    ("level", "noise", "expected"),
    [(0, 0, DARK | BLANK), (10, 8, DARK), (200, 0, BLANK), (128, 60, 0)],
)
def test_dark_and_blank_are_told(level: int, noise: int, expected: int):
    grain = np.random.default_rng(0).normal(level, noise, (72, 128, 1))
    assert mark(np.clip(grain, 0, 255).astype(np.uint8).repeat(3, axis=2)) == expected


def test_hashes_of_copies_are_near_and_of_others_far():
    first = perceptual_hash(scene(1))
    assert (first ^ perceptual_hash(recoded(scene(1), 30))).bit_count() <= 4
    assert (first ^ perceptual_hash(scene(2))).bit_count() > 16


def test_structural_similarity_of_equal_pictures_is_one():
    grey = cv2.cvtColor(scene(1), cv2.COLOR_BGR2GRAY)
    assert similarity(grey, grey) == pytest.approx(1.0)
    assert similarity(grey, 255 - grey) < 0
    flat = np.full_like(grey, 90)
    assert similarity(flat, flat) == pytest.approx(1.0)


def test_a_copy_within_the_window_is_stopped_and_one_after_it_passes():
    gate = Gate(window=2)
    assert gate.new(scene(1))
    assert not gate.new(recoded(scene(1), 50))
    assert gate.new(scene(2))
    assert not gate.new(scene(1))
    assert gate.new(scene(3))  # the first has left the window
    assert gate.new(scene(1))


def test_near_duplicates_are_told_without_a_window():
    one, other = face(scene(1)), face(scene(2))
    assert near_duplicates(one, face(recoded(scene(1), 50)))
    assert not near_duplicates(one, other)
