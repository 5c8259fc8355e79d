"""What recurs over the episodes of a season: openings and endings, found by how frames look."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from leitmotif.scenes.describe import Frames

Span = tuple[float, float]
"""From and to, seconds."""

_ALIKE = 0.9
"""Cosine from which two frames may be the same picture. Heuristic: recoded copies lie above .95."""
_STEP = 1.0
"""Seconds within which differences of two times are one. Heuristic: frames lie half a second
apart."""
_GAP = 6.0
"""Seconds without a common frame that an opening is not ended by (heuristic)."""
_LEAST, _MOST = 8.0, 200.0
"""Seconds of an opening (heuristic: those of series last 10 to 120)."""
_PARTNERS = 8
"""Episodes at most that each is compared with."""


def recurring(
    episodes: Sequence[Frames], durations: Sequence[float]
) -> list[tuple[Span | None, Span | None]]:
    """(opening, ending) of each episode, None where nothing recurs there.

    An opening lies in the first half of both episodes, an ending in the second half of both.
    """
    found: list[tuple[list[Span], list[Span]]] = [([], []) for _ in episodes]
    for a, b in combinations(range(len(episodes)), 2):
        if b - a > _PARTNERS:
            continue
        for of_a, of_b in _common(episodes[a], episodes[b]):
            for which, first_half in ((0, True), (1, False)):
                if all(
                    (sum(span) / 2 < durations[i] / 2) == first_half
                    for i, span in ((a, of_a), (b, of_b))
                ):
                    found[a][which].append(of_a)
                    found[b][which].append(of_b)
    return [(_longest(openings), _longest(endings)) for openings, endings in found]


def _longest(spans: list[Span]) -> Span | None:
    return max(spans, key=lambda span: span[1] - span[0], default=None)


def _common(a: Frames, b: Frames) -> list[tuple[Span, Span]]:
    """Stretches that two films share, at one shift of time each."""
    if not len(a.times) or not len(b.times):
        return []
    rows, columns = np.nonzero(a.vectors @ b.vectors.T >= _ALIKE)
    shifts = np.rint((b.times[columns] - a.times[rows]) / _STEP).astype(int)
    values, counts = np.unique(shifts, return_counts=True)
    spans = []
    for shift in values[np.argsort(-counts, kind="stable")][:4]:
        near = np.abs(shifts - shift) <= 1
        for first, last in _runs(np.unique(rows[near]), a):
            offset = float(np.median(b.times[columns[near]] - a.times[rows[near]]))
            spans.append(((first, last), (first + offset, last + offset)))
    return spans


def _runs(rows: np.ndarray, film: Frames) -> list[Span]:
    """From and to of frames that follow each other closely, long enough to be an opening."""
    times, ends = film.times[rows], film.until[rows]
    breaks = np.flatnonzero(times[1:] - ends[:-1] > _GAP) + 1
    runs = []
    for part in np.split(np.arange(len(rows)), breaks):
        first, last = float(times[part[0]]), float(ends[part[-1]])
        if len(part) >= 4 and _LEAST <= last - first <= _MOST:
            runs.append((first, last))
    return runs
