"""The only opener of sound: any audio file, or the soundtrack of a video, as mono samples.

Conventions: float32 mono at `RATE` = 22,050 Hz, as recorded (no gain), offset removed; times in
seconds from the start of the recording, for videos from the first picture. Decoding is PyAV's:
of the decoders at hand it alone reads every format met (libsndfile has no AAC, and refuses
about a quarter of our Ogg Opus files), and it takes off encoder delay and padding. Memory is
bounded: files are resampled piece by piece, and at most `LONGEST_S` are kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import InputError
from features.audio.loudness import LoudnessMeter, integrated_lufs, relative_lufs

RATE = 22_050
LONGEST_S = 3600.0
"""A longer recording is measured on its first hour, and says so."""
SILENCE_PEAK = 2.0**-15
"""Below one step of 16-bit sound there is nothing to hear."""
REFERENCE_LUFS = -23.0
"""EBU R128's programme level: what every recording is brought to before it is described."""
_FULL_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31, "s64": 2.0**63}
_PIECE_S = 5.0


@dataclass(frozen=True, eq=False)
class Recording:
    """Decoded sound.

    samples : float32 (n,), mono, `RATE` Hz.
    duration_s : length of the decoded range (of the file where only its first hour was read).
    lufs : integrated loudness of the original channels (BS.1770), −inf for silence.
    gain : factor that brings `samples` to `REFERENCE_LUFS`; 0 for silence.
    native_rate, channels : of the file.
    warnings : sentences for a person.
    """

    samples: np.ndarray
    duration_s: float
    lufs: float
    gain: float
    native_rate: int = RATE
    channels: int = 1
    warnings: tuple[str, ...] = ()


def from_samples(samples: np.ndarray, rate: int) -> Recording:
    """A recording from samples in memory: float (n,) or (n, channels), full scale 1.

    Raises `InputError` for an empty or non-finite array.
    """
    pieces = np.atleast_2d(np.asarray(samples, dtype=np.float32).T)
    if pieces.size == 0:
        raise InputError("samples: there is not a single sample; give at least one.")
    if not np.isfinite(pieces).all():
        raise InputError("samples: they hold NaN or infinity; give finite numbers.")
    return _assemble(iter([np.ascontiguousarray(pieces)]), rate, len(pieces))


def load(path: str | os.PathLike, start: float = 0.0, end: float | None = None) -> Recording:
    """Decode a file, or the range from `start` to `end` seconds of it.

    Raises `InputError` if the file is missing, empty, not readable as media, or has no sound.
    """
    import av

    path = Path(path)
    try:
        if not path.is_file():
            what = "this is a folder" if path.is_dir() else "no such file"
            raise InputError(f"{path}: {what}; give an audio file or a video with sound.")
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty (0 bytes); copy or export it again.")
        with av.open(str(path), metadata_errors="replace") as container:
            return _read(container, path, start, end)
    except (av.error.FFmpegError, OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{path}: cannot be read as sound ({reason}); convert it to WAV, FLAC, MP3, M4A or Ogg."
        ) from None


def _read(container, path: Path, start: float, end: float | None) -> Recording:
    if not container.streams.audio:
        raise InputError(
            f"{path}: there is no sound in this file; give an audio file or a video with sound."
        )
    stream = container.streams.audio[0]
    rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    if not rate or not channels:
        raise InputError(
            f"{path}: the sound in this file cannot be read; convert it to WAV, FLAC, MP3, M4A or Ogg."
        )
    declared = _declared_s(container, stream)
    wanted = (end if end is not None else start + LONGEST_S) - start
    decoder = _Decoder(container, stream, start, start + min(wanted, LONGEST_S))
    recording = _assemble(decoder.pieces(), rate, channels)
    if recording.channels > 1 and decoder.cancels(recording.samples):
        container.seek(0)
        decoder = _Decoder(container, stream, start, decoder.end, channel=0)
        recording = _assemble(decoder.pieces(), rate, channels)
    if not len(recording.samples):
        raise InputError(f"{path}: no sound could be decoded from this file; export it again.")
    return _with_warnings(recording, decoder, declared, start, end)


def _with_warnings(
    recording: Recording, decoder: _Decoder, declared: float | None, start: float, end: float | None
) -> Recording:
    from dataclasses import replace

    warnings, duration = [], recording.duration_s
    due = None if declared is None else min(declared, end if end is not None else declared) - start
    if due is not None and due > LONGEST_S + 1 and end is None:
        warnings.append(f"{due / 3600:.1f} hours long: described by its first hour")
        duration = due
    elif due is not None and duration < 0.98 * due - 0.5:
        warnings.append(
            f"only {duration:.1f} of {due:.1f} s could be decoded: the file is truncated or damaged"
        )
    if decoder.errors:
        warnings.append(f"{decoder.errors} damaged packets were left out")
    if recording.native_rate < 16_000:
        warnings.append(f"sampled at {recording.native_rate} Hz: brightness is underestimated")
    return replace(recording, duration_s=duration, warnings=tuple(warnings))


