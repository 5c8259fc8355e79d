"""Groups that keep their numbers while a catalogue grows and is grouped again.

Each time the new groups are matched with the last ones, all at once, by how far their centroids lie
apart and how many tracks they share (Hungarian method, Kuhn 1955). Numbers count from 1 and are
never given twice; 0 stands for tracks of no group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.optimize

from leitmotif.catalogue.clusters import BETWEEN, votes

PART = 0.25
"""Share of a group that makes a part of it worth telling (heuristic)."""
MOST = 0.5
"""Share of a group's tracks that come from, or go, one way (heuristic)."""
SHARED = 0.3
"""Tracks that two groups share, of those in either, from which on one may be the other."""
NEAR = 0.75
"""Spreads of the catalogue, root mean square over the dimensions, within which a group none of
whose tracks is left may be a new one (heuristic)."""
HOME = 0.1
"""A track leaves a group that lives on where that holds less of its neighbourhood than this share
of what another holds (heuristic: nobody should look for a track elsewhere for a near tie)."""


@dataclass(frozen=True)
class Changes:
    """What became of the groups from one map to the next, by their numbers.

    kept : same number, neither split nor merged. split : number before, and those of its parts.
    merged : those before, and the number now.
    """

    tracks: int
    kept: tuple[int, ...] = ()
    new: tuple[int, ...] = ()
    gone: tuple[int, ...] = ()
    split: tuple[tuple[int, tuple[int, ...]], ...] = ()
    merged: tuple[tuple[tuple[int, ...], int], ...] = ()

    def record(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Changes:
        return cls(
            record["tracks"],
            tuple(record["kept"]),
            tuple(record["new"]),
            tuple(record["gone"]),
            tuple((whole, tuple(parts)) for whole, parts in record["split"]),
            tuple((tuple(parts), whole) for parts, whole in record["merged"]),
        )


@dataclass(frozen=True)
class Followed:
    """ids : the number of each label, int (C,). changes : against the last map."""

    ids: np.ndarray
    changes: Changes
    following: int
    """The next number that is free."""


def follow(
    before: np.ndarray,
    centroids_before: Mapping[int, np.ndarray],
    labels: np.ndarray,
    centroids: np.ndarray,
    following: int,
) -> Followed:
    """Which of the last groups each new one is.

    before : int (N,) numbers of the same tracks on the last map, 0 for none and for new tracks.
    centroids_before : (D,) of every last group. labels : int (N,). centroids : (C, D), in units of
    the catalogue's spread as `centroids_before`. following : the first number never given.
    """
    old = np.array(sorted(centroids_before), dtype=int)
    common = _common(before, labels, old, len(centroids))
    ids = _matched(old, centroids_before, centroids, common)
    for label in np.flatnonzero(ids == 0):
        ids[label], following = following, following + 1
    return Followed(ids, _changes(old, ids, common, len(labels)), following)


def _common(before: np.ndarray, labels: np.ndarray, old: np.ndarray, count: int) -> np.ndarray:
    """Tracks in common, int (len(old), count)."""
    common = np.zeros((len(old), count), int)
    rows = np.isin(before, old) & (labels != BETWEEN)
    np.add.at(common, (np.searchsorted(old, before[rows]), labels[rows]), 1)
    return common


def _matched(
    old: np.ndarray, before: Mapping[int, np.ndarray], now: np.ndarray, common: np.ndarray
) -> np.ndarray:
    """The number of each new group, (C,); 0 where it is none of the last ones."""
    ids = np.zeros(len(now), int)
    if not len(old) or not len(now):
        return ids
    apart = np.stack([np.sqrt(np.square(now - before[i]).mean(axis=1)) for i in old])
    either = common.sum(axis=1)[:, None] + common.sum(axis=0)[None] - common
    shared = common / np.maximum(either, 1)
    empty = common.sum(axis=1) == 0
    fits = np.where(empty[:, None], apart <= NEAR, shared >= SHARED)
    cost = np.where(fits, np.minimum(apart, 2.0) + (1 - shared), 1e3)
    for i, j in zip(*scipy.optimize.linear_sum_assignment(cost), strict=True):
        if fits[i, j]:
            ids[j] = old[i]
    return ids


def _changes(old: np.ndarray, ids: np.ndarray, common: np.ndarray, tracks: int) -> Changes:
    out = common / np.maximum(common.sum(axis=1, keepdims=True), 1)
    into = common / np.maximum(common.sum(axis=0, keepdims=True), 1)
    split, merged = [], []
    for i, whole in enumerate(old.tolist()):
        parts = (out[i] >= PART) & (into[i] >= MOST)
        if parts.sum() > 1:
            split.append((whole, tuple(sorted(ids[parts].tolist()))))
    for j, whole in enumerate(ids.tolist()):
        parts = (out[:, j] >= MOST) & (into[:, j] >= PART)
        if parts.sum() > 1:
            merged.append((tuple(old[parts].tolist()), whole))
    told = {whole for whole, _ in split} | {p for parts, _ in merged for p in parts}
    born = {p for _, parts in split for p in parts} | {whole for _, whole in merged}
    here, there = set(ids.tolist()), set(old.tolist())
    return Changes(
        tracks,
        tuple(sorted((here & there) - told - born)),
        tuple(sorted(here - there - born)),
        tuple(sorted(there - here - told)),
        tuple(split),
        tuple(merged),
    )


def stay(
    before: np.ndarray, labels: np.ndarray, ids: np.ndarray, kept: tuple[int, ...], graph: Any
) -> np.ndarray:
    """Labels where a track does not leave its group for a near tie.

    before : int (N,) numbers on the last map. ids : the number of each label. kept : groups that
    live on.
    """
    shares = votes(labels, graph)
    label_of = {number: label for label, number in enumerate(ids.tolist())}
    home = np.array([label_of[b] if b in kept else BETWEEN for b in before.tolist()])
    rows = np.flatnonzero((home != BETWEEN) & (home != labels))
    own = shares[rows, home[rows]]
    rival = np.where(labels[rows] == BETWEEN, MOST, shares[rows, labels[rows].clip(min=0)])
    staying = rows[(own > 0) & (own >= HOME * rival)]
    labels = labels.copy()
    labels[staying] = home[staying]
    return labels
