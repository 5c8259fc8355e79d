"""Media time from stamps: what is closed, what is kept, and that nothing is sized by a stamp."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.video.clock import LONGEST_GAP, MOST_HELD, MediaClock

MS = Fraction(1, 1000)


def times(stamps, durations=40, start=0):
    clock = MediaClock(start, MS, Fraction(25))
    durations = [durations] * len(stamps) if isinstance(durations, int | None) else durations
    told = zip(stamps, durations, [*stamps[1:], None], strict=True)
    return [clock.at(*frame) for frame in told], clock.end


def rising(count, first=0, step=40):
    return [first + step * k for k in range(count)]


def test_ordinary_stamps_are_seconds_from_the_start():
    found, end = times(rising(4, 5000), start=5000)
    assert found == pytest.approx([0, 0.04, 0.08, 0.12]) and end == pytest.approx(0.16)


@pytest.mark.parametrize("jump", [7_000, 60_000, 3_600_000, 10 * 86_400_000, 1_700_000_000_000])
@pytest.mark.parametrize("way", [1, -1])
def test_a_clock_that_was_set_is_followed_without_a_gap(jump, way):
    stamps = [*rising(50, 10 * jump), *rising(50, (10 + way) * jump)]
    found, end = times(stamps, start=10 * jump)
    assert found == pytest.approx([0.04 * k for k in range(100)]) and end == pytest.approx(4.0)


def test_a_first_frame_at_zero_before_unix_time():
    found, end = times([0, *rising(99, 1_700_000_000_042)])
    assert found == pytest.approx([0.04 * k for k in range(100)]) and end == pytest.approx(4.0)


def test_pictures_that_say_how_long_they_are_held_keep_their_times():
    found, end = times([0, 8_000, 20_000], [8_000, 12_000, 9_000])
    assert found == [0, 8, 20] and end == 29


def test_a_series_of_stills_keeps_its_times_without_durations():
    found, _ = times([0, 8_000, 20_000, 23_000, 32_000])
    assert found == [0, 8, 20, 23, 32]


def test_a_pause_of_a_few_seconds_is_kept():
    found, _ = times([*rising(25), *rising(25, 4_000)])
    assert found[25] == pytest.approx(4.0)


def test_frames_out_of_order_are_passed_over():
    found, _ = times([0, 40, 120, 80, 160])
    assert found == pytest.approx([0, 0.04, 0.12, None, 0.16])


def test_frames_without_stamps_last_as_long_as_they_say():
    found, end = times([None] * 50, 20, start=None)
    assert found == pytest.approx([0.02 * k for k in range(50)]) and end == pytest.approx(1.0)


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**62), 2**62),
            st.none() | st.integers(-(2**62), 2**62),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_whatever_the_stamps_time_rises_and_is_bounded_by_the_frames(frames):
    found, end = times([pts for pts, _ in frames], [duration for _, duration in frames], None)
    shown = [t for t in found if t is not None]
    assert shown[0] >= 0 and all(a < b for a, b in pairwise(shown))
    assert shown[-1] <= end <= MOST_HELD + 2 * LONGEST_GAP * len(frames)
