"""Cues are the cheapest division of the scenes, and what a person set stays."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif.score.model import Cue, Film, Score
from leitmotif.score.spotting import CHANGE_PRICE, SHORTEST_S, group, respot
from leitmotif.score.timecode import FrameRate

FILM = Film("film.mp4", "00", FrameRate(Fraction(25)), frames=1000)


def price(edges: list[float], requests: np.ndarray, borders: tuple[int, ...]) -> float:
    """What a division costs, scene by scene."""
    total = 0.0
    lengths = np.diff(edges)
    for a, b in pairwise((0, *borders, len(lengths))):
        mean = np.average(requests[a:b], axis=0, weights=lengths[a:b])
        misfits = ((requests[a:b] - mean) ** 2).mean(axis=1)
        total += CHANGE_PRICE + float((misfits * lengths[a:b]).sum())
    return total


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(2, 20), st.floats(-3, 3)), min_size=1, max_size=8))
def test_no_other_division_is_cheaper(scenes: list[tuple[float, float]]):
    edges = np.append(0.0, np.cumsum([length for length, _ in scenes])).tolist()
    requests = np.array([[wish, 0.0] for _, wish in scenes])
    found = group(edges, requests)
    chosen = tuple(int(np.argmin(np.abs(np.array(edges) - start))) for start, _ in found[1:])
    least = min(SHORTEST_S, edges[-1])
    allowed = [
        borders
        for n in range(len(scenes))
        for borders in combinations(range(1, len(scenes)), n)
        if all(edges[b] - edges[a] >= least - 1e-9 for a, b in pairwise((0, *borders, len(scenes))))
    ]
    assert chosen in allowed
    best = min(price(edges, requests, borders) for borders in allowed)
    assert price(edges, requests, chosen) <= best + 1e-6


def test_scenes_that_want_the_same_are_one_cue_and_others_are_not():
    edges, same = [0, 10, 20, 30, 40], [[0.0], [0.0], [2.0], [2.0]]
    assert group(edges, np.array(same)) == [(0, 20), (20, 40)]
    assert group(edges, np.zeros((4, 3))) == [(0, 40)]


def test_a_short_film_is_one_cue():
    assert group([0, 1, 2], np.array([[5.0], [-5.0]])) == [(0, 2)]


def test_what_a_person_locked_survives_spotting_again():
    mine = Cue("1m07", 300, 500, locked=True)
    again = respot(Score(FILM, (mine,)), [(0, 400), (400, 450), (450, 1000)])
    assert [(c.start, c.end) for c in again.cues] == [(0, 300), (300, 500), (500, 1000)]
    assert again.cues[1] is mine and len({c.number for c in again.cues}) == 3
