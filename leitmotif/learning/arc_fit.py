"""The linear step learned from somebody's own films, and whether it beats the arc on them.

Every film lends one window, at least 30 s from both ends; its own music is ranked among that of the
films nearest to it in length. What is learned from four fifths of the sources ranks the rest. The
step is kept where the mean log rank of the own music is lower than the arc's by more than chance
(95 % interval over sources, by bootstrap):

    place given       windows in the middle, music and picture from the same second
    place not given   every film offers four places of its music, and its window begins at one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from leitmotif.learning.filmed import Filmed, long_enough, nearest_in_order
from matcher import arc, arc_step
from matcher.arc_step import Step

WINDOWS_S = (120, 60, 30)
"""The longest for which there are films enough is taken."""
LEAST_SOURCES = 20
"""With fewer, ten weights cannot be told from chance (heuristic)."""
FOLDS, POOL, ROUNDS = 5, 100, 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Gain:
    """How much lower the step's mean log rank is than the arc's, over films.

    interval : (low, high) at 95 % over sources. arc, step : Recall@10.
    """

    place: str
    gain: float
    interval: tuple[float, float]
    arc: float
    step: float

    @property
    def wins(self) -> bool:
        return self.interval[0] > 0


@dataclass(frozen=True)
class ArcFit:
    """What was learned, and the figures it was judged by."""

    window_s: int
    films: int
    sources: int
    step: Step
    gains: tuple[Gain, ...]

    @property
    def wins(self) -> bool:
        """Whether it ranks better than the arc in any way."""
        return self.step.known or self.step.unknown

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {
            "window_s": self.window_s,
            "films": self.films,
            "sources": self.sources,
            "step": self.step.to_dict(),
            "gains": [asdict(gain) for gain in self.gains],
        }


def fit_arc(films: Sequence[Filmed], seed: int = 0) -> ArcFit | None:
    """Learn the step; None where no window has `LEAST_SOURCES` sources."""
    for window in WINDOWS_S:
        judged = long_enough(films, window)
        sources = np.array([film.source for film in judged])
        if len(set(sources)) >= LEAST_SOURCES:
            return _fit(judged, sources, window, seed)
    return None


def _fit(films: list[Filmed], sources: np.ndarray, window: int, seed: int) -> ArcFit:
    pools = nearest_in_order(len(films), POOL)
    own = np.arange(len(films)) - pools[:, 0]
    # other parts of the same film are neither right nor wrong
    counts = (sources[pools] != sources[:, None]) | (pools == np.arange(len(films))[:, None])
    middles = [film.middle(window) for film in films]
    given = _agreements(films, pools, window, middles, [np.array([m]) for m in middles])
    begins = [film.begin(window) for film in films]
    offered = _agreements(films, pools, window, begins, [film.offered(window) for film in films])

    group = np.unique(sources, return_inverse=True)[1]
    fold_of = (np.random.default_rng(seed).permutation(group.max() + 1) % FOLDS)[group]
    by_step = {"given": np.zeros(pools.shape), "not given": np.zeros(pools.shape)}
    for fold in range(FOLDS):
        rest, held = fold_of != fold, fold_of == fold
        weights = arc_step.fit(given[rest, :, 0], own[rest], counts=counts[rest])
        for place, z in (("given", given), ("not given", offered)):
            by_step[place][held] = _evidence(z[held] @ weights)
    by_arc = {
        "given": _correlations(films, pools, window, middles),
        "not given": _evidence(arc.SHARPNESS * (offered[..., 0] + offered[..., 1])),
    }
    gains = {}
    for place in by_step:
        arc_ranks, step_ranks = (
            _ranks(np.where(counts, scores[place], -np.inf), own) for scores in (by_arc, by_step)
        )
        gains[place] = _gain(place, arc_ranks, step_ranks, group, seed)
    weights = arc_step.fit(given[:, :, 0], own, counts=counts)
    step = Step(weights, gains["given"].wins, gains["not given"].wins)
    return ArcFit(window, len(films), len(set(sources)), step, tuple(gains.values()))


def _agreements(
    films: list[Filmed],
    pools: np.ndarray,
    window: int,
    starts: Sequence[int],
    places: Sequence[np.ndarray],
) -> np.ndarray:
    """z (n, pool, places, 10) of each window with each music of its pool; NaN beyond its places.

    starts : where each film's window begins. places : where it may begin in each film's music.
    """
    pictures = np.stack([f.rows()[:, s : s + window] for f, s in zip(films, starts, strict=True)])
    most = max(map(len, places))
    z = np.full((*pools.shape, most, len(arc_step.STARTING)), np.nan)
    for j, (film, at) in enumerate(zip(films, places, strict=True)):
        asking, position = np.nonzero(pools == j)
        found = arc_step.agreements(pictures[asking], arc_step.music_rows(film.loudness), at)
        z[asking, position, : len(at)] = found.transpose(1, 0, 2)
    return z


def _correlations(
    films: list[Filmed], pools: np.ndarray, window: int, middles: Sequence[int]
) -> np.ndarray:
    """(n, pool) r of the arc in the middle of each film, by which given places are ranked."""
    heard = [film.loudness[m : m + window] for film, m in zip(films, middles, strict=True)]
    music = np.concatenate(heard).astype(np.float32)
    at = np.arange(len(films)) * window
    return np.array(
        [
            arc.score_windows(film.picture(middle, window), music, at[pool])[0]
            for film, middle, pool in zip(films, middles, pools, strict=True)
        ]
    )


def _evidence(scores: np.ndarray) -> np.ndarray:
    """(n, pool) log mean exp of scores (n, pool, places) over the places that there are."""
    top = np.nanmax(scores, axis=2, keepdims=True)
    return top[..., 0] + np.log(np.nanmean(np.exp(scores - top), axis=2))


def _ranks(scores: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(n,) ranks of the own music among a pool's; ties share their mean rank."""
    mine = scores[np.arange(len(scores)), own][:, None]
    return (scores > mine).sum(1) + ((scores == mine).sum(1) + 1) / 2


def _gain(
    place: str, by_arc: np.ndarray, by_step: np.ndarray, group: np.ndarray, seed: int
) -> Gain:
    gains = np.log(by_arc) - np.log(by_step)
    sums, sizes = np.bincount(group, gains), np.bincount(group)
    picks = np.random.default_rng(seed).integers(0, len(sums), (ROUNDS, len(sums)))
    means = sums[picks].sum(1) / sizes[picks].sum(1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    arc_hits, step_hits = (float((ranks <= 10).mean()) for ranks in (by_arc, by_step))
    return Gain(place, float(gains.mean()), (float(low), float(high)), arc_hits, step_hits)
