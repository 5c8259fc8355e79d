"""Results as tables in the terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from data.numbers import parse_number
from data.profiles import MUSIC_FIELDS, Field, Profile
from leitmotif.pipeline import Recommendation

_BAR = 20
_MEASURED: dict[str, Callable[[float], str]] = {
    "duration_s": lambda v: clock(v),
    "bpm": "{:.0f} BPM".format,
}


def console() -> Console:
    """Stdout; wide enough for a table where it is a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"


def profile_table(title: str, profile: Profile) -> Table:
    """One row per field: names, value, a bar over its range, confidence."""
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    table.add_column("")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("range")
    table.add_column("confidence", justify="right")
    for f, value, confidence in zip(
        profile.FIELDS, profile.values, profile.confidence, strict=True
    ):
        table.add_row(
            f.label,
            f.zh,
            number(f, value),
            bar(f, value, confidence),
            f"{confidence:.0%}",
            style="dim" if confidence == 0 else "",
        )
    return table


def number(f: Field, value: float) -> str:
    """A value with the digits that its range deserves."""
    return f"{value:z.2f}" if f.high - f.low <= 20 else f"{value:z.0f}"


def bar(f: Field, value: float, confidence: float) -> Text:
    """Where the value lies between the ends of its range."""
    at = round((value - f.low) / (f.high - f.low) * (_BAR - 1))
    at = min(max(at, 0), _BAR - 1)
    line = Text("─" * at + "●" + "─" * (_BAR - 1 - at), style="dim")
    line.stylize("bold cyan" if confidence else "dim", at, at + 1)
    return Text(f"{f.low:>4g} ", style="dim") + line + Text(f" {f.high:g}", style="dim")


def matches_table(result: Recommendation) -> Table:
    """One row per track: rank, title, what is known of it, where to begin, distance, reason."""
    table = Table(
        title="Tracks", title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0)
    )
    for column in ("#", "track", "about", "from", "distance", "why"):
        right = column in ("#", "from", "distance")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for place, m in enumerate(result.matches, start=1):
        name = f"{m.name} · {m.track['artist']}" if "artist" in m.track else m.name
        about = [
            show(value)
            for column, show in _MEASURED.items()
            if math.isfinite(value := parse_number(m.track.get(column, "")))
        ]
        about += [m.track[column] for column in ("key", "license") if column in m.track]
        together = [m.placement.reason] if m.placement and m.placement.says_something else []
        why = "; ".join([m.sentence, *together])
        begin = clock(m.placement.in_point) if m.placement else "–"
        table.add_row(
            str(place), Text(name), Text(", ".join(about)), begin, f"{m.distance:.3f}", Text(why)
        )
    return table


def print_recommendation(result: Recommendation, out: Console) -> None:
    """The three tables of one video or scene: what it is like, what it asks for, the tracks."""
    if result.end is not None:
        out.rule(f"scene {clock(result.start)} – {clock(result.end)}", align="left")
    out.print(profile_table("The picture", result.video), end="\n\n")
    out.print(profile_table("The music it asks for", result.music))
    out.print(Text(f"Predictor: {result.predictor}", style="dim"), end="\n\n")
    out.print(matches_table(result))
    placed = [m.placement for m in result.matches if m.placement]
    if placed and not any(p.says_something for p in placed):
        out.print(Text(f"Over time: {placed[0].reason}.", style="dim"))
    assert result.query.importance is not None
    unweighed = [
        f.label.lower()
        for f, w in zip(MUSIC_FIELDS, result.query.importance, strict=True)
        if w == 0
    ]
    if unweighed:
        out.print(Text(f"Left out of the match: {', '.join(unweighed)}.", style="dim"))
