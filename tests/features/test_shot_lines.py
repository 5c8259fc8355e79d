"""The line of a shot through its film, from a table of how well frames agree."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.video.alignment import Line, fine_lines, rough_lines, shown

STEP = 1 / 25


def table(line: Line, shot: np.ndarray, film: np.ndarray) -> np.ndarray:
    """Frames agree the less, the farther they are from the one shown."""
    true = shown(film, line.at(shot), STEP)
    return 0.95 - 0.05 * np.minimum(np.abs(np.arange(len(film)) - true[:, None]), 12)


@settings(max_examples=30, deadline=None)
@given(st.floats(2.0, 8.0), st.floats(0.9, 1.1), st.integers(12, 140))
def test_start_and_speed_are_found_to_the_frame(start: float, speed: float, frames: int):
    film = np.arange(500) * STEP
    shot = np.arange(frames) / 24
    agrees = table(Line(start, speed, 1.0), shot, film)
    rough = rough_lines(agrees, shot, film, STEP, 1, 0.0)[0]
    best, _ = fine_lines(agrees, shot, film, rough, 5)
    wanted, got = (shown(film, line.at(shot), STEP) for line in (Line(start, speed, 1), best))
    assert np.abs(wanted - got).max() <= 1
    assert np.mean(wanted != got) < 0.1


def test_other_lines_are_apart_and_nearly_as_good():
    film, shot = np.arange(500) * STEP, np.arange(50) / 25
    agrees = np.maximum(
        table(Line(4.0, 1.0, 1), shot, film), table(Line(12.0, 1.0, 1), shot, film) - 0.1
    )
    lines = rough_lines(agrees, shot, film, STEP, 3, 0.15)
    assert [round(line.start) for line in lines[:2]] == [4, 12]
    assert all(abs(a.start - b.start) > 0.2 for a in lines for b in lines if a is not b)


def test_speed_1_is_the_second_answer():
    film, shot = np.arange(500) * STEP, np.arange(100) / 25
    best, plain = fine_lines(
        table(Line(4.0, 1.06, 1), shot, film), shot, film, Line(4.0, 1.05, 0.9), 5
    )
    assert abs(best.speed - 1.06) < 0.01
    assert plain.speed == 1.0
    assert plain.agreement < best.agreement
