"""Timecode counts frames, exactly, at every rate that editors use."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InputError
from leitmotif.score.timecode import COMMON, FrameRate, nearest_common

DROPS = (Fraction(30000, 1001), Fraction(60000, 1001))
RATES = [*(FrameRate(fps) for fps in COMMON), *(FrameRate(fps, drop=True) for fps in DROPS)]
A_DAY = 24 * 3600


@pytest.mark.parametrize(
    ("fps", "frame", "timecode"),
    [
        (Fraction(30000, 1001), 1799, "00:00:59;29"),
        (Fraction(30000, 1001), 1800, "00:01:00;02"),
        (Fraction(30000, 1001), 17982, "00:10:00;00"),
        (Fraction(30000, 1001), 107892, "01:00:00;00"),  # SMPTE ST 12-1: 108 numbers are left out
        (Fraction(60000, 1001), 3600, "00:01:00;04"),
        (Fraction(60000, 1001), 215784, "01:00:00;00"),
    ],
)
def test_drop_frame_leaves_out_numbers(fps: Fraction, frame: int, timecode: str):
    rate = FrameRate(fps, drop=True)
    assert rate.timecode(frame) == timecode and rate.parse(timecode) == frame


def test_without_dropping_the_clock_falls_behind():
    assert FrameRate(Fraction(30000, 1001)).timecode(107892) == "00:59:56:12"
    assert FrameRate(Fraction(24000, 1001)).timecode(86400) == "01:00:00:00"


@given(st.sampled_from(RATES), st.integers(0, A_DAY * 60 - 1))
def test_every_frame_comes_back_from_its_timecode(rate: FrameRate, frame: int):
    frame %= int(A_DAY * rate.fps)
    assert rate.parse(rate.timecode(frame)) == frame


@given(st.sampled_from(RATES), st.integers(0, 10**7))
def test_every_frame_comes_back_from_its_time(rate: FrameRate, frame: int):
    assert rate.frame_at(rate.seconds(frame)) == frame
    assert rate.frame_at(float(rate.seconds(frame))) == frame


@given(st.sampled_from(DROPS), st.integers(0, A_DAY * 30))
def test_drop_frame_keeps_step_with_the_wall(fps: Fraction, frame: int):
    rate = FrameRate(fps, drop=True)
    h, m, s, f = (int(part) for part in rate.timecode(frame).replace(";", ":").split(":"))
    shown = 3600 * h + 60 * m + s + f / rate.timebase
    # two numbers within a minute, and 86.4 ms that the rule itself loses in a day
    assert abs(shown - float(rate.seconds(frame)) % A_DAY) < 0.16


@pytest.mark.parametrize("timecode", ["00:01:00;00", "00:01:00;01", "00:00:00;30", "1:2:3", ""])
def test_a_timecode_that_no_frame_has_is_refused(timecode: str):
    with pytest.raises(InputError, match="no frame has this timecode"):
        FrameRate(DROPS[0], drop=True).parse(timecode)


def test_only_two_rates_drop():
    with pytest.raises(InputError, match=r"this film has 25\.000"):
        FrameRate(Fraction(25), drop=True)


def test_a_measured_rate_goes_to_the_nearest_common_one():
    assert nearest_common(Fraction(2997, 100)) == Fraction(30000, 1001)
    assert nearest_common(Fraction(2398, 100)) == Fraction(24000, 1001)
