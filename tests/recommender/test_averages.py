"""Averages of music videos: what they see, and the likelihood ratio that they are compared by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from data.muvi_sync import COORDINATES, PITCH_CLASSES
from recommender import averages
from recommender.window_columns import music_averages, picture_averages


def music(seconds: int = 120, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    chords = rng.choice(["C", "G", "A:min", "F:maj7", "N"], seconds // 4).repeat(4)
    return {"loudness": rng.random(seconds), "note_density": rng.random(seconds), "chord": chords}


def picture(seconds: int = 120, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    emotions = rng.dirichlet(np.ones(len(COORDINATES)), seconds).T
    return {
        **dict(zip(COORDINATES, emotions, strict=True)),
        "motion": rng.random(seconds),
        "scene_offset_s": np.arange(seconds) % 7.0,
    }


def transposed(chord: str, by: int) -> str:
    names = list(PITCH_CLASSES)
    root, *kind = chord.split(":")
    if root not in names:
        return chord
    return ":".join([names[(names.index(root) + by) % 12], *kind])


@pytest.mark.parametrize("by", [1, 5, 11])
def test_no_key_is_seen(by):
    here = music()
    there = here | {"chord": np.array([transposed(c, by) for c in here["chord"]])}
    assert music_averages(there) == pytest.approx(music_averages(here))


def test_when_something_happens_is_not_seen():
    there = {name: column[::-1] for name, column in music().items()}
    seen, backwards = music_averages(music()), music_averages(there)
    rising = [-7, -6]  # fifths up are fourths down, backwards
    seen[rising] = seen[rising].sum()
    backwards[rising] = backwards[rising].sum()
    assert backwards == pytest.approx(seen)


@pytest.mark.parametrize(("period", "octave"), [(48, 0), (24, 1), (12, 2), (6, 3), (3, 4)])
def test_a_slow_swell_lies_in_its_octave(period, octave):
    swell = 2 + np.sin(2 * np.pi * np.arange(240) / period)
    octaves = music_averages(music(240) | {"loudness": swell**2})[10:15]
    assert octaves.argmax() == octave
    assert np.exp(octaves).sum() == pytest.approx(1)


@pytest.mark.parametrize("seconds", [30, 60, 120])
def test_still_grey_film_and_silence_have_averages(seconds):
    flat = {name: np.zeros(seconds) for name in picture()} | {"scene_offset_s": np.full(seconds, 9)}
    silence = {n: np.zeros(seconds) for n in music()} | {"chord": np.array(["N"] * seconds)}
    assert picture_averages(flat).shape == (70,)
    assert music_averages(silence).shape == (53,)
    assert np.isfinite([*picture_averages(flat), *music_averages(silence)]).all()


def test_the_score_is_a_ratio_of_likelihoods(monkeypatch):
    """Without a ridge it is that of the joint Gaussian against the two on their own."""
    monkeypatch.setattr(averages, "RIDGE", 0.0)
    monkeypatch.setattr(averages, "FAR_SD", np.inf)
    rng = np.random.default_rng(1)
    hidden = rng.normal(size=(300, 2))
    x = hidden @ rng.normal(size=(2, 4)) + rng.normal(size=(300, 4))
    y = hidden @ rng.normal(size=(2, 3)) + rng.normal(size=(300, 3))
    found = averages.fit(x, y).score(x[:20], y[:30])
    both = multivariate_normal([*x.mean(0), *y.mean(0)], np.cov(np.hstack([x, y]).T, bias=True))
    alone = [multivariate_normal(v.mean(0), np.cov(v.T, bias=True)) for v in (x, y)]
    joint = [[both.logpdf([*a, *b]) for b in y[:30]] for a in x[:20]]
    ratio = joint - alone[0].logpdf(x[:20])[:, None] - alone[1].logpdf(y[:30])[None]
    assert found - found.mean() == pytest.approx(ratio - ratio.mean(), abs=1e-9)


def test_what_was_planted_is_found_and_what_was_not_is_not():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 10))
    y = rng.normal(size=(400, 6))
    y[:, 0] = x[:, 3] + 0.3 * rng.normal(size=400)
    planted = averages.fit(x[:300], y[:300]).score(x[300:], y[300:])
    chance = averages.fit(x[:300], y[rng.permutation(300)]).score(x[300:], y[300:])
    ranks = [(s > np.diag(s)[:, None]).sum(1) for s in (planted, chance)]
    assert np.median(ranks[0]) < 20
    assert 35 < np.median(ranks[1]) < 65
