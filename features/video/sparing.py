"""Passing over the frames that no other refers to, and going over them where they matter after all.

Decoding is most of what watching costs, and of an ordinary H.264 or HEVC film nearly half of the
frames are only shown: nothing is predicted from them, and nothing is missed without them. They are
decoded where a signal samples, up to a large packet, which may begin a shot, and later where the
frames about them turn out to be doubtful. For that the packets of late are kept as they came,
compressed, back to a key frame; a second decoder takes them from there. Every picture that is
looked at is the one that full decoding would have shown, or half a grey level from it on the mean
where the loop filter is left out (`features.video.frames`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from typing import NamedTuple

import av

REACH = 4.0
"""Seconds that can be gone back at least."""
LONGEST, LARGEST = 400, 48_000_000
"""Packets, and bytes, of a group of pictures up to which it is kept. Heuristic: encoders place a
key frame every 250 frames unless told otherwise, and nothing may grow with the film."""
_LARGE = 1.5
"""How many times the usual a packet has that may begin a shot. Heuristic: each that does not costs
the few frames before it."""


Opened = Callable[[], av.container.InputContainer]


class Sparing:
    """Which frames of a stream are passed over, and when those about them are shown.

    opened : opens the file another time. stream : which of its pictures. rate : frames a second
    that are wanted in any case: the first of each of these spans. fps : frames a second, where
    packets do not say.
    """

    def __init__(self, opened: Opened, stream: av.VideoStream, rate: float, fps: Fraction) -> None:
        self._again = Again(opened, stream.index)
        self._base, self._start = stream.time_base, stream.start_time or 0
        self._units, self._a_second = self._base.numerator, self._base.denominator
        self._rate, self._step = rate, float(1 / fps)
        self._known: deque[tuple[int, float]] = deque()
        self._latest = self._full_until = self._start
        self._usual = 0.0

    def meet(self, packet: av.Packet) -> str:
        """What the decoder may pass over at the next packet, as `CodecContext.skip_frame`."""
        if packet.pts is None:
            return "DEFAULT"
        if packet.pts > self._latest:
            self._forward(packet)
        kept = self._again.keep(packet)
        spare = kept and packet.pts > self._full_until and not self._sampled(packet)
        return "NONREF" if spare else "DEFAULT"

    def know(self, stamp: int, time: float) -> None:
        """A frame was decoded, and is shown at `time` seconds."""
        self._known.append((stamp, time))
        while self._known[0][1] < time - REACH:
            self._known.popleft()

    def between(self, start: float, end: float) -> Iterator[tuple[float, av.VideoFrame]]:
        """The frames from `start` to `end` (seconds, at most `REACH` ago) that were passed over."""
        if not self._known:
            return
        near = 1e-4
        before = [stamp for stamp, time in self._known if time <= start + near]
        after = [stamp for stamp, time in self._known if time >= end - near]
        since = before[-1] if before else self._known[0][0]
        until = after[0] if after else self._latest + 1
        for frame in self._again.frames(since, until, {stamp for stamp, _ in self._known}):
            stamp, time = max(known for known in self._known if known[0] < frame.pts)
            yield time + float((frame.pts - stamp) * self._base), frame

    def rest(self) -> float:
        """Seconds from the last frame that was decoded to the last that there is."""
        behind = self._latest - self._known[-1][0] if self._known else 0
        return max(float(behind * self._base), 0.0)

    def close(self) -> None:
        self._again.close()

    def _forward(self, packet: av.Packet) -> None:
        """A packet whose frame is shown after all before it. Those that are shown up to it, and
        come later, say where a shot begins that it may belong to."""
        if packet.is_keyframe or packet.size > _LARGE * self._usual:
            self._full_until = packet.pts
        if not packet.is_keyframe:
            self._usual += 0.2 * (packet.size - self._usual)
        self._latest = packet.pts

    def _sampled(self, packet: av.Packet) -> bool:
        """Whether its frame is the first of a span that one is wanted of."""
        time = (packet.pts - self._start) * self._units / self._a_second
        step = (packet.duration or 0) * self._units / self._a_second or self._step
        return int(time * self._rate + 1e-6) != int((time - step) * self._rate + 1e-6)


class _Kept(NamedTuple):
    number: int
    packet: av.Packet


class Again:
    """The packets of late of one stream, and the second decoder.

    opened : opens the file another time. index : which stream of it.
    """

    def __init__(self, opened: Opened, index: int) -> None:
        self._opened, self._index = opened, index
        self._numbers = count()
        self._groups: deque[list[_Kept]] = deque()
        self._bytes = 0
        self._container: av.container.InputContainer | None = None
        self._next = -1
        self._last: int | None = None

    def keep(self, packet: av.Packet) -> bool:
        """Keep a packet; False where the one before the next key frame lies too far back."""
        if packet.is_keyframe:
            self._groups.append([])
            self._bytes = 0
            earliest = packet.pts - REACH / float(packet.time_base)
            while len(self._groups) > 2 and self._groups[1][0].packet.pts < earliest:
                self._groups.popleft()
        elif not self._groups:
            return False
        self._bytes += packet.size
        if len(self._groups[-1]) >= LONGEST or self._bytes > LARGEST:
            return False
        self._groups[-1].append(_Kept(next(self._numbers), packet))
        return True

    def frames(self, since: int, until: int, known: set[int]) -> Iterator[av.VideoFrame]:
        """The frames with stamps between `since` and `until` that are not `known`, in order.

        Nothing where there are none, or where they cannot be decoded.
        """
        wanted = {
            kept.packet.pts
            for group in self._groups
            for kept in group
            if since < kept.packet.pts < until
        }
        wanted -= known
        if not wanted:
            return
        try:
            yield from self._decode(since, wanted)
        except av.error.FFmpegError:
            self._next = -1

    def close(self) -> None:
        if self._container is not None:
            self._container.close()

    def _decode(self, since: int, wanted: set[int]) -> Iterator[av.VideoFrame]:
        context, last = self._context(), max(wanted)
        packets = self._from(min(wanted), context)
        for kept in packets:
            context.skip_frame = "DEFAULT" if kept.packet.pts in wanted else "NONREF"
            self._next = kept.number + 1
            for frame in context.decode(kept.packet):
                self._last = frame.pts
                if frame.pts in wanted:
                    yield frame
            if self._last is not None and self._last >= last:
                return
        self._next = -1
        for frame in context.decode(None):
            if frame.pts in wanted:
                yield frame

    def _from(self, first: int, context: av.VideoCodecContext) -> list[_Kept]:
        """The packets to decode for the frame of stamp `first`: those that follow, if it still
        lies ahead, or those from its key frame on."""
        start = max(
            (k for k, group in enumerate(self._groups) if group[0].packet.pts <= first), default=0
        )
        packets = [kept for k, group in enumerate(self._groups) if k >= start for kept in group]
        ahead = self._next > packets[0].number and (self._last is None or self._last < first)
        if ahead:
            return [kept for kept in packets if kept.number >= self._next]
        context.flush_buffers()
        self._last = None
        return packets

    def _context(self) -> av.VideoCodecContext:
        if self._container is None:
            self._container = self._opened()
            context = self._container.streams[self._index].codec_context
            context.thread_count = 1
            context.options = {"skip_loop_filter": "all"}  # finer than what cuts are told by
        return self._container.streams[self._index].codec_context
