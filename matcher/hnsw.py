"""Vectors in one file that grows, searched along a graph (HNSW, Malkov and Yashunin 2018; usearch).

Beside the file stands `NAME.json`: what is in it, its size and checksum. A file that is missing,
cut or of other vectors is an empty index, which its owner fills again: nothing is kept here that
is not kept elsewhere. To be searched, the file is mapped and not read.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from usearch.index import Index

from data.atomic import atomic_path
from data.checksums import Damaged, read_json, write_json
from data.errors import InputError
from matcher.nearest import NONE, Nearest

CONNECTIVITY, BUILD, SEARCH = 16, 128, 512
"""Links of a vector, and candidates held while building and searching (usearch's names:
connectivity, expansion_add, expansion_search). Of ten million vectors 128 candidates miss 3 to 8 %
of the nearest twenty, as the graph happens to be built, and 256 miss .25 %: twice as many are held
to be safe, at 2.2 ms a query, and no fewer in a small index, where they cost little
(`benchmarks/results/scenes.md`)."""
KIND, VERSION = "vector-index", 1
_SHIFT = np.uint64(32)
_ROW = np.uint64(0xFFFFFFFF)


class HnswVectors:
    """A `VectorIndex` in a file, half precision."""

    def __init__(self, path: Path, size: int, candidates: int = SEARCH) -> None:
        self.path, self.size, self.candidates = path, size, candidates
        self._record = path.with_name(path.name + ".json")
        self._groups: dict[int, int] = {}
        self._index = self._empty()
        self._mapped = False
        with suppress(InputError, OSError, RuntimeError, ValueError, KeyError, TypeError):
            self._open()

    def _empty(self) -> Index:
        return Index(
            ndim=self.size,
            metric="cos",
            dtype="f16",
            connectivity=CONNECTIVITY,
            expansion_add=BUILD,
            expansion_search=self.candidates,
        )

    def _open(self) -> None:
        said = read_json(self._record, KIND, VERSION)
        if said["vector"] != self.size or self.path.stat().st_size != said["bytes"]:
            return
        index = self._empty()
        index.view(os.fspath(self.path))
        groups = {int(group): int(count) for group, count in said["groups"].items()}
        if len(index) == sum(groups.values()):
            self._index, self._groups, self._mapped = index, groups, True

    def __len__(self) -> int:
        return len(self._index)

    def groups(self) -> set[int]:
        return set(self._groups)

    def add(self, group: int, vectors: np.ndarray) -> None:
        self.remove(group)
        self._load()
        if len(vectors):
            keys = (np.uint64(group) << _SHIFT) | np.arange(len(vectors), dtype=np.uint64)
            self._index.add(keys, np.asarray(vectors, dtype=np.float16))
        self._groups[group] = len(vectors)

    def remove(self, group: int) -> None:
        if group in self._groups:
            self._load()
            count = self._groups.pop(group)
            keys = (np.uint64(group) << _SHIFT) | np.arange(count, dtype=np.uint64)
            self._index.remove(keys)

    def _load(self) -> None:
        """Read the file that was only mapped, because it is to be changed. Raises `Damaged`."""
        if not self._mapped:
            return
        said = read_json(self._record, KIND, VERSION)
        if _checksum(self.path) != said["content"]:
            raise Damaged("files.damaged", file=self.path, cure="")
        self._index.load(os.fspath(self.path))
        self._mapped = False

    def search(self, vectors: np.ndarray, k: int) -> Nearest:
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float16))
        groups = np.full((len(queries), k), NONE, dtype=np.int64)
        rows, similarity = groups.copy(), np.full(groups.shape, -1.0, dtype=np.float32)
        if not len(self._index) or not len(queries):
            return Nearest(groups, rows, similarity)
        found = self._index.search(queries, k)
        keys = np.atleast_2d(found.keys).astype(np.uint64)
        distances = np.nan_to_num(np.atleast_2d(found.distances))
        counts = np.atleast_1d(getattr(found, "counts", len(keys[0])))
        there = np.arange(keys.shape[1]) < counts[:, None]
        width = keys.shape[1]
        groups[:, :width] = np.where(there, (keys >> _SHIFT).astype(np.int64), NONE)
        rows[:, :width] = np.where(there, (keys & _ROW).astype(np.int64), NONE)
        similarity[:, :width] = np.where(there, 1.0 - distances, -1.0)
        return Nearest(groups, rows, similarity)

    def save(self) -> None:
        if self._mapped:
            return
        with atomic_path(self.path) as temporary:
            self._index.save(os.fspath(temporary))
            record = {
                "vector": self.size,
                "bytes": temporary.stat().st_size,
                "content": _checksum(temporary),
                "groups": {str(group): count for group, count in self._groups.items()},
            }
        write_json(self._record, KIND, VERSION, record)

    def close(self) -> None:
        self._index.reset()  # type: ignore[no-untyped-call]


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            value = zlib.crc32(block, value)
    return value
