"""Frames at chosen moments of a video, at the price of the groups of pictures that they lie in.

A group begins with a key frame, which alone can be had without the frames before it. Every moment
has two pictures, the one that is there and the next that the codec builds on, so that motion can
be measured between them. Frames that no other refers to are passed over, and so is the loop filter:
what is smoothed there is finer than anything that is measured here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import av

from features.video.frames import Frame, VideoReader
from features.video.packets import Packets, read_packets

PAIR = (0.079, 0.5)
"""Seconds that lie at least and at most between two pictures that motion is measured from: two
frames of film, about the tenth of a second of the full look, and what it takes for motion.
Heuristic."""
REFERENCES = 0.6
"""Share of the frames that others refer to, as x264 writes with its presets (heuristic)."""


class Price(NamedTuple):
    """What a decoder makes of a wish.

    share : of the frames up to a moment, those that it decodes. pairs : one in how many groups is
    worth the picture after its moment.
    """

    share: float = REFERENCES
    pairs: int = 1


ORDINARY = Price()

_PRICES = {"libdav1d": Price(pairs=3), "vp9": Price(share=1.0), "libvpx-vp9": Price(share=1.0)}
"""VP9 passes over nothing; in AV1 the picture after a key frame brings those with it that it is
made of, six in what SVT-AV1 writes. Heuristic."""
_LOST = 600
"""Packets after which a seek that did not arrive is given up. Heuristic: ten seconds and more."""


@dataclass(frozen=True)
class Group:
    """One group of pictures.

    start, stop : its packets, from the key frame to the next one. moments : seconds, those wanted.
    whole : whether to read on to its end. paired : whether the picture after its last moment is
    wanted. every : whether all its frames are wanted, also where each can be had alone.
    """

    start: int
    stop: int
    moments: tuple[float, ...]
    whole: bool = False
    paired: bool = True
    every: bool = False


class Seen(NamedTuple):
    """A frame that was decoded.

    look : whether it is the picture of a moment. later : whether it is the one after that.
    jumped : whether frames before it were passed over.
    """

    frame: Frame
    look: bool
    later: bool
    jumped: bool


class Skimmer(VideoReader):
    """A video file, opened for a few moments of it. Raises `InputError` as `VideoReader` does.

    packets : None where the file does not tell enough of itself to go to a moment.
    """

    _glances = 4

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__(path)
        context = self._stream.codec_context
        context.options = self._opening | {"skip_loop_filter": "all"}
        self._stream.thread_type, self._stream.thread_count = "NONE", 1
        context.skip_frame = "NONREF"
        self.packets: Packets | None = None
        with suppress(av.error.FFmpegError):  # damaged: nothing that could be relied on
            self.packets = read_packets(self._container, self._stream)
        self._alike = self.packets is not None and bool(self.packets.keys.all())
        self._start = self._stream.start_time

    @property
    def pixels(self) -> int:
        """Pixels of one frame."""
        return self._stream.codec_context.width * self._stream.codec_context.height

    @property
    def price(self) -> Price:
        return _PRICES.get(self._stream.codec_context.name, ORDINARY)

    def frames(self, groups: list[Group]) -> Iterator[Seen]:
        """Every frame that is decoded for the moments of these groups, in order.

        A group that cannot be had is passed over and counted among the damaged places.
        """
        self._boxes = self._find_boxes()
        before: Group | None = None
        for group in groups:
            joined = before is not None and before.whole and before.stop == group.start
            try:
                for seen in self._marked(group):
                    yield seen._replace(jumped=seen.jumped and not joined)
            except av.error.FFmpegError:
                self._errors += 1
            finally:
                self._stream.codec_context.flush_buffers()
            before = group

    def _marked(self, group: Group) -> Iterator[Seen]:
        wanted = list(group.moments)
        looked: float | None = None
        first = True
        for source in self._group(group):
            time = self._seconds(source.pts)
            since = PAIR[1] if looked is None else time - looked
            later, look = PAIR[0] <= since < PAIR[1], False
            if later:
                looked = None
            elif wanted and time >= wanted[0] - 1e-3:
                look, looked = True, time
                wanted = [w for w in wanted if w > time + PAIR[0]]
            yield Seen(self._frame(time, source), look, later, first)
            first = False

    def _group(self, group: Group) -> Iterator[av.VideoFrame]:
        """The frames of a group, in order of showing, until a little after its last moment."""
        stamps, context = self.packets.stamps, self._stream.codec_context  # type: ignore[union-attr]
        enough = math.inf if group.whole else group.moments[-1] + PAIR[0] * group.paired
        self._container.seek(int(stamps[group.start]), stream=self._stream, backward=True)
        left, passed, due = group.stop - group.start, 0, -math.inf
        for packet in self._container.demux(self._stream):
            if left == group.stop - group.start and not self._begins(packet, stamps[group.start]):
                passed += 1
                if passed > _LOST:
                    break
                continue
            free = group.every or not self._alike or packet.pts is None
            if free or self._seconds(packet.pts) >= due:
                yield from self._counted(packet.decode())
                due = PAIR[0] + (0.0 if packet.pts is None else self._seconds(packet.pts))
            left -= 1
            if not left or (packet.pts is not None and self._seconds(packet.pts) >= enough):
                break
        yield from self._counted(context.decode(None))

    def _begins(self, packet: av.Packet, stamp: int) -> bool:
        """Whether a packet is the key frame of this stamp: the one sought, or the first of all.

        Matroska does not say when to decode the first packets after a seek, which may go a group
        too far back; what is shown before that moment is none of this group.
        """
        when = packet.pts if packet.dts is None else packet.dts
        return packet.is_keyframe and (when is None or when >= stamp)

    def _counted(self, frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
        self._frames += len(frames)
        return frames

    def _seconds(self, stamp: int) -> float:
        if self._start is None:
            self._start = stamp
        return max(float((stamp - self._start) * self._stream.time_base), 0.0)
