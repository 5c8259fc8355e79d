"""Openings and endings are what episodes have in common at their beginnings and ends."""

from __future__ import annotations

import numpy as np
import pytest

from leitmotif.scenes.describe import Frames
from leitmotif.scenes.recurring import recurring

OPENING, ENDING = range(1000, 1040), range(2000, 2060)


def episode(*pictures: int) -> Frames:
    """Half a second of each picture; one number is one picture."""
    vectors = [np.random.default_rng(p).normal(size=64) for p in pictures]
    held = np.array([v / np.linalg.norm(v) for v in vectors], np.float32)
    times = 0.5 * np.arange(len(pictures))
    none = np.zeros((len(pictures), 12), np.uint8)
    return Frames(times, none, held, np.zeros(len(pictures), np.uint8), times + 0.5)


def test_openings_and_endings_are_found_wherever_they_begin():
    episodes = [
        episode(*range(10), *OPENING, *range(20, 320), *ENDING),
        episode(*OPENING, *range(400, 700), *ENDING, 701, 702),
        episode(*range(800, 830), *OPENING, *range(900, 990), *ENDING),
    ]
    spans = recurring(episodes, [len(e.times) / 2 for e in episodes])
    assert [s[0] for s in spans] == [(5, 25), (0, 20), (15, 35)]
    assert [s[1][0] for s in spans] == [175, 170, 80]
    assert [b - a for _, (a, b) in spans] == pytest.approx([30, 30, 30])


def test_nothing_recurs_in_films_of_their_own():
    episodes = [episode(*range(k, k + 60)) for k in (0, 100, 200)]
    assert recurring(episodes, [30.0] * 3) == [(None, None)] * 3
    assert recurring([episode()], [0.0]) == [(None, None)]


def test_a_single_common_picture_is_no_opening():
    spans = recurring([episode(1, 2, 3, 50), episode(5, 2, 6, 50)], [2.0, 2.0])
    assert spans == [(None, None)] * 2
