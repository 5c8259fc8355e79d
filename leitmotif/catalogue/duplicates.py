"""The same recording twice in a catalogue: found by fingerprints, marked, never dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

KEY_BITS = 24
"""Words that agree in this many bits vote for two recordings at one shift."""
_VOTES = 2
_COMMON = 64
"""A key found in more places than this (silence, a drum loop of a hundred tracks) says nothing."""
MOST_DIFFERENT_BITS = 0.30
"""Re-encoded, turned down and trimmed copies of real music differ in at most .18 of the bits, other
music in .46 or more.
"""
OVERLAP_WORDS = 54
"""Five seconds in common at least."""


def near_duplicates(fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """For each recording the position of the first one that it is a copy of, itself if of none;
    int64 (n,).

    fingerprints : uint32 words of each recording (`features.audio.fingerprint`); empty ones match
    nothing.
    """
    first = np.arange(len(fingerprints))
    for i, j, shift in _candidates(fingerprints):
        a, b = _root(first, i), _root(first, j)
        if a != b and difference(fingerprints[i], fingerprints[j], shift) <= MOST_DIFFERENT_BITS:
            first[max(a, b)] = min(a, b)
    return np.array([_root(first, i) for i in range(len(first))], dtype=np.int64)


def difference(a: np.ndarray, b: np.ndarray, shift: int) -> float:
    """Share of differing bits where word t of `a` meets word t − shift of `b`; 1 for less than five
    seconds.
    """
    a, b = a[max(shift, 0) :], b[max(-shift, 0) :]
    overlap = min(len(a), len(b))
    if overlap < OVERLAP_WORDS:
        return 1.0
    return float(np.bitwise_count(a[:overlap] ^ b[:overlap]).mean() / 32)


def _candidates(fingerprints: Sequence[np.ndarray]) -> np.ndarray:
    """(i, j, shift) rows, i < j, that at least two keys vote for, most votes first."""
    lengths = np.array([len(f) for f in fingerprints], dtype=np.int64)
    if lengths.sum() == 0:
        return np.zeros((0, 3), np.int64)
    keys = np.concatenate(fingerprints) & np.uint32((1 << KEY_BITS) - 1)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(keys)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    order = np.argsort(keys, kind="stable")
    keys, owner, place = keys[order], owner[order], place[order]
    run = np.diff(np.append(np.flatnonzero(np.diff(keys, prepend=keys[:1] ^ 1)), len(keys)))
    rare = np.repeat(run <= _COMMON, run)
    pairs = []
    for step in range(1, _COMMON):  # neighbours, then every second … in the runs of equal keys
        same = (keys[step:] == keys[:-step]) & rare[step:] & (owner[step:] != owner[:-step])
        if not same.any() and step >= run[run <= _COMMON].max(initial=0):
            break
        at = np.flatnonzero(same)
        pairs.append(np.column_stack([owner[at], owner[at + step], place[at] - place[at + step]]))
    found = np.concatenate(pairs) if pairs else np.zeros((0, 3), np.int64)
    votes, counts = np.unique(found, axis=0, return_counts=True)
    strong = np.argsort(-counts, kind="stable")
    return votes[strong][counts[strong] >= _VOTES]


def _root(first: np.ndarray, i: int) -> int:
    while first[i] != i:
        i = first[i]
    return int(i)
