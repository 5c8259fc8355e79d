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


def test_a_seam_of_a_bar_that_was_cut_off_is_no_part_of_the_picture():
    pictures = [texture(288, 512, seed) for seed in range(4)]
    for picture in pictures:
        picture[:3] //= 4
    assert tightened(Box(0, 0, 1, 1), pictures) == Box(0, 3 / 288, 1, 1)


def test_a_picture_that_darkens_towards_its_edge_is_left_alone():
    shade = 0.4 + 0.6 * np.sin(np.linspace(0, np.pi, 512))[None, :, None]
    pictures = [(texture(288, 512, seed) * shade).astype(np.uint8) for seed in range(4)]
    assert tightened(Box(0, 0, 1, 1), pictures) == Box(0, 0, 1, 1)


def test_how_much_bars_leave_at_least_can_be_said():
    pictures = barred(200, 200)
    assert find_bars(pictures) is None
    box = find_bars(pictures, 0.2)
    assert box
    assert (box.left, box.right) == (200 / 512, 312 / 512)
