"""A placement that is a little wrong is made exact by the pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.alignment import blocks, shrunk
from features.video.fitting import fitted
from features.video.placement import Placement
from tests.features.video_files import texture

SIZE = (144, 256)
LARGE = (192, 128)
TRUE = np.array([[0.7, 0, 20.3], [0, 0.72, 11.4]])


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    ground = cv2.cvtColor(texture(400, 700, 5), cv2.COLOR_BGR2GRAY)
    return np.stack([ground[10 * k : 10 * k + 144, 30 * k : 30 * k + 256] for k in range(4)])


def shown(film: np.ndarray) -> np.ndarray:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.stack([cv2.warpAffine(picture, TRUE, SIZE[::-1], flags=flags) for picture in film])


def off(placement: Placement) -> float:
    """Pixels by which the corners of the shot miss their places."""
    corners = np.array([[0, 0, 1], [SIZE[1], SIZE[0], 1]]).T
    return float(np.abs((placement.matrix - TRUE) @ corners).max())


@pytest.mark.parametrize(("shift", "stretch"), [(0.0, 0.004), (0.8, 0.0), (-0.6, -0.003)])
def test_it_is_exact_to_a_tenth_of_a_pixel(film: np.ndarray, shift: float, stretch: float):
    start = Placement(TRUE + np.array([[stretch, 0, shift], [0, stretch, -shift]]), 12)
    assert off(start) > 0.5
    found = fitted(blocks(shrunk(shown(film), LARGE)), film, start, SIZE, np.ones(64), LARGE)
    assert off(found) < 0.1
    assert found.agreeing == 12


def test_what_is_covered_does_not_pull(film: np.ndarray):
    titled = shown(film)
    titled[:, 100:130, 20:200] = 255
    seen = np.ones((8, 8))
    seen[5:, :] = 0
    start = Placement(TRUE + np.array([[0, 0, 0.7], [0, 0, 0.7]]), 12)
    found = fitted(blocks(shrunk(titled, LARGE)), film, start, SIZE, seen.ravel(), LARGE)
    assert off(found) < 0.15
