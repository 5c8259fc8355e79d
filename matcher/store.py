"""A built index on disk: one safetensors file whose arrays are mapped, not read."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from matcher.exact import TrackIndex, has_numba
from matcher.metric import Scaling

FORMAT = "leitmotif-index-1"
_PARTS = ("near", "order", "boxes", "tops", "dims", "center", "unit", "reach")
_SCANNED_FIRST = 4_000_000
"""Rows scanned before the compiled search is loaded: loading it takes about as long as scanning so many (ours, measured)."""
_DTYPES = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "I32": np.int32, "U8": np.uint8}


def fingerprint(features: np.ndarray) -> str:
    """Tells one catalogue's numbers from another's."""
    return f"{len(features)}-{zlib.crc32(np.ascontiguousarray(features)):08x}"


def save(index: TrackIndex, path: str | os.PathLike) -> None:
    """Write `index` with its features, ids and every block index it has or can have."""
    from safetensors.numpy import save_file

    arrays = {
        "features": index.features,
        "center": index.scaling.center,
        "spread": index.scaling.spread,
    }
    for name, blocks in (("blocks", index.blocks), ("side", index.side)):
        if blocks is not None:
            arrays |= {f"{name}.{part}": getattr(blocks, part) for part in _PARTS}
    if index.ids is not None:
        arrays["ids"] = np.frombuffer(
            json.dumps(index.ids.tolist(), ensure_ascii=False).encode(), dtype=np.uint8
        )
    with atomic_path(path) as temporary:
        save_file(arrays, temporary, {"format": FORMAT, "fingerprint": fingerprint(index.features)})


def load(path: str | os.PathLike) -> TrackIndex:
    """Map the index at `path`. Raises `InputError` if there is none, or it is damaged."""
    metadata, arrays = _open(Path(path))
    try:
        blocks, side = _blocks(arrays, "blocks"), _blocks(arrays, "side")
        ids = np.array(json.loads(arrays["ids"].tobytes())) if "ids" in arrays else None
        index = TrackIndex(
            arrays["features"], ids, Scaling(arrays["center"], arrays["spread"]), blocks
        )
    except (KeyError, ValueError):
        raise InputError(
            f"{path}: this index is damaged; remove it, it is built again from its catalogue."
        ) from None
    index.side = side
    index.patience = _SCANNED_FIRST
    index.fingerprint = metadata["fingerprint"]
    return index


def _blocks(arrays: dict[str, np.ndarray], name: str):
    if f"{name}.near" not in arrays or not has_numba():
        return None
    from matcher.blocks import Blocks

    return Blocks(*(arrays[f"{name}.{part}"] for part in _PARTS))


def _open(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """The header's metadata and the arrays, mapped copy-on-write."""
    try:
        whole = np.memmap(path, dtype=np.uint8, mode="c")
        size = int(whole[:8].view(np.uint64)[0])
        header = json.loads(whole[8 : 8 + size].tobytes())
        metadata = header.pop("__metadata__")
        if metadata["format"] != FORMAT:
            raise InputError(
                f"{path}: an index of another version; remove it, it is built again from its catalogue."
            )
        body = np.asarray(whole)[8 + size :]
        arrays = {}
        for name, entry in header.items():
            first, last = entry["data_offsets"]
            if last > body.size:
                raise ValueError
            arrays[name] = body[first:last].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
        return metadata, arrays
    except OSError as error:
        raise InputError(
            f"{path}: no index to read here ({error.strerror}); build one from the catalogue first."
        ) from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, MemoryError):
        raise InputError(
            f"{path}: this is not an index of Leitmotif, or it is damaged; remove it and build it again."
        ) from None


def index_of(features: np.ndarray, path: str | os.PathLike) -> TrackIndex:
    """The index kept at `path` if it is of these numbers; else one built now and kept there."""
    path = Path(path)
    if path.exists():
        index = load(path)
        if index.fingerprint == fingerprint(features):
            return index
    index = TrackIndex.build(features)
    index.save(path)
    return index
