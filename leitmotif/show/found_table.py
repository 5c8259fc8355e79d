"""What `leitmotif find` prints: what was understood, the music it asks for, the tracks."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from leitmotif.find import Found
from leitmotif.find.wish import account
from leitmotif.show.terminal import matches_table, profile_table


def print_found(found: Found, out: Console) -> None:
    """Three tables; the words first, so that a misunderstanding shows."""
    said = account(found.reading)
    if said:
        table = Table(
            title="Understood", title_justify="left", title_style="bold", box=None,
            padding=(0, 2, 0, 0), show_header=False,
        )  # fmt: skip
        for word, asks in said:
            table.add_row(Text(word), Text(", ".join(map(str, asks))))
        out.print(table, end="\n\n")
    if found.query.importance is not None and found.query.importance.max() >= 0.2:
        out.print(profile_table("The music it asks for", found.music), end="\n\n")
    out.print(matches_table(found))
