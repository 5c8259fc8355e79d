"""Damage shows: every file that we write and read back says its kind, its version and a checksum.

The checksum is CRC-32 (ISO 3309, as in PNG and gzip): it finds every single flipped bit and every
burst of damage up to 32 bits, misses other damage once in 4 billion times, and reads about 4 GB/s,
so that whole files can be checked whenever they are opened. It guards against disks and
cut copies, not against somebody who means harm.

What is written      how                                                   raises on damage
    a JSON document  `write_json` / `read_json`, `seal` / `unseal`         `Damaged`
    lines of JSON    `seal` / `unseal`, one line at a time                 `Damaged`
    bytes (npz, …)   `pack` / `unpack`                                     `Damaged`
    arrays by name   `seal_arrays` / `check_arrays` (safetensors)          `Damaged`
    a row (SQLite)   `checksum` in a column of its own                     the caller
    Parquet          `SEAL` in its metadata, then `stamp` / `is_whole`     the caller

A cache catches `Damaged` and makes its file again; anywhere else it is one sentence for a person.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.words import Sentence

_SEALED = ("kind", "version", "checksum")
_HEADER = re.compile(rb"leitmotif ([a-z-]+) (\d+) ([0-9a-f]{8})\n")
SEAL = "leitmotif-seal:00000000:000000000000"
"""Placeholder for `stamp`: a value of the metadata in the footer of a Parquet file.

