"""The arc: its formulas against plain arithmetic, and what it finds where the answer is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matcher import arc, arc_store
from matcher.arc import BOTH, CUTS, MOTION


def plain_z(x):
    sd = math.sqrt(sum((v - sum(x) / len(x)) ** 2 for v in x) / len(x))
    return [0.0] * len(x) if sd < 1e-6 else [(v - sum(x) / len(x)) / sd for v in x]


def plain_rho(x, k):
    return sum(x[t] * x[t + k] for t in range(len(x) - k)) / (len(x) - k)


def plain_score(cuts, motion, loudness):
    """r and (z of cuts, of motion, of both) of one window, as the module's head writes them."""
    seconds = len(cuts)
    c, m, music = plain_z(cuts), plain_z(motion), plain_z(loudness)
    if seconds < 30:
        c = [0.0] * seconds
    both = plain_z([a + b for a, b in zip(c, m, strict=True)])
    last = max(1, min(60, seconds // 2))
    z = []
    for curve in (c, m, both):
        r = sum(a * b for a, b in zip(curve, music, strict=True)) / seconds
        variance = sum(
            (1 - abs(k) / seconds) * plain_rho(curve, abs(k)) * plain_rho(music, abs(k))
            for k in range(-last + 1, last)
        )
        z.append(r / math.sqrt(max(variance, 0.2) / (seconds - 1)))
    return sum(a * b for a, b in zip(both, music, strict=True)) / seconds, z


@st.composite
def films_and_tracks(draw):
    seconds = draw(st.integers(10, 90))
    cuts = draw(arrays(float, seconds, elements=st.sampled_from([0.0, 1.0])))
    motion = draw(arrays(float, seconds, elements=st.floats(0, 50, width=16)))
    loudness = draw(arrays(np.float32, st.integers(10, 120), elements=st.floats(-30, 10, width=16)))
    return arc.window(cuts, motion), loudness


@settings(max_examples=40, deadline=None)
@given(films_and_tracks())
def test_every_place_scores_as_the_formula_says(pair):
    picture, loudness = pair
    places = arc.compare(picture, loudness)
    seconds = min(len(picture), len(loudness))
    assert places.at.tolist() == list(range(len(loudness) - seconds + 1))
    cuts, motion = picture.cuts[:seconds].tolist(), picture.motion[:seconds].tolist()
    for i in {0, len(places) // 2, len(places) - 1}:
        heard = loudness[i : i + seconds].astype(float).tolist()
        r, z = plain_score(cuts, motion, heard)
        assert places.r[i] == pytest.approx(r, abs=1e-8)
        assert places.z[i] == pytest.approx(z, abs=1e-6)


def test_curves_by_hand():
    cuts = np.zeros(5)
    cuts[2] = 1
    weights = np.exp(-2.0 * np.array([1, 0, 1]) ** 2)  # a second is two standard deviations
    total = weights.sum() + 2 * math.exp(-8)
    picture = arc.window(cuts, np.full(5, 0.99))
    assert picture.cuts[1:4] == pytest.approx(weights / total)
    assert picture.motion == pytest.approx(np.zeros(5), abs=1e-12)  # log(.99 + .01)
    assert arc.loudness_curve(np.array([-50.0, -60, -30, -30])) == pytest.approx([-30, -30])
    half = arc.loudness_curve(np.array([0.0, -30] * 4))
    assert half == pytest.approx(np.full(4, 10 * math.log10((1 + 1e-3) / 2)))


def test_film_curves_come_from_shot_starts_and_tokens():
    motion = np.array([1.0, 3, np.nan, 5, 7])
    picture = arc.picture_curves([0.0, 1.9], motion)
    assert len(picture) == 3
    by_hand = arc.window(np.array([1.0, 1, 0]), np.array([2.0, 4, 7]))
    assert np.array_equal(picture.cuts, by_hand.cuts)
    assert np.array_equal(picture.motion, by_hand.motion)
    part = arc.picture_curves([0.0, 1.9], motion, start=1.0, end=2.0)
    assert part.cuts == picture.cuts[1:2]


def film(seed, seconds):
    rng = np.random.default_rng(seed)
    return arc.window((rng.random(seconds) < 0.2).astype(float), rng.exponential(3, seconds))


def test_music_that_follows_the_picture_is_found_where_it_does():
    picture, rng = film(1, 90), np.random.default_rng(2)
    loudness = rng.normal(-8, 3, 240).astype(np.float32)
    loudness[100:190] = -8 + 3 * picture.standard[BOTH] + rng.normal(0, 2, 90)
    places = arc.compare(picture, loudness)
    assert places.at[places.r.argmax()] == places.at[places.z[:, BOTH].argmax()] == 100
    assert arc.evidence(places) > arc.evidence(arc.compare(picture, loudness[:190][::-1].copy()))


def test_the_score_does_not_hear_level_or_scale_of_the_music():
    picture = film(3, 60)
    loudness = np.random.default_rng(4).normal(-8, 3, 100).astype(np.float32)
    plain, moved = (arc.compare(picture, x) for x in (loudness, loudness * 2 + 4))
    assert moved.z == pytest.approx(plain.z, abs=1e-4)


def test_slow_drifts_are_not_taken_for_agreement():
    """Wrong pairs of random walks correlate by .4 and more, yet z keeps the spread of chance."""
    rng, z, r = np.random.default_rng(5), [], []
    for _ in range(400):
        walks = np.cumsum(rng.normal(size=(2, 120)), axis=1)
        picture = arc.PictureCurves(np.zeros(120), walks[0])
        found = arc.compare(picture, walks[1].astype(np.float32))
        z.append(found.z[0, BOTH])
        r.append(found.r[0])
    assert np.std(r) > 0.35
    assert np.std(z) < 1.6 < np.std(r) * math.sqrt(120)


@pytest.mark.parametrize("smoothing", [1, 3, 6])
def test_z_of_wrong_pairs_is_standard(smoothing):
    rng, z = np.random.default_rng(6), []
    even = np.ones(smoothing) / smoothing
    for _ in range(600):
        a, b = (np.convolve(rng.normal(size=125 + smoothing), even, "valid") for _ in range(2))
        found = arc.compare(arc.PictureCurves(np.zeros(len(a)), a), b.astype(np.float32))
        z.append(found.z[0, BOTH])
    assert np.mean(z) == pytest.approx(0, abs=0.13) and np.std(z) == pytest.approx(1, abs=0.1)


def test_a_still_picture_and_a_level_track_say_nothing():
    level = np.full(60, -8, dtype=np.float32)
    assert not arc.compare(film(7, 60), level).z.any()
    still = arc.window(np.zeros(60), np.ones(60))
    noise = np.random.default_rng(8).normal(size=90).astype(np.float32)
    assert not arc.compare(still, noise).z.any() and not arc.compare(still, noise).r.any()
    assert len(arc.compare(film(7, 60), level[:9])) == 0 == len(arc.compare(film(7, 9), level))
    assert arc.evidence(arc.compare(film(7, 9), level)) == 0


def test_cuts_count_from_half_a_minute_on():
    assert not film(9, 29).standard[CUTS].any() and film(9, 30).standard[CUTS].any()
    assert np.allclose(film(9, 29).standard[BOTH], film(9, 29).standard[MOTION])


def test_a_film_that_outlasts_a_track_is_compared_by_its_first_seconds():
    picture = film(10, 120)
    loudness = np.random.default_rng(11).normal(size=70).astype(np.float32)
    whole, first = arc.compare(picture, loudness), arc.compare(picture.first(70), loudness)
    assert whole.at.tolist() == [0] and np.array_equal(whole.z, first.z)


@settings(deadline=None)
@given(st.floats(-4, 8), st.floats(1, 60))
def test_searching_costs_what_it_should(z, looks):
    def below(x):
        return math.erfc(-x / math.sqrt(2)) / 2

    corrected = arc.searched(z, looks)
    assert corrected <= z + 1e-6
    assert below(corrected) == pytest.approx(below(z) ** looks, abs=1e-9)


def test_looks_are_five_seconds_apart():
    assert arc.looks(np.arange(100)) == 20
    assert arc.looks(np.array([0, 40, 90])) == 3 and arc.looks(np.array([7])) == 1


def test_what_the_arc_weighs():
    assert arc.rank_weights(59, False) == (1.0, 0.0) and arc.rank_weights(60, False) == (1.0, 0.5)
    assert arc.rank_weights(30, True) == (0.5, 1.0)


def test_curves_that_are_shortened_while_open_do_no_harm(tmp_path):
    curve = np.arange(90, dtype=np.float32)
    curves = arc_store.CatalogueCurves(
        curve, np.array([0, 90]), np.array([0.0, 5.0]), np.array([0, 2])
    )
    arc_store.write(path := tmp_path / "a.arc", curves, "these")
    found = arc_store.read(path, "these")
    path.write_bytes(b"")
    assert found.track(0).tolist() == curve.tolist()
