"""What it costs to play one stretch of a track after another, and who plays after whom.

Stretches are bars (`features.audio.bars`), pick-up and ending included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.audio.bars import Bars

JUMP_PRICE = 0.6
"""What a jump costs beside what it changes: about as much as a change of chord (heuristic)."""
MEET_PRICE = 1.0
"""What it costs that two bars that meet differ more in chords than each does from its neighbour in
the track (heuristic, chosen on 200 fits: key and beat phase are told in the benchmark)."""
PHASE_PRICE, PHASE_S = 0.5, 0.1
"""What onsets cost that fall at least so many seconds off (heuristic, as above)."""
LEVEL_DB = 6.0
"""A step of level that costs as much as a change of chord (heuristic)."""


def join_costs(bars: Bars) -> np.ndarray:
    """(n, n): what it costs to play stretch j after stretch i; 0 where it comes next anyway."""
    n = len(bars)
    chords = 1 - bars.chroma @ bars.chroma.T
    unlike = chords + _unlike_timbre(bars)
    after = np.minimum(np.arange(n) + 1, n - 1)
    before = np.maximum(np.arange(n) - 1, 0)
    step = np.abs(bars.level_out[:, None] - bars.level_out[before][None, :]) / LEVEL_DB
    step += np.abs(bars.level_in[after][:, None] - bars.level_in[None, :]) / LEVEL_DB
    cost = JUMP_PRICE + (unlike[after] + unlike[:, before]) / 2 + step / 2
    late = np.abs(bars.shift[1:, :-1])  # from the line at which i ends to that at which j begins
    usual = (chords[np.arange(n), after][:, None] + chords[before, np.arange(n)][None, :]) / 2
    cost += MEET_PRICE * np.maximum(chords - usual, 0.0)
    cost += PHASE_PRICE * np.minimum(late / PHASE_S, 1.0)
    cost[:, 0] = np.inf  # the pick-up belongs to the beginning alone
    cost[-1] = np.inf  # after the ending nothing comes
    cost[np.arange(n - 1), np.arange(1, n)] = 0.0
    return cost


def _unlike_timbre(bars: Bars) -> np.ndarray:
    """(n, n): difference of two stretches in timbre, about 0–1."""
    apart = np.linalg.norm(bars.timbre[:, None] - bars.timbre[None], axis=2)
    return np.asarray(apart / np.sqrt(2 * bars.timbre.shape[1]))


def runs(path: Sequence[int]) -> list[tuple[int, int]]:
    """First and last stretch of everything that plays on without a jump."""
    found = [[path[0], path[0]]]
    for stretch in path[1:]:
        if stretch == found[-1][1] + 1:
            found[-1][1] = stretch
        else:
            found.append([stretch, stretch])
    return [(a, b) for a, b in found]


class Walks:
    """Cheapest walks over the stretches from one of them, by number of stretches played.

    cost[k, j], seconds[k, j] : of the cheapest walk of k + 1 stretches that ends with stretch j.
    flows[k, j] : whether its last stretch follows the one before as in the track.
    """

    def __init__(self, bars: Bars, join: np.ndarray, start: int, longest: float) -> None:
        lengths = np.diff(bars.lines)
        n = len(bars)
        most = int(np.ceil(longest / max(float(np.median(lengths)), 0.05))) + 4
        self.cost = np.full((most, n), np.inf)
        self.seconds = np.zeros((most, n))
        self.flows = np.zeros((most, n), bool)
        self._origin = np.zeros((most, n), int)
        self.cost[0, start], self.seconds[0] = 0.0, lengths
        for k in range(1, most):
            total = self.cost[k - 1][:, None] + join
            self._origin[k] = np.argmin(total, axis=0)
            self.cost[k] = total[self._origin[k], np.arange(n)]
            self.flows[k] = self._origin[k] == np.arange(n) - 1
            self.seconds[k] = self.seconds[k - 1][self._origin[k]] + lengths

    def path(self, k: int, last: int) -> list[int]:
        """The stretches of one walk in order."""
        path = [last]
        for step in range(k, 0, -1):
            path.append(int(self._origin[step, path[-1]]))
        return path[::-1]