def _declared_s(container, stream) -> float | None:
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


class _Decoder:
    """Decoded pieces (channels, n) float32 of one stream between two times."""

    def __init__(
        self, container, stream, start: float, end: float, channel: int | None = None
    ) -> None:
        self.container, self.stream = container, stream
        self.start, self.end, self.channel = start, end, channel
        self.errors = 0
        self._power = 0.0
        videos = [
            v for v in container.streams.video if not v.disposition & v.disposition.attached_pic
        ]
        first = (videos or [stream])[0]
        self._origin = float((first.start_time or 0) * first.time_base)
        if start > 0:
            container.seek(max(int((start + self._origin - 1.0) * 1e6), 0))

    def pieces(self) -> Iterator[np.ndarray]:
        pending: list[np.ndarray] = []
        held, limit = 0, int(_PIECE_S * self.stream.codec_context.sample_rate)
        for samples in self._frames():
            pending.append(samples)
            held += samples.shape[1]
            if held >= limit:
                yield self._joined(pending)
                pending, held = [], 0
        if pending:
            yield self._joined(pending)

    def _joined(self, pending: list[np.ndarray]) -> np.ndarray:
        piece = np.concatenate(pending, axis=1)
        self._power += float(np.einsum("ij,ij->", piece, piece)) / piece.shape[0]
        return (
            piece
            if self.channel is None
            else np.repeat(piece[self.channel : self.channel + 1], piece.shape[0], axis=0)
        )

    def cancels(self, mono: np.ndarray) -> bool:
        """Whether the channels wipe each other out when added (one is the other turned over)."""
        mono_power = float(mono @ mono) * self.stream.codec_context.sample_rate / RATE
        return mono_power < 0.003 * self._power

    def _frames(self) -> Iterator[np.ndarray]:
        import av

        channels = self.stream.codec_context.channels
        now: float | None = None  # time of the next sample
        for packet in self.container.demux(self.stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.errors += 1
                continue
            for frame in frames:
                samples = _to_float(frame)
                if samples.shape[0] != channels or not frame.sample_rate:
                    self.errors += 1
                    continue
                if now is None:
                    now = (
                        float(frame.pts * frame.time_base) - self._origin
                        if frame.pts is not None
                        else self.start
                    )
                    if self.start <= 0 and abs(now) < 0.2:
                        now = 0.0
                    lead = round((now - max(self.start, 0.0)) * frame.sample_rate)
                    if 0 < lead < 60 * frame.sample_rate:  # sound that sets in after the picture
                        samples = np.concatenate(
                            [np.zeros((channels, lead), np.float32), samples], axis=1
                        )
                        now -= lead / frame.sample_rate
                first = max(round((self.start - now) * frame.sample_rate), 0)
                last = round((self.end - now) * frame.sample_rate)
                now += samples.shape[1] / frame.sample_rate
                if first < min(samples.shape[1], last):
                    yield samples[:, first:last]
                if now >= self.end:
                    return


def _to_float(frame) -> np.ndarray:
    """Samples of a frame, (channels, n) float32 with full scale 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    scale = _FULL_SCALE.get(frame.format.name.rstrip("p"))
    if scale is None:
        return samples.astype(np.float32, copy=False)
    return (samples.astype(np.float32) - (128.0 if scale == 128.0 else 0.0)) / np.float32(scale)


def _assemble(pieces: Iterator[np.ndarray], rate: int, channels: int) -> Recording:
    """Loudness of the channels, and their mean at `RATE`."""
    import soxr

    meter = LoudnessMeter(rate, channels)
    resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
    parts, count = [], 0
    for piece in pieces:
        piece = (
            np.nan_to_num(piece, nan=0.0, posinf=1.0, neginf=-1.0)
            if not np.isfinite(piece.sum())
            else piece
        )
        meter.feed(piece)
        parts.append(resampler.resample_chunk(np.ascontiguousarray(piece.mean(axis=0))))
        count += piece.shape[1]
    parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    samples = np.concatenate(parts)
    samples -= samples.mean(dtype=np.float64) if len(samples) else np.float32(0)
    powers = meter.powers()
    silent = len(samples) == 0 or float(np.abs(samples).max()) < SILENCE_PEAK
    level = float("-inf") if silent else relative_lufs(powers)
    gain = 10 ** ((REFERENCE_LUFS - level) / 20) if np.isfinite(level) else 0.0
    return Recording(
        samples,
        count / rate,
        float("-inf") if silent else integrated_lufs(powers),
        gain,
        rate,
        channels,
    )
