"""A film's own sound, for whoever lays music over it: how loud it is, speech, and music in it.

One pass over the file, in bounded memory. Seconds from the first picture.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from data.errors import InputError, Progress
from features.audio import tags
from features.audio.channels import mono_weights
from features.audio.decoding import Block, SoundFile, check_file, readable
from features.audio.load import REFERENCE_LUFS, SAMPLE_RATE, pieces
from features.audio.loudness import HOP_S, LoudnessMeter, integrated_lufs, relative_lufs
from features.audio.speech import RATE, SpeechFinder

_SHORTEST_MUSIC_S = 3.0
"""Shorter music is none, and shorter pauses are within it (heuristic: two windows of YAMNet)."""
_LONGEST_S = 1e6
_LOUDEST_GAIN = 10 ** (30 / 20)


@dataclass(frozen=True, eq=False)
class Soundtrack:
    """What was heard.

    powers : (n,) mean K-weighted power of every `HOP_S` (`features.audio.loudness`).
    speech, music : (start, end) of each stretch; `music` is None without YAMNet.
    """

    powers: np.ndarray = field(default_factory=lambda: np.zeros(0))
    speech: tuple[tuple[float, float], ...] = ()
    music: tuple[tuple[float, float], ...] | None = None

    @property
    def duration_s(self) -> float:
        return len(self.powers) * HOP_S

    def lufs(self, start: float, end: float) -> float:
        """Loudness of a stretch (BS.1770), −inf for silence; whole hops, at least one."""
        first = round(start / HOP_S)
        inside = self.powers[first : max(round(end / HOP_S), first + 1)]
        return float(integrated_lufs(inside)) if len(inside) else float("-inf")


def hear(path: str | os.PathLike[str], progress: Progress | None = None) -> Soundtrack:
    """The sound of a film; an empty one where the film has none.

    progress : called with "sound", seconds heard. Raises `InputError` for a file that is no media.
    """
    path = Path(path)
    try:
        with readable(path):
            check_file(path)
            with SoundFile(path, 0.0, _LONGEST_S) as source:
                return _hear(pieces(source.blocks()), source.declared_end(), progress)
    except InputError as error:
        if error.code in ("audio.no_sound", "audio.no_decoder"):
            return Soundtrack()
        raise


def _hear(blocks: Iterator[Block], due: float | None, progress: Progress | None) -> Soundtrack:
    meter, finder, ears = LoudnessMeter(), SpeechFinder(), _Windows()
    low, high = _Resampled(RATE), _Resampled(SAMPLE_RATE)
    done = 0.0
    for block in blocks:
        meter.feed(*block)
        mono = mono_weights(block.channels) @ block.samples
        finder.feed(low.feed(mono, block.sample_rate))
        ears.feed(high.feed(mono, block.sample_rate))
        done += len(mono) / block.sample_rate
        if progress:
            progress("sound", done, due)
    ears.finish()
    return Soundtrack(meter.powers(), tuple(finder.stretches()), ears.music())


class _Resampled:
    """Mono blocks of any rate at one rate."""

    def __init__(self, rate: int) -> None:
        self._to, self._from = rate, 0

    def feed(self, samples: np.ndarray, rate: int) -> np.ndarray:
        import soxr

        if rate != self._from:
            self._from = rate
            self._stream = soxr.ResampleStream(rate, self._to, 1, dtype="float32")
        return np.asarray(self._stream.resample_chunk(samples.astype(np.float32)))


class _Windows:
    """YAMNet over a long recording, twenty seconds at a time, and what of it is music."""

    SPAN_S = 20.0

    def __init__(self) -> None:
        self._held: list[np.ndarray] = []
        self._at = 0.0
        self._verdicts: list[tuple[float, float, bool]] | None = []

    def feed(self, samples: np.ndarray) -> None:
        """samples : float32 (n,), mono, at `SAMPLE_RATE`."""
        self._held.append(samples)
        if sum(map(len, self._held)) >= self.SPAN_S * SAMPLE_RATE:
            self.finish()

    def finish(self) -> None:
        """Hear what is held."""
        samples = np.concatenate([*self._held, np.zeros(0, np.float32)])
        self._held = []
        if self._verdicts is None or not len(samples):
            return
        scores = tags.class_scores(samples, _gain(samples))
        if scores is None:
            self._verdicts = None
            return
        edges = self._at + np.linspace(0, len(samples) / SAMPLE_RATE, len(scores) + 1)
        for start, end, music in zip(edges, edges[1:], tags.is_music(scores), strict=False):
            self._verdicts.append((float(start), float(end), bool(music)))
        self._at = float(edges[-1])

    def music(self) -> tuple[tuple[float, float], ...] | None:
        if self._verdicts is None:
            return None
        joined: list[list[float]] = []
        for start, end, music in self._verdicts:
            if not music:
                continue
            if joined and start - joined[-1][1] < _SHORTEST_MUSIC_S:
                joined[-1][1] = end
            else:
                joined.append([start, end])
        return tuple((a, b) for a, b in joined if b - a >= _SHORTEST_MUSIC_S)


def _gain(samples: np.ndarray) -> float:
    """To the level at which YAMNet hears everything else, but silence stays quiet."""
    meter = LoudnessMeter()
    meter.feed(samples[None], SAMPLE_RATE, ("FC",))
    level = relative_lufs(meter.powers())
    return min(10 ** ((REFERENCE_LUFS - level) / 20), _LOUDEST_GAIN) if np.isfinite(level) else 1.0
