"""A picture without key points is slid over another one until it fits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from features.video.sliding import slid


def plain(seed: int) -> np.ndarray:
    """A page: a few soft rectangles on white."""
    rng = np.random.default_rng(seed)
    page = np.full((144, 256), 250, np.uint8)
    for _ in range(9):
        x, y = rng.integers(0, 200), rng.integers(0, 110)
        page[y : y + rng.integers(8, 40), x : x + rng.integers(10, 60)] = rng.integers(60, 240)
    return cv2.GaussianBlur(page, None, 1.5)


@pytest.mark.parametrize("share", [1.0, 0.83, 0.62])
def test_a_part_is_found_where_it_was_cut_out(share: float):
    page = plain(4)
    x, y, w, h = 20, 13, int(256 * share), int(144 * share)
    part = page[y : y + h, x : x + w] if share < 1 else page
    left, top = (x, y) if share < 1 else (0, 0)
    shown = cv2.resize(part, (200, 112), interpolation=cv2.INTER_AREA)
    alike, placement = slid(shown, page)
    assert alike > 0.97
    corners = placement.matrix @ np.array([[0, 0, 1], [199, 111, 1]]).T
    wanted = [[left, left + part.shape[1] - 1], [top, top + part.shape[0] - 1]]
    assert np.abs(corners - wanted).max() < 3


def test_another_picture_fits_less_well():
    assert slid(plain(5), plain(4))[0] < slid(plain(4), plain(4))[0] - 0.2
