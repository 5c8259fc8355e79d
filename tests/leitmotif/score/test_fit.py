"""A track comes out exactly as long as asked, cut where nobody hears it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InputError
from features.audio.bars import Bars, read_bars
from leitmotif.score.fit import MOST_STRETCH, fit
from leitmotif.score.joins import JUMP_PRICE, join_costs
from leitmotif.score.model import Cue, Piece, Track
from leitmotif.score.sound import SAMPLE_RATE, cue_sound
from leitmotif.score.timecode import FrameRate

TRACKS = Path(__file__).resolve().parents[3] / "data" / "demo" / "tracks"
PAL = FrameRate(Fraction(25))


def bars(pattern: str, seconds: float = 2.0) -> Bars:
    """A track whose bars sound alike where their letters are the same."""
    n, kinds = len(pattern), sorted(set(pattern))
    chroma = np.eye(12)[[kinds.index(letter) for letter in pattern]]
    lines = np.arange(n + 1) * seconds
    level = np.zeros(n)
    return Bars(
        lines,
        0.5,
        chroma,
        chroma * 2.0,
        level,
        level,
        np.array([0.0]),
        lines[1:-1],
        True,
        np.zeros(n),
        np.zeros((n + 1, n + 1)),
    )


def total(pieces) -> Fraction:
    return pieces[-1].film_out - pieces[0].film_in


@given(
    st.text("ABC", min_size=1, max_size=12),
    st.fractions(Fraction(1, 25), 90, max_denominator=25),
    st.fractions(0, 100, max_denominator=25),
)
@settings(deadline=None)
def test_every_length_is_exact(pattern: str, length: Fraction, film_in: Fraction):
    track = bars(pattern)
    pieces = fit(track, length, film_in=film_in).pieces
    assert pieces[0].film_in == film_in and total(pieces) == length
    for before, after in pairwise(pieces):
        assert after.film_in + after.fade_in == before.film_out
    for piece in pieces:
        assert 0 <= piece.track_in < piece.track_out
        assert piece.fade_in + piece.fade_out <= piece.track_out - piece.track_in


def test_a_track_of_the_right_length_is_left_whole():
    found = fit(bars("ABCABC"), Fraction(12))
    assert found.jumps == () and found.ends
    assert [(p.track_in, p.track_out) for p in found.pieces] == [(0, 12)]


def test_too_long_a_track_is_shortened_where_bars_are_alike():
    found = fit(bars("ABCBCABD"), Fraction(12), in_point=0.0)
    assert found.ends and len(found.jumps) == 1
    (leave, enter) = found.jumps[0]
    assert enter - leave == 4.0


def test_too_short_a_track_repeats_bars_and_keeps_its_ending():
    track = bars("ABABABABE")
    found = fit(track, Fraction(60), in_point=0.0)
    assert found.ends and all(leave > enter for leave, enter in found.jumps)
    assert total(found.pieces) == 60


def test_the_bar_that_comes_next_costs_nothing_and_the_likest_jump_least():
    cost = join_costs(bars("ABAB"))
    assert [cost[k, k + 1] for k in range(3)] == [0, 0, 0]
    assert cost[1, 2] == 0 and cost[0, 3] == pytest.approx(JUMP_PRICE)
    assert np.isinf(cost[:, 0]).all() and np.isinf(cost[-1]).all()


class TestHitPoints:
    """At every hit point a bar begins, whatever has to be cut for it."""

    @given(
        st.text("ABC", min_size=3, max_size=12),
        st.fractions(Fraction(8), 60, max_denominator=25),
        st.lists(st.floats(0.05, 0.95), min_size=1, max_size=3),
        st.sampled_from([None, 0.0, 7.0]),
    )
    @settings(deadline=None)
    def test_bars_begin_at_hits_and_the_length_stays_exact(self, pattern, length, shares, in_point):
        track = bars(pattern)
        hits = [round(share * float(length) * 25) / 25 for share in sorted(shares)]
        hits = [b for a, b in pairwise([-1, *hits]) if b - a > 0.5]
        pieces = fit(track, length, in_point=in_point, hits=hits).pieces
        assert total(pieces) == length
        for before, after in pairwise(pieces):
            assert after.film_in + after.fade_in == before.film_out
        assert all(p.fade_in + p.fade_out <= p.track_out - p.track_in for p in pieces)
        struck = [
            float(p.film_in + Fraction(line) - p.track_in)
            for p in pieces
            for line in track.lines[:-1]
            if p.begins - Fraction(1, 1000) <= p.film_at(line) and line < p.track_out
        ]
        assert all(min(abs(s - hit) for s in struck) < 1e-3 for hit in hits)

    def test_the_strongest_accent_falls_on_the_hit(self):
        quiet = bars("ABABABAB")
        loud_from_six = np.where(np.arange(8) >= 3, 6.0, 0.0)
        track = replace(quiet, level_in=loud_from_six, level_out=loud_from_six)
        (piece,) = fit(track, Fraction(27, 2), hits=[3.5]).pieces
        assert piece.track_in == Fraction(5, 2)  # so that second 6.0 comes at 3.5

    def test_two_hits_a_whole_number_of_bars_apart_need_no_edit(self):
        found = fit(bars("ABCDEFGH"), Fraction(12), hits=[3.0, 7.0])
        assert found.jumps == ()

    def test_hits_outside_and_a_track_without_bars_are_passed_over(self):
        assert fit(bars("ABCD"), Fraction(8), hits=[9.0]) == fit(bars("ABCD"), Fraction(8))
        assert total(fit(bars("A"), Fraction(8), hits=[3.0]).pieces) == 8


class TestStretching:
    """Only where that is asked for, and never by more than 1.5 %."""

    @given(
        st.text("ABC", min_size=1, max_size=12),
        st.fractions(Fraction(1, 25), 90, max_denominator=25),
        st.lists(st.floats(0.1, 0.9), max_size=2),
    )
    @settings(deadline=None, max_examples=50)
    def test_lengths_stay_exact_and_pieces_close(self, pattern, length, shares):
        hits = [round(share * float(length) * 25) / 25 for share in shares]
        pieces = fit(bars(pattern), length, hits=hits, stretch=True).pieces
        assert total(pieces) == length
        for before, after in pairwise(pieces):
            assert after.film_in + after.fade_in == before.film_out
        assert {piece.speed for piece in pieces} == {pieces[0].speed}
        assert abs(pieces[0].speed - 1) <= MOST_STRETCH

    def test_a_length_that_is_nearly_the_tracks_needs_no_cut(self):
        track, length = bars("ABCDEFGHIJ"), Fraction(201, 10)
        assert fit(track, length).jumps != () or not fit(track, length).ends
        found = fit(track, length, stretch=True)
        assert found.jumps == () and found.ends and found.pieces[0].speed < 1
        assert fit(track, Fraction(20), stretch=True).pieces[0].speed == 1

    def test_bars_still_begin_at_hits(self):
        found = fit(bars("ABCDEFGH"), Fraction(12), hits=[3.02, 7.04], stretch=True)
        assert found.jumps == () and found.pieces[0].speed < 1
        (piece,) = found.pieces
        struck = [piece.film_at(line) for line in bars("ABCDEFGH").lines[:-1]]
        assert all(min(abs(s - hit) for s in struck) < 0.02 for hit in (3.02, 7.04))

    @pytest.mark.parametrize("speed", [Fraction(197, 200), Fraction(203, 200)])
    def test_it_sounds_at_its_pitch_and_in_its_place(self, tmp_path: Path, speed: Fraction):
        times = np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE
        pulses = 0.4 * np.sin(2 * np.pi * 440 * times) * np.exp(-30 * (times % 0.5))
        soundfile.write(tmp_path / "pulses.wav", pulses, SAMPLE_RATE)
        track = Track("pulses", str(tmp_path / "pulses.wav"), Fraction(12))
        piece = Piece(Fraction(1), 1 + 10 * speed, Fraction(0), speed=speed)
        sound = cue_sound(Cue("1m01", 0, 250, track, (piece,)), PAL)
        assert sound.shape == (10 * SAMPLE_RATE, 2)
        level = np.abs(sound[:, 0]).reshape(-1, 48).max(axis=1)  # by the millisecond
        for k in range(1, 18):
            due = round(1000 * piece.film_at(1.5 + 0.5 * k))
            assert level[due - 20 : due - 3].max() < 0.3 * level[due : due + 15].max()
        power = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound))))
        assert np.argmax(power) / 10 == pytest.approx(440, abs=2.5)


@pytest.mark.parametrize("length", [0, -1])
def test_no_length_is_refused(length: int):
    with pytest.raises(InputError, match="a length above 0"):
        fit(bars("AB"), Fraction(length))


class TestWhatIsHeard:
    """Joins in real tracks: no hole, no bump, every sample in its place."""

    @pytest.fixture(scope="class", params=["iron-march", "carousel", "glass-corridor"])
    @classmethod
    def rendered(cls, request):
        path = TRACKS / f"{request.param}.opus"
        length = Fraction(52)
        found = fit(read_bars(path), length, film_in=Fraction(2))
        track = Track(request.param, str(path), Fraction(20))
        cue = Cue("1m01", 50, 50 + 52 * 25, track, found.pieces)
        return found, cue_sound(cue, PAL)

    def test_it_is_as_long_as_the_cue(self, rendered):
        _, sound = rendered
        assert sound.shape == (52 * SAMPLE_RATE, 2) and np.isfinite(sound).all()

    def test_no_join_leaves_a_hole(self, rendered):
        found, sound = rendered
        assert len(found.pieces) > 2
        for piece in found.pieces[1:]:
            at = round((piece.film_in - 2 + piece.fade_in / 2) * SAMPLE_RATE)
            hop = SAMPLE_RATE // 50
            around = sound[at - 15 * hop : at + 15 * hop].reshape(30, -1)
            level = 10 * np.log10((around**2).mean(axis=1) + 1e-12)
            inside = level[13:17].mean()
            assert inside > min(level[:10].min(), level[20:].min()) - 1.5


class TestBars:
    def test_bars_of_a_march_last_as_long_as_its_tempo_says(self):
        found = read_bars(TRACKS / "iron-march.opus")  # 104 BPM, four beats
        inner = np.diff(found.lines)[1:-1]
        assert found.steady and np.median(inner) == pytest.approx(4 * 60 / 104, rel=0.02)

    def test_lines_frame_the_whole_track(self):
        found = read_bars(TRACKS / "under-the-floor.opus")
        assert found.lines[0] == 0 and (np.diff(found.lines) > 0).all()
        assert found.attack.shape == (len(found),) and found.attack.max() <= 1
        assert len(found.chroma) == len(found) == len(found.timbre) == len(found.level_in)
