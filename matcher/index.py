"""What every index can do, and how one is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np

from data.catalogue import Catalogue
from data.checksums import Damaged
from matcher import store
from matcher.exact import TrackIndex
from matcher.metric import Scaling
from matcher.query import Query
from matcher.selection import Selection, Where


class Ordering(Protocol):
    """What `matcher.search.rank` asks: the tracks of a catalogue from the nearest on."""

    @property
    def scaling(self) -> Scaling:
        """Mean and standard deviation of the tracks that it holds."""

    def nearest(
        self, catalogue: Catalogue, query: Query, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `catalogue`, which this is of, and distances, by the whole of a query."""


class Index(Ordering, Protocol):
    """Exact search over the tracks of a catalogue.

    All give the same answers, the same bits: ids nearest first, among equals the row that comes
    first. `where` are the rows that may be answered, as a boolean per row, row numbers, or what
    `select` made of either. What an index cannot answer is an `InputError`.
    """

    def __len__(self) -> int:
        """How many tracks it holds."""

    def select(self, where: Where) -> Selection:
        """Prepare a filter for many queries."""

    def search(
        self,
        query: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ids and float64 distances of the k nearest tracks to a query (10,)."""

    def search_batch(
        self,
        queries: np.ndarray,
        k: int = 5,
        weights: np.ndarray | None = None,
        metric: str = "euclidean",
        scale: str = "raw",
        where: Where | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same for n queries (n, 10): ids and distances, (n, k) each."""


def open_index(where: str, catalogue: Catalogue) -> Index:
    """The index at `where`: a Milvus address (http://… or a Milvus Lite file *.db), or our file.

    Our file is built from the catalogue where it is missing, damaged or of other numbers.
    Raises `InputError`.
    """
    if "://" in where or where.endswith(".db"):
        from matcher.milvus import MilvusIndex

        return MilvusIndex.connect(where)
    return index_of(catalogue.features, where)


def index_of(features: np.ndarray, path: str | os.PathLike) -> TrackIndex:
    """The index kept at `path` if it is of these numbers; else one built now and kept there.

    Raises `InputError`, also where a file of another kind stands.
    """
    path = Path(path)
    if store.exists(path):
        try:
            index = TrackIndex.load(path)
            if np.array_equal(index.features, features):
                return index
        except Damaged:  # it holds nothing that the catalogue does not say
            pass
    index = TrackIndex.build(features)
    index.save(path)
    return index
