"""The measured part of `data/MODEL_CARD.md`: what stands between its marks is written anew by
`python -m tools.model_card`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.folders import ROOT
from data.profiles import MUSIC_FIELDS
from recommender.comparison import PRIOR, Evaluation, Score

CARD = ROOT / "MODEL_CARD.md"
BEGIN, END = "<!-- measured: {} -->", "<!-- end -->"
COLUMNS = {
    "recall@1": "Recall@1",
    "recall@3": "Recall@3",
    "recall@10": "Recall@10",
    "mrr": "MRR",
    "median_rank": "median rank",
}
WITH_INTERVAL = ("recall@3", "recall@10")
RULE = "recall@3"


def write_measured(path: str | os.PathLike, parts: Mapping[str, str]) -> None:
    """Put each part between its marks in the card; `ValueError` if they are not there."""
    text = Path(path).read_text(encoding="utf-8")
    for name, part in parts.items():
        begin = BEGIN.format(name)
        new = f"{begin}\n{part}\n{END}".replace("\\", r"\\")
        text, found = re.subn(f"{re.escape(begin)}\n.*?{re.escape(END)}", new, text, flags=re.S)
        if found != 1:
            raise ValueError(f"{path}: {begin} … {END} stands {found} times")
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def retrieval_table(evaluation: Evaluation, *, gain: bool = False) -> str:
    """What was judged, and one row per predictor; with `gain`, also the interval of what each wins
    over the prior.
    """
    e = evaluation
    lead = (
        f"{e.pairs:,} scenes of {e.sources} sources, {e.method}; "
        f"pools of {e.pool}, {e.draws} draws of one scene per source."
    )
    head = ["predictor", *COLUMNS.values(), "p"] + ["gain in Recall@3 over the prior"] * gain
    rows = [
        [s.name, *(_cell(s, m) for m in COLUMNS), _p(s)]
        + [interval(*s.over_prior[RULE]) if s.over_prior else ""] * gain
        for s in e.scores
    ]
    return f"{lead}\n\n{table(head, rows)}"


def output_table(evaluation: Evaluation, names: Sequence[str]) -> str:
    """Held-out R² and correlation of every output that was measured."""
    scores = [evaluation[name] for name in names]
    head = ["output"] + [f"{name}: {what}" for name in names for what in ("R²", "r")]
    rows = []
    for field in MUSIC_FIELDS:
        cells = [s.outputs[field.name] for s in scores]
        if np.isfinite(cells[0]["r2"]):
            rows.append(
                [field.label.lower()]
                + [number(c[what], 3 if what == "r2" else 2) for c in cells for what in ("r2", "r")]
            )
    return table(head, rows)


def reliability_table(reliability: Sequence[float], evaluation: Evaluation) -> str:
    """What `Recommender.reliability` holds, beside the correlations of the prior that it came
    from.
    """
    rows = [
        [f.label.lower(), number(evaluation[PRIOR].outputs[f.name]["r"], 2), number(r, 3)]
        for f, r in zip(MUSIC_FIELDS, reliability, strict=True)
    ]
    return table(["output", "r", "reliability"], rows)


def _cell(score: Score, metric: str) -> str:
    if metric == "median_rank":
        return _rank(score.metrics[metric]) + (
            f" [{_rank(score.low[metric])}, {_rank(score.high[metric])}]" if score.low else ""
        )
    text = number(score.metrics[metric], 3)
    return (
        f"{text} {interval(score.low[metric], score.high[metric])}"
        if metric in WITH_INTERVAL and score.low
        else text
    )


def _rank(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _p(score: Score) -> str:
    return number(score.p[RULE], 3) if score.p else ""


def interval(low: float, high: float) -> str:
    return f"[{number(low, 3)}, {number(high, 3)}]"


def number(value: float, digits: int) -> str:
    """Without the zero before the point, as statistics are written."""
    if not np.isfinite(value):
        return "–"
    text = f"{round(value, digits) + 0.0:.{digits}f}".replace(
        "-", "−"
    )  # adding 0 takes the sign off a zero
    return re.sub(r"^(−?)0\.", r"\1.", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
