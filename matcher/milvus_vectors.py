"""Vectors in Milvus: an embedded file (Milvus Lite), a server, or a cluster by its address.

One collection, one row per vector: `key` (group · 2³² + row), `group`, `row` and the vector. Row 0
of a group is written last, so that a group whose row 0 is here is here as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from data.errors import InputError
from matcher.milvus import MilvusIndex, patiently
from matcher.nearest import NONE, Nearest

COLLECTION = "leitmotif_scenes"
_BATCH = 1_000
_MOST = 16_384
"""Rows at most that Milvus gives at once."""
_GRAPH = {"M": 16, "efConstruction": 128}


class MilvusVectors:
    """A `VectorIndex` in a Milvus collection. Made by `MilvusVectors.connect`."""

    def __init__(self, client: Any, uri: str, collection: str, size: int) -> None:
        self._client, self._uri, self._collection, self.size = client, uri, collection, size

    @classmethod
    def connect(
        cls, uri: str, size: int, *, token: str | None = None, collection: str = COLLECTION
    ) -> MilvusVectors:
        """Open it as `MilvusIndex.connect` does; the collection is made where it is missing.

        Raises `InputError`, also where vectors of another size are in it.
        """
        client = MilvusIndex.connect(uri, token=token, collection=collection).client
        index = cls(client, uri, collection, size)
        if not index._do(lambda c: c.has_collection(collection)):
            index._create()
        fields = index._do(lambda c: c.describe_collection(collection))["fields"]
        found = [f for f in fields if f["name"] == "vector"]
        if not found or int(found[0]["params"]["dim"]) != size:
            client.close()
            raise InputError("index.other_collection", uri=uri, name=collection)
        index._do(lambda c: c.load_collection(collection))
        return index

    def _create(self) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("key", DataType.INT64, is_primary=True)
        schema.add_field("group", DataType.INT64)
        schema.add_field("row", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.size)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="HNSW", metric_type="COSINE", params=_GRAPH)
        self._do(
            lambda c: c.create_collection(
                self._collection, schema=schema, index_params=index, consistency_level="Strong"
            )
        )

    def __len__(self) -> int:
        found = self._do(
            lambda c: c.query(self._collection, filter="row >= 0", output_fields=["count(*)"])
        )
        return int(found[0]["count(*)"])

    def groups(self) -> set[int]:
        found: set[int] = set()
        after = -1
        while True:
            after_here = f"row == 0 and group > {after} and group <= {after + _MOST}"
            page = self._query(after_here)
            found |= {int(row["group"]) for row in page}
            after += _MOST
            if not page and not self._query(f"row == 0 and group > {after}", 1):
                return found

    def _query(self, expression: str, limit: int = _MOST) -> list[dict[str, Any]]:
        return self._do(
            lambda c: c.query(
                self._collection, filter=expression, output_fields=["group"], limit=limit
            )
        )

    def add(self, group: int, vectors: np.ndarray) -> None:
        self.remove(group)
        for end in range(len(vectors), 0, -_BATCH):
            rows = [
                {"key": (group << 32) | row, "group": group, "row": row, "vector": vectors[row]}
                for row in range(end - 1, max(end - _BATCH, 0) - 1, -1)
            ]
            self._insert(rows)

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        self._do(lambda c: c.insert(self._collection, rows))

    def remove(self, group: int) -> None:
        self._do(lambda c: c.delete(self._collection, filter=f"group == {group}"))

    def search(self, vectors: np.ndarray, k: int) -> Nearest:
        queries = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
        groups = np.full((len(queries), k), NONE, dtype=np.int64)
        rows, similarity = groups.copy(), np.full(groups.shape, -1.0, dtype=np.float32)
        if not len(queries):
            return Nearest(groups, rows, similarity)
        found = self._do(
            lambda c: c.search(
                self._collection,
                list(queries),
                limit=k,
                anns_field="vector",
                output_fields=["group", "row"],
                search_params={"metric_type": "COSINE", "params": {"ef": max(128, 2 * k)}},
                consistency_level="Strong",
            )
        )
        for q, hits in enumerate(found):
            for place, hit in enumerate(hits):
                groups[q, place], rows[q, place] = hit["entity"]["group"], hit["entity"]["row"]
                similarity[q, place] = hit["distance"]
        return Nearest(groups, rows, similarity)

    def save(self) -> None:
        """Nothing: Milvus keeps what it was given."""

    def close(self) -> None:
        self._client.close()

    def _do(self, work: Callable[[Any], Any]) -> Any:
        return patiently(lambda: work(self._client), self._uri)
