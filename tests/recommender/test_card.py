"""The model card: its tables are those of the shipped weights, and only what stands between marks
is written.
"""

import numpy as np
import pytest

from recommender import card
from recommender.card import CARD
from recommender.comparison import Evaluation, Score
from recommender.predict import SHIPPED
from recommender.predictor_file import read_predictor


def stored_evaluation() -> tuple[Evaluation, list[float]]:
    """The table inside the default's weights, and the reliability that it gave."""
    metadata, _ = read_predictor(SHIPPED)
    record = metadata["evaluation"]
    scores = [
        s
        | {
            "outputs": {
                n: {k: np.nan if v is None else v for k, v in o.items()}
                for n, o in s["outputs"].items()
            }
        }
        for s in record["scores"]
    ]
    return Evaluation(**record | {"scores": tuple(Score(**s) for s in scores)}), metadata[
        "reliability"
    ]


def test_the_card_says_what_the_shipped_weights_say():
    evaluation, reliability = stored_evaluation()
    text = CARD.read_text(encoding="utf-8")
    assert (
        card.retrieval_table(evaluation, gain=True) in text
        and card.reliability_table(reliability, evaluation) in text
    )


def test_only_what_stands_between_the_marks_is_written(tmp_path):
    path = tmp_path / "卡片.md"
    path.write_text(
        "Before.\n<!-- measured: a -->\nold\nlines\n<!-- end -->\nBetween.\n"
        "<!-- measured: b -->\n<!-- end -->\n",
        encoding="utf-8",
    )
    card.write_measured(path, {"b": r"\1 new", "a": "| 1 |\n| 2 |"})
    expected = (
        "Before.\n<!-- measured: a -->\n| 1 |\n| 2 |\n<!-- end -->\nBetween.\n"
        "<!-- measured: b -->\n\\1 new\n<!-- end -->\n"
    )
    assert path.read_text(encoding="utf-8") == expected
    with pytest.raises(ValueError, match="measured: c"):
        card.write_measured(path, {"c": ""})
    assert path.read_text(encoding="utf-8") == expected


def test_rows_by_hand():
    metrics = {
        "recall@1": 0.25,
        "recall@3": 0.5,
        "recall@5": 0.5,
        "recall@10": 1.0,
        "mrr": 0.4,
        "median_rank": 2.5,
    }
    agreement = {"r2": -0.0125, "ccc": 0.0, "r": np.nan}
    score = Score(
        "x", metrics, metrics, metrics, metrics, {"richness": agreement}, {"recall@3": (-0.1, 0.25)}
    )
    evaluation = Evaluation("t", "held out", 1200, 8, 4, 3, (Score("chance", metrics), score))
    lines = card.retrieval_table(evaluation, gain=True).splitlines()
    assert (
        lines[0]
        == "1,200 scenes of 8 sources, held out; pools of 4, 3 draws of one scene per source."
    )
    assert lines[4] == "| chance | .250 | .500 | 1.000 | .400 | 2.5 |  |  |"
    assert (
        lines[5] == "| x | .250 | .500 [.500, .500] | 1.000 [1.000, 1.000] | .400 | 2.5 [2.5, 2.5] "
        "| .500 | [−.100, .250] |"
    )
