"""The linear step: its ten agreements are those of the arc, and it learns what counts."""

import numpy as np
import pytest

from matcher import arc, arc_step

RNG = np.random.default_rng(0)
CUTS = (RNG.random(200) < 0.2).astype(float)
MOTION = RNG.exponential(0.05, 200)
LOUDNESS = arc.smooth(RNG.normal(0, 6, 260))


def test_cuts_and_motion_with_loudness_are_those_of_the_arc():
    film = arc_step.picture_rows(CUTS, MOTION, np.zeros(200))[:, 40:130]
    starts = np.array([0, 17, 99])
    found = arc_step.agreements(film[None], arc_step.music_rows(LOUDNESS), starts)
    _, z = arc.score_windows(arc.window(CUTS, MOTION, 40, 130), LOUDNESS.astype(np.float32), starts)
    assert found.shape == (3, 1, 10)
    np.testing.assert_allclose(found[:, 0, :2], z[:, [arc.CUTS, arc.MOTION]], rtol=1e-3, atol=1e-3)


def test_a_curve_that_never_changes_agrees_with_nothing():
    film = arc_step.picture_rows(CUTS, MOTION, np.zeros(200))[None, :, :60]
    found = arc_step.agreements(film, arc_step.music_rows(LOUDNESS), np.array([5]))
    novelty = arc_step.PICTURE.index("novelty")
    assert found[0, 0, novelty] == found[0, 0, 5 + novelty] == 0


def test_the_running_shot_counts_by_its_length():
    cuts = np.zeros(12)
    cuts[[3, 4]] = 1
    shortness = arc_step.picture_rows(cuts, np.ones(12), np.zeros(12))[2]
    assert shortness[3] == shortness.max() and shortness[8:].max() < shortness[0] < shortness[3]


def test_z_of_what_does_not_belong_together_is_standard():
    films = np.stack(
        [
            arc_step.picture_rows(RNG.random(90) < 0.2, RNG.exponential(1, 90), RNG.random(90))
            for _ in range(60)
        ]
    )
    music = arc_step.music_rows(arc.smooth(RNG.normal(size=600)))
    z = arc_step.agreements(films, music, np.arange(0, 500, 10))
    assert abs(z.mean()) < 0.05 and z.std() == pytest.approx(1, abs=0.12)


def test_weights_grow_where_true_tracks_stand_out():
    z, own = RNG.normal(size=(300, 20, 10)), RNG.integers(0, 20, 300)
    z[np.arange(300), own, 6] += 1.5
    weights = arc_step.fit(z, own)
    assert weights.argmax() == 6 and weights[6] > 0.8


def test_few_films_leave_the_weights_where_they_begin():
    z, own = RNG.normal(size=(2, 5, 10)), np.array([0, 1])
    np.testing.assert_allclose(arc_step.fit(z, own), arc_step.STARTING, atol=0.05)
