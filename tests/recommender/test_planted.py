"""Where the truth is known, the network finds it: curved rules, straight rules, missing inputs,
tuning.
"""

import numpy as np
import pytest
from planted import curved_rule, linear_rule, planted, the_rule

from recommender.baselines import BASELINES
from recommender.comparison import Evaluation, fit_network, held_out
from recommender.fit_network import train
from recommender.lit_module import Settings
from recommender.network import Config

RECALL = "recall@3"


def judge(rule, config: Config, settings: Settings, **options) -> tuple[Evaluation, dict]:
    """Ridge, the network and the rule itself, all on the same test sources."""
    pairs, truth = planted(rule, **options)
    test = np.array([s == "test" for s in pairs.splits])
    judged = pairs.take(test)
    fits = {"ridge": BASELINES["ridge"], "network": fit_network(config=config, settings=settings)}
    given = {"truth": the_rule(truth[test], judged)}
    return held_out(pairs.split("train", "validation"), judged, fits, given=given, title="planted")


def test_a_curved_rule_is_learned_to_95_percent_of_what_can_be_reached_and_ridge_is_far_behind():
    settings = Settings(epochs=60, learning_rate=1e-2, batch_size=128)
    found = judge(
        curved_rule,
        Config(width=96, va_width=32, dropout=0.05, input_dropout=0.0),
        settings,
        scenes=4000,
        noise=0.25,
    )
    attainable, network, ridge = (found[n].metrics[RECALL] for n in ("truth", "network", "ridge"))
    assert attainable < 1 and network >= 0.95 * attainable
    assert found["network"].low[RECALL] > found["ridge"].high[RECALL] > ridge


def test_a_straight_rule_is_a_tie_with_ridge():
    found = judge(linear_rule, Config(), Settings(epochs=20), scenes=1500, noise=0.45)
    assert found["network"].metrics[RECALL] == pytest.approx(
        found["ridge"].metrics[RECALL], abs=0.03
    )
    assert found["network"].metrics[RECALL] >= 0.95 * found["truth"].metrics[RECALL]


def test_30_percent_of_the_inputs_missing_costs_a_part_and_not_all():
    pairs, _ = planted(linear_rule, 1500, noise=0.3)
    holes, _ = planted(linear_rule, 1500, noise=0.3, missing=0.3)
    known, test = pairs.split("train", "validation"), np.array([s == "test" for s in pairs.splits])
    fits = {"network": fit_network(config=Config(input_dropout=0.2), settings=Settings(epochs=20))}
    whole, part = (
        held_out(known, p.take(test), fits, title="planted")["network"] for p in (pairs, holes)
    )
    chance = 3 / len(set(pairs.take(test).sources))
    assert 5 * chance < 0.4 * whole.metrics[RECALL] < part.metrics[RECALL] < whole.metrics[RECALL]


def test_untrained_it_is_the_ridge_solution_and_noise_never_makes_it_worse_than_that():
    pairs, _ = planted(linear_rule, 300, noise=0.3)
    rng = np.random.default_rng(1)
    noise = pairs.take(np.arange(300))
    noise.music[:] = noise.music[rng.permutation(300)]
    result = train(
        noise.split("train"),
        noise.split("validation"),
        Config(),
        Settings(epochs=3, learning_rate=1e-2),
    )
    start = train(
        noise.split("train"),
        noise.split("validation"),
        Config(),
        Settings(epochs=1, learning_rate=1e-12),
    )
    assert result.val_loss <= start.val_loss + 1e-6
