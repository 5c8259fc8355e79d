"""Films that have music already, second by second, beside their pairs: `pairs.curves.safetensors`.

    values  (seconds, 4) float32   `NAMES`, one film after another
    first   (films + 1,) int64     where each begins in it

The metadata names each film and its source. What is learned from them is how picture and music move
together (`leitmotif train`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import check_arrays, damaged, seal_arrays
from data.words import Sentence

NAMES = ("cuts", "motion", "novelty", "loudness")
"""1 where a shot begins, else 0; mean motion; difference of the picture to the second before; LU
relative to the film's own loudness, as `matcher.arc.loudness_curve` has it."""
KIND, VERSION = "pair-curves", 1


@dataclass(frozen=True, eq=False)
class FilmCurves:
    """One film. name, source : as in the pairs. values : (T, 4), see `NAMES`."""

    name: str
    source: str
    values: np.ndarray

    def __getitem__(self, name: str) -> np.ndarray:
        """(T,) one of the curves."""
        return self.values[:, NAMES.index(name)]


def curves_beside(pairs: str | os.PathLike[str]) -> Path:
    """Where the curves of the films of a pairs file lie."""
    return Path(pairs).with_suffix(".curves.safetensors")


def write_film_curves(path: str | os.PathLike[str], films: Sequence[FilmCurves]) -> None:
    """Write the file, whole or not at all."""
    from safetensors.numpy import save_file

    lengths = [len(film.values) for film in films]
    empty = np.zeros((0, len(NAMES)), np.float32)
    arrays: dict[str, np.ndarray] = {
        "values": np.concatenate([empty, *(f.values for f in films)]).astype(np.float32),
        "first": np.cumsum([0, *lengths]).astype(np.int64),
    }
    names = {"names": [f.name for f in films], "sources": [f.source for f in films]}
    metadata = {name: json.dumps(texts, ensure_ascii=False) for name, texts in names.items()}
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, seal_arrays(KIND, VERSION, arrays, metadata))


def read_film_curves(path: str | os.PathLike[str]) -> list[FilmCurves]:
    """The films; none where there is no such file. Raises `Damaged`."""
    from safetensors import SafetensorError, safe_open

    path, cure = Path(path), Sentence("learn.again")
    if not path.is_file():
        return []
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in ("values", "first")}
            sealed = file.metadata() or {}
    except (SafetensorError, OSError, ValueError):
        raise damaged(path, cure) from None
    metadata = check_arrays(KIND, VERSION, arrays, sealed, path, cure)
    names, sources = (json.loads(metadata[name]) for name in ("names", "sources"))
    bounds: Iterable[tuple[int, int]] = zip(arrays["first"][:-1], arrays["first"][1:], strict=True)
    return [
        FilmCurves(name, source, arrays["values"][a:b].astype(float))
        for name, source, (a, b) in zip(names, sources, bounds, strict=True)
    ]
