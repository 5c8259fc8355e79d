"""Where somebody speaks, by Silero VAD (MIT; its weights come inside the package).

The network hears 32 ms at a time and answers with a probability; `silero-vad`'s own hysteresis
turns those into stretches. Seconds from the beginning of the sound.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

RATE = 16_000
"""Hz that the network hears."""
_WINDOW = 512
GAP_S = 0.3
"""Pauses shorter than this are within speech (heuristic: between words, not between sentences)."""
SHORTEST_S = 0.25
"""Shorter speech is none: the package's own default."""
THRESHOLD = 0.5
"""The package's own default."""


class SpeechFinder:
    """Feed it one recording from its start, then ask for `stretches`."""

    def __init__(self) -> None:
        self._network = _network()
        self._network.reset_states()
        self._rest = np.zeros(0, np.float32)
        self._probabilities: list[float] = []

    def feed(self, samples: np.ndarray) -> None:
        """samples : float32 (n,), mono, at `RATE`."""
        import torch

        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // _WINDOW * _WINDOW
        self._rest = samples[whole:]
        with torch.no_grad():
            for window in torch.from_numpy(samples[:whole].reshape(-1, _WINDOW)):
                self._probabilities.append(float(self._network(window, RATE)))

    def stretches(self) -> list[tuple[float, float]]:
        """(start, end) of what was fed so far, in order."""
        from silero_vad import get_speech_timestamps_from_probs

        found = get_speech_timestamps_from_probs(
            self._probabilities,
            sampling_rate=RATE,
            threshold=THRESHOLD,
            min_speech_duration_ms=round(1000 * SHORTEST_S),
            min_silence_duration_ms=round(1000 * GAP_S),
        )
        return [(one["start"] / RATE, one["end"] / RATE) for one in found]


@cache
def _network() -> Any:
    import torch
    from silero_vad import load_silero_vad

    threads = torch.get_num_threads()
    network = load_silero_vad()
    torch.set_num_threads(threads)  # the package sets it for the whole process
    return network
