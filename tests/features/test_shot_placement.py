"""How a shot that is not cropped may lie in its film's picture."""

from __future__ import annotations

import numpy as np
import pytest

from features.video.placement import Placement, squeezed, usual


def corners(placement, shot: tuple[int, int]) -> np.ndarray:
    """Edges left, top, right, bottom of the shot in the film's pixels."""
    ends = np.array([[-0.5, -0.5, 1], [shot[1] - 0.5, shot[0] - 0.5, 1]]).T
    return (placement.matrix @ ends).T.ravel() + 0.5


def test_a_picture_of_the_same_shape_is_shown_whole():
    (only,) = usual((108, 192), (144, 256))
    assert corners(only, (108, 192)) == pytest.approx([0, 0, 256, 144])


def test_a_picture_of_another_shape_is_cut_or_put_between_bars_and_never_squeezed():
    cut, barred = usual((109, 256), (144, 256))
    assert corners(cut, (109, 256)) == pytest.approx([0, 17.5, 256, 126.5])
    height, width = 144, 256 * 144 / 109
    assert corners(barred, (109, 256)) == pytest.approx(
        [(256 - width) / 2, 0, (256 + width) / 2, height]
    )
    assert all(one.matrix[0, 0] == one.matrix[1, 1] for one in (cut, barred))


def test_a_picture_of_nearly_the_same_shape_may_be_squeezed_a_little():
    assert [
        round(float(one.matrix[1, 1] / one.matrix[0, 0]), 2)
        for one in usual((136, 256), (144, 256))
    ] == [1.06, 1]


@pytest.mark.parametrize(
    ("across", "down", "wrong"),
    [(1, 1, False), (0.7, 0.74, False), (0.7, 0.8, True), (0.3, 0.3, True)],
)
def test_what_would_be_squeezed_or_hugely_enlarged_is_known(across, down, wrong):
    assert squeezed(Placement(np.array([[across, 0, 3], [0, down, 5]]), 9)) == wrong
