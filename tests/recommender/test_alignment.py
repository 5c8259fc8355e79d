"""Requests are brought to the catalogue: its mean and correlation, every track a chance to win."""

import numpy as np
import pytest

from data.profiles import MUSIC_FIELDS
from recommender.alignment import FAITH, Requests, align
from recommender.predict import load_recommender
from recommender.units import from_units, to_units


def population(seed, rows, correlation, mean=0.0, sd=0.15):
    """(rows, 10) profiles whose first two fields correlate."""
    rng = np.random.default_rng(seed)
    units = rng.normal(size=(rows, 10))
    units[:, 1] = correlation * units[:, 0] + np.sqrt(1 - correlation**2) * units[:, 1]
    return from_units(mean + sd * units, MUSIC_FIELDS)


def test_moments_become_those_of_the_catalogue():
    wished, tracks = population(0, 4000, 0.5), population(1, 20_000, -0.5, mean=0.2, sd=0.1)
    asked = to_units(align(wished, Requests.of(wished), tracks), MUSIC_FIELDS)
    heard = to_units(tracks, MUSIC_FIELDS)
    assert asked.mean(0) == pytest.approx(heard.mean(0), abs=0.005)
    assert asked.std(0) == pytest.approx(heard.std(0), rel=0.06)
    assert np.corrcoef(asked[:, 0], asked[:, 1])[0, 1] == pytest.approx(-0.5, abs=0.15)


def test_what_was_much_stays_much():
    wished, tracks = population(0, 500, 0.3), population(1, 500, 0.0, mean=-0.3)
    asked = align(wished, Requests.of(wished), tracks)
    for before, after in zip(wished.T, asked.T, strict=True):
        assert np.corrcoef(before, after)[0, 1] > 0.9


def test_equal_populations_change_nothing_and_few_tracks_little():
    wished = population(0, 500, 0.3)
    requests = Requests.of(wished)
    assert align(wished, requests, wished) == pytest.approx(wished, abs=1e-9)
    far = population(1, 2, 0.0, mean=0.8, sd=0.05)
    moved = to_units(align(wished, requests, far), MUSIC_FIELDS) - to_units(wished, MUSIC_FIELDS)
    assert moved.mean(0) == pytest.approx(np.full(10, 0.8 * 2 / (2 + FAITH)), abs=0.06)


def test_a_dimension_that_never_differs_is_left_alone():
    wished, tracks = population(0, 300, 0.3), population(1, 300, 0.0)
    wished[:, 6], tracks[:, 3] = 50.0, 2.0
    one = align(wished[0], Requests.of(wished), tracks)
    assert one.shape == (10,) and one[[6, 3]] == pytest.approx(wished[0, [6, 3]])
    level = align(np.tile(wished[0], (3, 1)), Requests.of(np.tile(wished[0], (3, 1))), tracks)
    assert level == pytest.approx(np.tile(wished[0], (3, 1)))


def test_every_corner_of_a_catalogue_can_be_asked_for():
    """Requests on one line, tracks across it: plain distances let few tracks win, aligned ones
    many.
    """
    wished, tracks = population(0, 400, 0.97, sd=0.1), population(1, 200, -0.5, sd=0.25)
    aligned = align(wished, Requests.of(wished), tracks)

    def winners(asked):
        units = [to_units(x, MUSIC_FIELDS) for x in (asked, tracks)]
        apart = ((units[0][:, None] - units[1][None]) ** 2).sum(2)
        return np.bincount(apart.argmin(1), minlength=len(tracks))

    before, after = winners(wished), winners(aligned)
    assert (after > 0).sum() > 1.5 * (before > 0).sum() and after.max() < before.max()


def test_the_shipped_predictors_know_what_they_ask_for():
    recommender = load_recommender()
    music = recommender.predict(np.array([50.0] * 4 + [0, 50] + [0.5] * 3 + [0, 0]))
    tracks = population(2, 300, 0.0, mean=0.3)
    asked = recommender.ask(music, tracks)
    assert not np.allclose(asked.values, music.values)
    assert np.array_equal(asked.confidence, music.confidence)
    assert recommender.ask(music, tracks[:1]) is music
    assert load_recommender("prior").ask(music, tracks) is music, "it knows no pictures"
