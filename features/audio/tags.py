"""What kind of sound it is, by YAMNet (AudioSet classes), when its weights are there.

Shares are 0–1 over the windows heard; moods are mean scores of YAMNet's six music moods, which are
mostly near zero: they order the tracks of one catalogue and mean nothing against a fixed threshold.
Of the ten features, arousal and valence are heard from the same scores (`features.audio.ear`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from features.audio.load import SAMPLE_RATE
from features.chatter import without_chatter

if TYPE_CHECKING:
    from pathlib import Path

MOODS = ("happy", "sad", "tender", "exciting", "angry", "scary")
TAGS = ("music", "speech", "vocals", *(f"mood_{m}" for m in MOODS))
WINDOW = 15_600
"""Samples that YAMNet hears at once: 0.975 s at 16 kHz."""
_RATE = 16_000
_STRIDE_S = 2.0
_MOST_WINDOWS = 90
_HEARD = 0.2
"""Heuristic: a class this likely counts as heard in a window; music must beat speech, too. Two
readings over five pieces of music 6 dB softer are heard in 84 % of their windows; 22 songs hold at
most 13 % "speech"."""
_SUNG = 0.006
"""Two steps of YAMNet's 256: singing over a band hardly moves it.

Fitted: of windows that fall on sung lines of four songs, by their karaoke files, 76–96 % reach
it, of windows of 284 instrumental excerpts 2 %. By the share of such windows 22 songs stand apart
from these with an AUC of .994."""
_MUSIC, _FIRST_MOOD = 132, 271
_SPEECH = slice(0, 6)
_VOCALS = (*range(24, 33), 249, 250)


def tag(scores: np.ndarray) -> dict[str, float]:
    """Shares and moods by the names in `TAGS`. scores : (windows, 521), see `class_scores`."""
    speech = scores[:, _SPEECH].max(axis=1)
    values = [
        float(is_music(scores).mean()),
        float((speech >= _HEARD).mean()),
        float((scores[:, _VOCALS].max(axis=1) >= _SUNG).mean()),
        *scores[:, _FIRST_MOOD : _FIRST_MOOD + len(MOODS)].mean(axis=0).tolist(),
    ]
    return {name: round(value, 5) for name, value in zip(TAGS, values, strict=True)}


def is_music(scores: np.ndarray) -> np.ndarray:
    """Whether each window holds music more than speech, boolean (windows,)."""
    music, speech = scores[:, _MUSIC], scores[:, _SPEECH].max(axis=1)
    return np.asarray((music >= _HEARD) & (music > speech))


def class_scores(samples: np.ndarray, gain: float = 1.0) -> np.ndarray | None:
    """Scores of YAMNet's classes, float32 (windows, 521), 0–1; None without YAMNet.

    samples : float32 (n,), mono, at `SAMPLE_RATE`; they are heard multiplied by `gain`. One window
    of 0.975 s is heard every 2 s, at most 90 spread over the recording.
    """
    classifier = _classifier()
    if classifier is None:
        return None
    return classifier(_windows(samples) * np.float32(gain))


def _windows(samples: np.ndarray) -> np.ndarray:
    """Windows at 16 kHz spread over the samples, (n, 15600); short recordings get silence."""
    import soxr

    width = int(np.ceil(WINDOW * SAMPLE_RATE / _RATE))
    if len(samples) < width:
        samples = np.pad(samples, (0, width - len(samples)))
    count = min(max(int(len(samples) / SAMPLE_RATE / _STRIDE_S), 1), _MOST_WINDOWS)
    starts = np.linspace(0, len(samples) - width, count).astype(int)
    windows = np.stack([samples[s : s + width] for s in starts])
    return np.ascontiguousarray(soxr.resample(windows.T, SAMPLE_RATE, _RATE)[:WINDOW].T)


@cache
def _classifier() -> Callable[[np.ndarray], np.ndarray] | None:
    """From windows to scores (n, 521); None without the weights or mediapipe's libraries."""
    from features import pretrained

    path = pretrained.locate("yamnet")
    if path is None:
        return None
    try:
        with without_chatter():
            classify = _open(path)
            classify(np.zeros((1, WINDOW), np.float32))  # what it has to say, it says now
            return classify
    except (ImportError, OSError, RuntimeError):
        return None


def _open(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    from mediapipe.tasks.python import BaseOptions
    from mediapipe.tasks.python.audio import AudioClassifier, AudioClassifierOptions
    from mediapipe.tasks.python.components.containers.audio_data import AudioData

    options = AudioClassifierOptions(base_options=BaseOptions(model_asset_buffer=path.read_bytes()))
    classifier = AudioClassifier.create_from_options(options)
    # its destructor runs at the end of the process, when its modules are gone, with a traceback
    AudioClassifier.__del__ = lambda self: None

    def classify(windows: np.ndarray) -> np.ndarray:
        sound = AudioData.create_from_array(windows.astype(np.float32).ravel(), _RATE)
        scores = [
            [c.score for c in sorted(r.classifications[0].categories, key=lambda c: c.index)]
            for r in classifier.classify(sound)[: len(windows)]
        ]
        return np.array(scores, dtype=np.float32)

    return classify
