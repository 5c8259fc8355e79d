"""What `leitmotif scenes conform` prints: a line a shot."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from leitmotif.scenes.conformed import Conformed, Place
from leitmotif.show.terminal import console


def print_conformed(conformed: Conformed) -> None:
    """Timecode, film, frames, speed, how sure, and the next best."""
    rate, start = conformed.edit.rate, conformed.edit.start
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("from", "film", "frames", "speed", "", "sure", "next best"):
        table.add_column(name)
    for shot in conformed.shots:
        place = shot.place
        cells = [rate.timecode(start + shot.record_in)]
        if place:
            cells += [place.source.title, f"{place.source_in}–{place.source_out}"]
            cells += [f"{float(place.speed):.3f}", "mirrored" if place.mirrored else ""]
        else:
            cells += ["not in the library", "", "", ""]
        cells += [f"{shot.confidence:.0%}", _next(shot.second)]
        table.add_row(*map(Text, cells))
    console().print(table)


def _next(place: Place | None) -> str:
    if place is None:
        return ""
    return f"{place.source.title} {float(place.time_in):.1f} s ({place.agreement:.2f})"
