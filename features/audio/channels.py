"""What loudspeakers the channels belong to: how they add up to mono, and how loud each counts.

Channels go by ffmpeg's short names (FL, FR, FC, LFE, SL, BL …); sound is float (channels, n).
"""

from __future__ import annotations

import numpy as np

_SURROUNDS = frozenset(("BL", "BR", "BC", "SL", "SR", "SDL", "SDR", "TBL", "TBC", "TBR"))
_DEEP = frozenset(("LFE", "LFE2"))
_MIDDLE = frozenset(("FC", "TFC", "BC"))
_BY_COUNT = {
    3: "FL FR FC",
    4: "FL FR BL BR",
    5: "FL FR FC SL SR",
    6: "FL FR FC LFE SL SR",
    7: "FL FR FC LFE BC SL SR",
    8: "FL FR FC LFE BL BR SL SR",
}
"""What a number of channels that nobody named usually is."""
INVERTED_BELOW = -0.43
"""Heuristic: of 28 demo masters with one channel inverted none has more than −.49 (see
`Polarity.correlation`), of 312 tracks as they were published none has less than −.37. Below this a
channel is said to be inverted; it is turned over, so that mono keeps what both have in common,
wherever the correlation is negative: whichever way up a channel came, mono is the same."""
_FRAME_S = 0.046
_EVERY = 4
_FAINT = 1e-6
"""Bands this far below the strongest (60 dB) hold a codec's noise rather than music."""


def names_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The channels as they were named, or what their number usually stands for."""
    known = any(n in _SURROUNDS or n in _DEEP or n.startswith(("F", "AMBI")) for n in names)
    usual = _BY_COUNT.get(len(names))
    return names if known or usual is None else tuple(usual.split())


def front_pair(names: tuple[str, ...]) -> tuple[int, int] | None:
    """Where the front left and right channels are, None without a pair; any two are one."""
    if "FL" in names and "FR" in names:
        return names.index("FL"), names.index("FR")
    return (0, 1) if len(names) == 2 else None


def mono_weights(names: tuple[str, ...]) -> np.ndarray:
    """What each channel contributes to mono, float32 (channels,); two fronts alone give their mean.

    ITU-R BS.775-4, table 2 (1/0), halved: fronts .5, centre .71, each surround .35, no LFE. Of an
    ambisonic recording the omnidirectional component is taken; channels without a place, and a lone
    one of any place, count equally.
    """
    if names[0].startswith("AMBI"):
        return np.eye(1, len(names), dtype=np.float32)[0]
    weights = [
        0.0 if n in _DEEP else np.sqrt(0.5) if n in _MIDDLE else 0.5 / np.sqrt(2)
        if n in _SURROUNDS or n.startswith("T") else 0.5
        for n in names
    ]  # fmt: skip
    placed = len(names) > 1 and any(weights) and "FL" in names
    return np.array(weights if placed else np.full(len(names), 1 / len(names)), np.float32)


def loudness_weights(names: tuple[str, ...]) -> np.ndarray:
    """Weights of the channels' powers, (channels,): 1.41 for surrounds, 0 for the LFE, else 1.

    ITU-R BS.1770-5, annex 1 and 3, with the back channels of 7.1 as surrounds, which is how
    ffmpeg's `ebur128` reads it.
    """
    if names[0].startswith("AMBI"):
        return np.eye(1, len(names))[0]
    return np.array([0.0 if n in _DEEP else 1.41 if n in _SURROUNDS else 1.0 for n in names])


class Polarity:
    """Whether one of the two front channels is turned over, from a quarter of their time."""

    def __init__(self) -> None:
        self._bands: dict[int, np.ndarray] = {}

    def feed(self, left: np.ndarray, right: np.ndarray, sample_rate: int) -> None:
        """Hear samples (n,) of both."""
        size = 1 << round(np.log2(max(sample_rate * _FRAME_S, 8)))
        count = min(len(left), len(right)) // size
        if not count:
            return
        window = np.hanning(size).astype(np.float32)
        one, two = (
            np.fft.rfft(x[: count * size].reshape(count, size)[::_EVERY] * window, axis=1)
            for x in (left, right)
        )
        products = (one * two.conj()).real, np.abs(one) ** 2, np.abs(two) ** 2
        bins = np.array([p.sum(axis=0, dtype=np.float64) for p in products])
        sums = self._bands.setdefault(sample_rate, np.zeros((3, _BANDS)))
        sums += _in_bands(bins, sample_rate / size) / size**2

    def correlation(self) -> float:
        """Correlation of the channels, averaged over third-octave bands from 100 Hz to 8 kHz.

        −1 to 1. Wide masters lie about 0 with both signs among their bands, since what they differ
        in is delay; an inverted channel turns the sign of every band. 0 where there is no sound.
        """
        cross, left, right = sum(self._bands.values(), np.zeros((3, _BANDS)))
        power = np.sqrt(left * right)
        heard = power > _FAINT * power.max(initial=0.0)
        return float(np.mean(cross[heard] / power[heard])) if heard.any() else 0.0


_EDGES_HZ = 100.0 * 2.0 ** (np.arange(20) / 3)
_BANDS = len(_EDGES_HZ) - 1


def _in_bands(bins: np.ndarray, step_hz: float) -> np.ndarray:
    """Sums of (3, bins) over third octaves, (3, bands)."""
    at = np.clip(np.ceil(_EDGES_HZ / step_hz).astype(int), 0, bins.shape[1])
    running = np.concatenate([np.zeros((3, 1)), np.cumsum(bins, axis=1)], axis=1)
    return np.diff(running[:, at], axis=1)
