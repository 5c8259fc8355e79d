"""The only opener of sound files: from a file to blocks of float samples as they were recorded.

Decoding is PyAV's: of the decoders at hand it alone reads every format met (libsndfile has no AAC,
and refuses about a quarter of our Ogg Opus files), and it takes off encoder delay and padding. No
file may open another one: playlists are not sound, and nothing but a file is read. Every block has
a sample rate and channels of its own, because both may change within one stream.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import av
import numpy as np

from data.errors import InputError
from features.media import open_media

_FULL_SCALE = {"u8": 128.0, "s16": 2.0**15, "s32": 2.0**31}
_TYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}
_MOST_PLANES = 7
"""PyAV counts the planes of a frame up to a null pointer, which follows no more than seven."""
_ENCRYPTED = frozenset(("enca", "drms", "aavd"))
"""MP4 sample entries of protected sound: Common Encryption, FairPlay, Audible."""
_SPLIT = frozenset(("ac3", "eac3"))
_MOST_ERRORS = 1000


class Block(NamedTuple):
    """A stretch of one sample rate and layout: samples float32 (channels, n), full scale 1."""

    samples: np.ndarray
    sample_rate: int
    channels: tuple[str, ...]


def check_file(path: Path) -> None:
    """Raise `InputError` unless this is a file with something in it; pipes are not waited for."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError("audio.no_such_file", file=path) from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError("audio.folder", file=path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("audio.not_a_file", file=path)
    if status.st_size == 0:
        raise InputError("audio.empty_file", file=path)


class SoundFile:
    """One sound stream of a file between two times, as `Block`s; a context manager.

    start, end : seconds from the beginning of the recording, for videos from the first picture.
    choice : which of the streams that can be decoded, of `choices` (complete once entered).
    After the iteration: errors, damaged packets; more, whether sound goes on after `end`.
    skipped : streams before the chosen one that have no decoder here.

    Raises `InputError` if the file has no sound or only sound that cannot be read, and PyAV's
    errors if it is no media at all.
    """

    def __init__(self, path: Path, start: float, end: float, choice: int = 0) -> None:
        self.path, self.start, self.end, self._choice = path, start, end, choice
        self.errors = 0
        self.more = False
        self._now: float | None = None

    def __enter__(self) -> SoundFile:
        self._container = open_media(self.path)
        try:
            self._enter()
        except BaseException:
            self._container.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def _enter(self) -> None:
        streams = list(self._container.streams.audio)
        if not streams:
            raise InputError("audio.no_sound", file=self.path)
        if any(_tag(stream) in _ENCRYPTED for stream in streams):
            raise InputError("audio.encrypted", file=self.path)
        decodable = [s for s in streams if s.codec_context is not None]
        if not decodable:
            raise InputError("audio.no_decoder", file=self.path)
        self.choices = len(decodable)
        self._stream = decodable[self._choice]
        self.skipped = streams.index(self._stream)
        self._links = _links(self.path) if self._container.format.name == "ogg" else []
        self._origin = _origin(self._container, self._stream)

    def declared_end(self) -> float | None:
        """When the sound ends by the file's own word, in seconds; None where it only estimates."""
        end = None if len(self._links) > 1 else _declared_end(self._container, self._stream)
        if end is None or (self._container.format.name == "mp3" and not _counts_frames(self.path)):
            return None
        return end - self._origin

    def blocks(self) -> Iterator[Block]:
        if len(self._links) > 1:
            yield from self._cropped(self._linked_frames())
            return
        if self.start > 0:
            self._container.seek(max(int((self.start + self._origin - 1.0) * 1e6), 0))
        yield from self._cropped(self._frames(self._container, self._stream))

    def rest_s(self) -> float:
        """Seconds of sound after `end`, told from packets that nobody decodes."""
        total = Fraction(0)
        try:
            for packet in self._container.demux(self._stream):
                total += (packet.duration or 0) * (packet.time_base or 0)
        except av.error.FFmpegError:
            pass
        return float(total)

    def _linked_frames(self) -> Iterator[av.AudioFrame]:
        """Frames of a chained Ogg file, link by link: a decoder has one layout and one rate."""
        for offset, size in self._links:
            with self.path.open("rb") as file:
                try:
                    with av.open(_Part(file, offset, size), format="ogg") as container:
                        if container.streams.audio and container.streams.audio[0].codec_context:
                            yield from self._frames(container, container.streams.audio[0])
                except av.error.FFmpegError:
                    self.errors += 1

    def _frames(self, container: Any, stream: Any) -> Iterator[av.AudioFrame]:
        """Every frame that can be had; damaged packets are counted and passed over."""
        splits = stream.codec_context.name in _SPLIT
        packets = container.demux(stream)
        while self.errors < _MOST_ERRORS:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if packet.has_sidedata("encryption_info"):
                    raise InputError("audio.encrypted", file=self.path)
                frames = packet.decode()
                yield from frames
                if splits and frames:
                    yield from _left_over(stream.codec_context, packet, frames)
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self.errors += 1
                packets = container.demux(stream)

    def _cropped(self, frames: Iterator[av.AudioFrame]) -> Iterator[Block]:
        """Blocks from `start` to `end`; sound that sets in late begins with silence."""
        convert = _Converter()
        for frame in frames:
            block = convert(frame)
            if block is None:
                self.errors += 1
                continue
            samples, sample_rate, _ = block
            if self._now is None:
                samples = self._placed(frame, block)
            assert self._now is not None
            first = max(round((self.start - self._now) * sample_rate), 0)
            last = round((self.end - self._now) * sample_rate)
            self._now += samples.shape[1] / sample_rate
            if first < min(samples.shape[1], last):
                yield block._replace(samples=samples[:, first:last])
            if self._now >= self.end:
                self.more = last < samples.shape[1] or next(frames, None) is not None
                return

    def _placed(self, frame: av.AudioFrame, block: Block) -> np.ndarray:
        """The first frame's samples, with the silence before them; sets the time of the first."""
        now = self.start
        if frame.pts is not None:
            now = float(frame.pts * frame.time_base) - self._origin
        if self.start <= 0 and abs(now) < 0.2:
            now = 0.0
        samples = block.samples
        lead = round((now - max(self.start, 0.0)) * block.sample_rate)
        if 0 < lead < 60 * block.sample_rate:
            samples = np.pad(samples, ((0, 0), (lead, 0)))
            now -= lead / block.sample_rate
        self._now = now
        return samples


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the libraries raise about a file into one sentence."""
    try:
        yield
    except (av.error.FFmpegError, OSError, UnicodeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        if _is_playlist(path):
            raise InputError("audio.playlist", file=path) from None
        why = getattr(error, "strerror", None) or str(error)
        raise InputError("audio.unreadable", file=path, why=why) from None


def _is_playlist(path: Path) -> bool:
    """Whether a file that is no sound names some: HLS, ffmpeg's concat, DASH, PLS."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        head = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
        return head.startswith((b"#EXTM3U", b"ffconcat", b"[playlist]")) or b"<MPD" in head
    return False


