"""How an index of vectors is opened."""

from __future__ import annotations

from pathlib import Path

from matcher.nearest import VectorIndex


def open_vectors(where: str | Path, size: int) -> VectorIndex:
    """The index at `where`: a Milvus address (http://… or a Milvus Lite file *.db), or our file.

    size : numbers of a vector. Raises `InputError`.
    """
    if "://" in str(where) or str(where).endswith(".db"):
        from matcher.milvus_vectors import MilvusVectors

        return MilvusVectors.connect(str(where), size)
    from matcher.hnsw import HnswVectors

    return HnswVectors(Path(where), size)
