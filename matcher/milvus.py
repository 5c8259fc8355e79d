"""The same search on Milvus: an embedded file (Milvus Lite), a server, or a cluster by its address.

One collection, one row per track: `track_id` (primary key), `row` (its place in the catalogue, for
ties), the ten numbers and every metadata column as scalar fields, and a vector of twenty numbers
[y, y²], y = (x − center) / spread in the catalogue's deviations. With the query vector [2wq, −w],
inner product = Σ wq² − d², so weights live in the query and one FLAT index serves them all
(the reduction is old: Bachrach et al. 2014 give it for one fixed metric).

The vectors are float32. So more rows are fetched than asked for and measured again in float64, and
the score of the last row fetched proves that no other can be nearer; where it does not, more are
fetched. The answers are therefore those of `matcher.exact`, or an error.

Two rows that no search reaches hold center and spread.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from data.catalogue import Catalogue, to_number
from data.errors import InputError, Progress
from data.profiles import MUSIC_NAMES
from matcher.filters import Condition
from matcher.metric import (
    RAW,
    SCALES,
    Scaling,
    check_choice,
    check_query,
    check_weights,
    distances,
    standard_scaling,
)
from matcher.milvus_filter import MISSING, to_expression
from matcher.scan import smallest

COLLECTION = "leitmotif_tracks"
_FIRST_FETCH, _LARGEST_FETCH = 64, 16_384
"""Rows fetched at once; the second is the most Milvus gives."""
_BATCH = 2_000
_TEXT_BYTES = 2_048
_CENTER, _SPREAD = "\x7fcenter", "\x7fspread"
_OUT_OF_REACH = 1e15
_WAITS = (0.5, 1.0, 2.0)
"""Seconds between attempts to reach a server (ours)."""
_GRPC = {"grpc.keepalive_time_ms": 300_000, "grpc.keepalive_permit_without_calls": 0}
"""The client would ask an idle server every 10 s whether it is there; gRPC servers, and so Milvus Lite,
allow that every 300 s, and hang up with "too_many_pings" on stderr while a long film is watched."""
_ROUNDING = 2.0**-24 * 32
"""Relative error of a float32 sum of twenty products of rounded numbers, generously."""
_LEFT_OUT = ("license_url", "content_sha256", "track_id")


class MilvusIndex:
    """A catalogue in a Milvus collection, with the search of `TrackIndex`. Made by `MilvusIndex.connect`."""

    def __init__(self, client: Any, uri: str, collection: str) -> None:
        self._client, self._uri, self._collection = client, uri, collection
        self._known: tuple[Scaling, dict[str, bool]] | None = None

    @classmethod
    def connect(
        cls,
        uri: str,
        *,
        token: str | None = None,
        collection: str = COLLECTION,
        timeout: float = 10.0,
    ) -> MilvusIndex:
        """Open a Milvus Lite file (`*.db`), a server (`http://host:19530`) or a cluster.

        token : "user:password" or an API key; the environment's MILVUS_TOKEN by default. A server that
        does not answer is tried again a few times. Raises `InputError`.
        """
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise InputError(
                f"{uri}: Milvus needs its client; install it with `pip install leitmotif[cluster]`."
            ) from None
        logging.getLogger("pymilvus").setLevel(
            logging.CRITICAL
        )  # what it has to say comes as an exception
        token = token if token is not None else os.environ.get("MILVUS_TOKEN", "")
        client = _patiently(
            lambda: MilvusClient(uri, token=token, timeout=timeout, grpc_options=_GRPC), uri
        )
        return cls(client, uri, collection)

    def close(self) -> None:
        self._client.close()

    def __len__(self) -> int:
        """Tracks in the collection."""
        self._describe()
        found = self._do(
            lambda c: c.query(self._collection, filter="row >= 0", output_fields=["count(*)"])
        )
        return int(found[0]["count(*)"])

    # -------------------------------------------------------------------------- writing

    def push(self, catalogue: Catalogue, *, progress: Progress | None = None) -> None:
        """Make the collection hold exactly this catalogue: tracks are added, replaced and removed.

        A collection with other columns is made anew.
        """
        columns = _columns(catalogue)
        scaling = standard_scaling(catalogue.features)
        if self._exists() and self._describe()[1] != columns:
            self._do(lambda c: c.drop_collection(self._collection))
        fresh = not self._exists()
        if fresh:
            self._create(columns)
        self._write_scaling(scaling, columns)
        self._known = (scaling, columns)
        self._write(
            catalogue, "insert" if fresh else "upsert", progress
        )  # looking for what to replace takes Milvus long
        if not fresh:
            kept = set(catalogue.track_ids)
            self.delete([i for i in self._ids() if i not in kept])

    def upsert(self, catalogue: Catalogue, *, progress: Progress | None = None) -> None:
        """Add these tracks, or replace those with the same ids; ties are then settled by this order.

        The scale of the collection stays that of the last `push`.
        """
        self._write(catalogue, "upsert", progress)

    def _write(self, catalogue: Catalogue, how: str, progress: Progress | None) -> None:
        scaling, columns = self._describe()
        y = (catalogue.features - scaling.center) / scaling.spread
        vectors = np.hstack([y, y * y]).astype(np.float32)
        ids = catalogue.track_ids
        values = {
            n: catalogue.numbers(n) if numeric else catalogue.text(n)
            for n, numeric in columns.items()
        }
        for start in range(0, len(ids), _BATCH):
            rows = [
                {"track_id": ids[i], "row": i, "vector": vectors[i]}
                | dict(zip(MUSIC_NAMES, catalogue.features[i].tolist(), strict=True))
                | {n: _cell(values[n][i]) for n in columns}
                for i in range(start, min(start + _BATCH, len(ids)))
            ]
            self._do(lambda c, rows=rows: getattr(c, how)(self._collection, rows))
            if progress:
                progress("push", min(start + _BATCH, len(ids)), len(ids))

    def delete(self, track_ids: Sequence[str]) -> None:
        """Remove tracks; ids that are not there are ignored."""
        self._describe()
        for start in range(0, len(track_ids), _BATCH):
            self._do(
                lambda c, some=list(track_ids[start : start + _BATCH]): c.delete(
                    self._collection, ids=some
                )
            )

    # -------------------------------------------------------------------------- searching

    def search(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: str | Sequence[Condition] | None = None,
    ) -> tuple[list[str], np.ndarray]:
        """Ids and float64 distances of the k nearest tracks, as `TrackIndex.search` gives them.

        where : a filter as in `matcher.filters`; Milvus applies it. Raises `InputError`, also for the
        cosine metric, whose lengths change with the weights and so cannot be stored.
        """
        if metric != "euclidean":
            raise InputError(f"metric: {metric} is not to be had from Milvus, because the length of a track depends on the weights; "
                             "use euclidean, or an index of our own.")  # fmt: skip
        query, weights = check_query(query), check_weights(weights)
        deviations, columns = self._describe()
        scaling = deviations if check_choice(scale, SCALES, "scale") == "standard" else RAW
        expression = to_expression(where, columns)
        y = (query - deviations.center) / deviations.spread
        w = weights * (deviations.spread / scaling.spread) ** 2
        unit = np.sqrt(w.max())
        w /= w.max()
        limit = max(_FIRST_FETCH, 4 * k)
        while limit <= _LARGEST_FETCH and np.abs(y).max() < _OUT_OF_REACH:
            hits = self._fetch(np.concatenate([2 * w * y, -w]), limit, expression)
            rows = [hit["entity"] for hit in hits if hit["entity"]["row"] >= 0]
            ids, found, nearest = _measure(rows, query, k, weights, scaling)
            if len(hits) < limit or (
                len(found) >= k and _proved(w, y, nearest / unit, hits[-1]["distance"])
            ):
                return ids, found
            limit *= 8
        ids, found, _ = _measure(self._everything(expression), query, k, weights, scaling)
        return ids, found

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: str | Sequence[Condition] | None = None,
    ) -> tuple[list[list[str]], list[np.ndarray]]:
        """`search` for each of n queries; weights as in `TrackIndex.search_batch`."""
        each = [weights] * len(queries) if weights is None or np.ndim(weights) == 1 else weights
        found = [
            self.search(q, k, w, metric, scale, where) for q, w in zip(queries, each, strict=True)
        ]
        return [ids for ids, _ in found], [d for _, d in found]

    def _fetch(self, vector: np.ndarray, limit: int, expression: str) -> list[dict]:
        return self._do(
            lambda c: c.search(
                self._collection, [vector.astype(np.float32).tolist()], filter=expression, limit=limit, anns_field="vector",
                output_fields=["track_id", "row", *MUSIC_NAMES], search_params={"metric_type": "IP"}, consistency_level="Strong",
            )
        )[0]  # fmt: skip

    def _everything(self, expression: str) -> list[dict]:
        """Every row that passes; the last resort where thousands of tracks are alike."""
        fields = ["track_id", "row", *MUSIC_NAMES]
        return self._pages(" and ".join(filter(None, ["row >= 0", expression])), fields)

    def _ids(self) -> list[str]:
        return [row["track_id"] for row in self._pages("row >= 0", ["track_id"])]

    def _pages(self, expression: str, fields: list[str]) -> list[dict]:
        """All rows of an expression, a page at a time, in order of their id."""
        rows: list[dict] = []
        pages = self._do(
            lambda c: c.query_iterator(
                self._collection, batch_size=_BATCH, filter=expression, output_fields=fields
            )
        )
        while page := self._do(lambda c: pages.next()):
            rows += page
        pages.close()
        return rows

    # -------------------------------------------------------------------------- the collection

    def _exists(self) -> bool:
        return self._do(lambda c: c.has_collection(self._collection))

    def _create(self, columns: dict[str, bool]) -> None:
        from pymilvus import DataType

        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("track_id", DataType.VARCHAR, is_primary=True, max_length=_TEXT_BYTES)
        schema.add_field("row", DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2 * len(MUSIC_NAMES))
        for name in MUSIC_NAMES:
            schema.add_field(name, DataType.DOUBLE)
        for name, numeric in columns.items():
            if numeric:
                schema.add_field(name, DataType.DOUBLE)
            else:
                schema.add_field(name, DataType.VARCHAR, max_length=_TEXT_BYTES)
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type="FLAT", metric_type="IP", params={})
        self._do(
            lambda c: c.create_collection(
                self._collection, schema=schema, index_params=index, consistency_level="Strong"
            )
        )

    def _write_scaling(self, scaling: Scaling, columns: dict[str, bool]) -> None:
        vector = [0.0] * len(MUSIC_NAMES) + [_OUT_OF_REACH] * len(MUSIC_NAMES)
        blank = {name: MISSING if numeric else "" for name, numeric in columns.items()}
        rows = [
            {"track_id": name, "row": -1, "vector": vector}
            | blank
            | dict(zip(MUSIC_NAMES, values.tolist(), strict=True))
            for name, values in ((_CENTER, scaling.center), (_SPREAD, scaling.spread))
        ]
        self._do(lambda c: c.upsert(self._collection, rows))

    def _describe(self) -> tuple[Scaling, dict[str, bool]]:
        """Scaling, and the filterable columns: whether each holds numbers."""
        if self._known is None:
            if not self._exists():
                raise InputError(
                    f"{self._uri}: there is no collection '{self._collection}'; fill it with `leitmotif index push`."
                )
            self._do(lambda c: c.load_collection(self._collection))
            fields = self._do(lambda c: c.describe_collection(self._collection))["fields"]
            fixed = {"track_id", "row", "vector", *MUSIC_NAMES}
            columns = {
                f["name"]: int(f["type"]) == 11 for f in fields if f["name"] not in fixed
            }  # DataType.DOUBLE
            held = self._do(
                lambda c: c.query(
                    self._collection,
                    ids=[_CENTER, _SPREAD],
                    output_fields=["track_id", *MUSIC_NAMES],
                )
            )
            values = {row["track_id"]: np.array([row[n] for n in MUSIC_NAMES]) for row in held}
            if set(values) != {_CENTER, _SPREAD}:
                raise InputError(
                    f"{self._uri}: collection '{self._collection}' is none of Leitmotif's; choose another name."
                )
            self._known = Scaling(values[_CENTER], values[_SPREAD]), columns
        return self._known

    def _do(self, work: Callable[[Any], Any]) -> Any:
        return _patiently(lambda: work(self._client), self._uri)


def _patiently(work: Callable[[], Any], uri: str) -> Any:
    """Call `work`, again after a pause where the server does not answer; `InputError` when it never does."""
    from pymilvus.exceptions import MilvusException

    for wait in (*_WAITS, None):
        try:
            return work()
        except MilvusException as error:
            message = str(error.message or error)
            away = re.search(
                r"connect|unavailable|timeout|timed out|deadline|closed channel",
                message,
                re.IGNORECASE,
            )
            if not away:
                raise InputError(
                    f"{uri}: Milvus refuses: {message.strip().splitlines()[0]}"
                ) from error
            if wait is None:
                raise InputError(
                    f"{uri}: no Milvus server answers here; start it, or check address and token."
                ) from None
            time.sleep(wait)
    raise AssertionError("unreachable")


# ------------------------------------------------------------------------------ numbers


def _measure(rows: list[dict], query, k, weights, scaling) -> tuple[list[str], np.ndarray, float]:
    """Ids and distances of the k nearest of these rows in float64, ties by row; and the largest distance."""
    rows = sorted(rows, key=lambda r: r["row"])
    features = np.array([[r[n] for n in MUSIC_NAMES] for r in rows]).reshape(-1, len(MUSIC_NAMES))
    found = distances(features, query, weights, "euclidean", scaling)
    best = smallest(found, k)
    return (
        [rows[i]["track_id"] for i in best],
        found[best],
        float(found[best[-1]]) if len(best) else np.inf,
    )


def _proved(w: np.ndarray, y: np.ndarray, nearest: float, last_score: float) -> bool:
    """Whether a row that was not fetched, whose score is at most `last_score`, must be farther than `nearest`.

    All in units of the vectors: score = Σ wy² − d², off by at most 3·ε·(√Σwy² + d)².
    """
    length = np.sqrt(np.sum(w * y * y))
    return bool(last_score < length**2 - nearest**2 - 3 * _ROUNDING * (length + nearest) ** 2)


def _columns(catalogue: Catalogue) -> dict[str, bool]:
    """Columns to filter by: whether each holds numbers. Names that Milvus cannot take are left out."""
    columns = {}
    for name in catalogue.columns:
        if (
            name not in _LEFT_OUT
            and re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
            and name not in ("row", "vector")
        ):
            cells = [cell for cell in catalogue.text(name) if cell]
            columns[name] = bool(cells) and all(np.isfinite(to_number(cell)) for cell in cells)
    return columns


def _cell(value: str | float) -> str | float:
    """A value as Milvus holds it: text folded for comparison, a missing number as `MISSING`."""
    if isinstance(value, str):
        return value.strip().casefold().encode()[:_TEXT_BYTES].decode(errors="ignore")
    return float(value) if np.isfinite(value) else MISSING
