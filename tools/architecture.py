"""Write docs/architecture.md: `python -m tools.architecture`.

The list of who may import whom is the one that tests/test_imports.py holds; what a room is for is
the first sentence of its own docstring.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.test_imports import LAYERS, NARROW, ROOT, sources

PAGE = ROOT / "docs" / "architecture.md"
HEAD = """# Architecture

Written by `python -m tools.architecture` from the list in `tests/test_imports.py`; change that.

## The path of the data

```
video ─features/video→ signals → 11-D ─recommender→ 10-D ─matcher→ top-K tracks
music ─features/audio→ descriptors → 10-D ─→ audio_features.csv (the catalogue)
```

`leitmotif/pipeline.py` is that sentence in code. Arrays pass between the four packages at the top,
which never import each other; the request that travels is a `Query`, the answer a `Recommendation`.

## Who may import whom

From the doors down: a room imports from itself and from the layers below its own, never from a room
beside it, never from one above.

| layer | room | what it is for |
|---|---|---|
"""


def purpose(room: str) -> str:
    """First sentence of a room's docstring."""
    text = ast.get_docstring(ast.parse(sources()[room].read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return paragraph.split(". ")[0].removesuffix(".").replace("|", "\\|")


def page() -> str:
    """The page as text."""
    rows = [
        f"| {level} | `{room}` | {purpose(room)} |"
        for level, rooms in enumerate(LAYERS)
        for room in rooms
    ]
    narrow = [
        f"- `{room}` takes only {', '.join(f'`{name}`' for name in sorted(names))}."
        for room, names in NARROW.items()
    ]
    return HEAD + "\n".join([*rows, "", "Narrower than their layer:", "", *narrow]) + "\n"


def main(path: Path = PAGE) -> None:
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
