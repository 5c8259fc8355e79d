"""Write the shipped default: `python -m recommender.ship` reads `data/pairs.csv`, writes `data/weights/recommender.safetensors`.

The linear prior is the incumbent. A learned predictor takes its place only where it finds the true
track better on pairs measured by our own extractors, by Recall@3 in cross-validation by source and
with a 95 % interval of the paired difference above zero; that none does is written into the file
with the whole table. The reliability of the outputs comes from the same scenes, of which the prior
never saw any.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.folders import ROOT
from data.pairs import Pairs, read_pairs
from recommender import prior, protocol
from recommender.evaluate import BASELINES, Evaluation, cross_validate
from recommender.linear import Linear
from recommender.predict import PRIOR_DESCRIPTION, SHIPPED
from recommender.save import reliability
from recommender.spread import NO_SPREAD
from recommender.weights import write_weights

PAIRS = ROOT / "pairs.csv"
FOLDS = 10
RULE = "recall@3"


def ship(pairs: Pairs, path: Path = SHIPPED) -> Evaluation:
    """Cross-validate everything but the network (too few scenes for one) and write the prior with its table."""
    table = cross_validate(pairs, BASELINES, folds=FOLDS, title=Path(pairs.origin).name)
    model: Linear = prior.as_linear()
    arrays = {n: np.asarray(getattr(model, n)) for n in model.__dataclass_fields__}
    metadata = {
        "name": prior.NAME,
        "description": PRIOR_DESCRIPTION,
        "reliability": reliability(table["linear prior"].outputs, table.sources),
        "evaluation": table.to_dict(),
    }
    write_weights(path, "linear", arrays | {"spread_centre": NO_SPREAD.centre, "spread_factor": NO_SPREAD.factor}, metadata)
    return table


if __name__ == "__main__":
    found = ship(read_pairs(PAIRS))
    for row in found.scores:
        better = row.over_prior.get(RULE, (0, 0))[0] > 0
        print(row.name, {m: round(row.metrics[m], 3) for m in protocol.METRICS}, "beats the prior" if better else "")
