"""The nearest rows, exactly: `TrackIndex`.

Rows are numbered as in the catalogue; among equal distances the row that comes first wins. There
are two engines with one answer, the same bits: the plain scan (`matcher.scan`), which needs no
preparation, and the block index (`matcher.blocks`), which looks at few rows and needs numba.
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Sequence

import numpy as np

from data.catalogue import Catalogue
from data.checksums import damaged
from data.errors import InputError
from matcher import store
from matcher.blocks import Blocks, is_compiled
from matcher.checks import check_choice, check_count, check_numbers, check_query
from matcher.importance import check_queries, check_weights
from matcher.metric import (
    DIMENSIONS,
    RAW,
    SCALES,
    VA,
    Metric,
    Scaling,
    metric_of,
    standard_scaling,
)
from matcher.query import Query
from matcher.scan import scan
from matcher.selection import Selection, Where, select

ENGINES = ("auto", "scan", "blocks")
_FEW = 1024
"""Rows below which a scan is as fast as anything."""
_DEEP = 1000
"""Answers longer than this, or than a tenth of the catalogue, are scanned for: hardly a block could
be left out."""
_SCANNED_FIRST = 4_000_000
"""Rows scanned before the compiled search is loaded for an index from a file: loading it takes
about as long as scanning so many (heuristic)."""

_EQUAL = np.ones(DIMENSIONS)
_EVERY_ROW = np.empty(0, dtype=bool)
_NOT_VA = np.array([d for d in range(DIMENSIONS) if d not in VA])


class TrackIndex:
    """Exact nearest-neighbour search over (N, 10) music profiles with weights per query.

    Made by `TrackIndex.build` or `TrackIndex.load`. `features` are kept by reference: do not change
    them afterwards. `scaling` holds the catalogue's mean and standard deviation.
    """

    def __init__(
        self,
        features: np.ndarray,
        ids: np.ndarray | None,
        scaling: Scaling,
        blocks: Blocks | None = None,
        side: Blocks | None = None,
        patience: int = 0,
    ) -> None:
        """patience : rows that may still be scanned before the compiled search is loaded."""
        self.features, self.ids, self.scaling = features, ids, scaling
        self._blocks, self._side, self._patience = blocks, side, patience

    @classmethod
    def build(
        cls, features: np.ndarray, ids: Sequence | None = None, *, engine: str = "auto"
    ) -> TrackIndex:
        """Index rows of finite numbers, shape (N, 10), float32 or float64.

        ids : N values to answer with; row numbers by default. engine : "blocks" prepares for many
        queries, "scan" prepares nothing, "auto" takes blocks from a thousand rows on where numba is
        installed. The answers are the same. Raises `InputError`.
        """
        check_choice(engine, ENGINES, "engine")
        features = np.asarray(features)
        if features.ndim != 2 or features.shape[1] != DIMENSIONS or len(features) == 0:
            raise InputError("index.features", given=str(features.shape), n=DIMENSIONS)
        dtype = np.float32 if features.dtype == np.float32 else np.float64
        features = check_numbers(np.ascontiguousarray(features, dtype=dtype), "features")
        if ids is not None and len(ids) != len(features):
            raise InputError("index.ids", given=len(ids), n=len(features))
        if engine == "blocks" and not has_numba():
            raise InputError("index.no_numba")
        scaling, blocks = standard_scaling(features), None
        if engine == "blocks" or (engine == "auto" and len(features) >= _FEW and has_numba()):
            blocks = Blocks.build(features, scaling, tuple(range(DIMENSIONS)))
        return cls(features, None if ids is None else np.asarray(ids), scaling, blocks)

    @property
    def side(self) -> Blocks | None:
        """The block index of arousal and valence alone; made when first asked for."""
        if self._side is None and self._blocks is not None:
            self._side = Blocks.build(self.features, self.scaling, VA)
        return self._side

    def __len__(self) -> int:
        return len(self.features)

    @property
    def nbytes(self) -> int:
        """Bytes the index takes beside the features themselves."""
        return sum(b.nbytes for b in (self._blocks, self._side) if b is not None)

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
        """The k nearest rows to one query (10,): their ids and float64 distances, nearest first.

        weights : (10,), ≥ 0; None weighs all alike. where : rows that may be answered, as a boolean
        (N,), as row numbers, or as a `Selection`. Fewer than k come back only when fewer rows are
        there. Raises `InputError`.
        """
        rows, found = self.search_rows(query, k, weights, metric, scale, where)
        return (rows if self.ids is None else self.ids[rows]), found

    def search_rows(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `search`, answering with row numbers whatever the ids are."""
        if isinstance(query, np.ndarray):  # the compiled search looks at the values itself
            query = np.ascontiguousarray(query, dtype=np.float64)
        else:
            query = check_query(query)
        importance = _EQUAL if weights is None else _plain(weights)
        measure, scaling = metric_of(metric), self._scaling(scale)
        selection = None if where is None else self.select(where)
        k = self._count(k, selection)
        blocks = self._engine(measure, importance, k, selection)
        if blocks is not None and query.shape == importance.shape == (DIMENSIONS,):
            mask = _EVERY_ROW if selection is None else selection.mask
            answer = blocks.search(self.features, query, k, importance, measure, scaling, mask)
            if answer is not None:
                return answer
        query, importance = check_query(query), check_weights(importance)
        rows = None if selection is None else selection.numbers
        return scan(self.features, query, k, importance, measure, scaling, rows)

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest rows to each of n queries (n, 10): ids and distances, (n, k) each.

        weights : None, (10,) for all, or (n, 10), one each. Runs on all cores.
        """
        rows, found = self.search_batch_rows(queries, k, weights, metric, scale, where)
        return (rows if self.ids is None else self.ids[rows]), found

    def search_batch_rows(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `search_batch`, answering with row numbers whatever the ids are."""
        queries, each = check_queries(queries, weights)
        measure, scaling = metric_of(metric), self._scaling(scale)
        selection = None if where is None else self.select(where)
        k = self._count(k, selection)
        rows, found = np.empty((len(queries), k), np.int64), np.empty((len(queries), k))
        mask = _EVERY_ROW if selection is None else selection.mask
        on_side = ~each[:, _NOT_VA].any(axis=1)
        for which in (np.flatnonzero(on_side), np.flatnonzero(~on_side)):
            if k == 0 or len(which) == 0:
                continue
            blocks = self._engine(measure, each[which[0]], k, selection)
            if blocks is not None and blocks.search_many(
                self.features, queries, k, each, measure, scaling, mask, which, rows, found
            ):
                continue
            for i in which:
                rows[i], found[i] = self.search_rows(
                    queries[i], k, each[i], metric, scale, selection
                )
        return rows, found

    def select(self, where: Where) -> Selection:
        """Prepare a filter for many queries: a boolean (N,), or row numbers in any order."""
        return select(where, len(self))

    def nearest(
        self, catalogue: Catalogue, query: Query, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The `count` rows of `catalogue`, which this index is of, nearest to a whole query."""
        if len(self) != len(catalogue):
            raise InputError("index.other_length", given=len(self), n=len(catalogue))
        values, importance = query.complete()
        where = None if query.filter is None else query.filter.mask(catalogue)
        rows, found = self.search_rows(values, count, importance, query.metric, query.scale, where)
        if not np.array_equal(
            self.features[rows], catalogue.features[rows].astype(self.features.dtype)
        ):
            raise InputError("index.other_numbers", file=catalogue.source or "catalogue")
        return rows, found

    def _scaling(self, scale: str) -> Scaling:
        return self.scaling if check_choice(scale, SCALES, "scale") == "standard" else RAW

    def _count(self, k: object, selection: Selection | None) -> int:
        return min(check_count(k), len(self) if selection is None else selection.count)

    def _engine(
        self, metric: Metric, importance: np.ndarray, k: int, selection: Selection | None
    ) -> Blocks | None:
        """What answers a query; None for the plain scan."""
        if (
            self._blocks is None
            or not metric.kernel
            or k == 0
            or k > _DEEP
            or k * 10 > len(self)
            or (selection is not None and selection.rows is not None)
        ):
            return None
        if self._patience >= len(self) and not is_compiled():
            self._patience -= len(self)
            return None
        va_alone = (
            importance.shape == (DIMENSIONS,)
            and not importance[0]
            and not importance[_NOT_VA].any()
        )
        return self.side if va_alone else self._blocks

    # -------------------------------------------------------------------------- on disk

    def save(self, path: str | os.PathLike) -> None:
        """Write one file that `load` reads; it appears whole or not at all. Raises `InputError`."""
        arrays = {
            "features": self.features,
            "center": self.scaling.center,
            "sd": self.scaling.sd,
        }
        for name, blocks in (("blocks", self._blocks), ("side", self.side)):
            if blocks is not None:
                arrays |= {f"{name}.{part}": a for part, a in blocks.named().items()}
        if self.ids is not None:
            text = json.dumps(self.ids.tolist(), ensure_ascii=False).encode()
            arrays["ids"] = np.frombuffer(text, dtype=np.uint8)
        store.write(path, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike, *, patience: int = _SCANNED_FIRST) -> TrackIndex:
        """Read a saved index and prove that it is as it was written.

        patience : rows that are scanned before the compiled search is loaded. Raises `InputError`.
        """
        arrays = store.read(path)
        try:
            features, scaling = arrays["features"], Scaling(arrays["center"], arrays["sd"])
            if features.shape[1:] != (DIMENSIONS,) or not all(
                len(s) == DIMENSIONS for s in scaling
            ):
                raise ValueError(path)
            ids = np.array(json.loads(arrays["ids"].tobytes())) if "ids" in arrays else None
            if ids is not None and ids.shape != features.shape[:1]:
                raise ValueError(path)
            blocks, side = (_blocks_of(arrays, name) for name in ("blocks", "side"))
            return cls(features, ids, scaling, blocks, side, patience)
        except (KeyError, ValueError, TypeError):
            raise damaged(path, store.cure()) from None


def _blocks_of(arrays: dict[str, np.ndarray], name: str) -> Blocks | None:
    if f"{name}.near" not in arrays or not has_numba():
        return None
    blocks = Blocks(**{p: arrays[f"{name}.{p}"] for p in Blocks.parts()})
    if not blocks.fits(len(arrays["features"])):  # the compiled search does not look where it reads
        raise ValueError(name)
    return blocks


def has_numba() -> bool:
    """Whether the compiled search can be loaded."""
    return importlib.util.find_spec("numba") is not None


def _plain(weights: object) -> np.ndarray:
    """Weights as an array for the compiled search, which looks at the values itself."""
    if isinstance(weights, np.ndarray):
        return np.ascontiguousarray(weights, dtype=np.float64)
    return check_weights(weights)
