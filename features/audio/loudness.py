"""Integrated loudness by ITU-R BS.1770-5 / EBU R128, measured while a file is being decoded.

The K-weighting filters are pyloudnorm's, the running sums are not: pyloudnorm needs the whole
recording in memory and five times the time. Powers are mean squares of K-weighted samples
(full scale 1), summed over channels with the standard's weights.
"""

from __future__ import annotations

import numpy as np

from data.compiled import njit
from features.audio.channels import loudness_weights

HOP_S = 0.1
"""Gating blocks of 0.4 s overlap by 75 %: four hops each."""
_BLOCK_HOPS = 4
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0


class LoudnessMeter:
    """Feed it pieces of one recording, then read `powers`; rate and layout may change midway."""

    def __init__(self) -> None:
        self._form: tuple[int, tuple[str, ...]] | None = None
        self._running = np.zeros(2)  # sum of squares and number of samples of the unfinished hop
        self._hops: list[np.ndarray] = []

    def feed(self, samples: np.ndarray, sample_rate: int, channels: tuple[str, ...]) -> None:
        """samples : float32 (channels, n), full scale 1; channels : their names."""
        if self._form != (sample_rate, channels):
            self._change(sample_rate, channels)
            self._state = _settled(self._sections, samples[:, 0].astype(np.float64))
        self._hops.append(
            _hop_powers(
                samples, self._sections, self._state, self._weights, self._hop, self._running
            )
        )

    def _change(self, sample_rate: int, channels: tuple[str, ...]) -> None:
        """Filters and hops for another form; an unfinished hop goes on with as much time."""
        from pyloudnorm import IIRfilter

        hop = max(round(sample_rate * HOP_S), 1)
        if self._form:
            held = min(round(self._running[1] * sample_rate / self._form[0]), hop - 1)
            mean = self._running[0] / max(self._running[1], 1)
            self._running[:] = mean * held, held
        shelf = IIRfilter(4.0, 1 / np.sqrt(2), 1500.0, sample_rate, "high_shelf")
        high_pass = IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass")
        self._sections = np.array([[*f.b, f.a[1], f.a[2]] for f in (shelf, high_pass)])
        self._weights = loudness_weights(channels)
        self._hop, self._form = hop, (sample_rate, channels)

    def powers(self) -> np.ndarray:
        """Mean K-weighted power of every 0.1-s hop, float64 (n,).

        A last partial hop counts only when it is alone.
        """
        hops = np.concatenate(self._hops) if self._hops else np.zeros(0)
        if len(hops) == 0 and self._running[1]:
            hops = self._running[:1] / self._running[1]
        return hops


def integrated_lufs(powers: np.ndarray, absolute_gate: float = _ABSOLUTE_GATE_LUFS) -> float:
    """Gated loudness of hop powers in LUFS; −inf for silence.

    Recordings shorter than one 0.4-s block are measured as a single block.
    """
    blocks = (
        np.convolve(powers, np.full(_BLOCK_HOPS, 1 / _BLOCK_HOPS), "valid")
        if len(powers) >= _BLOCK_HOPS
        else powers.mean(keepdims=True)
    )
    blocks = blocks[_lufs(blocks) > absolute_gate] if len(powers) else powers
    if len(blocks) == 0:
        return float("-inf")
    blocks = blocks[_lufs(blocks) > _lufs(blocks.mean()) + _RELATIVE_GATE_LU]
    return float(_lufs(blocks.mean()))


def relative_lufs(powers: np.ndarray) -> float:
    """Loudness whose first gate hangs on the recording's own loudest hop, not on full scale.

    A gain of x dB changes it by exactly x, however quiet the recording: the level that
    recordings are brought to before anything else is measured.
    """
    if len(powers) == 0 or powers.max() <= 0:
        return float("-inf")
    return integrated_lufs(powers, float(_lufs(powers.max())) - 60.0)


def _lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-30))


def _settled(sections: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Filter states as if the first sample had lasted for ever: an offset is no click."""
    state = np.zeros((len(first), 2, 2))
    level = first.copy()
    for s, (b0, b1, b2, a1, a2) in enumerate(sections):
        out = level * (b0 + b1 + b2) / (1 + a1 + a2)
        state[:, s, 1] = b2 * level - a2 * out
        state[:, s, 0] = b1 * level - a1 * out + state[:, s, 1]
        level = out
    return state


@njit
def _hop_powers(
    samples: np.ndarray,
    sections: np.ndarray,
    state: np.ndarray,
    weights: np.ndarray,
    hop: int,
    running: np.ndarray,
) -> np.ndarray:
    channels, n = samples.shape
    squares = np.zeros(n)
    for c in range(channels):
        if weights[c] == 0.0:
            continue
        b0, b1, b2, a1, a2 = sections[0]
        d0, d1, d2, e1, e2 = sections[1]
        p, q = state[c, 0]
        r, s = state[c, 1]
        for i in range(n):
            x = samples[c, i]
            y = b0 * x + p
            p = b1 * x - a1 * y + q
            q = b2 * x - a2 * y
            z = d0 * y + r
            r = d1 * y - e1 * z + s
            s = d2 * y - e2 * z
            squares[i] += weights[c] * z * z
        state[c, 0, 0], state[c, 0, 1], state[c, 1, 0], state[c, 1, 1] = p, q, r, s
    out = np.empty(int((running[1] + n) // hop))
    done = 0
    for i in range(n):
        running[0] += squares[i]
        running[1] += 1
        if running[1] >= hop:
            out[done] = running[0] / hop
            done += 1
            running[0] = 0.0
            running[1] = 0.0
    return out