def _tag(stream: Any) -> str:
    context = stream.codec_context
    return str(context.codec_tag) if context is not None else ""


def _origin(container: Any, stream: Any) -> float:
    """Time stamp of the first picture, or of the sound where there is none, in seconds."""
    videos = [v for v in container.streams.video if not v.disposition & v.disposition.attached_pic]
    first = (videos or [stream])[0]
    return float((first.start_time or 0) * first.time_base)


# ------------------------------------------------------------------------------ lengths


_EXACT = frozenset(("wav", "w64", "aiff", "flac", "caf", "mp3", "tta", "wv", "ape", "au", "asf"))
"""Formats of one sound whose header tells its length (of MP3: with a Xing or VBRI header)."""


def _declared_end(container: Any, stream: Any) -> float | None:
    """Time stamp at which the sound ends as declared, in seconds; None where that is an estimate.

    An MP4's track counts what an edit list leaves out, too; its movie header does not.
    """
    start = float((stream.start_time or 0) * stream.time_base)
    own = None if stream.duration is None else start + float(stream.duration * stream.time_base)
    whole = (container.duration or 0) / av.time_base + max((container.start_time or 0) / 1e6, 0.0)
    name = container.format.name
    if "mp4" in name:
        return None if own is None or not container.duration else min(own, whole)
    if "matroska" in name:
        return _clock(stream.metadata.get("DURATION", "")) or (
            whole if len(container.streams) == 1 and container.duration else None
        )
    return own if name in _EXACT and len(container.streams) == 1 else None


