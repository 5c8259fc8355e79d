"""The pictures of an edit's shots, without the bars of each."""

from __future__ import annotations

import numpy as np

from features.video.shot_pictures import BESIDE_S, SIDE, read_grid, read_shots
from tests.features.video_files import encode, texture

FPS = 25


def test_an_upright_picture_in_a_wide_edit_keeps_its_pixels(tmp_path):
    upright, wide = texture(360, 202, 1), texture(360, 640, 2)
    between = np.zeros((360, 640, 3), np.uint8)
    between[:, 219:421] = upright
    encode(tmp_path / "edit.mp4", [wide] * 100 + [between] * 40 + [wide] * 40, FPS)
    grid = read_grid(tmp_path / "edit.mp4")
    assert grid.cuts == (100, 140)
    first, second, third = read_shots(tmp_path / "edit.mp4", grid)
    height, width = second.grey.shape[1:]
    assert height == SIDE
    assert abs(width - 202 / 360 * 256) < 2
    own = second.grey[second.first - second.begin + 20]
    assert min(own[:, 0].mean(), own[:, -1].mean()) > 0.6 * own.mean()
    assert first.grey.shape[1:] == third.grey.shape[1:] == (144, 256)
    assert (first.begin, len(first.grey)) == (0, 100 + round(BESIDE_S * FPS))
    assert second.begin == 100 - round(BESIDE_S * FPS)
    assert all(shot.cuts == grid.cuts for shot in (first, second, third))
