"""What kind of sound it is, by YAMNet (AudioSet classes), when its weights are there.

Shares are 0–1 over the windows heard; moods are mean scores of YAMNet's six music moods, which are
mostly near zero: they order the tracks of one catalogue and mean nothing against a fixed threshold.
The ten features do not depend on any of them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache

import numpy as np

from features.audio.load import RATE

MOODS = ("happy", "sad", "tender", "exciting", "angry", "scary")
TAGS = ("music", "speech", "vocals", *(f"mood_{m}" for m in MOODS))
WINDOW = 15_600
"""Samples that YAMNet hears at once: 0.975 s at 16 kHz."""
_RATE = 16_000
_STRIDE_S = 2.0
_MOST_WINDOWS = 90
_HEARD = 0.2
"""A class this likely counts as heard in a window; music must also be likelier than speech (ours)."""
_MUSIC, _FIRST_MOOD = 132, 271
_SPEECH = slice(0, 6)
_VOCALS = (*range(24, 33), 249, 250)


def tag(samples: np.ndarray, gain: float = 1.0) -> dict[str, float] | None:
    """Shares and moods by the names in `TAGS` of `gain` times mono samples at `RATE`; None without YAMNet.

    One window of 0.975 s is heard every 2 s, at most 90 spread over the recording.
    """
    classifier = _classifier()
    if classifier is None or not len(samples):
        return None
    scores = classifier(_windows(samples) * np.float32(gain))
    speech = scores[:, _SPEECH].max(axis=1)
    values = [
        float(((scores[:, _MUSIC] >= _HEARD) & (scores[:, _MUSIC] > speech)).mean()),
        float((speech >= 0.5).mean()),
        float((scores[:, _VOCALS].max(axis=1) >= _HEARD).mean()),
        *scores[:, _FIRST_MOOD : _FIRST_MOOD + len(MOODS)].mean(axis=0).tolist(),
    ]
    return {name: round(value, 5) for name, value in zip(TAGS, values, strict=True)}


def _windows(samples: np.ndarray) -> np.ndarray:
    """(n, 15600) windows at 16 kHz spread over the samples, a short recording padded with silence."""
    import soxr

    width = int(np.ceil(WINDOW * RATE / _RATE))
    if len(samples) < width:
        samples = np.pad(samples, (0, width - len(samples)))
    count = min(max(int(len(samples) / RATE / _STRIDE_S), 1), _MOST_WINDOWS)
    starts = np.linspace(0, len(samples) - width, count).astype(int)
    windows = np.stack([samples[s : s + width] for s in starts])
    return np.ascontiguousarray(soxr.resample(windows.T, RATE, _RATE)[:WINDOW].T)


@cache
def _classifier():
    """A function from windows to scores (n, 521); None where the weights or mediapipe's libraries are missing."""
    from features import pretrained

    path = pretrained.locate("yamnet")
    if path is None:
        return None
    try:
        with _quiet():
            from mediapipe.tasks.python import BaseOptions
            from mediapipe.tasks.python.audio import AudioClassifier, AudioClassifierOptions
            from mediapipe.tasks.python.components.containers.audio_data import AudioData

            options = AudioClassifierOptions(
                base_options=BaseOptions(model_asset_buffer=path.read_bytes())
            )
            classifier = AudioClassifier.create_from_options(options)
            # its destructor runs at the end of the process, when its modules are gone already, and prints a traceback
            AudioClassifier.__del__ = lambda self: None
    except (ImportError, OSError, RuntimeError):
        return None

    def classify(windows: np.ndarray) -> np.ndarray:
        with _quiet():
            results = classifier.classify(
                AudioData.create_from_array(windows.astype(np.float32).ravel(), _RATE)
            )
        scores = [
            [c.score for c in sorted(r.classifications[0].categories, key=lambda c: c.index)]
            for r in results[: len(windows)]
        ]
        return np.array(scores, dtype=np.float32)

    return classify


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """mediapipe's native code writes to stderr whatever it is told; its lines are for its developers."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as sink:  # noqa: PTH123
            os.dup2(sink.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
