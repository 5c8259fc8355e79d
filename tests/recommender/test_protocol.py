"""The judging: pools, ranks, intervals and the null, on cases whose answer is known."""

import numpy as np
import pytest
from planted import linear_rule, planted

from data.errors import InputError
from data.profiles import MUSIC_FIELDS
from recommender import baselines, protocol
from recommender.baselines import BASELINES
from recommender.comparison import (
    Prediction,
    cross_validate,
    held_out,
    score,
    without_scenes_of,
)

SCALE = np.ones(10)


@pytest.fixture(scope="module")
def pairs():
    return planted(linear_rule, 240, per_source=4, noise=0.2)[0]


def test_pools_hold_one_scene_of_each_source_and_sources_keep_their_places(pairs):
    pools = protocol.make_pools(pairs, size=25, draws=7)
    groups = pairs.groups()[pools.rows]
    assert pools.rows.shape == (7, 2, 25) and pools.size == 25 and pools.sources == 50
    assert (groups == groups[0]).all() and len(set(groups[0].ravel())) == 50
    assert protocol.make_pools(pairs, size=1000).rows.shape[1:] == (1, 60)


def test_ranks_by_hand_and_what_is_unknown_is_not_compared():
    music = np.full((3, 10), np.nan)
    music[:, 0], music[:, 1] = [0, 1, 5], [0, 10, np.nan]
    query = np.full((3, 10), np.nan)
    query[:, 0], query[:, 1] = 1, [np.nan, 10, 0]
    ranks = protocol.rank_tracks(
        query, music, SCALE, protocol.Pools(np.arange(3).reshape(1, 1, 3))
    )[0, 0]
    assert ranks[0].tolist() == [2, 1, 3], "only the first output: distances 1, 0, 16"
    assert ranks[1].tolist() == [3, 1, 2], "means over what both have: 50.5, 0, 16"
    assert ranks[2].tolist() == [1, 3, 2], "0.5, 50, 16"


def test_ties_share_their_rank():
    music = np.zeros((4, 10))
    ranks = protocol.rank_tracks(music, music, SCALE, protocol.Pools(np.arange(4).reshape(1, 1, 4)))
    assert (ranks == 2.5).all()


def test_a_perfect_predictor_is_always_first_and_the_null_says_so(pairs):
    found = score(
        pairs, {"truth": Prediction(pairs.music, pairs.music)}, SCALE, title="t", method="m"
    )["truth"]
    assert found.metrics == {
        "recall@1": 1,
        "recall@3": 1,
        "recall@5": 1,
        "recall@10": 1,
        "mrr": 1,
        "median_rank": 1,
    }
    assert found.low == found.high == found.metrics and max(found.p.values()) == pytest.approx(
        1 / 1001
    )
    assert all(o["r2"] == o["ccc"] == 1 for o in found.outputs.values())


def test_the_same_answer_for_every_picture_scores_exactly_chance(pairs):
    same = np.tile(pairs.music.mean(0), (len(pairs), 1))
    found = score(pairs, {"same": Prediction(same, same)}, SCALE, title="t", method="m", pool=30)
    assert found["same"].metrics == pytest.approx(found["chance"].metrics)
    assert found["same"].p["recall@3"] == 1 and found["same"].outputs["arousal"]["r"] == 0


def test_random_answers_stay_inside_the_null(pairs):
    rng = np.random.default_rng(3)
    p = []
    for _ in range(20):
        guess = rng.uniform(-1, 1, pairs.music.shape)
        p.append(
            score(
                pairs, {"guess": Prediction(guess, guess)}, SCALE, title="t", method="m", draws=5
            )["guess"].p["mrr"]
        )
    assert 0.2 < np.mean(p) < 0.8 and min(p) > 0.001


