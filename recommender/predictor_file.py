"""Trained predictors on disk: safetensors with everything that is known about them inside.

The metadata holds one JSON text under `leitmotif`: kind ("linear" or "network"), name, description,
extractors, config, scores and reliability; and beside it what `data.checksums` says. Nothing is
ever unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import check_arrays, other_version, seal_arrays
from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_NAMES
from data.words import Sentence

KIND, VERSION = "predictor", 2
KINDS = ("linear", "network")
FIELDS = {"inputs": list(VIDEO_NAMES), "outputs": list(MUSIC_NAMES)}


def write_predictor(
    path: str | os.PathLike, kind: str, arrays: Mapping[str, np.ndarray], metadata: Mapping
) -> None:
    """Write arrays and metadata (anything JSON can hold; NaN becomes null), whole or not at all."""
    from safetensors.numpy import save_file

    assert kind in KINDS, kind
    known = {**FIELDS, **metadata, "kind": kind}
    text = json.dumps(plain(known), ensure_ascii=False, allow_nan=False)
    stored = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with atomic_path(path) as temporary:
        save_file(stored, temporary, seal_arrays(KIND, VERSION, stored, {"leitmotif": text}))


def read_predictor(path: str | os.PathLike) -> tuple[dict, dict[str, np.ndarray]]:
    """Metadata and arrays.

    Raises `InputError` for a file that is missing, no safetensors, damaged, or of other fields.
    """
    from safetensors import SafetensorError, safe_open

    path, cure = Path(path), Sentence("recommender.train_again")
    if not path.is_file():
        raise InputError("recommender.no_file", file=path)
    try:
        with safe_open(path, framework="numpy") as file:
            sealed = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in list(file.keys())}
    except (SafetensorError, OSError, ValueError):
        pickled = path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x04", b"\x80\x05", b"PK")
        code = "recommender.pickled" if pickled else "recommender.no_safetensors"
        raise InputError(code, file=path) from None
    if "kind" not in sealed:  # version 1 and the files of others
        raise other_version(path, cure)
    metadata = json.loads(check_arrays(KIND, VERSION, arrays, sealed, path, cure)["leitmotif"])
    if any(metadata.get(name) != names for name, names in FIELDS.items()):
        raise other_version(path, cure)
    return metadata, arrays


def plain(value: object) -> object:
    """A copy that JSON can hold: arrays and tuples as lists, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