def _clock(text: str) -> float | None:
    """Seconds of "00:01:02.5"; None for anything else."""
    try:
        hours, minutes, seconds = text.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return None


def _counts_frames(path: Path) -> bool:
    """Whether an MP3 file begins with a header that counts its frames."""
    with path.open("rb") as file:
        head = file.read(10)
        size = sum(byte << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
        file.seek(10 + size if head[:3] == b"ID3" else 0)
        first = file.read(4096)
    return any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))


# ------------------------------------------------------------------------------ frames


class _Converter:
    """Float samples of frames, (channels, n); None for a frame without samples, rate or layout."""

    def __init__(self) -> None:
        self._packers: dict[tuple[str, str, int], av.AudioResampler] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def __call__(self, frame: av.AudioFrame) -> Block | None:
        names, rate = self._channels(frame.layout), frame.sample_rate
        if not names or not frame.samples or not 1_000 <= rate <= 1_000_000:
            return None
        form = frame.format
        name, planar = form.name.rstrip("p"), form.is_planar
        if name in _TYPES and not (planar and len(names) > _MOST_PLANES):
            count = frame.samples * (1 if planar else len(names))
            samples = _to_float(_array(frame, _TYPES[name], count), name)
        else:
            samples = self._packed(frame)
        if samples.shape[0] != len(names):
            samples = samples.reshape(-1, len(names)).T
        return Block(samples, rate, names)

    def _channels(self, layout: av.AudioLayout) -> tuple[str, ...]:
        """Their names, asked for once a layout: a minute has thousands of frames."""
        known = self._names.get(layout.name)
        if known is None:
            known = self._names[layout.name] = tuple(c.name for c in layout.channels)
        return known

    def _packed(self, frame: av.AudioFrame) -> np.ndarray:
        """Samples (1, n × channels) by way of the library's own converter, which counts rightly."""
        key = (frame.format.name, frame.layout.name, frame.sample_rate)
        if key not in self._packers:
            self._packers[key] = av.AudioResampler(format="flt")
        frame.pts = None  # the converter would fill gaps between frames that were passed over
        pieces = [f.to_ndarray() for f in self._packers[key].resample(frame)]
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)


def _array(frame: av.AudioFrame, kind: str, count: int) -> np.ndarray:
    """The samples as they are: (planes, count)."""
    return np.stack([np.frombuffer(plane, kind, count) for plane in frame.planes])


def _to_float(samples: np.ndarray, name: str) -> np.ndarray:
    """Full scale 1, float32."""
    scale = _FULL_SCALE.get(name)
    if scale is None:
        return samples.astype(np.float32, copy=False)
    return (samples.astype(np.float32) - np.float32(128 * (name == "u8"))) / np.float32(scale)


def _left_over(context: Any, packet: Any, frames: list[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Frames of a packet that holds several, where only the first of them was given back."""
    heard = sum(f.samples for f in frames) / frames[0].sample_rate
    if heard > 0.75 * float((packet.duration or 0) * packet.time_base):
        return
    pieces = [*context.parse(bytes(packet)), *context.parse(None)]
    for piece in pieces[len(frames) :]:
        try:
            yield from context.decode(piece)
        except av.error.FFmpegError:
            continue


# ------------------------------------------------------------------------------ chained Ogg


def _links(path: Path) -> list[tuple[int, int]]:
    """Offset and size of each link of an Ogg file: recordings, one after the other in one file.

    A link begins at a page that begins a stream (RFC 3533), after pages that did not.
    """
    starts, beginning, at = [], False, 0
    size = path.stat().st_size
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(27 + 255)
            if head[:4] != b"OggS" or len(head) < 27:
                break
            if head[5] & 2 and not beginning:
                starts.append(at)
            beginning = bool(head[5] & 2)
            segments = head[26]
            at += 27 + segments + sum(head[27 : 27 + segments])
    return [(a, b - a) for a, b in zip(starts, [*starts[1:], size], strict=True)]


class _Part:
    """A stretch of an open file as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file, self._offset, self._size, self._at = file, offset, size, 0

    def read(self, count: int = -1) -> bytes:
        left = max(self._size - self._at, 0)
        self._file.seek(self._offset + self._at)
        piece = self._file.read(left if count < 0 else min(count, left))
        self._at += len(piece)
        return piece

    def seek(self, to: int, whence: int = 0) -> int:
        self._at = to + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at
