"""The calibration as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from leitmotif.calibration.crossval import NETWORK_FROM

if TYPE_CHECKING:
    from leitmotif.calibration.calibrate import Calibration, FieldReport, Score
    from leitmotif.calibration.measures import Gain


def calibration_table(found: Calibration) -> Table:
    """One row per rated field: held-out R² / r / CCC of the four models, under them what they add,
    and what is kept.
    """
    title = (
        f"Held-out agreement with {found.windows} rated windows of {found.clips} clips "
        "(R²/r/CCC; gain in R², 95 % interval)"
    )
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0)
    )
    if found.windows < NETWORK_FROM:
        table.caption = (
            f"No Transformer was trained: it takes {NETWORK_FROM} rated windows; "
            "its column is the summary model's."
        )
        table.caption_justify = "left"
    table.add_column("", no_wrap=True)
    for column in (
        "windows",
        "ceiling",
        "closed form",
        "calibrated",
        "summary",
        "Transformer",
        "kept",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found.fields:
        table.add_row(*_cells(row))
    return table


def _cells(row: FieldReport) -> tuple[str, ...]:
    models = [
        _score(score) + (f"\n{_gain(row.gains[name])}" if name in row.gains else "")
        for name, score in row.scores.items()
    ]
    ceiling = "–" if row.ceiling is None else f"{row.ceiling:.2f}"
    kept = "closed form" if row.kept == "closed" else row.kept
    return row.name, str(row.windows), ceiling, *models, f"[bold]{kept}[/bold]"


def _score(score: Score) -> str:
    return f"{score.r2:.2f}/{score.r:.2f}/{score.ccc:.2f}"


def _gain(gain: Gain) -> str:
    text = f"{gain.value:+.2f} {gain.low:+.2f}…{gain.high:+.2f}"
    return f"[bold]{text}[/bold]" if gain.low > 0 else f"[dim]{text}[/dim]"
