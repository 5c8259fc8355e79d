"""Sound as numbers: any audio file, or the soundtrack of a video, as mono samples.

Conventions: float32 mono at `SAMPLE_RATE` = 22,050 Hz, as recorded (no gain), offset removed; times
in seconds from the start of the recording, for videos from the first picture. Memory is bounded:
files are resampled piece by piece, and at most `LONGEST_S` are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.errors import InputError
from data.words import Sentence
from features.audio.bandwidth import upper_edge_hz
from features.audio.channels import INVERTED_BELOW, Polarity, front_pair, mono_weights, names_of
from features.audio.decoding import Block, SoundFile, check_file, readable
from features.audio.loudness import LoudnessMeter, integrated_lufs, relative_lufs

SAMPLE_RATE = 22_050
"""Hz."""
LONGEST_S = 3600.0
"""A longer recording is measured on its first hour, and says so."""
SILENCE_PEAK = 2.0**-15
"""Below one step of 16-bit sound there is nothing to hear."""
REFERENCE_LUFS = -23.0
"""EBU R128's programme level: what every recording is brought to before it is described."""
NARROW_HZ, HALF_HZ = 6_500.0, 8_300.0
"""Heuristic: sound that ends below is heard differently in most fields, or in arousal and richness
alone (measured on 28 tracks resampled to 8, 11.025 and 16 kHz: arousal −45, −30 and −13 of 200)."""
_PIECE_S = 5.0


@dataclass(frozen=True, eq=False)
class Recording:
    """Decoded sound.

    samples : float32 (n,), mono, `SAMPLE_RATE` Hz.
    duration_s : length of the decoded range (of the file where only its first hour was read).
    lufs : integrated loudness of the original channels (BS.1770), −inf for silence.
    gain : factor that brings `samples` to `REFERENCE_LUFS`; 0 for silence.
    native_sample_rate, channels : sample rate in Hz and channels of its first block.
    bandwidth_hz : where the sound ends, infinite where it fades by itself.
    warnings : sentences for a person.
    """

    samples: np.ndarray
    duration_s: float
    lufs: float
    gain: float
    native_sample_rate: int = SAMPLE_RATE
    channels: int = 1
    bandwidth_hz: float = float("inf")
    warnings: tuple[Sentence, ...] = ()

    @property
    def heard(self) -> bool:
        """Whether anything is loud enough to be heard: some block passes BS.1770's gate."""
        return bool(np.isfinite(self.lufs))


def from_samples(samples: np.ndarray, sample_rate: int) -> Recording:
    """A recording from samples in memory: float (n,) or (n, channels), full scale 1.

    Raises `InputError` for an empty or non-finite array.
    """
    pieces = np.atleast_2d(np.asarray(samples, dtype=np.float32).T)
    if pieces.size == 0:
        raise InputError("audio.no_samples")
    if not np.isfinite(pieces).all():
        raise InputError("audio.not_finite")
    names = names_of(tuple(f"UNK{i}" for i in range(len(pieces))))
    names = names if len(names) > 2 else ("FL", "FR")[: len(names)]
    block = Block(np.ascontiguousarray(pieces), int(sample_rate), names)
    recording, correlation = _assemble(iter([block]))
    if correlation < 0:
        recording, _ = _assemble(iter([block]), turn=True)
        recording = replace(recording, warnings=_turned(correlation))
    return _with_bandwidth(recording)


def load(path: str | os.PathLike[str], start: float = 0.0, end: float | None = None) -> Recording:
    """Decode a file, or the range from `start` to `end` seconds of it.

    The first sound stream is heard that can be decoded and holds any sound. Raises `InputError` if
    the file is missing, empty, encrypted, not readable as media, or has no sound.
    """
    path = Path(path)
    last = start + min((end if end is not None else np.inf) - start, LONGEST_S)
    choice = 0
    with readable(path):
        check_file(path)
        while True:
            with SoundFile(path, start, last, choice) as source:
                recording, correlation = _assemble(pieces(source.blocks()))
                told = _told(source, recording, end)
                choice += 1
                if len(recording.samples) or choice == source.choices:
                    break
        if correlation < 0:
            with SoundFile(path, start, last, choice - 1) as again:
                recording, _ = _assemble(pieces(again.blocks()), turn=True)
            told = replace(told, warnings=(*told.warnings, *_turned(correlation)))
    if not len(recording.samples):
        raise InputError("audio.nothing_decoded", file=path)
    length = max(told.duration_s, recording.duration_s)
    return _with_bandwidth(replace(recording, duration_s=length, warnings=told.warnings))


def _turned(correlation: float) -> tuple[Sentence, ...]:
    return (Sentence("audio.inverted_channel"),) if correlation < INVERTED_BELOW else ()


