"""A score as a table in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leitmotif.score.model import Cue, Score


def print_score(score: Score, console: Console) -> None:
    """One row a cue: number, timecodes, length, track, edits and what there is to know."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("cue", "in", "out"):
        table.add_column(name, no_wrap=True)
    table.add_column("seconds", justify="right")
    table.add_column("track")
    table.add_column("edits", justify="right")
    table.add_column("hits")
    for cue in score.cues:
        table.add_row(
            cue.number,
            score.timecode(cue.start),
            score.timecode(cue.end),
            f"{float(score.film.rate.seconds(cue.frames)):.2f}",
            Text(_track(cue)),
            str(max(len(cue.pieces) - 1, 0)),
            _hits(cue),
        )
    console.print(table)


def _track(cue: Cue) -> str:
    words = "muted" if cue.muted else cue.title or "-"
    who = f" · {cue.track.artist}" if cue.track and cue.track.artist else ""
    return f"{words}{who}{' (locked)' if cue.locked else ''}{f' — {cue.note}' if cue.note else ''}"


def _hits(cue: Cue) -> str:
    return " ".join("?" if hit.miss is None else f"{hit.miss:+d}" for hit in cue.hits)
