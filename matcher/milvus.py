"""The same search on Milvus: an embedded file (Milvus Lite), a server, or a cluster by its address.

One collection, one row per track: `track_id` (primary key), `row` (its place in the catalogue, for
ties), the ten numbers and every metadata column as scalar fields, and a vector of twenty numbers
[y, y²], y = (x − center) / sd in the catalogue's deviations. With the query vector [2wq, −w],
inner product = Σ wq² − d², so weights live in the query and one FLAT index serves them all
(the reduction is old: Bachrach et al. 2014 give it for one fixed metric).

The vectors are float32. So more rows are fetched than asked for and measured again in float64, and
the score of the last row fetched proves that no other can be nearer; where it does not, more are
fetched. The answers are therefore those of `matcher.exact`, or an error.

Two rows that no search reaches hold center and sd.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from data.catalogue import Catalogue
from data.errors import InputError, Progress
from data.numbers import parse_number
from data.profiles import MUSIC_NAMES
from data.words import Sentence
from matcher.checks import check_choice, check_count, check_query
from matcher.importance import check_queries, check_weights
from matcher.metric import RAW, SCALES, Metric, Scaling, metric_of, standard_scaling
from matcher.milvus_filter import MISSING, to_expression
from matcher.query import Query
from matcher.scan import smallest
from matcher.selection import Selection, Where, select

COLLECTION = "leitmotif_tracks"
_FIRST_FETCH, _LARGEST_FETCH = 64, 16_384
"""Rows fetched at once; the second is the most Milvus gives."""
_BATCH = 2_000
_TEXT_BYTES = 2_048
_CENTER, _SD = "\x7fcenter", "\x7fspread"
_OUT_OF_REACH = 1e15
_WAITS = (0.5, 1.0, 2.0)
"""Seconds between attempts to reach a server (heuristic)."""
_GRPC = {"grpc.keepalive_time_ms": 300_000, "grpc.keepalive_permit_without_calls": 0}
"""The client would ask an idle server every 10 s whether it is there; gRPC servers, and so Milvus
Lite, allow that every 300 s, and hang up with "too_many_pings" while a long film is watched."""
_ROUNDING = 2.0**-24 * 32
"""Relative error of a float32 sum of twenty products of rounded numbers, generously."""
_DOUBLE = 11
"""pymilvus.DataType.DOUBLE."""
_NAMED = 1_000
"""Rows that are named one by one in a filter; of more, the wrong ones are fetched and left out
(heuristic)."""
_FIELDS = ["track_id", "row", *MUSIC_NAMES]
_LEFT_OUT = ("license_url", "content_sha256", "track_id")


class MilvusIndex:
    """A catalogue in a Milvus collection, with the search of `TrackIndex`.

    Made by `MilvusIndex.connect`.
    """

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

        token : "user:password" or an API key; the environment's MILVUS_TOKEN by default. A server
        that does not answer is tried again a few times. Raises `InputError`.
        """
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise InputError("index.no_client", uri=uri) from None
        for logger in ("pymilvus", "milvus_lite"):  # what they have to say comes as an exception
            logging.getLogger(logger).setLevel(logging.CRITICAL)
        token = token if token is not None else os.environ.get("MILVUS_TOKEN", "")
        try:
            client = patiently(
                lambda: MilvusClient(uri, token=token, timeout=timeout, grpc_options=_GRPC), uri
            )
        except InputError:
            raise
        except ValueError as error:  # the client takes addresses apart with urllib
            raise InputError("index.refused", uri=uri, why=str(error)) from None
        return cls(client, uri, collection)

    @property
    def client(self) -> Any:
        """The connection itself."""
        return self._client

    def close(self) -> None:
        """Let go of the file or the connection."""
        self._client.close()

    def __len__(self) -> int:
        """Tracks in the collection."""
        self._describe()
        return self._count("row >= 0")

    @property
    def scaling(self) -> Scaling:
        """Mean and standard deviation of the catalogue that was pushed last."""
        return self._describe()[0]

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
        # looking for what to replace takes Milvus long
        self._write(catalogue, "insert" if fresh else "upsert", progress)
        if not fresh:
            kept = set(catalogue.track_ids)
            self.delete([i for i in self._ids() if i not in kept])

    def upsert(self, catalogue: Catalogue, *, progress: Progress | None = None) -> None:
        """Add these tracks, or replace those with the same ids; ties are settled by this order.

        The scale of the collection stays that of the last `push`.
        """
        self._write(catalogue, "upsert", progress)

    def _write(self, catalogue: Catalogue, how: str, progress: Progress | None) -> None:
        scaling, columns = self._describe()
        y = (catalogue.features - scaling.center) / scaling.sd
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
            self._put(how, rows)
            if progress:
                progress("push", min(start + _BATCH, len(ids)), len(ids))

    def delete(self, track_ids: Sequence[str]) -> None:
        """Remove tracks; ids that are not there are ignored."""
        self._describe()
        for start in range(0, len(track_ids), _BATCH):
            self._remove(list(track_ids[start : start + _BATCH]))

    def _put(self, how: str, rows: list[dict[str, Any]]) -> None:
        self._do(lambda c: getattr(c, how)(self._collection, rows))

    def _remove(self, track_ids: list[str]) -> None:
        # as a filter: the client quotes ids without escaping what is in them
        named = f"track_id in {json.dumps(track_ids, ensure_ascii=False)}"
        self._do(lambda c: c.delete(self._collection, filter=named))

    # -------------------------------------------------------------------------- searching

    def search(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids and float64 distances of the k nearest tracks, as `TrackIndex.search` gives them.

        Raises `InputError`, also for a metric that the vectors cannot hold: the cosine of a track
        depends on a length that changes with the weights.
        """
        named, allowed = "", None
        if where is not None:
            chosen = self.select(where)
            k = min(check_count(k), chosen.count)
            if not k:
                return np.empty(0, dtype=str), np.empty(0)
            if chosen.count <= _NAMED:
                named = f"row in {chosen.numbers.tolist()}"
            else:
                rows = set(chosen.numbers.tolist())
                allowed = lambda track: track["row"] in rows  # noqa: E731
        held, found = self._search(query, k, weights, metric, scale, named, allowed)
        return np.array([track["track_id"] for track in held], dtype=str), found

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same for n queries (n, 10), weights as in `TrackIndex.search_batch`: (n, k) each."""
        queries, each = check_queries(queries, weights)
        where = None if where is None else self.select(where)
        found = [
            self.search(q, k, w, metric, scale, where) for q, w in zip(queries, each, strict=True)
        ]
        return np.array([ids for ids, _ in found]), np.array([d for _, d in found])

    def select(self, where: Where) -> Selection:
        """Prepare a filter for many queries: a boolean per row, or row numbers in any order."""
        return select(where, len(self))

    def nearest(
        self, catalogue: Catalogue, query: Query, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `catalogue`, which was pushed here, and distances; Milvus applies conditions."""
        ids = catalogue.track_ids
        place = {track_id: row for row, track_id in enumerate(ids)}
        expression, allowed = "", None
        if query.filter is not None:
            expression = to_expression(query.filter.conditions, self._describe()[1])
            if query.filter.rows is not None:
                rows = select(query.filter.rows, len(catalogue)).numbers.tolist()
                named = {ids[row] for row in rows}
                allowed = lambda track: track["track_id"] in named  # noqa: E731
        values, importance = query.complete()
        held, found = self._search(
            values, count, importance, query.metric, query.scale, expression, allowed
        )
        for track in held:
            row = place.get(track["track_id"])
            if row is None or _values(track) != catalogue.features[row].tolist():
                name = catalogue.source or Sentence("matcher.the_catalogue")
                raise InputError("index.not_in_catalogue", track=track["track_id"], file=name)
        return np.array([place[track["track_id"]] for track in held], dtype=np.int64), found

    def _search(
        self,
        query: object,
        k: object,
        weights: object,
        metric: str,
        scale: str,
        expression: str,
        allowed: Callable[[dict[str, Any]], bool] | None,
    ) -> tuple[list[dict[str, Any]], np.ndarray]:
        """The k nearest tracks as they are held, and their distances.

        expression : what Milvus shall keep. allowed : what of that may be answered.
        """
        measure = metric_of(metric)
        if not measure.linear:
            raise InputError("index.metric", metric=metric)
        query, importance, k = check_query(query), check_weights(weights), check_count(k)
        deviations = self.scaling
        scaling = deviations if check_choice(scale, SCALES, "scale") == "standard" else RAW
        asked = (query, k, importance, measure, scaling)
        y = (query - deviations.center) / deviations.sd
        w = importance * (deviations.sd / scaling.sd) ** 2
        unit = np.sqrt(w.max())
        w /= w.max()
        limit = max(_FIRST_FETCH, 4 * k)
        while limit <= _LARGEST_FETCH and np.abs(y).max() < _OUT_OF_REACH:
            hits = self._fetch(np.concatenate([2 * w * y, -w]), limit, expression)
            rows = [hit["entity"] for hit in hits if hit["entity"]["row"] >= 0]
            held, found = _measure(filter(allowed, rows) if allowed else rows, *asked)
            if len(hits) < limit or (
                len(found) == k and _proved(w, y, found[-1] / unit, hits[-1]["distance"])
            ):
                return held, found
            limit *= 8
        rows = self._everything(expression)
        return _measure(filter(allowed, rows) if allowed else rows, *asked)

    def _fetch(self, vector: np.ndarray, limit: int, expression: str) -> list[dict[str, Any]]:
        return self._do(
            lambda c: c.search(
                self._collection,
                [vector.astype(np.float32).tolist()],
                filter=expression,
                limit=limit,
                anns_field="vector",
                output_fields=_FIELDS,
                search_params={"metric_type": "IP"},
                consistency_level="Strong",
            )
        )[0]

    def _everything(self, expression: str) -> list[dict[str, Any]]:
        """Every row that passes; the last resort where thousands of tracks are alike."""
        return self._pages(expression, _FIELDS)

    def _ids(self) -> list[str]:
        return [row["track_id"] for row in self._pages("", ["track_id"])]

    def _pages(self, expression: str, fields: list[str]) -> list[dict[str, Any]]:
        """All tracks of an expression, a page of row numbers at a time.

        The client's own iterator puts the last id of a page into an expression unescaped.
        """
        rows: list[dict[str, Any]] = []
        start = 0
        while self._count(f"row >= {start}"):
            page = f"row >= {start} and row < {start + _BATCH}"
            found = " and ".join(filter(None, [page, expression]))
            rows += self._query(found, fields)
            start += _BATCH
        return rows

    def _count(self, expression: str) -> int:
        return int(self._query(expression, ["count(*)"])[0]["count(*)"])

    def _query(self, expression: str, fields: list[str]) -> list[dict[str, Any]]:
        return self._do(
            lambda c: c.query(self._collection, filter=expression, output_fields=fields)
        )

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
            for name, values in ((_CENTER, scaling.center), (_SD, scaling.sd))
        ]
        self._do(lambda c: c.upsert(self._collection, rows))

    def _describe(self) -> tuple[Scaling, dict[str, bool]]:
        """Scaling, and the filterable columns: whether each holds numbers."""
        if self._known is None:
            if not self._exists():
                raise InputError("index.no_collection", uri=self._uri, name=self._collection)
            self._do(lambda c: c.load_collection(self._collection))
            fields = self._do(lambda c: c.describe_collection(self._collection))["fields"]
            fixed = {"track_id", "row", "vector", *MUSIC_NAMES}
            columns = {
                f["name"]: int(f["type"]) == _DOUBLE for f in fields if f["name"] not in fixed
            }
            held = self._do(
                lambda c: c.query(
                    self._collection,
                    ids=[_CENTER, _SD],
                    output_fields=["track_id", *MUSIC_NAMES],
                )
            )
            values = {row["track_id"]: np.array([row[n] for n in MUSIC_NAMES]) for row in held}
            if set(values) != {_CENTER, _SD}:
                raise InputError("index.other_collection", uri=self._uri, name=self._collection)
            self._known = Scaling(values[_CENTER], values[_SD]), columns
        return self._known

    def _do(self, work: Callable[[Any], Any]) -> Any:
        return patiently(lambda: work(self._client), self._uri)


def patiently(work: Callable[[], Any], uri: str) -> Any:
    """Call `work`, again after a pause where the server does not answer.

    Raises `InputError` when it never does, or refuses.
    """
    from pymilvus.exceptions import MilvusException

    away = r"connect|unavailable|timeout|timed out|deadline|closed channel"
    for wait in (*_WAITS, None):
        try:
            return work()
        except MilvusException as error:
            message = str(error.message or error)
            if not re.search(away, message, re.IGNORECASE):
                why = message.strip().splitlines()[0]
                raise InputError("index.refused", uri=uri, why=why) from error
            if wait is None:
                raise InputError("index.no_server", uri=uri) from None
            time.sleep(wait)
    raise AssertionError("unreachable")


# ------------------------------------------------------------------------------ numbers


def _measure(
    tracks: Iterable[dict[str, Any]],
    query: np.ndarray,
    k: int,
    importance: np.ndarray,
    metric: Metric,
    scaling: Scaling,
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """The k nearest of these tracks, ties by row, and their distances in float64."""
    held = sorted(tracks, key=lambda track: track["row"])
    features = np.array([_values(track) for track in held]).reshape(-1, len(MUSIC_NAMES))
    found = metric.distances(features, query, importance, scaling)
    best = smallest(found, k)
    return [held[i] for i in best], found[best]


def _values(track: dict[str, Any]) -> list[float]:
    return [track[name] for name in MUSIC_NAMES]


def _proved(w: np.ndarray, y: np.ndarray, nearest: float, last_score: float) -> bool:
    """Whether a row that was not fetched must be farther than `nearest`.

    last_score : what its score is at most. All in units of the vectors: score = Σ wy² − d², off by
    at most 3·ε·(√Σwy² + d)².
    """
    length = np.sqrt(np.sum(w * y * y))
    return bool(last_score < length**2 - nearest**2 - 3 * _ROUNDING * (length + nearest) ** 2)


def _columns(catalogue: Catalogue) -> dict[str, bool]:
    """Columns to filter by: whether each holds numbers. Not those that Milvus cannot name."""
    columns = {}
    for name in catalogue.columns:
        if (
            name not in _LEFT_OUT
            and re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)
            and name not in ("row", "vector")
        ):
            cells = [cell for cell in catalogue.text(name) if cell]
            columns[name] = bool(cells) and all(np.isfinite(parse_number(cell)) for cell in cells)
    return columns


def _cell(value: str | float) -> str | float:
    """A value as Milvus holds it: text folded for comparison, a missing number as `MISSING`."""
    if isinstance(value, str):
        return value.strip().casefold().encode()[:_TEXT_BYTES].decode(errors="ignore")
    return float(value) if np.isfinite(value) else MISSING