def _told(source: SoundFile, recording: Recording, end: float | None) -> Recording:
    """The recording with its length and with sentences on what could not be read."""
    warnings, duration = [], recording.duration_s
    if source.skipped:
        warnings.append(Sentence("audio.other_stream", number=source.skipped + 1))
    declared = source.declared_end()
    if end is None and source.more:
        duration = (declared or 0) - source.start
        if duration <= recording.duration_s:
            duration = recording.duration_s + source.rest_s()
        warnings.append(Sentence("audio.first_hour", hours=f"{duration / 3600:.1f}"))
    elif declared is not None:
        due = min(declared, np.inf if end is None else end) - source.start
        if duration < 0.98 * due - 0.5:
            values = {"done": f"{duration:.1f}", "total": f"{due:.1f}"}
            warnings.append(Sentence("audio.cut_off", **values))
    if source.errors:
        warnings.append(Sentence("audio.damaged_packets", n=source.errors))
    return replace(recording, duration_s=duration, warnings=tuple(warnings))


def _with_bandwidth(recording: Recording) -> Recording:
    """The same with the upper edge of its sound, and a sentence on what that costs."""
    if not len(recording.samples) or recording.gain == 0:
        return recording
    half = recording.native_sample_rate / 2
    edge = min(upper_edge_hz(recording.samples, SAMPLE_RATE), half if half <= HALF_HZ else np.inf)
    if edge > HALF_HZ:
        return recording
    code = "audio.narrow_band" if edge < NARROW_HZ else "audio.half_band"
    warning = Sentence(code, khz=f"{edge / 1000:.1f}")
    return replace(recording, bandwidth_hz=float(edge), warnings=(*recording.warnings, warning))


def pieces(blocks: Iterator[Block]) -> Iterator[Block]:
    """Blocks joined to pieces of some seconds, of one sample rate and layout each."""
    pending: list[Block] = []
    held = 0
    for block in blocks:
        if pending and pending[0][1:] != block[1:]:
            yield _joined(pending)
            pending, held = [], 0
        pending.append(block)
        held += block.samples.shape[1]
        if held >= _PIECE_S * block.sample_rate:
            yield _joined(pending)
            pending, held = [], 0
    if pending:
        yield _joined(pending)


def _joined(blocks: list[Block]) -> Block:
    samples = np.concatenate([block.samples for block in blocks], axis=1)
    if not np.isfinite(samples.sum()):
        samples = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return blocks[0]._replace(samples=samples, channels=names_of(blocks[0].channels))


def _assemble(pieces: Iterator[Block], turn: bool = False) -> tuple[Recording, float]:
    """The recording, and the correlation of its channels; `turn` turns the right one over."""
    meter, polarity, mono = LoudnessMeter(), Polarity(), _Mono(turn)
    duration, first = 0.0, None
    for piece in pieces:
        first = first or piece
        duration += piece.samples.shape[1] / piece.sample_rate
        meter.feed(*piece)
        mono.feed(piece)
        pair = front_pair(piece.channels)
        if pair and not turn:
            left, right = piece.samples[pair[0]], piece.samples[pair[1]]
            polarity.feed(left, right, piece.sample_rate)
    samples, powers = mono.finish(), meter.powers()
    silent = len(samples) == 0 or float(np.abs(samples).max()) < SILENCE_PEAK
    level = float("-inf") if silent else relative_lufs(powers)
    recording = Recording(
        samples,
        duration,
        float("-inf") if silent else integrated_lufs(powers),
        10 ** ((REFERENCE_LUFS - level) / 20) if np.isfinite(level) else 0.0,
        first.sample_rate if first else SAMPLE_RATE,
        len(first.channels) if first else 1,
    )
    return recording, polarity.correlation()


class _Mono:
    """Pieces of any sample rate and layout added up to mono at `SAMPLE_RATE`."""

    def __init__(self, turn: bool) -> None:
        self._turn = turn
        self._rate = 0
        self._parts: list[np.ndarray] = []

    def feed(self, piece: Block) -> None:
        import soxr

        if piece.sample_rate != self._rate:
            self._flush()
            self._rate = piece.sample_rate
            self._resampler = soxr.ResampleStream(self._rate, SAMPLE_RATE, 1, dtype="float32")
        weights = mono_weights(piece.channels)
        pair = front_pair(piece.channels)
        if self._turn and pair:
            weights[pair[1]] *= -1
        mono = sum(w * samples for w, samples in zip(weights, piece.samples, strict=True))
        self._parts.append(self._resampler.resample_chunk(mono))

    def _flush(self) -> None:
        if self._rate:
            rest = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            self._parts.append(rest)

    def finish(self) -> np.ndarray:
        """All samples, float32 (n,), their mean removed."""
        self._flush()
        samples = np.concatenate([*self._parts, np.zeros(0, np.float32)])
        return samples - np.float32(samples.mean(dtype=np.float64) if len(samples) else 0)
