"""Nearest vectors by cosine among many: what every index of them can do."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

NONE = -1
"""Group and row where fewer than k were found."""


class Nearest(NamedTuple):
    """Answers to q queries, the most alike first, all (q, k).

    groups, rows : int64, of what was added; `NONE` where there are fewer. similarity : float32,
    cosine; −1 there.
    """

    groups: np.ndarray
    rows: np.ndarray
    similarity: np.ndarray


class VectorIndex(Protocol):
    """Vectors in groups: of a film its frames, which come and go together.

    Every vector is named by its group and its row in it, 0 to 2³¹ − 1 each. The search may miss
    some of the nearest; what it gives, it gives with its cosine. What cannot be done is an
    `InputError`.
    """

    def __len__(self) -> int:
        """How many vectors it holds."""

    def groups(self) -> set[int]:
        """The groups of which all is here."""

    def add(self, group: int, vectors: np.ndarray) -> None:
        """Add a group with its vectors (n, size) as rows 0 to n − 1; it replaces one of its
        number."""

    def remove(self, group: int) -> None:
        """Remove a group, if it is here."""

    def search(self, vectors: np.ndarray, k: int) -> Nearest:
        """The k most alike to each of the vectors (q, size)."""

    def save(self) -> None:
        """Make what was added and removed last."""

    def close(self) -> None:
        """Let go of the file or the connection."""
