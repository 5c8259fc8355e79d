"""Frames with their times: the only place where a video file is opened.

Conventions: images are BGR uint8, upright (the container's rotation is applied), with square pixels
(the sample aspect ratio is applied) and without black bars. Every frame comes at 160 px, larger on
demand, because most of the work beyond decoding is scaling. Times are presentation timestamps in
seconds minus the stream's start and rise strictly; variable frame rate is normal. Frames stream:
nothing here grows with the length of the film.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from data.errors import InputError
from data.words import Sentence
from features.video.bars import Box, find_bars

SMALL = 160
"""Longest side of `Frame.small`, px."""

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
_PICTURE_FORMATS = ("image2", "_pipe", "ico")


@dataclass(frozen=True)
class Frame:
    """One frame: when it is shown, and what it shows.

    time : seconds since the stream's start.
    small : BGR uint8, longer side at most `SMALL` px.
    """

    time: float
    small: np.ndarray
    _source: av.VideoFrame
    _reader: VideoReader

    def picture(self, side: int) -> np.ndarray:
        """The same with its longer side at most `side` px, scaled from the full-size frame."""
        return self._reader._convert(self._source, side)


class VideoReader:
    """A video file, opened and checked; iterate over it once for its frames.

    duration : seconds the file says its picture lasts; NaN if it does not say.
    fps : frames per second on average, as declared.
    warnings : sentences about damage, complete after the iteration.
    end : seconds at which the last frame read stops being shown, after the iteration.

    Raises `InputError` when the file is missing, unreadable, empty, no video, or when not one
    frame of it can be decoded.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        check_file(self.path)
        self._container = _open(self.path)
        try:
            self._stream = _video_stream(self._container, self.path)
        except InputError:
            self._container.close()
            raise
        self._stream.thread_type = "AUTO"
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = Fraction(rate) if rate else Fraction(25)
        self.duration = _declared_duration(self._stream, self._container)
        self.warnings: list[Sentence] = []
        self.end = 0.0
        self._start = self._stream.start_time
        self._box: Box | None = None
        self._reformatter = VideoReformatter()
        self._errors = self._corrupt = self._frames = 0

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame]:
        self._box = find_bars(self._glimpses())
        last = -1.0
        shown = 0.0
        for source in self._decoded():
            self._frames += 1
            self._corrupt += bool(source.is_corrupt)
            time = self._time(source, last)
            if time is None:
                continue
            shown = self._shown_for(source, time - last if last >= 0 else None)
            self.end = time + shown
            last = time
            yield Frame(time, self._convert(source, SMALL), source, self)
        if not self._frames:
            raise _no_video("no_frame", self.path)
        self._finish()

    # -------------------------------------------------------------------------------- decoding

    def _decoded(self) -> Iterator[av.VideoFrame]:
        """Every frame that can be had; damaged packets are counted and passed over."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                yield from packet.decode()
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                self._errors += 1
                if self._errors > 1000 and self._frames == 0:
                    return

    def _glimpses(self) -> Iterator[np.ndarray]:
        """A few full pictures spread over the file, from key frames, cheap and in passing."""
        try:
            with av.open(str(self.path), metadata_errors="replace") as container:
                stream = container.streams[self._stream.index]
                stream.codec_context.skip_frame = "NONKEY"
                stream.thread_count = 1
                start = stream.start_time or 0
                span = self.duration if np.isfinite(self.duration) else 0.0
                count = int(np.clip(span / 4, 3, 10))
                seen = set()
                for k in range(count):
                    container.seek(
                        start + int(span * (k + 0.5) / count / stream.time_base), stream=stream
                    )
                    frame = next(container.decode(stream), None)
                    if frame is None or frame.pts in seen:
                        continue
                    seen.add(frame.pts)
                    yield self._convert(frame, 2 * SMALL, whole=True)
        except (av.error.FFmpegError, OSError, ValueError):
            return

    # -------------------------------------------------------------------------------- time

    def _time(self, source: av.VideoFrame, last: float) -> float | None:
        """Seconds since the start, strictly rising; None for a frame that would go back in time."""
        step = float(1 / self.fps)
        if source.pts is None:
            return last + step if last >= 0 else 0.0
        base = self._stream.time_base
        if self._start is None or (last < 0 and source.pts < self._start):
            self._start = source.pts
        time = float((source.pts - self._start) * base)
        if time > last:
            return time
        if last - time > 1.0:  # the clock was set back, as in joined recordings: go on from here
            self._start = source.pts - round((last + step) / base)
            return float((source.pts - self._start) * base)
        return None

    def _shown_for(self, source: av.VideoFrame, step: float | None) -> float:
        """How long a frame stays on screen, as far as it says so."""
        if source.duration:
            return float(source.duration * self._stream.time_base)
        return step or float(1 / self.fps)

    # -------------------------------------------------------------------------------- pictures

    def _convert(self, source: av.VideoFrame, side: int, whole: bool = False) -> np.ndarray:
        """Upright BGR picture with square pixels, at most `side` px without the bars, which stay on
        if `whole`."""
        ratio = float(self._stream.sample_aspect_ratio or 1) or 1.0
        width, height = source.width * ratio, float(source.height)
        turn = _TURNS.get(round(source.rotation) % 360)
        box = None if whole else self._box
        across, along = (box.right - box.left, box.bottom - box.top) if box else (1.0, 1.0)
        if turn in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_90_COUNTERCLOCKWISE):
            across, along = along, across
        scale = min(side / max(width * across, height * along), 1.0)
        size = max(round(width * scale), 1), max(round(height * scale), 1)
        small = self._reformatter.reformat(source, *size, "bgr24", interpolation="AREA", threads=1)
        image = small.to_ndarray()
        if turn is not None:
            image = cv2.rotate(image, turn)
        return image if box is None else np.ascontiguousarray(box.cut(image))

    # -------------------------------------------------------------------------------- damage

    def _finish(self) -> None:
        """Say what is wrong with the file, now that it was read."""
        broken = self._errors + self._corrupt
        if broken:
            self.warnings.append(Sentence("video.damaged_places", n=broken))
        if self.duration - self.end > max(0.5, 0.02 * self.duration):
            cut = Sentence("video.cut_off", done=self.end, total=self.duration)
            self.warnings.append(cut)


def check_file(path: Path) -> None:
    """Raise `InputError` if there is no file that could be read and be a video."""
    try:
        if path.is_dir():
            raise InputError("video.is_folder", file=path)
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
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError):
        raise _no_video("not_openable", path) from None


def _video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    if any(name.endswith(_PICTURE_FORMATS) for name in container.format.name.split(",")):
        raise _no_video("is_picture", path)
    attached = av.stream.Disposition.attached_pic
    films = [s for s in container.streams.video if not s.disposition & attached]
    if not films:
        if container.streams.audio:
            raise _no_video("only_sound", path)
        raise _no_video("no_stream", path)
    best = container.streams.best("video")
    stream = best if best in films else films[0]
    if not stream.codec_context:
        raise InputError("video.no_decoder", file=path)
    return stream


def _declared_duration(stream: av.VideoStream, container: av.container.InputContainer) -> float:
    """The picture's own duration if declared, else the container's, else NaN. Seconds."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else float("nan")
