"""Tracks inside a line drawn around them."""

from __future__ import annotations

import numpy as np
import pytest

from leitmotif.catalogue.lasso import UNIT, inside, to_square


def test_a_line_goes_around_what_lies_inside_it_even_where_it_turns_inwards():
    line = [(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)]
    points = np.array([(1, 1), (9, 5), (5, 5), (5, 1), (11, 5), (-1, 5)], float)
    assert inside(points, line).tolist() == [True, True, False, True, False, False]


@pytest.mark.parametrize("line", [[], [(1, 1)], [(0, 0), (5, 5)]])
def test_less_than_a_triangle_goes_around_nothing(line):
    assert not inside(np.random.default_rng(0).normal(size=(20, 2)), line).any()


def test_a_map_lies_undistorted_in_the_middle_of_its_square():
    square = to_square(np.array([(0, 0), (4, 0), (4, 2)], float))
    assert square == pytest.approx(np.array([(0, 0.25), (1, 0.25), (1, 0.75)]) * UNIT)
    assert to_square(np.array([[99.0, 1.0]]), np.array([(0, 0), (4, 2)])).tolist() == [
        [UNIT, UNIT / 2]
    ]
    assert np.isfinite(to_square(np.ones((3, 2)))).all()