Checksum, then size: a table that another program wrote again with our metadata has another size,
and so a seal that is not its own."""
_SEAL = re.compile(rb"leitmotif-seal:([0-9a-f]{8}):([0-9]{12})")


class Damaged(InputError):
    """A file of ours is not as we wrote it."""


def checksum(*parts: bytes | bytearray | memoryview | str | np.ndarray) -> int:
    """CRC-32 of several parts with their lengths, 0 to 2³² − 1.

    An array counts with its dtype and shape, and in C order.
    """
    value = 0
    for part in parts:
        if isinstance(part, np.ndarray):
            value = zlib.crc32(f"{part.dtype.str}{part.shape}".encode(), value)
            flat = np.ascontiguousarray(part).reshape(-1)
            value = zlib.crc32(flat.view(np.uint8).data, value)
            continue
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        value = zlib.crc32(data, zlib.crc32(f"{len(data)}:".encode(), value))
    return value


def damaged(file: object, cure: str | None = None) -> Damaged:
    """The error to raise. cure : what to do, as a `Sentence`; by default to make the file again."""
    return Damaged("files.damaged", file=file, cure=cure or Sentence("files.make_again"))


def other_version(file: object, cure: str | None = None) -> Damaged:
    """The error for a file of ours that another version of Leitmotif wrote."""
    return Damaged("files.other_version", file=file, cure=cure or Sentence("files.make_again"))


# ------------------------------------------------------------------------------ JSON


def parse_json(text: str | bytes, file: object) -> Any:
    """What a JSON text says.

    Raises `InputError` for anything that is not strict JSON in UTF-8: cut text, NaN and Infinity,
    numbers of thousands of digits, nesting deeper than Python reads.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # also UnicodeDecodeError and too many digits
        raise InputError("files.no_json", file=file) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def seal(kind: str, version: int, document: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with `kind`, `version` and `checksum`.

    Raises `ValueError` for NaN or infinity in it.
    """
    sealed = {"kind": kind, "version": version, **document}
    return sealed | {"checksum": f"{_of_json(sealed):08x}"}


def unseal(
    record: object, kind: str, version: int, file: object, cure: str | None = None
) -> dict[str, Any]:
    """The document that `seal` was given. Raises `Damaged`."""
    if not isinstance(record, dict) or record.get("kind") != kind:
        raise damaged(file, cure)
    rest = {k: v for k, v in record.items() if k != "checksum"}
    if record.get("checksum") != f"{_of_json(rest):08x}":
        raise damaged(file, cure)
    if record.get("version") != version:
        raise other_version(file, cure)
    return {k: v for k, v in record.items() if k not in _SEALED}


def _of_json(document: Mapping[str, Any]) -> int:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return checksum(text)


def write_json(
    path: str | os.PathLike[str], kind: str, version: int, document: Mapping[str, Any]
) -> None:
    """Write a sealed document, whole or not at all."""
    text = json.dumps(seal(kind, version, document), ensure_ascii=False, indent=1) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(
    path: str | os.PathLike[str], kind: str, version: int, cure: str | None = None
) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises `Damaged`, or `OSError` where the file cannot be read.
    """
    try:
        record = parse_json(Path(path).read_bytes(), path)
    except InputError:
        raise damaged(path, cure) from None
    return unseal(record, kind, version, path, cure)


# ------------------------------------------------------------------------------ bytes and arrays


def pack(kind: str, version: int, payload: bytes) -> bytes:
    """`payload` behind a line that says what it is. kind : lower-case letters and hyphens."""
    return f"leitmotif {kind} {version} {zlib.crc32(payload):08x}\n".encode() + payload


def unpack(
    blob: bytes | memoryview, kind: str, version: int, file: object, cure: str | None = None
) -> memoryview:
    """The payload that `pack` was given. Raises `Damaged`."""
    header = _HEADER.match(bytes(blob[:80]))
    if header is None or header[1] != kind.encode():
        raise damaged(file, cure)
    payload = memoryview(blob)[header.end() :]
    if int(header[3], 16) != zlib.crc32(payload):
        raise damaged(file, cure)
    if int(header[2]) != version:
        raise other_version(file, cure)
    return payload


def seal_arrays(
    kind: str, version: int, arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> dict[str, str]:
    """`metadata` (text to text, as safetensors keeps it) with kind, version and checksum."""
    sealed = {**metadata, "kind": kind, "version": str(version)}
    return sealed | {"checksum": f"{_of_arrays(arrays, sealed):08x}"}


def check_arrays(
    kind: str,
    version: int,
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, str],
    file: object,
    cure: str | None = None,
) -> dict[str, str]:
    """The metadata that `seal_arrays` was given. Raises `Damaged`."""
    if metadata.get("kind") != kind:
        raise damaged(file, cure)
    rest = {k: v for k, v in metadata.items() if k != "checksum"}
    if metadata.get("checksum") != f"{_of_arrays(arrays, rest):08x}":
        raise damaged(file, cure)
    if metadata.get("version") != str(version):
        raise other_version(file, cure)
    return {k: v for k, v in metadata.items() if k not in _SEALED}


def _of_arrays(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> int:
    parts: list[str | np.ndarray] = []
    for name in sorted(metadata):
        parts += [name, metadata[name]]
    for name in sorted(arrays):
        parts += [name, arrays[name]]
    return checksum(*parts)


# ------------------------------------------------------------------------------ Parquet


def stamp(path: Path) -> None:
    """Put the checksum of the whole file into the `SEAL` of its footer."""
    _stamp(path, 0)


def stamp_footer(path: Path) -> None:
    """Put the checksum of the footer alone into the `SEAL` there; the rows have their own."""
    _stamp(path, _footer_start(path))


def is_whole(path: Path) -> bool | None:
    """Whether a stamped file is as it was written; None for one without a seal."""
    return _holds(path, 0)


def footer_is_whole(path: Path) -> bool | None:
    """Whether a stamped footer is as it was written; None for one without a seal."""
    return _holds(path, _footer_start(path))


def _footer_start(path: Path) -> int:
    """Where the footer of a Parquet file begins; the file's start where that makes no sense."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        length = int.from_bytes(file.read(4), "little")
    return size - 8 - length if length + 8 <= size else 0


def _stamp(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        places = _seals(file, path)
        if len(places) != 1:
            raise ValueError(f"{len(places)} seals in the footer of {path}")
        ((at, _, _),) = places
        file.seek(at + 9)
        file.write(f"{path.stat().st_size:012d}".encode())
        value = _with_blank_seal(file, start, at)
        file.seek(at)
        file.write(f"{value:08x}".encode())


def _holds(path: Path, start: int) -> bool | None:
    with path.open("rb") as file:
        size, places = path.stat().st_size, _seals(file, path)
        if not places:
            return None
        # a seal of another size: bytes went in or out since; also where a program kept our metadata
        return any(
            of == size and int(value, 16) == _with_blank_seal(file, start, at)
            for at, value, of in places
        )


def _seals(file: BinaryIO, path: Path) -> list[tuple[int, bytes, int]]:
    """Place and value of the checksum, and the size, in each seal of the footer."""
    start = _footer_start(path)
    file.seek(start)
    return [(start + m.start(1), m[1], int(m[2])) for m in _SEAL.finditer(file.read())]


def _with_blank_seal(file: BinaryIO, start: int, at: int) -> int:
    """CRC-32 from `start` on as if the eight digits at `at` were zeros."""
    file.seek(start)
    value, done = 0, start
    while block := bytearray(file.read(1 << 20)):
        for i in range(max(0, at - done), min(len(block), at + 8 - done)):
            block[i] = ord("0")
        value, done = zlib.crc32(block, value), done + len(block)
    return value
