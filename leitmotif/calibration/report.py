"""The calibration as a table in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from leitmotif.calibration.calibrate import Calibration, FieldReport, Score
    from leitmotif.calibration.measures import Gain


def calibration_table(found: Calibration) -> Table:
    """One row per rated field: held-out R² / r / CCC of the three models, what the better ones add, what is kept."""
    title = f"Held-out agreement with {found.windows} rated windows of {found.clips} clips (R²/r/CCC; gain in R² over 95 % interval)"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for column in ("windows", "ceiling", "closed form", "calibrated", "gain", "Transformer", "gain", "kept"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in found.fields:
        table.add_row(*_cells(row))
    return table


def _cells(row: FieldReport) -> tuple[str, ...]:
    closed, calibrated, transformer = (_score(score) for score in row.scores.values())
    ceiling = "–" if row.ceiling is None else f"{row.ceiling:.2f}"
    gains = _gain(row.calibrated_gain), _gain(row.transformer_gain)
    kept = "closed form" if row.kept == "closed" else row.kept
    return row.name, str(row.windows), ceiling, closed, calibrated, gains[0], transformer, gains[1], f"[bold]{kept}[/bold]"


def _score(score: Score) -> str:
    return f"{score.r2:.2f}/{score.r:.2f}/{score.ccc:.2f}"


def _gain(gain: Gain) -> str:
    text = f"{gain.value:+.2f}\n[dim]{gain.low:+.2f}…{gain.high:+.2f}[/dim]"
    return f"[bold]{text}[/bold]" if gain.low > 0 else text
