"""Frames with their times: the only place where a video file is opened.

Conventions: images are BGR uint8, upright (the container's rotation is applied), with square pixels
(the sample aspect ratio is applied) and without black bars. Every frame comes at 160 px, larger on
demand, because most of the work beyond decoding is scaling. Times are presentation timestamps in
seconds minus the stream's start and rise strictly; variable frame rate is normal. Frames stream:
nothing here grows with the length of the film.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple, Self

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from data.errors import InputError
from data.words import Sentence
from features.video import hdr
from features.video.bars import Box, find_bars
from features.video.clock import MediaClock
from features.video.shrinking import lowered
from features.video.sparing import Sparing

SMALL = 160
"""Longest side of `Frame.small`, px."""
_SHARED = 224
"""Longest side up to which pictures of a frame are scaled from the same fewer rows."""
_SIZES = 8
"""Scalers kept: one look asks for five sizes."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
_PICTURE_FORMATS = ("image2", "_pipe", "ico")
_PHOTO_BRANDS = ("avif", "heic", "heix", "heim", "heis", "mif1", "mif2", "miaf")
"""Brands of still pictures in the ISO container (ISO/IEC 23008-12; AVIF 1.1)."""
_HEAR = {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"}
"""Decoders that can be told at any packet what to pass over; dav1d listens only when it is opened,
that of VP9 not at all."""
_UNFILTERED = {"h264": "bidir"}
"""Which frames' blocks stay as they were coded, finer than what is looked at: those that no other
refers to, and the B-frames of H.264, of which little is predicted. Pictures are off by a tenth of a
grey level on the mean, by half of one at most, and by no more after 15 seconds without a key frame.
Measured on three films; in HEVC, some encoders write B-frames alone."""
_OPENING = {"libdav1d": {"max_frame_delay": "1"}}
"""Options of decoders. Left to itself, dav1d takes a quarter more CPU seconds, and no fewer on the
clock, to go ahead of the frames that are asked for; so does VP9's with slices in threads, an
eighth. Measured."""
_LISTS = {
    "concat",
    "dash",
    "hls",
    "image2",
    "image2pipe",
    "imf",
    "lavfi",
    "sdp",
    "webm_dash_manifest",
}
_DECLARING = {"mov", "matroska", "avi", "flv", "asf", "mxf"}
"""Formats whose header says how long the film is; of others it is only estimated."""


@dataclass(frozen=True)
class Frame:
    """One frame: when it is shown, and what it shows.

    time : seconds since the stream's start.
    small : BGR uint8, longer side at most `SMALL` px.
    """

    time: float
    small: np.ndarray
    _source: av.VideoFrame
    _low: av.VideoFrame
    _reader: VideoReader

    def picture(self, side: int) -> np.ndarray:
        """The same with its longer side at most `side` px, scaled from the full-size frame."""
        return self._reader._convert(self._source, side, self._low if side <= _SHARED else None)


class VideoReader:
    """A video file, opened and checked; iterate over it once for its frames.

    sampled : looks a second that frames are wanted for. Of the others those are passed over that no
        other frame refers to (`features.video.sparing`); None for every frame.
    duration : seconds the file says its picture lasts; NaN if it does not say.
    fps : frames per second on average, as declared.
    warnings : sentences about damage, complete after the iteration.
    end : seconds at which the last frame read stops being shown, after the iteration.

    Raises `InputError` when the file is missing, unreadable, empty, no video, or when not one
    frame of it can be decoded.
    """

    _glances = 10
    """Pictures at most that the bars are found in."""

    def __init__(self, path: str | os.PathLike, *, sampled: float | None = None) -> None:
        self.path = Path(path)
        check_file(self.path)
        self._container = _open(self.path)
        try:
            self._stream = _video_stream(self._container, self.path)
        except InputError:
            self._container.close()
            raise
        context = self._stream.codec_context
        self._stream.thread_type = "FRAME" if context.name == "vp9" else "AUTO"
        self._opening = _OPENING.get(context.name, {})
        context.options = self._opening
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = Fraction(rate) if rate else Fraction(25)
        self.duration = _declared_duration(self._stream, self._container)
        self.warnings: list[Sentence] = []
        self._clock = MediaClock(self._stream.start_time, self._stream.time_base, self.fps)
        self._length = _Length(self._container, self._stream)
        self._boxes: dict[tuple[int, int], Box | None] = {}
        self._fits: dict[tuple[int, int, float, int, bool], _Fit] = {}
        self._scalers = _Scalers()
        self._errors = self._corrupt = self._frames = 0
        self._sparing: Sparing | None = None
        if sampled is not None and context.name in _HEAR:
            unfiltered = _UNFILTERED.get(context.name, "noref")
            context.options = self._opening | {"skip_loop_filter": unfiltered}
            opened = partial(open_film, self.path)
            self._sparing = Sparing(opened, self._stream, sampled, self.fps)

    @property
    def passes_over(self) -> bool:
        """Whether frames may be passed over, and `between` may have some."""
        return self._sparing is not None

    @property
    def end(self) -> float:
        return self._clock.end + (self._sparing.rest() if self._sparing else 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()
        if self._sparing is not None:
            self._sparing.close()

    def __iter__(self) -> Iterator[Frame]:
        self._boxes = self._find_boxes()
        for source, following in pairwise(chain(self._decoded(), (None,))):
            self._corrupt += bool(source.is_corrupt)
            after = following.pts if following else None
            time = self._clock.at(source.pts, source.duration, after)
            if time is not None:
                if self._sparing is not None and source.pts is not None:
                    self._sparing.know(source.pts, time)
                yield self._frame(time, source)
        if not self._frames:
            raise _no_video("no_frame", self.path)
        self._finish()

    # -------------------------------------------------------------------------------- decoding

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Every frame that can be had; damaged packets are counted and passed over."""
        packets = self._container.demux(self._length.streams)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                self._length.meet(packet)
                if packet.stream is not self._stream:
                    continue
                if packet.has_sidedata("encryption_info"):  # ISO/IEC 23001-7, common encryption
                    raise InputError("video.encrypted", file=self.path)
                if self._sparing is not None:
                    self._stream.codec_context.skip_frame = self._sparing.meet(packet)
                for frame in packet.decode():
                    self._frames += 1
                    yield frame
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._errors += 1
                if self._errors > 1000 and self._frames == 0:
                    return

    def between(self, start: float, end: float) -> list[tuple[float, np.ndarray]]:
        """The frames from `start` to `end` (seconds, just gone by) that were passed over: (time,
        picture as `Frame.small`), in order."""
        if self._sparing is None:
            return []
        found = self._sparing.between(start, end)
        return [(time, self._frame(time, frame).small) for time, frame in found]

    def stills(self, times: Sequence[float], side: int) -> Iterator[tuple[float, np.ndarray]]:
        """The key frame at or before each time: (seconds, picture with its bars, as `picture`).

        Cheap, and in passing: the iteration over all frames is not moved. Times at which nothing
        can be decoded are passed over.
        """
        try:
            with open_film(self.path) as container:
                stream = container.streams[self._stream.index]
                stream.codec_context.skip_frame = "NONKEY"
                stream.thread_count = 1
                start, base = stream.start_time or 0, stream.time_base
                for time in times:
                    container.seek(start + int(time / base), stream=stream)
                    frame = _first_frame(container, stream)
                    if frame is not None and frame.pts is not None:
                        at = float((frame.pts - start) * base)
                        yield at, self._convert(frame, side, whole=True)
        except (av.error.FFmpegError, OSError, ValueError, OverflowError):
            return

    def _glimpses(self) -> Iterator[np.ndarray]:
        """A few full pictures spread over the file."""
        span = self.duration if np.isfinite(self.duration) else 0.0
        count = int(np.clip(span / 4, 3, self._glances))
        seen = set()
        for at, picture in self.stills([span * (k + 0.5) / count for k in range(count)], 2 * SMALL):
            if at not in seen:
                seen.add(at)
                yield picture

    def _find_boxes(self) -> dict[tuple[int, int], Box | None]:
        """The bars of each shape that the picture has in this file, by the shape's height and
        width as glimpsed."""
        shapes: dict[tuple[int, int], list[np.ndarray]] = {}
        self._fits.clear()
        for picture in self._glimpses():
            shapes.setdefault(picture.shape[:2], []).append(picture)
        return {shape: find_bars(pictures) for shape, pictures in shapes.items()}

    # -------------------------------------------------------------------------------- pictures

    def _frame(self, time: float, source: av.VideoFrame) -> Frame:
        low = lowered(source, self._fitted(source, _SHARED).height)
        return Frame(time, self._convert(source, SMALL, low), source, low, self)

    def _convert(
        self,
        source: av.VideoFrame,
        side: int,
        low: av.VideoFrame | None = None,
        whole: bool = False,
    ) -> np.ndarray:
        """Upright BGR picture with square pixels, at most `side` px without the bars, which stay on
        if `whole`.

        low : the same frame with fewer rows, to scale from.
        """
        width, height, turn, box = self._fitted(source, side, whole)
        image = self._scaled(source if low is None else low, width, height)
        if turn is not None:
            image = cv2.rotate(image, turn)
        return image if box is None else np.ascontiguousarray(box.cut(image))

    def _fitted(self, source: av.VideoFrame, side: int, whole: bool = False) -> _Fit:
        asked = source.width, source.height, source.rotation, side, whole
        fit = self._fits.get(asked)
        if fit is None:
            fit = self._fits[asked] = self._fit(source, side, whole)
        return fit

    def _fit(self, source: av.VideoFrame, side: int, whole: bool) -> _Fit:
        ratio = float(self._stream.sample_aspect_ratio or 1) or 1.0
        width, height = source.width * ratio, float(source.height)
        turn = _TURNS.get(round(source.rotation) % 360)
        lying = turn in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE)
        box = None if whole else self._boxes.get(_shape(width, height, 2 * SMALL, lying))
        across, along = (box.right - box.left, box.bottom - box.top) if box else (1.0, 1.0)
        if lying:
            across, along = along, across
        scale = min(side / max(width * across, height * along), 1.0)
        return _Fit(max(round(width * scale), 1), max(round(height * scale), 1), turn, box)

    def _scaled(self, source: av.VideoFrame, width: int, height: int) -> np.ndarray:
        """BGR uint8 of BT.709 at this size."""
        transfer, primaries = int(source.color_trc), int(source.color_primaries)
        wide = hdr.needs_conversion(transfer, primaries)
        small = self._scalers.scaler(width, height).reformat(
            source, width, height, "rgb48le" if wide else "bgr24", interpolation="AREA", threads=1
        )
        image = small.to_ndarray()
        return hdr.to_bt709(image, transfer, primaries) if wide else image

    # -------------------------------------------------------------------------------- damage

    def _finish(self) -> None:
        """Say what is wrong with the file, now that it was read."""
        broken = self._errors + self._corrupt
        if broken:
            self.warnings.append(Sentence("video.damaged_places", n=broken))
        missing = self._length.missing()
        if missing > max(0.5, 0.02 * self.duration):
            done = max(self.duration - missing, 0.0)
            self.warnings.append(Sentence("video.cut_off", done=done, total=self.duration))


class _Fit(NamedTuple):
    """How a picture becomes one of a given size: scaled to width and height, turned, its bars cut
    off."""

    width: int
    height: int
    turn: int | None
    box: Box | None


class _Scalers(threading.local):
    """Scalers of one thread, one for each size: to change it costs half as much as to scale."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], VideoReformatter] = {}

    def scaler(self, width: int, height: int) -> VideoReformatter:
        if len(self._kept) > _SIZES:
            self._kept.clear()
        return self._kept.setdefault((width, height), VideoReformatter())


class _Length:
    """How much of what the file declares has been met.

    Where the picture declares its own length, its packets are followed; where only the file does,
    those of all streams, because sound and subtitles may outlast the picture. Containers that
    declare nothing (transport and elementary streams) miss nothing.

    streams : those to demultiplex.
    """

    def __init__(self, container: av.container.InputContainer, stream: av.VideoStream) -> None:
        declares = set(container.format.name.split(",")) & _DECLARING
        self.streams = [stream]
        self._end = self._met = -math.inf
        if declares and stream.duration:
            start = float((stream.start_time or 0) * stream.time_base)
            self._end = start + _declared_duration(stream, container)
        elif declares and container.duration:
            self.streams = [
                s for s in container.streams if s.type in ("video", "audio", "subtitle")
            ]
            self._end = ((container.start_time or 0) + container.duration) / av.time_base
        self._bases = {stream.index: stream.time_base for stream in self.streams}

    def meet(self, packet: av.Packet) -> None:
        stamp = packet.dts if packet.pts is None else packet.pts
        base = self._bases.get(packet.stream_index)
        if stamp is not None and base:
            stop = (stamp + (packet.duration or 0)) * base.numerator / base.denominator
            self._met = max(self._met, stop)

    def missing(self) -> float:
        """Seconds declared that were not met; 0 or less if all was."""
        return self._end - self._met if math.isfinite(self._met) else 0.0


def _first_frame(
    container: av.container.InputContainer, stream: av.VideoStream
) -> av.VideoFrame | None:
    """The next key frame alone, without those that the decoder would hold it back for."""
    for packet in container.demux(stream):
        frames = packet.decode()
        if packet.is_keyframe:
            frames = frames or stream.codec_context.decode(None)
        if frames:
            stream.codec_context.flush_buffers()
            return frames[0]
    return None


def _shape(width: float, height: float, side: int, lying: bool) -> tuple[int, int]:
    """Height and width of a picture scaled to at most `side` px and turned upright."""
    scale = min(side / max(width, height), 1.0)
    across, along = max(round(width * scale), 1), max(round(height * scale), 1)
    return (across, along) if lying else (along, across)


def check_file(path: Path) -> None:
    """Raise `InputError` if there is no file that could be read and be a video."""
    try:
        if path.is_dir():
            raise InputError("video.is_folder", file=path)
        if path.exists() and not path.is_file():
            raise InputError("video.no_regular_file", file=path)
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise InputError("video.no_such_file", file=path) from None
    except OSError as error:
        raise InputError("video.unreadable", file=path, why=error.strerror) from None
    if not head:
        raise _no_video("empty_file", path)
    if _is_text(head):
        raise _no_video("text_file", path)


def _no_video(code: str, path: Path) -> InputError:
    return InputError(f"video.{code}", file=path, cure=Sentence("video.cure"))


def _is_text(head: bytes) -> bool:
    """No video container begins with kilobytes of valid UTF-8 without control characters."""
    try:
        text = head[:-3].decode("utf-8") if len(head) == 4096 else head.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(c.isprintable() or c in "\t\r\n\f\ufeff" for c in text)


def _open(path: Path) -> av.container.InputContainer:
    try:
        return open_film(path)
    except (av.error.FFmpegError, OSError, ValueError):
        raise _no_video("not_openable", path) from None


def open_film(path: Path) -> av.container.InputContainer:
    """The file itself and nothing else: whatever its name looks like, and whatever it refers to."""
    only = {"protocol_whitelist": "file", "format_whitelist": _formats()}
    return av.open(f"file:{path}", options=only, metadata_errors="replace")


@cache
def _formats() -> str:
    """Every format but those that are lists of other files, or no files at all."""
    return ",".join(sorted(av.formats_available - _LISTS))


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    attached = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & attached]
    if _is_picture(container, films):
        raise _no_video("is_picture", path)
    if not films:
        raise _no_video("only_sound" if container.streams.audio else "no_stream", path)
    best = container.streams.best("video")
    stream = best if best in films else films[0]
    if not stream.codec_context:
        raise InputError("video.no_decoder", file=path)
    if stream.codec_context.codec_tag == "encv":  # ISO/IEC 23001-7, common encryption
        raise InputError("video.encrypted", file=path)
    return stream


def _is_picture(container: av.container.InputContainer, films: list[av.VideoStream]) -> bool:
    """Whether this is a still: a picture format, or a photo in a film's container (HEIC, AVIF)."""
    if any(name.endswith(_PICTURE_FORMATS) for name in container.format.name.split(",")):
        return True
    photo = container.metadata.get("major_brand", "").strip() in _PHOTO_BRANDS
    return photo and all(s.frames <= 1 for s in films)


def _declared_duration(stream: av.VideoStream, container: av.container.InputContainer) -> float:
    """The picture's own duration if declared, else the container's, else NaN. Seconds."""
    if stream.duration:
        # of a cut AVI the duration is an estimate; its header's count is one of time units
        units = stream.frames if container.format.name == "avi" else 0
        return float(max(stream.duration, units) * stream.time_base)
    return container.duration / av.time_base if container.duration else float("nan")
