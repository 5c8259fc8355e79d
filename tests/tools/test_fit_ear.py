"""What the ear is fitted by: sources left out whole, and twins that must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from tools.ear_pieces import Measured
from tools.fit_ear import Choice, Fitter, Trial, plainest

PLAIN = Choice(penalty=0.01, people=1.0, twins=0.0, formula=0.0)


@pytest.fixture(scope="module")
def pieces() -> tuple[np.ndarray, Measured]:
    """Three features: what people hear, the same again but moved by every filter, and noise."""
    rng = np.random.default_rng(3)
    sources = ["unrated"] * 120 + ["piano"] * 60 + ["tunes"] * 60
    heard = rng.normal(size=len(sources))
    x = np.array([heard, heard, 0 * heard]).T + [0.5, 0.5, 1.0] * rng.normal(size=(240, 3))
    twins = x[:40] + [0.0, 2.0, 0.0] * rng.normal(size=(40, 1))
    x, said = np.vstack([x, twins]), np.append(heard, np.full(40, np.nan))
    names = [f"{n}" for n in range(240)] + [f"{n}" for n in range(40)]
    m = Measured(
        source=np.array([*sources, *["dull"] * 40]),
        name=np.array(names),
        group=np.array([f"group {int(name) % 30}" for name in names]),
        z=x,
        scores=x,
        formula=np.zeros((280, 2)),
        said=np.column_stack([said, -said]),
    )
    return x, m


def test_moments_of_folds_give_the_ridge_regression_of_all_rows(pieces):
    x, m = pieces
    fitter = Fitter(x, m, 0)
    a, b = PLAIN.penalty * np.eye(3), np.zeros(3)
    for source in ("unrated", "piano", "tunes"):
        rows = fitter.rows(source)
        from_middle = x[rows] - x[rows].mean(axis=0)
        order = np.searchsorted(np.sort(m.said[rows, 0]), m.said[rows, 0])
        y = norm.ppf((order + 0.5) / len(rows))
        a += from_middle.T @ from_middle / len(rows)
        b += from_middle.T @ (y - y.mean()) / len(rows)
    np.testing.assert_allclose(fitter.fit(PLAIN), np.linalg.solve(a, b), rtol=1e-8)


def test_what_twins_change_loses_its_say(pieces):
    fitter = Fitter(*pieces, 0)
    free, heedful = fitter.fit(PLAIN), fitter.fit(PLAIN._replace(twins=3.0))
    assert free[1] > 0.2
    assert 0 <= heedful[1] < 0.2 * free[1]
    assert heedful[0] > free[0]


def test_a_source_is_predicted_without_itself(pieces):
    x, m = pieces
    turned = m.said.copy()
    piano = m.of("piano")
    turned[piano] *= -1
    other = Fitter(x, Measured(**(vars(m) | {"said": turned})), 0)
    left_out = Fitter(x, m, 0).left_out(PLAIN, sources=True)
    np.testing.assert_allclose(other.left_out(PLAIN, sources=True)[piano], left_out[piano])


def test_among_equals_the_one_that_heeds_the_twins_is_taken():
    def trial(mean: float, twins: float, people: float) -> Trial:
        return Trial(PLAIN._replace(twins=twins, people=people), (mean,) * 3, 0.05)

    best, equal, plainer, worse = (
        trial(0.60, 0, 0.1), trial(0.57, 3, 1.0), trial(0.56, 3, 0.3), trial(0.54, 9, 0.1)
    )  # fmt: skip
    assert plainest([best, equal, plainer, worse]) is plainer
