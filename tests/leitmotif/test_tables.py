"""What the terminal shows."""

from __future__ import annotations

import pytest

from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS
from leitmotif.show import drawing
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
