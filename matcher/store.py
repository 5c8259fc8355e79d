"""An index on disk: named arrays in one file, read into memory and proved whole.

    8 bytes   the letters of `MAGIC`
    8 bytes   size of the header, little-endian
    header    JSON: dtype, shape and place of each array, and what `data.checksums.seal_arrays` says
    arrays    each from a multiple of 64 bytes on

Nothing is mapped: a file that is shortened or overwritten while it is open can do no harm, and a
flipped bit is found when it is opened, before any answer.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from data.checksums import (
    Damaged,
    check_arrays,
    damaged,
    other_version,
    parse_json,
    seal_arrays,
)
from data.errors import InputError
from data.words import Sentence

KIND, VERSION = "index", 2
MAGIC = b"LEITMIDX"
_BEFORE = b"leitmotif-index-1"
"""Stands in the header of version 1, which was a safetensors file."""
_ALIGNED = 64
_DTYPES = ("<f8", "<f4", "<i8", "<i4", "|u1")


def write(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays; the file appears whole or not at all. Raises `InputError`."""
    if "\0" in os.fspath(path):
        raise InputError("index.name", file=os.fspath(path))
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    places, end = {}, 0
    for name, array in arrays.items():
        first = -(-end // _ALIGNED) * _ALIGNED
        end = first + array.nbytes
        places[name] = {"dtype": array.dtype.str, "shape": array.shape, "bytes": [first, end]}
    header = json.dumps({"arrays": places, "seal": seal_arrays(KIND, VERSION, arrays, {})}).encode()
    header += b" " * (-(len(MAGIC) + 8 + len(header)) % _ALIGNED)
    start = len(MAGIC) + 8 + len(header)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(MAGIC + len(header).to_bytes(8, "little") + header)
        for name, array in arrays.items():
            file.write(b"\0" * (start + places[name]["bytes"][0] - file.tell()))
            file.write(array.reshape(-1).view(np.uint8).data)


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays at `path`.

    Raises `Damaged` for an index of ours that is not whole or of another version, `InputError`
    where there is none.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # a pipe would be waited for
            raise InputError("index.not_ours", file=path)
        whole = np.fromfile(path, dtype=np.uint8)
    except InputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise InputError("index.unreadable", file=str(path), why=why) from None
    head = whole[:4096].tobytes()
    if not head.startswith(MAGIC):
        if _BEFORE in head:
            raise other_version(path, cure())
        raise InputError("index.not_ours", file=path)
    try:
        arrays, seal = _parse(whole)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError):
        raise damaged(path, cure()) from None
    try:
        check_arrays(KIND, VERSION, arrays, seal, path)
    except Damaged as error:
        raise Damaged(error.code, **error.values | {"cure": cure()}) from None
    return arrays


def cure() -> Sentence:
    """What to do with a damaged index."""
    return Sentence("index.cure")


def _parse(whole: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    start = len(MAGIC) + 8
    size = int.from_bytes(whole[len(MAGIC) : start].tobytes(), "little")
    header = parse_json(whole[start : start + size].tobytes(), "index")
    body, arrays = whole[start + size :], {}
    for name, place in header["arrays"].items():
        first, last = place["bytes"]
        if not 0 <= first <= last <= body.size:
            raise ValueError(name)
        if place["dtype"] not in _DTYPES:
            raise ValueError(name)
        arrays[name] = body[first:last].view(place["dtype"]).reshape(place["shape"])
    return arrays, {str(k): str(v) for k, v in header["seal"].items()}


def exists(path: Path) -> bool:
    """Whether something is there; False for a name that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
