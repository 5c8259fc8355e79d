"""The evaluation as a table in the terminal."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from rich.table import Table

from data.profiles import MUSIC_NAMES

if TYPE_CHECKING:
    from leitmotif.learning.arc_fit import ArcFit
    from leitmotif.learning.arc_protocol import ArcEvaluation
    from recommender.comparison import Evaluation, Score

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


def arc_tables(evaluation: ArcEvaluation) -> list[Table]:
    """Ranks by place and window, in-points, and z of wrong pairs."""
    ranks = _plain_table(
        f"The arc: own music among {evaluation.pool} of like length",
        ("window", "place", "by", "recall@10", "median rank", "p"),
    )
    for row in evaluation.ranks:
        ranks.add_row(
            f"{row.window_s} s", row.place, row.method,
            _with_interval(row.recall_at_10, row.interval), f"{row.median_rank:g}", f"{row.p:.3f}",
        )  # fmt: skip
    places = _plain_table(
        "In-point in the own music",
        ("window", "within 2 s", "by chance", "mean IoU", "always the middle"),
    )
    for point in evaluation.in_points:
        places.add_row(
            f"{point.window_s} s", _with_interval(point.within, point.interval),
            f"{point.chance:.3f}", _with_interval(point.mean_iou, point.iou_interval),
            f"{point.mean_iou_of_middle:.3f}",
        )  # fmt: skip
    null = _plain_table("z of wrong pairs", ("window", "pairs", "mean", "standard deviation"))
    for wrong in evaluation.null:
        cells = (f"{wrong.pairs:,}", f"{wrong.mean:.3f}", f"{wrong.sd:.3f}")
        null.add_row(f"{wrong.window_s} s", *cells)
    return [ranks, places, null]


def step_table(course: ArcFit) -> Table:
    """What the linear step that was learned gains on the arc, place by place."""
    table = _plain_table(
        f"The linear step over time: {course.films} films of {course.sources} sources, "
        f"windows of {course.window_s} s",
        ("place", "recall@10 of the arc", "of the step", "lower mean log rank", "kept"),
    )
    for gain in course.gains:
        table.add_row(
            gain.place, f"{gain.arc:.3f}", f"{gain.step:.3f}",
            _with_interval(gain.gain, gain.interval), "yes" if gain.wins else "no",
        )  # fmt: skip
    return table


def _plain_table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} [dim]{interval[0]:.3f}–{interval[1]:.3f}[/dim]"


def _number(value: float) -> str:
    return (
        "–" if isnan(value) else f"{round(value, 3) + 0.0:.3f}"
    )  # adding 0 takes the sign off a zero


def _cell(score: Score, metric: str) -> str:
    digits = 1 if metric == "median_rank" else 3
    text = f"{score.metrics[metric]:.{digits}f}"
    if not score.low:
        return text
    text = f"[bold]{text}[/bold]" if score.p[metric] < ALPHA else text
    return f"{text} [dim]{score.low[metric]:.{digits}f}–{score.high[metric]:.{digits}f}[/dim]"
