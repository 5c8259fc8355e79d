"""Tracks that follow each other share notes and pulse where the ranking leaves a choice."""

from __future__ import annotations

from fractions import Fraction

import pytest

from leitmotif.score.model import Candidate, Track
from leitmotif.score.neighbours import clash, signature, smoothest


def track(key: str = "", bpm: str = "") -> Track:
    return Track(f"{key}{bpm}", "t.wav", Fraction(60), facts={"key": key, "bpm": bpm})


@pytest.mark.parametrize(
    ("key", "sharps"),
    [
        *(("C major", 0), ("A minor", 0), ("F# minor", 3), ("Bb major", -2), ("E♭ minor", -6)),
        *(("", None), ("H dur", None), ("C", None)),
    ],
)
def test_a_key_has_its_signature(key: str, sharps: int | None):
    assert signature(key) == sharps


def test_relatives_agree_and_a_tritone_clashes_most():
    assert clash(track("C major"), track("A minor")) == 0
    assert clash(track("C major"), track("G major")) == pytest.approx(1 / 12)
    assert clash(track("C major"), track("F# major")) == 0.5
    assert clash(track("C# major"), track("Db major")) == 0


def test_half_and_double_are_one_tempo():
    assert clash(track(bpm="60"), track(bpm="120")) == 0
    assert clash(track(bpm="100"), track(bpm="141.42")) == pytest.approx(0.5, abs=1e-3)
    assert clash(track(bpm="100"), track(bpm="nan")) == clash(track(), track(bpm="0")) == 0


def test_a_close_rank_gives_way_to_a_smooth_join_and_a_far_one_does_not():
    before = track("C major", "100")
    jarring, near = (Candidate(track(k, b)) for k, b in (("F# major", "141"), ("G major", "100")))
    assert smoothest([jarring, near], before) is near
    assert smoothest([jarring, near], None) is jarring
    same = Candidate(track("D major", "104"))
    assert smoothest([same, same, same, same, near], before) is same