def test_chance_by_hand():
    assert protocol.chance(4) == pytest.approx(
        {
            "recall@1": 0.25,
            "recall@3": 0.75,
            "recall@5": 1,
            "recall@10": 1,
            "mrr": (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4,
            "median_rank": 2.5,
        }
    )


def test_agreement_by_hand():
    y, p = np.full((3, 10), np.nan), np.full((3, 10), np.nan)
    y[:, 0], p[:, 0] = [1, 2, 3], [2, 3, 4]
    found = protocol.per_output(p, y, np.full((3, 10), 0.0))
    assert found["richness"] == pytest.approx(
        {"r2": 1 - 3 / 14, "ccc": 2 * (2 / 3) / (2 / 3 + 2 / 3 + 1), "r": 1}
    )
    assert np.isnan(found["valence"]["r2"])


def test_the_mean_scores_zero_also_where_every_fold_has_its_own(pairs):
    found = cross_validate(pairs, {"mean profile": BASELINES["mean profile"]}, folds=6, title="t")[
        "mean profile"
    ]
    assert all(
        o["r2"] == pytest.approx(0, abs=1e-9) and o["r"] == 0 for o in found.outputs.values()
    )


def test_training_sources_are_never_judged(pairs):
    found = held_out(pairs.split("train"), pairs, {"ridge": BASELINES["ridge"]}, title="t")
    assert (
        found.sources == 24
        and "36 sources that the predictors were fitted on were left out" in found.notes[0]
    )
    with pytest.raises(InputError, match="every source here was trained on"):
        held_out(pairs, pairs, {"ridge": BASELINES["ridge"]}, title="t")


def test_what_is_judged_is_not_learned_from_under_another_name(pairs):
    train, test = pairs.split("train"), pairs.split("test")
    again = planted(linear_rule, len(test) + 40, seed=9, name="other")[0]
    spans = np.array([f.high - f.low for f in MUSIC_FIELDS])
    again.video[: len(test)], again.music[: len(test)] = test.video, test.music + 0.015 * spans
    fits = {"ridge": BASELINES["ridge"], "VA only": BASELINES["VA only"]}
    apart = without_scenes_of(again, test)
    assert len(apart) == 40 and len(without_scenes_of(train, test)) == len(train)
    found = held_out(again, test, fits, title="t")
    assert found["ridge"].metrics == held_out(apart, test, fits, title="t")["ridge"].metrics
    (note,) = found.notes
    assert note.startswith(f"{len(set(again.sources)) - 10} sources of planted that show scenes")
    found = held_out(again.take(np.arange(len(test))), test, fits, title="t")
    assert [s.name for s in found.scores] == ["chance", "VA only"]
    assert found.method == "nothing fitted"


def test_cross_validation_judges_every_source_and_never_by_itself(pairs):
    seen = []

    def spy(train):
        inside = set(train.sources)
        return lambda test: (seen.append((inside, set(test.sources))), test.music)[1]

    found = cross_validate(pairs, {"spy": spy}, folds=4, title="t")
    judged = [test for train, test in seen if not train & test]
    assert set.union(*judged) == set(pairs.sources) and sum(map(len, judged)) == 60
    assert (
        found["spy"].metrics["recall@1"] == 1
        and found.method == "4-fold cross-validation by source"
    )


def test_every_baseline_learns_a_straight_rule_or_says_what_it_can():
    pairs, _ = planted(linear_rule, 1000, noise=0.2)
    found = held_out(pairs.split("train"), pairs.split("test"), BASELINES, title="t")
    reached = {s.name: s.metrics["recall@3"] for s in found.scores}
    chance = reached["chance"]
    assert reached["mean profile"] == pytest.approx(chance)
    assert all(
        reached[n] > 4 * chance for n in ("ridge", "ridge around prior", "k-NN", "PLS", "CCA")
    )
    assert reached["ridge"] > reached["VA only"] > chance


def test_canonical_variates_are_fitted_with_a_penalty_on_each_side_alone():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((40, 5)), rng.standard_normal((40, 3))
    wider_x, wider_y = baselines._penalised(x, y, 7.0)
    assert np.allclose(wider_x.T @ wider_x, x.T @ x + 7 * np.eye(5)) and np.allclose(
        wider_y.T @ wider_y, y.T @ y + 7 * np.eye(3)
    )
    assert np.allclose(wider_x.T @ wider_y, x.T @ y) and np.allclose(wider_x.sum(0), x.sum(0))


def test_over_few_scenes_cca_promises_no_more_than_ridge_does(monkeypatch):
    """40 scenes of noise: the penalty keeps the variates from correlations that do not last."""
    noise, _ = planted(linear_rule, 40, noise=0.2)
    noise.music[:] = noise.music[np.random.default_rng(0).permutation(40)]
    fits = {"CCA": BASELINES["CCA"]}

    def error():
        return np.mean(
            [o["r2"] for o in cross_validate(noise, fits, title="t")["CCA"].outputs.values()]
        )

    careful = error()
    monkeypatch.setattr(baselines, "choose_penalty", lambda *_: 0.0)
    assert error() < careful - 0.1


def test_stretching_lets_a_shrunken_prediction_search(pairs):
    """With much noise squared error shrinks predictions; their order survives, their distance to
    the truth does not.
    """
    noisy, _ = planted(linear_rule, 2000, noise=3.0)
    fits = {name: BASELINES[name] for name in ("ridge, unstretched", "ridge")}
    found = held_out(noisy.split("train"), noisy.split("test"), fits, title="t")
    assert found["ridge"].metrics["mrr"] > found["ridge, unstretched"].metrics["mrr"]
    assert found["ridge"].outputs == found["ridge, unstretched"].outputs


def test_too_few_sources_to_compare(pairs):
    two = pairs.take(np.arange(8))
    with pytest.raises(InputError, match="sources to compare: 2; 3 are needed"):
        score(two, {}, SCALE, title="t", method="m")
