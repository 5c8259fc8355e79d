"""What versions before projects kept of a desk, `desk.json`, is taken over once."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from data.checksums import Damaged, read_json
from data.errors import InputError
from leitmotif.sessions.projects import Part
from leitmotif.sessions.workspace import content_key

KIND, VERSION = "desk", 1


def earlier_parts(folder: Path) -> tuple[list[Part], InputError | None]:
    """A desk's parts, and what is to be said where they cannot be read."""
    file = folder / "desk.json"
    try:
        return _parts(read_json(file, KIND, VERSION)), None
    except OSError:
        return [], None  # there was none
    except (Damaged, KeyError, TypeError):
        aside = file.with_name(f"desk-damaged-{time.time_ns():x}.json")
        with suppress(OSError):
            file.replace(aside)
        return [], InputError("session.memory_damaged", file=aside)


def retire(folder: Path) -> None:
    """Put away a file that was taken over."""
    with suppress(OSError):
        (folder / "desk.json").replace(folder / "desk-before-projects.json")


def _parts(record: dict[str, Any]) -> list[Part]:
    films = {f["key"]: f for f in record["films"]}
    text = json.dumps([record["choices"], record.get("scores", {})])
    for key, film in list(films.items()):
        path = Path(film["path"])
        if path.stem != key[:32] and path.is_file():  # of a path, not of an upload's content
            text = text.replace(key, content_key(path))
            films[content_key(path)] = films.pop(key)
    choices, scores = json.loads(text)
    return [
        *(Part("film", k, {"name": f["name"], "path": f["path"], "size": _size(f["path"])})
          for k, f in films.items()),
        *(Part("catalogue", c["key"], {n: c[n] for n in ("name", "path", "followed")})
          for c in record["catalogues"]),
        *(Part("score", key, score) for key, score in scores.items()),
        Part("choices", "", choices),
    ]  # fmt: skip


def _size(path: str) -> int | None:
    return Path(path).stat().st_size if Path(path).is_file() else None
