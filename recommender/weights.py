"""Trained predictors on disk: safetensors with everything that is known about them inside.

The metadata holds one JSON text under `leitmotif`: layout, kind ("linear" or "network"), name,
description, extractors, config, scores and reliability. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.profiles import MUSIC_NAMES, VIDEO_NAMES

LAYOUT = "leitmotif-recommender-1"
KINDS = ("linear", "network")
FIELDS = {"inputs": list(VIDEO_NAMES), "outputs": list(MUSIC_NAMES)}


def write_weights(
    path: str | os.PathLike, kind: str, arrays: Mapping[str, np.ndarray], metadata: Mapping
) -> None:
    """Write arrays and metadata (anything JSON can hold; NaN becomes null), whole or not at all."""
    from safetensors.numpy import save_file

    assert kind in KINDS, kind
    text = json.dumps(
        plain({"layout": LAYOUT, "kind": kind, **FIELDS, **metadata}),
        ensure_ascii=False,
        allow_nan=False,
    )
    with atomic_path(path) as temporary:
        save_file(
            {n: np.ascontiguousarray(a) for n, a in arrays.items()},
            temporary,
            metadata={"leitmotif": text},
        )


def read_weights(path: str | os.PathLike) -> tuple[dict, dict[str, np.ndarray]]:
    """Metadata and arrays. Raises `InputError` for a file that is missing, no safetensors, or of another layout."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"{path}: no such weights file; train one with `leitmotif train PAIRS -o FILE`."
        )
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("leitmotif")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (SafetensorError, OSError, ValueError) as error:
        pickled = path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x04", b"\x80\x05", b"PK")
        why = (
            "a pickled checkpoint, which is never loaded"
            if pickled
            else f"damaged or no safetensors file ({error})"
        )
        raise InputError(f"{path}: {why}; use weights written by `leitmotif train`.") from None
    metadata = json.loads(text) if text else {}
    if metadata.get("layout") != LAYOUT or any(
        metadata.get(n) != names for n, names in FIELDS.items()
    ):
        raise InputError(
            f"{path}: weights of another layout than {LAYOUT}; train again with `leitmotif train`."
        )
    return metadata, arrays


def plain(value: object) -> object:
    """A copy that JSON can hold: arrays and tuples as lists, numbers that are not finite as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
