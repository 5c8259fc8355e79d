"""What the terminal shows."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from leitmotif.show import charts, drawing
from leitmotif.show.terminal import bar, clock, number


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3661, "1:01:01")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize("f", [*VIDEO_FIELDS, *MUSIC_FIELDS], ids=lambda f: f.name)
def test_a_bar_runs_from_one_end_of_the_range_to_the_other(f):
    low, middle, high = (bar(f, value, 1.0).plain for value in (f.low, f.neutral, f.high))
    assert low.split()[1].startswith("●") and high.split()[1].endswith("●")
    assert low.index("●") < middle.index("●") < high.index("●")


def test_digits_follow_the_range():
    colour, arousal = VIDEO_FIELDS[6], VIDEO_FIELDS[9]
    assert (number(colour, 0.456), number(arousal, 45.6)) == ("0.46", "46")
    assert number(arousal, -0.2) == drawing.number(arousal, -0.2) == "0", "nothing has no sign"
    assert (number(arousal, -7.4), drawing.number(arousal, -7.4)) == ("-7", "−7")


@given(
    st.lists(st.floats(0.05, 299.9), min_size=1, max_size=60, unique=True).map(sorted),
    st.lists(st.floats(1, 299), max_size=12, unique=True).map(sorted),
)
def test_pictures_stand_over_their_own_time_and_never_over_each_other(times, cuts):
    ends = [0.0, *cuts, 300.0]
    width, places = charts.strip_places(times, 300.0, list(pairwise(ends)))
    assert places
    for i, left in places:
        assert left - 1e-6 <= times[i] <= left + width + 1e-6
        assert -1e-6 <= left <= 300 - width + 1e-6
    edges = [left for _, left in places]
    assert all(b - a >= width - 1e-6 for a, b in pairwise(edges))


def test_every_scene_has_a_picture():
    scenes = [(0.0, 10.0), (10.0, 15.0), (15.0, 40.0), (40.0, 60.0)]
    times = [1.0, 3.0, 9.0, 12.0, 14.0, 16.0, 30.0, 41.0, 59.0]
    _, places = charts.strip_places(times, 60.0, scenes)
    shown = [times[i] for i, _ in places]
    assert all(any(a <= time < b for time in shown) for a, b in scenes)


def test_player_stands_on_the_first_picture_of_a_scene():
    assert 'src="/media/a.mp4#t=8.343,21.500"' in drawing.film_player(
        "/media/a.mp4", 8.342, 21.5, "film"
    )
    assert 'src="/media/a.mp4"' in drawing.film_player("/media/a.mp4", 0.0, None, "film")
