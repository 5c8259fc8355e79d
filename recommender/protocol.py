"""How a predictor is judged: does the true track rank high among tracks of other films?

Sources are parted once into pools of a stated size. Every draw takes one scene of each source; in
each pool, each picture's prediction is compared with every source's music by the mean squared
difference over the outputs that both have, each divided by its standard deviation in the reference
pairs. Scores are averaged over draws within a source first, so that intervals are over sources.

The permutation null asks how the table would look if each source's music belonged to another source
of its pool: the same distances, with the truth moved at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.pairs import Pairs
from data.profiles import MUSIC_NAMES

RECALLS = (1, 3, 5, 10)
METRICS = (*(f"recall@{k}" for k in RECALLS), "mrr", "median_rank")
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Pools:
    """rows : (draws, pools, size) positions of scenes; a source keeps its place (pool and column)
    in every draw.
    """

    rows: np.ndarray

    @property
    def size(self) -> int:
        """Tracks in a pool."""
        return self.rows.shape[2]

    @property
    def sources(self) -> int:
        """Sources compared."""
        return self.rows.shape[1] * self.rows.shape[2]


def make_pools(pairs: Pairs, size: int = 100, draws: int = 20, seed: int = 0) -> Pools:
    """Pools of `size` sources, or one of all sources if there are fewer; left-over sources sit
    out.
    """
    rng = np.random.default_rng(seed)
    groups = pairs.groups()
    scenes = [np.flatnonzero(groups == g) for g in range(groups.max() + 1)]
    size = min(size, len(scenes))
    order = rng.permutation(len(scenes))[: len(scenes) // size * size]
    drawn = np.array([[rng.choice(scenes[g]) for g in order] for _ in range(draws)])
    return Pools(drawn.reshape(draws, -1, size))


def rank_tracks(
    predicted: np.ndarray, music: np.ndarray, scale: np.ndarray, pools: Pools
) -> np.ndarray:
    """Rank of every track for every query, (draws, pools, size, size); 1 is nearest, ties share
    their mean rank.

    predicted, music : (n, 10) in field units, NaN where unknown.
    scale : (10,) standard deviations of the outputs.
    """
    from scipy.stats import rankdata

    query, track = predicted[pools.rows] / scale, music[pools.rows] / scale
    q_known, t_known = np.isfinite(query).astype(float), np.isfinite(track).astype(float)
    query, track = np.nan_to_num(query), np.nan_to_num(track)
    across = np.swapaxes
    compared = q_known @ across(t_known, -1, -2)
    squared = (q_known * query**2) @ across(t_known, -1, -2) + q_known @ across(track**2, -1, -2)
    squared -= 2 * (q_known * query) @ across(track, -1, -2)
    distance = np.where(compared > 0, np.round(squared / np.maximum(compared, 1e-12), 9), np.inf)
    return rankdata(distance, axis=-1)


def chance(size: int) -> dict[str, float]:
    """What a random order of `size` tracks scores, exactly."""
    ranks = np.arange(1, size + 1)
    return {
        **{f"recall@{k}": min(k / size, 1.0) for k in RECALLS},
        "mrr": float((1 / ranks).mean()),
        "median_rank": (size + 1) / 2,
    }


def score_table(ranks: np.ndarray) -> np.ndarray:
    """(…,) ranks to (…, 6) scores in the order of `METRICS`, the last being the rank itself."""
    return np.stack([*((ranks <= k).astype(float) for k in RECALLS), 1 / ranks, ranks], axis=-1)


def true_ranks(ranks: np.ndarray) -> np.ndarray:
    """(sources, draws) ranks of each source's own track."""
    own = np.diagonal(ranks, axis1=-2, axis2=-1)  # (draws, pools, size)
    return own.reshape(len(own), -1).T


def summarise(ranks: np.ndarray) -> np.ndarray:
    """(sources, draws) ranks to the six metrics: means, and the median rank."""
    scores = score_table(ranks).mean((0, 1))
    scores[-1] = np.median(ranks)
    return scores


def bootstrap(
    ranks: np.ndarray, rounds: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile interval of the six metrics over sources: (6,) low and (6,) high."""
    rng = np.random.default_rng(seed)
    table = score_table(ranks).mean(1)
    picks = rng.integers(0, len(ranks), (rounds, len(ranks)))
    samples = table[picks].mean(1)
    samples[:, -1] = [np.median(ranks[pick]) for pick in picks]
    tail = (1 - LEVEL) / 2
    return np.quantile(samples, tail, axis=0), np.quantile(samples, 1 - tail, axis=0)


def paired_gain(
    ranks: np.ndarray, other: np.ndarray, rounds: int = 1000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval over sources of how much more `ranks` scores than `other`, (5,) low and (5,)
    high: recalls and MRR.

    Both (sources, draws), of the same scenes.
    """
    rng = np.random.default_rng(seed)
    gain = (score_table(ranks) - score_table(other)).mean(1)[:, :-1]
    samples = gain[rng.integers(0, len(gain), (rounds, len(gain)))].mean(1)
    tail = (1 - LEVEL) / 2
    return np.quantile(samples, tail, axis=0), np.quantile(samples, 1 - tail, axis=0)


def permutation_p(ranks: np.ndarray, rounds: int = 1000, seed: int = 0) -> np.ndarray:
    """(6,) share of permutations that score at least as well as the truth does.

    ranks : (draws, pools, size, size) from `rank_tracks`.
    """
    rng = np.random.default_rng(seed)
    table = score_table(ranks).mean(0)  # (pools, size, size, 6)
    pools, size = table.shape[:2]
    at, query = np.arange(pools)[:, None], np.arange(size)
    observed = table[at, query, query].mean((0, 1))
    better, lower = np.ones(len(METRICS)), np.array([m == "median_rank" for m in METRICS])
    for _ in range(rounds):
        moved = table[at, query, rng.permuted(np.tile(query, (pools, 1)), axis=1)].mean((0, 1))
        better += np.where(lower, moved <= observed + 1e-12, moved >= observed - 1e-12)
    return better / (rounds + 1)


def per_output(
    predicted: np.ndarray, music: np.ndarray, reference: np.ndarray
) -> dict[str, dict[str, float]]:
    """R², concordance (Lin's CCC) and Pearson's r of each output; NaN where it was not measured or
    never varies.

    reference : (n, 10), the mean music of the pairs that each row's predictor was fitted on. R² is
        the share of squared error that a prediction takes off this mean, and r looks at differences
        from it: so the mean itself scores 0, also where every fold has its own (pooled as they are,
        fold means would run against the truth).
    """
    found = {}
    for j, name in enumerate(MUSIC_NAMES):
        both = np.isfinite(predicted[:, j]) & np.isfinite(music[:, j])
        found[name] = _agreement(predicted[both, j], music[both, j], reference[both, j])
    return found


def _agreement(p: np.ndarray, y: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    if len(y) < 3 or np.ptp(y) == 0:
        return dict.fromkeys(("r2", "ccc", "r"), np.nan)
    covariance = ((p - p.mean()) * (y - y.mean())).mean()
    return {
        "r2": float(1 - ((y - p) ** 2).sum() / ((y - reference) ** 2).sum()),
        "ccc": float(2 * covariance / (p.var() + y.var() + (p.mean() - y.mean()) ** 2)),
        "r": float(np.corrcoef(p - reference, y - reference)[0, 1])
        if np.ptp(p - reference) > 1e-9
        else 0.0,
    }
