"""The evaluation as a table in the terminal."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rich.table import Table

from data.profiles import MUSIC_NAMES

if TYPE_CHECKING:
    from recommender.evaluate import Evaluation

SHOWN = ("recall@1", "recall@3", "recall@5", "recall@10", "mrr", "median_rank")
ALPHA = 0.05


def evaluation_table(evaluation: Evaluation) -> Table:
    """One row per predictor: each metric with its interval.

    Bold where fewer than 5 % of permutations do as well.
    """
    scenes = f"{evaluation.pairs} scenes of {evaluation.sources} sources"
    title = f"{evaluation.title}: {scenes}, pools of {evaluation.pool}, {evaluation.method}"
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    table.add_column("", no_wrap=True)
    for metric in SHOWN:
        table.add_column(metric.replace("_", " "), justify="right")
    for score in evaluation.scores:
        table.add_row(score.name, *(_cell(score, metric) for metric in SHOWN))
    return table


def output_table(evaluation: Evaluation) -> Table:
    """R² of every output that was measured, one row per predictor; a dash where it has none."""
    judged = [score for score in evaluation.scores if score.outputs]
    measured = [
        n for n in MUSIC_NAMES if not all(isnan(score.outputs[n]["r2"]) for score in judged)
    ]
    table = Table(
        title="R² per output",
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("")
    for name in measured:
        table.add_column(name.replace("_", " "), justify="right")
    for score in judged:
        table.add_row(score.name, *(_number(score.outputs[n]["r2"]) for n in measured))
    return table


def _number(value: float) -> str:
    return (
        "–" if isnan(value) else f"{round(value, 3) + 0.0:.3f}"
    )  # adding 0 takes the sign off a zero


def _cell(score, metric: str) -> str:
    digits = 1 if metric == "median_rank" else 3
    text = f"{score.metrics[metric]:.{digits}f}"
    if not score.low:
        return text
    text = f"[bold]{text}[/bold]" if score.p[metric] < ALPHA else text
    return f"{text} [dim]{score.low[metric]:.{digits}f}–{score.high[metric]:.{digits}f}[/dim]"
