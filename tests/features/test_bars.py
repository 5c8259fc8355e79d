"""Bars about a picture, and the seam between bar and picture."""

from __future__ import annotations

import numpy as np
import pytest

from features.video.bars import Box, find_bars, tightened
from tests.features.video_files import texture


def barred(left: int, right: int, seam: int = 0, width: int = 512) -> list[np.ndarray]:
    """Pictures between bars of so many columns; beside the right one `seam` columns are dim."""
    pictures = []
    for seed in range(4):
        picture = np.zeros((288, width, 3), np.uint8)
        inside = texture(288, width - left - right, seed)
        inside[:, inside.shape[1] - seam :] //= 3
        picture[:, left : width - right] = inside
        pictures.append(picture)
    return pictures


@pytest.mark.parametrize(("left", "right", "seam"), [(174, 174, 0), (174, 176, 0), (174, 175, 2)])
def test_a_seam_is_no_part_of_the_picture(left: int, right: int, seam: int):
    pictures = barred(left, right, seam)
    box = find_bars(pictures)
    assert box
    inside = tightened(box, pictures).cut(pictures[0])
    wanted = texture(288, 512 - left - right, 0)[:, : 512 - left - right - seam]
    begin = next(k for k in range(4) if np.array_equal(wanted[:, k : k + 9], inside[:, :9]))
    assert np.array_equal(wanted[:, begin : begin + inside.shape[1]], inside)
    assert inside.shape[1] >= wanted.shape[1] - 4


def test_a_side_without_a_bar_is_left_alone():
    pictures = barred(100, 100)
    for picture in pictures:
        picture[:3] //= 4
    box = tightened(Box(100 / 512, 0, 412 / 512, 1), pictures)
    assert (box.top, box.bottom) == (0, 1)


def test_how_much_bars_leave_at_least_can_be_said():
    pictures = barred(200, 200)
    assert find_bars(pictures) is None
    box = find_bars(pictures, 0.2)
    assert box
    assert (box.left, box.right) == (200 / 512, 312 / 512)
